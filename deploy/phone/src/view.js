/** The page's own side: what is known, as words and signs. */
import { EXPIRY_MS } from "./freshness.js";
import { byId, choose, made, radios, write } from "./element.js";
import { place } from "./pairing.js";
import { clock, word } from "./words.js";

/**
 * @typedef {import("./known.js").Known} Known
 * @typedef {import("./known.js").Received} Received
 * @typedef {import("./pairing.js").Pairing} Pairing
 */

const VERBOSITIES = ["few", "normal", "many"];
const LEVELS = ["movements", "attitude", "emotion"];
/** The device's word is there at once, or there is none. */
const PATIENCE_MS = 2000;

/**
 * A sentence about this device and its broker.
 *
 * @param {import("./words.js").Word} key
 * @param {Pairing | null} pairing
 */
export const named = (key, pairing) =>
  word(key, { device: pairing?.device ?? "", broker: pairing ? place(pairing) : "" });

/**
 * Whether the device is on.
 *
 * @param {Known} known
 * @param {Pairing | null} pairing
 * @param {number | null} connectedAt null while not connected
 * @param {number} now
 */
export function deviceWords({ presence }, pairing, connectedAt, now) {
  const state = presence.state(now);
  const early = state === "unknown" && now - (connectedAt ?? now) < PATIENCE_MS;
  if (connectedAt === null || early) return { text: "", trouble: false };
  const time = presence.heardAt === null ? "" : clock(presence.heardAt);
  const text = word(`device_${state}`, { device: pairing?.device ?? "", time });
  return { text, trouble: state === "off" || state === "silent" };
}

/**
 * Buttons that lead nowhere are still there to be found, and say why when they are pressed.
 *
 * @param {boolean} ready
 */
export function showReadiness(ready) {
  for (const button of document.querySelectorAll("button[data-command]")) {
    if (ready) button.removeAttribute("aria-disabled");
    else button.setAttribute("aria-disabled", "true");
  }
}

/** @param {Known} known */
export function showSet({ set }) {
  pressed("mute", set.muted);
  pressed("pause", set.paused);
  choose(group("verbosity"), set.verbosity);
  choose(group("level"), set.level);
}

/**
 * When the last cue was said, and whether it still holds.
 *
 * @param {Received | null} last
 * @param {number} now
 */
export function showTime(last, now) {
  write(byId("cue-time"), last ? word("cue_time", { time: clock(last.at) }) : "");
  byId("cue-box").classList.toggle("old", last === null || now - last.at > EXPIRY_MS);
}

/**
 * @param {Known} known
 * @param {(key: string) => string} phrase
 */
export function showHealth({ health }, phrase) {
  const lines = health.lines(phrase);
  if (health.at !== null) lines.push({ text: word("health_at", { time: clock(health.at) }), trouble: false });
  const items = lines.map(({ text, trouble }) => made("li", text, trouble ? { class: "trouble" } : {}));
  byId("health").replaceChildren(...items);
}

/**
 * The last cues, newest first; what stands there already is left alone, so that a finger on it stays there.
 *
 * @param {Received[]} past
 * @param {(cue: import("./payloads.js").Cue) => string} said
 * @param {boolean} anew whether the language is another
 */
export function showHistory(past, said, anew) {
  const list = byId("history");
  if (anew) list.replaceChildren();
  const shown = new Set([...list.children].map((item) => item.getAttribute("data-key")));
  const missing = past.filter((received) => !shown.has(keyOf(received)));
  for (const received of missing.reverse()) {
    const item = made("li", "", { "data-key": keyOf(received) });
    const time = made("time", clock(received.at), { datetime: new Date(received.at).toISOString() });
    item.append(time, made("span", said(received.cue)));
    list.prepend(item);
  }
  while (list.children.length > past.length) list.lastElementChild?.remove();
  byId("history-none").hidden = past.length > 0;
}

/**
 * Every fixed text, in the language that is chosen.
 *
 * @param {(key: string) => string} phrase what the device itself says of a choice
 * @param {(name: string, value: string) => void} onRadio
 */
export function showWords(phrase, onRadio) {
  for (const element of document.querySelectorAll("[data-word]")) {
    const key = /** @type {import("./words.js").Word} */ (element.getAttribute("data-word"));
    write(/** @type {HTMLElement} */ (element), word(key));
  }
  const verbosities = VERBOSITIES.map((value) => pair(value, phrase(`words_${value}`)));
  radios(group("verbosity"), "verbosity", verbosities, (value) => onRadio("verbosity", value));
  const levels = LEVELS.map((value) => pair(value, phrase(`level_${value}`)));
  radios(group("level"), "level", levels, (value) => onRadio("level", value));
}

/**
 * @param {string} name
 * @param {boolean | null} on
 */
function pressed(name, on) {
  document.querySelector(`button[data-command=${name}]`)?.setAttribute("aria-pressed", String(on === true));
}

/** @param {Received} received */
const keyOf = ({ cue, at }) => (cue.seq === null ? `${at} ${cue.text}` : `${cue.stream} ${cue.seq}`);

/**
 * @param {string} value
 * @param {string} text
 * @returns {[value: string, text: string]}
 */
const pair = (value, text) => [value, text];

/** @param {string} name */
const group = (name) => /** @type {HTMLElement} */ (document.querySelector(`fieldset[data-command=${name}]`));
