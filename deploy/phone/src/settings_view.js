/** The settings of this phone. */
import { RATE, SPEAKERS, THEMES } from "./choices.js";
import { byId, choose, made, radios, write } from "./element.js";
import { LANGUAGES } from "./phrases.js";
import { canVibrate, SORTS, vibrate } from "./vibration.js";
import { word } from "./words.js";

/**
 * @typedef {import("./choices.js").Choices} Choices
 *
 * @typedef {object} Hooks
 * @property {(changed: Partial<Choices>) => void} onChange
 * @property {() => void} onTryVoice
 * @property {() => void} onPairAgain
 */

const dialog = /** @type {HTMLDialogElement} */ (byId("settings"));
const language = /** @type {HTMLSelectElement} */ (byId("language"));
const voice = /** @type {HTMLSelectElement} */ (byId("voice"));
const rate = /** @type {HTMLInputElement} */ (byId("rate"));
const vibration = /** @type {HTMLInputElement} */ (byId("vibrate"));
const awake = /** @type {HTMLInputElement} */ (byId("awake"));

/** @type {Hooks} */
let hooks;

/** @param {Hooks} given */
export function start(given) {
  hooks = given;
  // A modal dialog keeps the focus inside, gives it back to the button, and closes with Escape or Back.
  byId("open-settings").addEventListener("click", () => {
    dialog.showModal();
    dialog.scrollTop = 0;
    byId("settings-title").focus();
  });
  byId("close-settings").addEventListener("click", () => dialog.close());
  for (const [tag, name] of Object.entries(LANGUAGES)) {
    language.append(made("option", name, { value: tag, lang: tag }));
  }
  [rate.min, rate.max, rate.step] = [String(RATE.least), String(RATE.most), String(RATE.step)];
  const languageOf = () => /** @type {Choices["language"]} */ (language.value);
  language.addEventListener("change", () => hooks.onChange({ language: languageOf(), voice: "" }));
  voice.addEventListener("change", () => hooks.onChange({ voice: voice.value }));
  rate.addEventListener("input", () => hooks.onChange({ rate: Number(rate.value) }));
  vibration.addEventListener("change", () => hooks.onChange({ vibrate: vibration.checked }));
  awake.addEventListener("change", () => hooks.onChange({ awake: awake.checked }));
  byId("try-voice").addEventListener("click", () => hooks.onTryVoice());
  byId("pair-again").addEventListener("click", () => {
    dialog.close();
    hooks.onPairAgain();
  });
  for (const sort of SORTS) {
    const button = made("button", "", { type: "button", "data-sort": sort });
    button.addEventListener("click", () => vibrate(sort));
    byId("pattern-buttons").append(button);
  }
}

/**
 * Show what is chosen, in the language that is chosen.
 *
 * @param {Choices} choices
 * @param {SpeechSynthesisVoice[]} voices those of the language
 * @param {import("./pairing.js").Pairing | null} pairing
 * @param {string} place
 */
export function show(choices, voices, pairing, place) {
  language.value = choices.language;
  const speakers = SPEAKERS.map((s) => /** @type {[string, string]} */ ([s, word(`speaker_${s}`)]));
  radios(byId("speaker"), "speaker", speakers, (chosen) =>
    hooks.onChange({ speaker: /** @type {Choices["speaker"]} */ (chosen) }),
  );
  choose(byId("speaker"), choices.speaker);
  const themes = THEMES.map((t) => /** @type {[string, string]} */ ([t, word(`theme_${t}`)]));
  radios(byId("theme"), "theme", themes, (chosen) =>
    hooks.onChange({ theme: /** @type {Choices["theme"]} */ (chosen) }),
  );
  choose(byId("theme"), choices.theme);
  const options = [made("option", word("voice_default"), { value: "" })];
  for (const { name, voiceURI, lang } of voices) {
    // Android writes cs_CZ.
    options.push(made("option", name, { value: voiceURI, lang: lang.replace("_", "-") }));
  }
  voice.replaceChildren(...options);
  voice.value = voices.some(({ voiceURI }) => voiceURI === choices.voice) ? choices.voice : "";
  byId("voice-none").hidden = voices.length > 0;
  rate.value = String(choices.rate);
  const speed = `${Math.round(100 * choices.rate)} %`;
  rate.setAttribute("aria-valuetext", speed);
  write(byId("rate-value"), speed);
  vibration.checked = choices.vibrate && canVibrate();
  vibration.disabled = !canVibrate();
  byId("vibration-none").hidden = canVibrate();
  byId("patterns").hidden = !canVibrate();
  for (const button of byId("pattern-buttons").querySelectorAll("button")) {
    const sort = /** @type {import("./vibration.js").Sort} */ (button.dataset.sort);
    write(button, word(sort));
  }
  awake.checked = choices.awake;
  const device = pairing?.device ?? "";
  write(byId("pairing-now"), pairing ? word("pairing_now", { device, broker: place }) : word("pairing_none"));
  byId("pair-again").hidden = pairing === null;
  write(byId("version"), word("version", { value: VERSION }));
}
