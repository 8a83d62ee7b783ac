import assert from "node:assert/strict";
import { test } from "node:test";
import { FIRST_PAUSE_MS, Pauses } from "../src/pauses.js";

test("pauses double to the longest", () => {
  const pauses = new Pauses();
  for (const longest of [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]) {
    const pause = pauses.next();
    assert.ok(longest / 2 <= pause && pause <= longest, `${pause} of ${longest}`);
  }
});

test("pauses begin anew", () => {
  const pauses = new Pauses();
  for (let i = 0; i < 5; i++) pauses.next();
  pauses.reset();
  assert.ok(pauses.next() <= FIRST_PAUSE_MS);
});

test("readers do not come back together", () => {
  assert.ok(new Set(Array.from({ length: 20 }, () => new Pauses().next())).size > 1);
});
