/** The page: what comes from the broker is shown, said and felt; what is pressed goes to the device. */
import table from "facecue-phrases";

import { Announcer } from "./announcer.js";
import { Answers } from "./answers.js";
import { keepAwake } from "./awake.js";
import { BrokerLink } from "./broker.js";
import { choicesOf } from "./choices.js";
import { Commands } from "./commands.js";
import { byId, write } from "./element.js";
import { Known } from "./known.js";
import { place, restored } from "./pairing.js";
import * as pairingView from "./pairing_view.js";
import { Phrases, VOICE_LANGUAGES } from "./phrases.js";
import * as settingsView from "./settings_view.js";
import { PhoneVoice } from "./speech.js";
import { load, save } from "./storage.js";
import { sortOf, vibrate } from "./vibration.js";
import * as view from "./view.js";
import { speak as speakLanguage, word } from "./words.js";

const TICK_MS = 1000;
/** A break that is over by then is not worth a word. */
const BREAK_MS = 1500;

const phrases = new Phrases(table);
let choices = choicesOf(load("choices"), navigator.languages);
let pairing = restored(load("pairing"));
let known = new Known();

/** @type {BrokerLink | null} */
let link = null;
/** @type {import("./broker.js").LinkState | "offline" | null} */
let linkState = null;
/** @type {number | null} */
let connectedAt = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let breakTimer;

const told = byId("told");
const [linkLine, deviceLine] = [byId("link-state"), byId("device-state")];
const voice = new PhoneVoice(window.speechSynthesis, () => showVoice());
const announcer = new Announcer(byId("cue"), [told, linkLine, deviceLine], speak);
const answers = new Answers((text) => announcer.tell(told, text));
const commands = new Commands(
  (tail, payload) => link?.publish(tail, payload) ?? Promise.resolve(false),
  (outcome) => announcer.tell(told, named(outcome === "no_answer" ? "no_answer" : "not_connected")),
);

/** @param {import("./words.js").Word} key */
const named = (key) => view.named(key, pairing);

/** @param {string} key of the device's catalogue */
const phrase = (key) => phrases.phrase(key, choices.language);

/** @param {import("./payloads.js").Cue} cue */
const said = (cue) => phrases.said(cue, choices.language);

/**
 * @param {string} text
 * @param {boolean} gently
 */
function speak(text, gently) {
  const how = { language: VOICE_LANGUAGES[choices.language], voice: choices.voice, rate: choices.rate };
  if (gently) voice.add(text, how);
  else voice.say(text, how);
}

// --- what comes -----------------------------------------------------------------------------------------

/**
 * @param {string} tail
 * @param {Uint8Array} payload
 * @param {boolean} retained
 */
function onMessage(tail, payload, retained) {
  const now = Date.now();
  const before = known.last;
  const { cue, ack } = known.hear(tail, payload, retained, now);
  if (cue) onCue(cue, now);
  else if (known.last !== before) showCue(false);
  if (ack && commands.answered(ack.id)) {
    write(told, "");
    answers.ack(ack.text ? phrases.said(ack, choices.language) : ack.ok ? "" : named("not_done"), now);
  }
  if (tail === "state") view.showSet(known);
  if (tail === "health" || cue?.cue.kind === "health") showHealth();
  showDevice();
}

/**
 * @param {import("./known.js").Received} received
 * @param {number} now
 */
function onCue(received, now) {
  const { cue, aloud } = received;
  if (cue.kind === "answer") answers.cue(now);
  if (aloud) write(told, "");
  if (known.last === received) showCue(aloud);
  const sort = sortOf(cue);
  if (aloud && sort && choices.vibrate) vibrate(sort);
  view.showHistory(known.past, said, false);
}

/** @param {import("./broker.js").LinkState} state */
function onState(state) {
  clearTimeout(breakTimer);
  const show = () => {
    linkState = navigator.onLine || state === "connected" ? state : "offline";
    connectedAt = state === "connected" ? Date.now() : null;
    if (connectedAt === null) known.lost();
    if (state !== "connected" && state !== "connecting") write(told, "");
    showLink();
  };
  if (state === "lost") breakTimer = setTimeout(show, BREAK_MS);
  else show();
}

// --- what is shown --------------------------------------------------------------------------------------

/** @param {boolean} aloud */
function showCue(aloud) {
  const { last } = known;
  announcer.show(last ? said(last.cue) : word("cue_none"), aloud);
  view.showTime(last, Date.now());
}

function showLink() {
  announcer.tell(linkLine, linkState ? named(`link_${linkState}`) : "");
  linkLine.classList.toggle("trouble", !["connected", "connecting", null].includes(linkState));
  showDevice();
}

