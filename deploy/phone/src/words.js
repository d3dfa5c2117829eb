/** The page's own words, in the language that is chosen. */
import cs from "./words/cs.js";
import de from "./words/de.js";
import en from "./words/en.js";
import es from "./words/es.js";

/** @typedef {keyof typeof en} Word */

/** @type {Record<import("./phrases.js").Language, typeof en>} */
export const WORDS = { en, es, de, cs };

/** @type {import("./phrases.js").Language} */
let language = "en";

/** @param {import("./phrases.js").Language} chosen */
export function speak(chosen) {
  language = chosen;
}

/**
 * A word or sentence, its {places} filled.
 *
 * @param {Word} key
 * @param {Record<string, string | number>} places
 */
export function word(key, places = {}) {
  return WORDS[language][key].replace(/\{(\w+)\}/g, (_, name) => String(places[name] ?? ""));
}

/**
 * Hours, minutes and seconds as they are written in this language.
 *
 * @param {number} at milliseconds since 1970
 */
export function clock(at) {
  // As in the user's own country, where it is one of this language.
  const place = navigator.languages.find((tag) => tag.toLowerCase().startsWith(language)) ?? language;
  return new Date(at).toLocaleTimeString(place, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/**
 * A number as it is written in this language, to one digit.
 *
 * @param {number} value
 */
export const figure = (value) => value.toLocaleString(language, { maximumFractionDigits: 1 });
