/** A query service and an aggregator that answer from a script. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { once } from "node:events";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { Client, type Addresses } from "../src/client.js";
import { PipelineService, type ReconfigureRequest } from "../src/gen/windrow/aggregator/v1/pipeline_service_pb.js";
import { ErrorInfoSchema } from "../src/gen/google/rpc/error_details_pb.js";
import {
  QueryService,
  ResultSchema,
  SubscribeResponseSchema,
  type ListResultsRequest,
  type Result,
  type SubscribeRequest,
} from "../src/gen/windrow/query/v1/query_service_pb.js";

export const VIEW = "pipelines/p/views/v";
/** In a feed's script: nothing more comes, until the reader leaves. */
export const SILENCE = "silence";

type Message = MessageInitShape<typeof SubscribeResponseSchema>;
export type ListScript = { token: string; pages: Result[][] } | ConnectError | typeof SILENCE;
export type FeedScript = (Message | ConnectError | typeof SILENCE)[];

const START_MS = Date.parse("2018-12-01T00:00:00Z");
const WINDOW_MS = 600_000;

/** A row of the tumbling window of 10 minutes with this number. */
export function row(group: string, count: number, window = 0): Result {
  return create(ResultSchema, {
    view: "v",
    accepted: BigInt(count),
    windowStartTime: timestampFromMs(START_MS + WINDOW_MS * window),
    windowEndTime: timestampFromMs(START_MS + WINDOW_MS * (window + 1)),
    group: [{ name: "type", value: { case: "stringValue", value: group } }],
    values: [{ name: "count", value: { case: "intValue", value: BigInt(count) } }],
  });
}

export function changes(resumeToken: string, results: Result[], retracted: Result[] = []): Message {
  return { resumeToken, event: { case: "changes", value: { results, retracted } } };
}

export function close(resumeToken: string, reason: string): Message {
  return { resumeToken, event: { case: "close", value: { reason } } };
}

/** An error with google.rpc.ErrorInfo. */
export function failure(code: Code, reason: string, metadata: Record<string, string> = {}): ConnectError {
  return new ConnectError(reason, code, undefined, [{ desc: ErrorInfoSchema, value: { reason, metadata } }]);
}

/** A gRPC server, until stop() or the end of the test. */
class Server {
  readonly #server: http2.Http2Server;
  readonly #sessions = new Set<http2.Http2Session>();
  readonly #clients: Client[] = [];

  constructor(t: TestContext, routes: (router: ConnectRouter) => void) {
    this.#server = http2.createServer(connectNodeAdapter({ routes }));
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
    });
    t.after(() => {
      for (const client of this.#clients) client.close();
      return this.stop();
    });
  }

  /** Returns its URL. */
  async listen(port = 0): Promise<string> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A client that is closed at the end of the test, before its service. */
  client(addresses: Addresses): Client {
    const client = new Client(addresses);
    this.#clients.push(client);
    return client;
  }

  /** As if the process had been killed: connections break. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const session of this.#sessions) session.destroy();
    await closed;
  }
}

/** What is not in the script fails with UNKNOWN. */
export class FakeQuery {
  readonly listed: ListResultsRequest[] = [];
  readonly subscribed: SubscribeRequest[] = [];
  /** Called in a silence, and once the reader has left it. */
  readonly silent = Promise.withResolvers<void>();
  readonly left = Promise.withResolvers<void>();
  readonly #server: Server;
  url = "";

  private constructor(
    t: TestContext,
    readonly lists: ListScript[],
    readonly feeds: FeedScript[],
  ) {
    this.#server = new Server(t, (router) => {
      router.service(QueryService, {
        listResults: (request, context) => this.#list(request, context),
        subscribe: (request, context) => this.#subscribe(request, context),
      });
    });
  }

  static async start(t: TestContext, lists: ListScript[], feeds: FeedScript[], port = 0): Promise<FakeQuery> {
    const fake = new FakeQuery(t, [...lists], [...feeds]);
    fake.url = await fake.#server.listen(port);
    return fake;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  client(): Client {
    return this.#server.client({ query: this.url });
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Those of the Subscribes that came. */
  get tokens(): (string | undefined)[] {
    return this.subscribed.map(({ start }) => (start.case === "resumeToken" ? start.value : undefined));
  }

  async #list(request: ListResultsRequest, context: HandlerContext) {
    this.listed.push(request);
    const answer = this.lists[0];
    if (answer === undefined) throw new ConnectError("no such list in the script", Code.Unknown);
    const number = Number(request.pageToken);
    const last = typeof answer !== "object" || !("pages" in answer) || number + 1 === answer.pages.length;
    if (last) this.lists.shift();
    if (answer === SILENCE) return this.#beSilent(context);
    if (answer instanceof ConnectError) throw answer;
    return {
      results: answer.pages[number]!,
      resumeToken: number === 0 ? answer.token : "",
      nextPageToken: last ? "" : String(number + 1),
    };
  }

  async *#subscribe(request: SubscribeRequest, context: HandlerContext) {
    this.subscribed.push(request);
    const script = this.feeds.shift();
    if (script === undefined) throw new ConnectError("no such feed in the script", Code.Unknown);
    if (script.includes(SILENCE)) context.signal.addEventListener("abort", () => this.left.resolve());
    for (const message of script) {
      if (message === SILENCE) await this.#beSilent(context);
      else if (message instanceof ConnectError) throw message;
      else yield message;
    }
  }

  async #beSilent(context: HandlerContext): Promise<never> {
    this.silent.resolve();
    if (!context.signal.aborted) await once(context.signal, "abort");
    this.left.resolve();
    throw new ConnectError("the reader has left", Code.Canceled);
  }
}

/**
 * An aggregator whose pipeline others change, too: each of the failures ends one Reconfigure, and the settings
 * have a new etag then.
 */
export class FakePipelines {
  readonly requests: ReconfigureRequest[] = [];
  url = "";
  #generation = 0;

  readonly #server: Server;

  private constructor(t: TestContext, failures: ConnectError[]) {
    this.#server = new Server(t, (router) => {
      router.service(PipelineService, {
        getPipeline: () => {
          const generation = ++this.#generation;
          const settings = { commitInterval: durationFromMs(generation) };
          return { pipeline: { etag: `e${generation}`, pipeline: { settings } } };
        },
        reconfigure: (request) => {
          this.requests.push(request);
          const error = failures.shift();
          if (error !== undefined) throw error;
          return { pipeline: { generation: BigInt(this.#generation + 1) } };
        },
      });
    });
  }

  static async start(t: TestContext, failures: ConnectError[]): Promise<FakePipelines> {
    const fake = new FakePipelines(t, failures);
    fake.url = await fake.#server.listen();
    return fake;
  }

  client(): Client {
    return this.#server.client({ aggregator: this.url });
  }
}
