/** Links that pair, and links that do not. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { mixed, read, restored } from "../src/pairing.js";

const PAGE = new URL("https://hub.local:8443/");

test("a link holds everything", () => {
  const fields = { device: "brýle-1", broker: "wss://b.example:9443/mqtt", prefix: "a/b", user: "u", password: "+ &=#ž" };
  const pairing = read(`https://hub.local:8443/#${new URLSearchParams(fields)}`, PAGE);
  assert.deepEqual(pairing, fields);
  assert.deepEqual(restored(JSON.parse(JSON.stringify(pairing))), fields);
});

test("as the hub writes it: %20 for a blank, and the broker behind the page itself", () => {
  const pairing = read("https://hub.local:8443/#device=glasses&user=phone&password=a%20b%2Bc", PAGE);
  assert.equal(pairing.broker, "wss://hub.local:8443/mqtt");
  assert.equal(pairing.prefix, "facecue");
  assert.equal(pairing.password, "a b+c");
});

for (const link of [
  "",
  "https://hub.local:8443/",
  "#",
  "#device=",
  "#device=a/b",
  "#device=a%23",
  "#device=%2B",
  "#device=a&prefix=%23",
  "#device=a&broker=https://b.example",
  "#device=a&broker=javascript:alert(1)",
  "#device=a&broker=wss://user:secret@b.example",
  "#device=a&broker=nonsense",
  `#device=${"a".repeat(129)}`,
  `#device=a&broker=wss://b.example/${"a".repeat(3000)}`,
]) {
  test(`no pairing: ${link.slice(0, 40)}`, () => assert.equal(read(link, PAGE), null));
}

test("what was stored is looked at again", () => {
  for (const stored of [null, 7, "x", {}, { device: "a" }, { device: "a/b", broker: "wss://b.example" }]) {
    assert.equal(restored(stored), null);
  }
});

test("an encrypted page opens no plain broker, but the phone's own", () => {
  const at = (broker) => mixed(read(`#device=a&broker=${broker}`, PAGE), PAGE);
  assert.equal(at("ws://b.example:9001"), true);
  assert.equal(at("wss://b.example"), false);
  assert.equal(at("ws://127.0.0.1:9001"), false);
});
