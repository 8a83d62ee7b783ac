import { create } from "@bufbuild/protobuf";
import { durationFromMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type Client as StubOf } from "@connectrpc/connect";
import { setTimeout as sleep } from "node:timers/promises";
import { errorInfo } from "./errors.js";
import {
  ListResultsRequestSchema,
  SubscribeRequestSchema,
  type QueryService,
  type Result,
} from "./gen/windrow/query/v1/query_service_pb.js";
import { Pauses } from "./pauses.js";

const PAGE_SIZE = 5000;
const LIST_MS = 60_000;

/** A step of a feed. */
export interface Update {
  /**
   * "snapshot": `results` are all rows there are; forget what you had. "changes": `results` are rows that
   * are new or changed, `retracted` rows that no longer exist. "caughtUp": everything that was there when
   * the feed began has come. "heartbeat": no row changed.
   */
  kind: "snapshot" | "changes" | "caughtUp" | "heartbeat";
  results: Result[];
  retracted: Result[];
  /** Every window that ends at or before it is final; undefined while none is known. */
  closedThroughTime?: Timestamp;
  /** A feed that is begun with it goes on after this update. */
  resumeToken: string;
}

export interface FollowOptions {
  /** Goes on after the update that carried it, without a list. */
  resumeToken?: string;
  /** Which rows, by the fields of the group; see SubscribeRequest.filter. */
  filter?: string;
  /** Only windows that start at or after this time. */
  windowStartTime?: Timestamp;
  /** Only windows that start before this time. */
  windowEndTime?: Timestamp;
  /** Rows only once they are final, and their corrections. */
  finalOnly?: boolean;
  /** Ends the feed when all windows that end at or before it are final. */
  endTime?: Timestamp;
  /** Longest silence, in milliseconds. */
  heartbeatMs?: number;
  /** Ends the feed, without an error. */
  signal?: AbortSignal;
  /** Called with each break that the feed goes on after. */
  onBreak?: (error: ConnectError) => void;
}

/**
 * All rows of a view, then their changes. Outlives breaks: it keeps the last token and comes back with it,
 * after pauses that grow; when the token is of no use any more it lists anew. Throws a ConnectError only
 * for what does not pass, such as an unknown view.
 */
export async function* follow(
  stub: StubOf<typeof QueryService>,
  view: string,
  options: FollowOptions = {},
  pauses = new Pauses(),
): AsyncGenerator<Update, void, void> {
  const { signal } = options;
  let token = options.resumeToken ?? "";
  while (!signal?.aborted) {
    let broken: ConnectError;
    // A stub's stream does not end when its reader leaves the loop.
    const stream = new AbortController();
    try {
      if (token === "") {
        const update = await snapshot(stub, view, options);
        token = update.resumeToken;
        yield update;
      }
      const messages = stub.subscribe(subscription(view, token, options), {
        signal: signal ? AbortSignal.any([signal, stream.signal]) : stream.signal,
      });
      for await (const message of messages) {
        pauses.reset();
        token = message.resumeToken || token;
        const { event } = message;
        if (event.case === "close") {
          if (event.value.reason === "END_REACHED") return;
          break;
        }
        if (event.case === undefined || event.case === "confirmation") continue;
        yield {
          kind: event.case,
          results: event.case === "changes" ? event.value.results : [],
          retracted: event.case === "changes" ? event.value.retracted : [],
          closedThroughTime: message.closedThroughTime,
          resumeToken: token,
        };
      }
      broken = new ConnectError("the replica ended the feed", Code.Unavailable);
    } catch (error) {
      if (signal?.aborted) return;
      broken = ConnectError.from(error);
      token = tokenAfter(broken, token);
    } finally {
      stream.abort();
    }
    options.onBreak?.(broken);
    await sleep(pauses.next(), undefined, { signal }).catch(() => {});
  }
}

/** Where to go on after an error; "" is to list anew. Throws the error when that would not help. */
function tokenAfter(error: ConnectError, token: string): string {
  const info = errorInfo(error);
  switch (error.code) {
    case Code.Unavailable:
    case Code.ResourceExhausted:
    case Code.Internal:
    case Code.DeadlineExceeded:
      // The feed that was too slow is told where it stood.
      return info?.metadata["resume_token"] ?? token;
    case Code.Canceled: // Not by us: so a connection that broke looks in Node,
      return token;
    case Code.Aborted: // or so; a service always says why.
      return info === undefined ? token : "";
    case Code.OutOfRange:
    case Code.FailedPrecondition:
      return "";
    default:
      throw error;
  }
}

async function snapshot(
  stub: StubOf<typeof QueryService>,
  view: string,
  options: FollowOptions,
): Promise<Update> {
  const filter = options.filter ?? "";
  const request = create(ListResultsRequestSchema, {
    parent: view,
    pageSize: PAGE_SIZE,
    filter: !options.finalOnly ? filter : filter ? `(${filter}) AND final = true` : "final = true",
    startTime: options.windowStartTime,
    endTime: options.windowEndTime,
  });
  const update: Update = { kind: "snapshot", results: [], retracted: [], resumeToken: "" };
  do {
    const page = await stub.listResults(request, { signal: options.signal, timeoutMs: LIST_MS });
    for (const result of page.results) update.results.push(result);
    update.resumeToken ||= page.resumeToken;
    request.pageToken = page.nextPageToken;
  } while (request.pageToken !== "");
  return update;
}

function subscription(view: string, token: string, options: FollowOptions) {
  return create(SubscribeRequestSchema, {
    parent: view,
    start: { case: "resumeToken", value: token },
    filter: options.filter ?? "",
    windowStartTime: options.windowStartTime,
    windowEndTime: options.windowEndTime,
    finalOnly: options.finalOnly ?? false,
    endTime: options.endTime,
    heartbeatInterval: options.heartbeatMs ? durationFromMs(options.heartbeatMs) : undefined,
  });
}
