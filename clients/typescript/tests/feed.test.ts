// A feed goes on after what passes, and throws what does not. The other languages' tests have the same cases.
import { Code, ConnectError } from "@connectrpc/connect";
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { follow, type FollowOptions, type Update } from "../src/feed.js";
import { errorInfo, valuesOf } from "../src/index.js";
import { FIRST_PAUSE_MS, Pauses } from "../src/pauses.js";
import { changes, close, failure, FakeQuery, row, SILENCE, VIEW } from "./fake_services.js";
import type { FeedScript, ListScript } from "./fake_services.js";

const END = close("end", "END_REACHED");

interface Script extends FollowOptions {
  lists?: ListScript[];
  feeds?: FeedScript[];
  pauses?: Pauses;
}

/** A feed of a service with this script. */
async function begin(t: TestContext, { lists = [], feeds = [], pauses, ...options }: Script) {
  const fake = await FakeQuery.start(t, lists, feeds);
  const client = fake.client();
  const updates = pauses ? follow(client.query, VIEW, options, pauses) : client.follow(VIEW, options);
  return { updates, fake, client };
}

/** What is left of a feed: kinds, and counts of rows. */
async function rest(updates: AsyncIterable<Update>) {
  const all: unknown[] = [];
  for await (const { kind, results } of updates) {
    all.push([kind, ...results.map((result) => Number(valuesOf(result)["count"]))]);
  }
  return all;
}

test("lists all pages, then goes on from the first one's token", async (t) => {
  const { updates, fake } = await begin(t, {
    lists: [{ token: "t0", pages: [[row("a", 1)], [row("b", 2)]] }],
    feeds: [
      [{ resumeToken: "t1", event: { case: "confirmation", value: {} } }, changes("t2", [row("a", 3)]), END],
    ],
  });
  assert.deepEqual(await rest(updates), [["snapshot", 1, 2], ["changes", 3]]);
  assert.deepEqual(fake.tokens, ["t0"]);
});

test("comes back with the last token", async (t) => {
  let breaks = 0;
  const { updates, fake } = await begin(t, {
    onBreak: () => breaks++,
    lists: [{ token: "t0", pages: [[]] }],
    feeds: [
      [changes("t1", [row("a", 1)]), close("t2", "DRAINING")],
      [changes("t3", [row("a", 2)]), failure(Code.Unavailable, "DRAINING")],
      [failure(Code.ResourceExhausted, "TOO_MANY_SUBSCRIBERS")],
      [new ConnectError("a proxy has reset the stream", Code.Canceled)],
      [changes("t4", [row("a", 3)])], // An end without a word.
      [END],
    ],
  });
  assert.deepEqual(await rest(updates), [["snapshot"], ["changes", 1], ["changes", 2], ["changes", 3]]);
  assert.deepEqual(fake.tokens, ["t0", "t2", "t3", "t3", "t3", "t4"]);
  assert.equal(breaks, 5);
});

test("comes back when the service does", async (t) => {
  const { updates, fake } = await begin(t, {
    resumeToken: "t0",
    feeds: [[changes("t1", [row("a", 1)]), SILENCE]],
  });
  assert.equal((await updates.next()).value?.kind, "changes");
  await fake.stop();
  const again = await FakeQuery.start(t, [], [[changes("t2", [row("a", 2)]), END]], fake.port);
  assert.deepEqual(await rest(updates), [["changes", 2]]);
  assert.deepEqual(again.tokens, ["t1"]);
});

test("who was too slow goes on from where it is told", async (t) => {
  const { updates, fake } = await begin(t, {
    resumeToken: "t0",
    feeds: [[failure(Code.ResourceExhausted, "TOO_SLOW", { resume_token: "t7" })], [END]],
  });
  await rest(updates);
  assert.deepEqual(fake.tokens, ["t0", "t7"]);
});

for (const code of [Code.OutOfRange, Code.FailedPrecondition, Code.Aborted]) {
  test(`lists anew when the token is of no use: ${Code[code]}`, async (t) => {
    const { updates, fake } = await begin(t, {
      resumeToken: "old",
      lists: [failure(Code.Unavailable, "CATCHING_UP"), { token: "n0", pages: [[row("a", 5)]] }],
      feeds: [[failure(code, "X")], [END]],
    });
    assert.deepEqual(await rest(updates), [["snapshot", 5]]);
    assert.deepEqual(fake.tokens, ["old", "n0"]);
  });
}

