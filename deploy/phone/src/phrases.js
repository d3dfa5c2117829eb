/**
 * The device's phrases in the phone's language, whatever language the device speaks.
 *
 * @typedef {"en" | "es" | "de" | "cs"} Language
 * @typedef {Record<string, Record<Language, string>>} Table
 */

/** Language -> its name in itself. */
export const LANGUAGES = /** @type {Record<Language, string>} */ ({
  en: "English",
  es: "Español",
  de: "Deutsch",
  cs: "Čeština",
});

/** Language -> what a voice is asked for. */
export const VOICE_LANGUAGES = /** @type {Record<Language, string>} */ ({
  en: "en-US",
  es: "es-ES",
  de: "de-DE",
  cs: "cs-CZ",
});

const BETWEEN = ", ";

export class Phrases {
  /** @param {Table} table */
  constructor(table) {
    this.table = table;
    /** @type {Map<string, string>} */
    this.keys = new Map();
    for (const [key, texts] of Object.entries(table)) {
      for (const text of Object.values(texts)) if (!this.keys.has(text)) this.keys.set(text, key);
    }
  }

  /**
   * What a cue says in this language; its own text where a part of it is not in the catalogue.
   *
   * @param {{text: string, phrases?: string[]}} cue
   * @param {Language} language
   */
  said({ text, phrases = [] }, language) {
    const keys = phrases.length ? phrases : text.split(BETWEEN).map((part) => this.keys.get(part) ?? "");
    const words = keys.map((key) => this.table[key]?.[language]);
    return words.every(Boolean) ? words.join(BETWEEN) : text;
  }

  /**
   * One phrase, or the key itself where there is none.
   *
   * @param {string} key
   * @param {Language} language
   */
  phrase(key, language) {
    return this.table[key]?.[language] ?? key;
  }
}

/**
 * The first language that the phone's user reads and this page has.
 *
 * @param {readonly string[]} wished as in navigator.languages
 * @returns {Language}
 */
export function preferred(wished) {
  for (const tag of wished) {
    const language = tag.toLowerCase().split("-")[0] ?? "";
    if (language in LANGUAGES) return /** @type {Language} */ (language);
  }
  return "en";
}
