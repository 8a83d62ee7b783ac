/**
 * Client of Windrow: lists, feeds that go on by themselves, settings.
 *
 *     const client = new Client({ query: "http://127.0.0.1:7003" });
 *     for await (const update of client.follow("pipelines/sf-calls/views/calls-by-type")) {
 *       console.log(update.kind, update.results.length);
 *     }
 */
export { Client, type Addresses, type Credentials } from "./client.js";
export { errorInfo } from "./errors.js";
export type { FollowOptions, Update } from "./feed.js";
export { fieldValue, groupOf, rowKey, valuesOf, type Value } from "./rows.js";