test("tells what is no row", async (t) => {
  const { updates } = await begin(t, {
    resumeToken: "t0",
    feeds: [
      [
        { resumeToken: "t1", event: { case: "caughtUp", value: {} } },
        { resumeToken: "t2", event: { case: "heartbeat", value: {} }, closedThroughTime: { seconds: 600n } },
        changes("t3", [], [row("a", 1)]),
        END,
      ],
    ],
  });
  const told: unknown[] = [];
  for await (const { kind, resumeToken, closedThroughTime, results, retracted } of updates) {
    told.push([kind, resumeToken, closedThroughTime?.seconds, results.length, retracted.length]);
  }
  assert.deepEqual(told, [
    ["caughtUp", "t1", undefined, 0, 0],
    ["heartbeat", "t2", 600n, 0, 0],
    ["changes", "t3", undefined, 0, 1],
  ]);
});

test("pauses begin anew after a message", async (t) => {
  const pauses = new Pauses();
  const broken = [failure(Code.Unavailable, "X")];
  const { updates } = await begin(t, {
    pauses,
    resumeToken: "t0",
    feeds: [broken, broken, broken, [changes("t1", [row("a", 1)]), END]],
  });
  assert.deepEqual(await rest(updates), [["changes", 1]]);
  assert.ok(pauses.next() <= FIRST_PAUSE_MS);
});

for (const code of [Code.InvalidArgument, Code.PermissionDenied, Code.NotFound]) {
  const error = failure(code, "X");
  const scripts = { list: { lists: [error] }, feed: { lists: [{ token: "t0", pages: [[]] }], feeds: [[error]] } };
  for (const [of, script] of Object.entries<Script>(scripts)) {
    test(`throws what does not pass: ${Code[code]} of a ${of}`, async (t) => {
      const { updates, fake } = await begin(t, script);
      await assert.rejects(rest(updates), (thrown) => {
        assert.equal(ConnectError.from(thrown).code, code);
        assert.equal(errorInfo(thrown)?.reason, "X");
        return true;
      });
      // Once, and not again.
      assert.deepEqual([fake.listed.length, fake.subscribed.length], [1, script.feeds?.length ?? 0]);
    });
  }
}

test("final rows of a filter", async (t) => {
  const { updates, fake } = await begin(t, {
    filter: 'type = "a"',
    finalOnly: true,
    lists: [{ token: "t0", pages: [[]] }],
    feeds: [[END]],
  });
  await rest(updates);
  assert.equal(fake.listed[0]?.filter, '(type = "a") AND final = true');
  assert.deepEqual([fake.subscribed[0]?.filter, fake.subscribed[0]?.finalOnly], ['type = "a"', true]);
});

const silences: Record<string, Script> = {
  list: { lists: [SILENCE] },
  feed: { resumeToken: "t0", feeds: [[SILENCE]] },
};
for (const [of, script] of Object.entries(silences)) {
  test(`an abort ends one that waits for a ${of}`, async (t) => {
    const controller = new AbortController();
    const { updates, fake } = await begin(t, { ...script, signal: controller.signal });
    const reader = rest(updates);
    await fake.silent.promise;
    controller.abort();
    assert.deepEqual(await reader, []);
    await fake.left.promise;
  });
}

test("close of the client ends its feeds", async (t) => {
  const { updates, fake, client } = await begin(t, { resumeToken: "t0", feeds: [[SILENCE]] });
  const reader = rest(updates);
  await fake.silent.promise;
  client.close();
  assert.deepEqual(await reader, []);
});

test("an abort ends one that pauses", async (t) => {
  const controller = new AbortController();
  const { updates } = await begin(t, {
    resumeToken: "t0",
    feeds: [[failure(Code.Unavailable, "X")]],
    pauses: new Pauses(3_600_000, 3_600_000),
    signal: controller.signal,
    onBreak: () => setImmediate(() => controller.abort()),
  });
  assert.deepEqual(await rest(updates), []);
});

test("who leaves the loop leaves the service", async (t) => {
  const { updates, fake } = await begin(t, {
    resumeToken: "t0",
    feeds: [[changes("t1", [row("a", 1)]), SILENCE]],
  });
  for await (const update of updates) {
    assert.equal(update.kind, "changes");
    break;
  }
  await fake.left.promise;
});
