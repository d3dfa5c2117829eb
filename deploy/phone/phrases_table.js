/** The device's phrases in every language, as translators have left them in edge/locale. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const TRANSLATED = ["es", "de", "cs"];

/**
 * @param {string} locale the folder edge/locale
 * @returns {Record<string, Record<string, string>>} key -> language -> words, English included
 */
export function tableOf(locale) {
  const table = {};
  for (const language of TRANSLATED) {
    const path = join(locale, language, "LC_MESSAGES", "facecue.po");
    for (const { msgctxt, msgid, msgstr } of entriesOf(readFileSync(path, "utf8"))) {
      if (!msgctxt) continue;
      table[msgctxt] ??= { en: msgid };
      // What is not translated is said in English, as on the device.
      table[msgctxt][language] = msgstr || msgid;
    }
  }
  if (Object.keys(table).length === 0) throw new Error(`no phrase in ${locale}`);
  return table;
}

/**
 * The entries of a .po file. Source: GNU gettext manual, "The Format of PO Files".
 *
 * @param {string} text
 */
export function* entriesOf(text) {
  for (const block of text.split(/\n\s*\n/)) {
    const entry = { msgctxt: "", msgid: "", msgstr: "" };
    let part = "";
    for (const line of block.split("\n")) {
      const [, name, quoted] = /^(?:(msgctxt|msgid|msgstr) )?(".*")\s*$/.exec(line) ?? [];
      if (quoted === undefined) continue;
      part = name ?? part;
      entry[part] += JSON.parse(quoted);
    }
    // Fuzzy: the English has changed since, as scripts/translations notes.
    if (/^#,.*\bfuzzy\b/m.test(block)) entry.msgstr = "";
    yield entry;
  }
}
