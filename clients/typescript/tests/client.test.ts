// Settings are changed as they are now; values of rows are JavaScript's.
import { create } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { QueryService } from "../src/gen/windrow/query/v1/query_service_pb.js";
import { FieldSchema, ValueError } from "../src/gen/windrow/results/v1/result_pb.js";
import { Client, errorInfo, fieldValue, groupOf, rowKey, valuesOf } from "../src/index.js";
import { failure, FakePipelines, FakeQuery, row, VIEW } from "./fake_services.js";

const mismatches = (count: number) =>
  Array.from({ length: count }, () => failure(Code.Aborted, "ETAG_MISMATCH"));

/** Lets a client lengthen the commit interval by 10 ms at a service that fails so. */
async function lengthen(t: TestContext, failures: ConnectError[]) {
  const fake = await FakePipelines.start(t, failures);
  const change = fake.client().changeSettings("pipelines/p", (settings) => {
    settings.commitInterval = durationFromMs(durationMs(settings.commitInterval!) + 10);
  });
  return { fake, change };
}

test("changes again when somebody was quicker", async (t) => {
  const { fake, change } = await lengthen(t, mismatches(2));
  assert.equal((await change).pipeline?.generation, 4n);
  assert.deepEqual(
    fake.requests.map(({ etag, settings }) => [etag, durationMs(settings!.commitInterval!)]),
    [["e1", 11], ["e2", 12], ["e3", 13]],
  );
  assert.deepEqual(fake.requests[0]?.updateMask?.paths, ["*"]);
});

test("changes not for ever", async (t) => {
  const { fake, change } = await lengthen(t, mismatches(20));
  await assert.rejects(change, (error) => errorInfo(error)?.reason === "ETAG_MISMATCH");
  assert.equal(fake.requests.length, 10);
});

test("changes not after another error", async (t) => {
  const { fake, change } = await lengthen(t, [failure(Code.InvalidArgument, "SETTINGS_INVALID")]);
  await assert.rejects(change, (error) => errorInfo(error)?.reason === "SETTINGS_INVALID");
  assert.equal(fake.requests.length, 1);
});

test("results are read page by page", async (t) => {
  const fake = await FakeQuery.start(t, [{ token: "t", pages: [[row("a", 1)], [row("b", 2)]] }], []);
  const counts: unknown[] = [];
  for await (const result of fake.client().results(VIEW, { orderBy: "count desc" })) {
    counts.push(valuesOf(result)["count"]);
  }
  assert.deepEqual(counts, [1n, 2n]);
  assert.deepEqual(fake.listed.map(({ orderBy }) => orderBy), ["count desc", "count desc"]);
});

test("an error without ErrorInfo", async (t) => {
  const client = new Client({ query: "http://127.0.0.1:1" });
  t.after(() => client.close());
  await assert.rejects(client.query.listResults({ parent: VIEW }), (error) => errorInfo(error) === undefined);
});

test("TLS with a token", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "windrow-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const [keyFile, certFile] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  // The certificate is its own authority.
  const words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=windrow -days 1 -addext";
  execFileSync("openssl", [...words.split(" "), "subjectAltName=IP:127.0.0.1", "-keyout", keyFile, "-out", certFile], {
    stdio: "pipe",
  });
  const [key, cert] = [readFileSync(keyFile), readFileSync(certFile)];
  const bearers: (string | null)[] = [];
  const routes = (router: ConnectRouter) => {
    router.service(QueryService, {
      listResults: (_, context) => {
        bearers.push(context.requestHeader.get("authorization"));
        return { results: [row("a", 1)] };
      },
    });
  };
  const server = createSecureServer({ key, cert }, connectNodeAdapter({ routes })).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = new Client(
    { query: `https://127.0.0.1:${(server.address() as AddressInfo).port}` },
    { tls: { ca: cert }, token: () => "secret" },
  );
  t.after(() => {
    client.close();
    server.close();
  });
  assert.equal((await client.query.listResults({ parent: VIEW })).results.length, 1);
  assert.deepEqual(bearers, ["Bearer secret"]);
});

test("values", () => {
  const value = (init: Parameters<typeof create<typeof FieldSchema>>[1]) => fieldValue(create(FieldSchema, init));
  assert.equal(value({ value: { case: "stringValue", value: "x" } }), "x");
  assert.equal(value({ value: { case: "intValue", value: -3n } }), -3n);
  assert.equal(value({ value: { case: "doubleValue", value: 0.5 } }), 0.5);
  assert.equal(value({ value: { case: "boolValue", value: false } }), false);
  const counts = value({ value: { case: "valueCounts", value: { counts: [{ value: "x", count: 2n }] } } });
  assert.partialDeepStrictEqual(counts, [{ value: "x", count: 2n }]);
  assert.equal(value({}), null);
  assert.equal(value({ value: { case: "error", value: ValueError.OVERFLOW } }), null);
});

test("a row's group, values and key", () => {
  assert.deepEqual(groupOf(row("a", 1)), { type: "a" });
  assert.deepEqual(valuesOf(row("a", 1)), { count: 1n });
  assert.equal(rowKey(row("a", 1)), rowKey(row("a", 2)));
  assert.equal(new Set([rowKey(row("a", 1)), rowKey(row("b", 1)), rowKey(row("a", 1, 1))]).size, 3);
});
