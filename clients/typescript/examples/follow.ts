// Lists the busiest rows of a view, changes how often the pipeline commits, then follows the view.
//
// usage: node dist/examples/follow.js [--query HOST:PORT] [--aggregator HOST:PORT] [--pipeline NAME]
//            [--view ID] [--commit-interval-ms N] [--until TIME]
import { durationFromMs, timestampDate } from "@bufbuild/protobuf/wkt";
import { parseArgs } from "node:util";
import { Client, groupOf, rowKey, valuesOf } from "../src/index.js";
import type { Result } from "../src/gen/windrow/query/v1/query_service_pb.js";

const { values: flags } = parseArgs({
  options: {
    query: { type: "string", default: "127.0.0.1:7003" },
    aggregator: { type: "string", default: "127.0.0.1:7002" },
    pipeline: { type: "string", default: "pipelines/sf-calls" },
    view: { type: "string", default: "calls-by-type" },
    "commit-interval-ms": { type: "string", default: "20" },
    // End when all windows that end at or before this time are final.
    until: { type: "string", default: "9999-12-31T00:00:00Z" },
  },
});
const until = new Date(flags.until);
const view = `${flags.pipeline}/views/${flags.view}`;
const client = new Client({ query: `http://${flags.query}`, aggregator: `http://${flags.aggregator}` });

const group = (result: Result) => Object.values(groupOf(result)).join(", ");

const busiest = await client.query.listResults({ parent: view, orderBy: "count desc", pageSize: 3 });
for (const result of busiest.results) console.log("busiest:", `${valuesOf(result)["count"]}`, group(result));

const changed = await client.changeSettings(flags.pipeline, (settings) => {
  settings.commitInterval = durationFromMs(Number(flags["commit-interval-ms"]));
});
console.log(`settings: generation ${changed.pipeline?.generation}`);

const rows = new Map<string, Result>();
const onBreak = (error: Error) => console.error("the feed goes on after:", error.message);
for await (const update of client.follow(view, { onBreak })) {
  if (update.kind === "snapshot") {
    rows.clear();
    console.log(`listed: ${update.results.length} rows`);
  }
  for (const result of update.results) {
    rows.set(rowKey(result), result);
    if (update.kind === "changes") {
      const start = timestampDate(result.windowStartTime!).toISOString();
      const version = `${result.version?.partition}:${result.version?.offset}`;
      console.log(`${start} ${version} ${valuesOf(result)["count"]} ${group(result)}`);
    }
  }
  for (const result of update.retracted) rows.delete(rowKey(result));
  if (update.closedThroughTime && timestampDate(update.closedThroughTime) >= until) break;
}
const records = [...rows.values()].reduce((sum, row) => sum + row.accepted, 0n);
console.log(`total: ${rows.size} rows, ${records} records`);
client.close();
