/** What the phone makes of the device's messages, in order, twice, late, or broken. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Known } from "../src/known.js";
import { SILENCE_MS } from "../src/presence.js";

const bytes = (body) => new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
const cue = (seq, more = {}) => ({
  v: 1,
  kind: "cue",
  label: "smile",
  text: `cue ${seq}`,
  ts: new Date(1000 * seq).toISOString(),
  stream: "a",
  seq,
  ...more,
});

test("a number that was there is not heard again; another stream counts anew", () => {
  const known = new Known();
  for (const seq of [1, 2, 2, 1, 3]) known.hear("cue", bytes(cue(seq)), false, 3000 + seq);
  known.hear("cue", bytes(cue(1, { stream: "b", text: "other" })), false, 3100);
  assert.deepEqual(
    known.past.map((heard) => heard.cue.text),
    ["other", "cue 3", "cue 2", "cue 1"],
  );
});

test("what waited somewhere does not take the place of what came since", () => {
  const known = new Known();
  known.hear("cue", bytes(cue(20)), false, 20_000);
  const late = known.hear("cue", bytes(cue(5, { stream: "b" })), false, 20_010).cue;
  assert.equal(late.aloud, false);
  assert.equal(known.last.cue.text, "cue 20");
});

test("the state fills in what was missed, silently, and its cue may still come", () => {
  const known = new Known();
  assert.deepEqual(known.hear("state", bytes({ ...cue(7), set: null }), true, 8000), {});
  assert.equal(known.last.cue.text, "cue 7");
  assert.equal(known.last.aloud, false);
  assert.equal(known.hear("cue", bytes(cue(7)), false, 8010).cue.aloud, true);
  assert.equal(known.past.length, 1);
});

test("an unknown kind is a cue, and nothing that is broken changes anything", () => {
  const known = new Known();
  assert.ok(known.hear("cue", bytes(cue(1, { kind: "later invention" })), false, 1000).cue);
  for (const rubbish of ["", "{", "[1]", "7", '"x"', '{"text": {}}', "\ud800"]) {
    for (const tail of ["cue", "state", "health", "elsewhere"]) {
      assert.deepEqual(known.hear(tail, bytes(rubbish), false, 1000), {});
    }
  }
  assert.equal(known.past.length, 1);
});

test("the list is bounded", () => {
  const known = new Known();
  for (let seq = 1; seq <= 100; seq += 1) known.hear("cue", bytes(cue(seq)), false, 1000 * seq);
  assert.equal(known.past.length, 30);
  assert.equal(known.past[0].cue.text, "cue 100");
});

test("a device is there by its own word, and by being heard of", () => {
  const known = new Known();
  assert.equal(known.presence.state(0), "unknown");
  known.hear("available", bytes("online"), true, 0);
  assert.equal(known.presence.state(10 * SILENCE_MS), "on", "an old device tells no health");
  known.hear("health", bytes({ well: true, troubles: [] }), false, 1000);
  assert.equal(known.presence.state(1000 + SILENCE_MS), "on");
  assert.equal(known.presence.state(1001 + SILENCE_MS), "silent");
  known.hear("available", bytes("offline"), false, 2000);
  assert.equal(known.presence.state(2000), "off");
  known.lost();
  assert.equal(known.presence.state(2000), "unknown");
});

test("troubles come by cues and go by cues, and the device's own list is the last word", () => {
  const known = new Known();
  const health = (label, seq) => known.hear("cue", bytes(cue(seq, { kind: "health", label })), false, 1000 * seq);
  ["ready", "stick_absent", "camera_lost", "stick_found"].forEach((label, index) => health(label, index + 1));
  assert.deepEqual([...known.health.troubles], ["camera_lost"]);
  known.hear("health", bytes({ well: null, troubles: [] }), false, 9000);
  assert.deepEqual([...known.health.troubles], ["camera_lost"], "it does not know how it is");
  known.hear("health", bytes({ well: false, troubles: ["speech_lost"] }), false, 9000);
  assert.deepEqual([...known.health.troubles], ["speech_lost"]);
});
