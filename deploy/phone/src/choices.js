/**
 * What the user has chosen on this phone, kept in the browser and nowhere else.
 *
 * @typedef {object} Choices
 * @property {import("./phrases.js").Language} language
 * @property {"voice" | "reader" | "nobody"} speaker who says the cues: this page, a screen reader, nobody
 * @property {string} voice its URI; empty: the phone's choice
 * @property {number} rate 1 is the voice's own
 * @property {boolean} vibrate
 * @property {"auto" | "light" | "dark" | "contrast"} theme
 * @property {boolean} awake whether the screen is kept on
 */
import { LANGUAGES, preferred } from "./phrases.js";

export const SPEAKERS = /** @type {Choices["speaker"][]} */ (["voice", "reader", "nobody"]);
export const THEMES = /** @type {Choices["theme"][]} */ (["auto", "light", "dark", "contrast"]);
export const RATE = { least: 0.5, most: 3, step: 0.1 };

/**
 * The choices that were stored, each one that is not sound replaced by what it is at first.
 *
 * @param {unknown} stored
 * @param {readonly string[]} wished languages of the browser
 * @returns {Choices}
 */
export function choicesOf(stored, wished) {
  const old = /** @type {Record<string, any>} */ (typeof stored === "object" && stored !== null ? stored : {});
  return {
    language: Object.hasOwn(LANGUAGES, old.language) ? old.language : preferred(wished),
    speaker: SPEAKERS.includes(old.speaker) ? old.speaker : "reader",
    voice: typeof old.voice === "string" ? old.voice : "",
    rate: old.rate >= RATE.least && old.rate <= RATE.most ? old.rate : 1,
    vibrate: typeof old.vibrate === "boolean" ? old.vibrate : true,
    theme: THEMES.includes(old.theme) ? old.theme : "auto",
    awake: typeof old.awake === "boolean" ? old.awake : true,
  };
}
