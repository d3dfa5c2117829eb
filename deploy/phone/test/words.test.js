/** Every language says everything, with the same places to fill; the device's phrases are all there. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { entriesOf, tableOf } from "../phrases_table.js";
import { LANGUAGES, Phrases, preferred } from "../src/phrases.js";
import { PATTERNS, SORTS, sortOf } from "../src/vibration.js";
import { WORDS } from "../src/words.js";

const table = tableOf(join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "edge", "locale"));

for (const language of Object.keys(LANGUAGES)) {
  test(`${language} has every word of English`, () => {
    assert.deepEqual(Object.keys(WORDS[language]).sort(), Object.keys(WORDS.en).sort());
    const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const [key, text] of Object.entries(WORDS[language])) {
      assert.ok(text.trim(), key);
      assert.deepEqual(places(text), places(WORDS.en[key]), key);
    }
  });

  test(`${language} has every phrase of the device`, () => {
    for (const [key, texts] of Object.entries(table)) assert.ok(texts[language], key);
  });
}

test("a cue is said in the phone's language, in one piece or not at all", () => {
  const phrases = new Phrases(table);
  const both = `${table.smile.de}, ${table.brows_raised.de}`;
  assert.equal(phrases.said({ text: both }, "es"), `${table.smile.es}, ${table.brows_raised.es}`);
  assert.equal(phrases.said({ text: "x", phrases: ["smile"] }, "cs"), table.smile.cs);
  assert.equal(phrases.said({ text: "x", phrases: ["smile", "of a later version"] }, "cs"), "x");
  assert.equal(phrases.said({ text: `${table.smile.de}, x` }, "es"), `${table.smile.de}, x`);
  assert.equal(phrases.said({ text: "toString", phrases: ["constructor"] }, "en"), "toString");
});

test("a phrase whose translation is to be looked at again is said in English", () => {
  const po = '#, fuzzy\nmsgctxt "a"\nmsgid "one"\nmsgstr "uno"\n\nmsgctxt "b"\nmsgid ""\n"two "\n"three"\nmsgstr "dos"\n';
  assert.deepEqual([...entriesOf(po)], [
    { msgctxt: "a", msgid: "one", msgstr: "" },
    { msgctxt: "b", msgid: "two three", msgstr: "dos" },
  ]);
});

test("the phone's first language that is there", () => {
  assert.equal(preferred(["fr-FR", "de-AT", "en"]), "de");
  assert.equal(preferred(["fr"]), "en");
  assert.equal(preferred(["toString"]), "en");
});

test("patterns can be told apart, and every cue has the right one", () => {
  assert.equal(new Set(Object.values(PATTERNS).map(String)).size, SORTS.length);
  assert.equal(sortOf({ kind: "cue", label: "maybe_anger" }), "unpleasant");
  assert.equal(sortOf({ kind: "cue", label: "happiness" }), "pleasant");
  assert.equal(sortOf({ kind: "cue", label: "brows_raised" }), "other");
  assert.equal(sortOf({ kind: "answer", label: "smile" }), null);
});
