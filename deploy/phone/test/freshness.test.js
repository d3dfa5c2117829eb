/** How old is a cue? Told right with a right clock, a wrong one, and one that is set meanwhile. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { EXPIRY_MS, Freshness } from "../src/freshness.js";

const HOUR = 3_600_000;

test("with right clocks the age is the difference", () => {
  const freshness = new Freshness();
  assert.equal(freshness.heard(1000, 1050), 50);
  assert.equal(freshness.heard(2000, 13_500), 11_500);
  assert.equal(freshness.heard(20_000, 20_040), 40);
});

test("a device's clock that is a little ahead makes nothing younger than new", () => {
  assert.equal(new Freshness().heard(1500, 1000), 0);
});

test("what comes in one burst teaches nothing, however old it is", () => {
  const freshness = new Freshness();
  for (const at of [0, 500, 1000]) assert.ok(freshness.heard(at, 30_000 + at / 100) > EXPIRY_MS);
});

for (const [name, offset] of [
  ["behind", HOUR],
  ["ahead", -HOUR],
]) {
  test(`a clock that is an hour ${name} is found out by the second message`, () => {
    const freshness = new Freshness();
    freshness.heard(0, offset);
    assert.ok(freshness.heard(5000, 5030 + offset) <= 30);
    // And what is old by that clock is old.
    freshness.heard(10_000, 10_010 + offset);
    assert.ok(freshness.age(10_000, 10_010 + offset + 12_000) >= 12_000);
  });
}

test("a clock that is set right while the page listens is believed at once", () => {
  const freshness = new Freshness();
  freshness.heard(0, HOUR);
  freshness.heard(1000, HOUR + 1000);
  assert.equal(freshness.heard(HOUR + 2000, HOUR + 2020), 20);
  assert.equal(freshness.offset, 0);
});

test("without a time a cue counts as new", () => {
  assert.equal(new Freshness().heard(null, 5), 0);
});