function showDevice() {
  const { text, trouble } = view.deviceWords(known, pairing, connectedAt, Date.now());
  announcer.tell(deviceLine, text);
  deviceLine.classList.toggle("trouble", trouble);
  view.showReadiness(linkState === "connected" && known.presence.available !== false);
}

const showHealth = () => view.showHealth(known, phrase);

/** Who speaks; a browser lets no page speak before somebody has touched it, and a voice may fail. */
function showVoice() {
  const on = choices.speaker === "voice";
  const { trouble } = voice;
  byId("voice-here").setAttribute("aria-pressed", String(on));
  const hint = choices.speaker === "reader" ? word("voice_hint") : "";
  write(byId("voice-told"), on ? (trouble ? word(`voice_${trouble}`) : "") : hint);
  announcer.set(on, choices.speaker === "reader" || (on && trouble !== null));
}

function showChoices() {
  const voices = voice.voices(VOICE_LANGUAGES[choices.language]);
  settingsView.show(choices, voices, pairing, pairing ? place(pairing) : "");
}

/** Everything anew, in the language and colours that are chosen. */
function showAll() {
  speakLanguage(choices.language);
  document.documentElement.lang = choices.language;
  document.documentElement.dataset.theme = choices.theme;
  view.showWords(phrase, (name, value) => void command(name, value));
  byId("pair").hidden = pairing !== null;
  byId("cues").hidden = pairing === null;
  asking.relabel();
  showVoice();
  showCue(false);
  view.showSet(known);
  view.showHistory(known.past, said, true);
  showHealth();
  showLink();
  showChoices();
}

// --- what is pressed ------------------------------------------------------------------------------------

/**
 * @param {string} name
 * @param {string | undefined} value
 */
function command(name, value) {
  write(told, "");
  if (linkState === "connected" && known.presence.available !== false) return commands.send(name, value);
  announcer.tell(told, named(linkState === "connected" ? "not_heard" : "not_connected"));
  // A choice that the device has not heard of is not made.
  view.showSet(known);
  return undefined;
}

/** What a switch is to become, so that a message that comes twice does no harm. @param {boolean | null} on */
const other = (on) => (on === null ? "toggle" : on ? "off" : "on");

for (const button of document.querySelectorAll("button[data-command]")) {
  const { command: name = "", value } = /** @type {HTMLElement} */ (button).dataset;
  button.addEventListener("click", () => {
    const { muted, paused } = known.set;
    void command(name, name === "mute" ? other(muted) : name === "pause" ? other(paused) : value);
  });
}

byId("voice-here").addEventListener("click", () => {
  const speaker = choices.speaker === "voice" ? "reader" : "voice";
  change({ speaker });
  if (speaker === "voice") tryVoice();
});

function tryVoice() {
  speak(known.last?.aloud ? said(known.last.cue) : word("voice_here"), false);
}

/** @param {Partial<import("./choices.js").Choices>} changed */
function change(changed) {
  choices = { ...choices, ...changed };
  save("choices", choices);
  if (changed.speaker && changed.speaker !== "voice") voice.stop();
  void keepAwake(choices.awake && pairing !== null);
  // While a slider is drawn, the page behind it stays as it is.
  if (Object.keys(changed).join() === "rate") showChoices();
  else showAll();
}

// --- pairing --------------------------------------------------------------------------------------------

const asking = pairingView.start((chosen) => {
  pairing = chosen;
  save("pairing", chosen);
  listen();
  announcer.tell(told, named("pair_done"));
  byId("cue-title").focus();
});

/** Forget what was known of another device, and listen to this one. */
function listen() {
  link?.close();
  clearTimeout(breakTimer);
  answers.forget();
  [known, linkState, connectedAt] = [new Known(), null, null];
  link = pairing ? new BrokerLink(pairing, { onState, onMessage }) : null;
  void keepAwake(choices.awake && pairing !== null);
  showAll();
}

settingsView.start({
  onChange: change,
  onTryVoice: tryVoice,
  onPairAgain: () => {
    pairing = null;
    save("pairing", null);
    write(told, "");
    listen();
    byId("pair-title").focus();
  },
});

// --- the browser ----------------------------------------------------------------------------------------

window.addEventListener("hashchange", () => asking.fromAddress());
window.addEventListener("online", () => link?.hurry());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") link?.hurry();
  else asking.stop();
});
document.addEventListener("click", () => {
  if (voice.trouble === "blocked") voice.report(null);
});
window.speechSynthesis?.addEventListener?.("voiceschanged", showChoices);
setInterval(() => {
  showDevice();
  view.showTime(known.last, Date.now());
}, TICK_MS);

listen();
asking.fromAddress();
if ("serviceWorker" in navigator) navigator.serviceWorker.register("service-worker.js").catch(() => undefined);
