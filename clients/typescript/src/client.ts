import { create } from "@bufbuild/protobuf";
import { createClient, type Client as StubOf, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { SecureClientSessionOptions } from "node:http2";
import { errorInfo } from "./errors.js";
import { follow, type FollowOptions, type Update } from "./feed.js";
import {
  PipelineService,
  type ReconfigureResponse,
} from "./gen/windrow/aggregator/v1/pipeline_service_pb.js";
import { SettingsSchema, type Settings } from "./gen/windrow/pipeline/v1/pipeline_pb.js";
import { ProducerService } from "./gen/windrow/producer/v1/producer_service_pb.js";
import { QueryService, type Result } from "./gen/windrow/query/v1/query_service_pb.js";

const CALL_MS = 30_000;
const CHANGE_ATTEMPTS = 10;
// A peer that is gone without a word is found out within half a minute; the services permit it at 10 s.
const PING = { pingIntervalMs: 20_000, pingTimeoutMs: 10_000 };

/** Where the services are, as URLs: http for plain text, https for TLS. */
export interface Addresses {
  query?: string;
  aggregator?: string;
  producer?: string;
}

export interface Credentials {
  /** Of https: who signed the services' certificates, and the client's own; as in node:tls. PEM. */
  tls?: Pick<SecureClientSessionOptions, "ca" | "cert" | "key">;
  /** A bearer token. Called for every call, so that it may change. */
  token?: () => string;
}

/** Connections to the services, made when first used. What has no method here is called on the stubs. */
export class Client {
  readonly query: StubOf<typeof QueryService>;
  readonly pipelines: StubOf<typeof PipelineService>;
  readonly producer: StubOf<typeof ProducerService>;
  readonly #sessions: Http2SessionManager[] = [];
  readonly #closed = new AbortController();

  constructor(addresses: Addresses = {}, credentials: Credentials = {}) {
    const connect = (url: string) => this.#connect(url, credentials);
    this.query = createClient(QueryService, connect(addresses.query ?? "http://127.0.0.1:7003"));
    this.pipelines = createClient(PipelineService, connect(addresses.aggregator ?? "http://127.0.0.1:7002"));
    this.producer = createClient(ProducerService, connect(addresses.producer ?? "http://127.0.0.1:7001"));
  }

  /** Ends all connections, and with them what is still running. */
  close(): void {
    this.#closed.abort();
    for (const session of this.#sessions) session.abort();
  }

  /** The rows of a view, page by page. `fields`: as in ListResultsRequest. */
  async *results(
    view: string,
    fields: { filter?: string; orderBy?: string; newestFirst?: boolean; pageSize?: number } = {},
  ): AsyncGenerator<Result, void, void> {
    let pageToken = "";
    do {
      const page = await this.query.listResults(
        { ...fields, parent: view, pageToken },
        { timeoutMs: CALL_MS },
      );
      yield* page.results;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  /** All rows of a view, then their changes, across breaks. */
  follow(view: string, options: FollowOptions = {}): AsyncGenerator<Update, void, void> {
    const signals = [this.#closed.signal, ...(options.signal ? [options.signal] : [])];
    return follow(this.query, view, { ...options, signal: AbortSignal.any(signals) });
  }

  /**
   * Alters a pipeline's settings as they are now: `change` is given them, and is called again when
   * somebody else has been quicker.
   */
  async changeSettings(
    pipeline: string,
    change: (settings: Settings) => void,
  ): Promise<ReconfigureResponse> {
    for (let attempt = 1; ; attempt++) {
      const seen = await this.pipelines.getPipeline({ name: pipeline }, { timeoutMs: CALL_MS });
      const settings = seen.pipeline?.pipeline?.settings ?? create(SettingsSchema);
      change(settings);
      try {
        return await this.pipelines.reconfigure(
          { name: pipeline, settings, updateMask: { paths: ["*"] }, etag: seen.pipeline?.etag },
          { timeoutMs: CALL_MS },
        );
      } catch (error) {
        if (errorInfo(error)?.reason !== "ETAG_MISMATCH" || attempt === CHANGE_ATTEMPTS) throw error;
      }
    }
  }

  #connect(baseUrl: string, { tls, token }: Credentials): Transport {
    const sessionManager = new Http2SessionManager(baseUrl, PING, tls);
    this.#sessions.push(sessionManager);
    const authorize: Interceptor = (next) => (request) => {
      if (token !== undefined) request.header.set("authorization", `Bearer ${token()}`);
      return next(request);
    };
    return createGrpcTransport({ baseUrl, sessionManager, interceptors: [authorize] });
  }
}
