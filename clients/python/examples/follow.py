#!/usr/bin/env python3
"""Lists the busiest rows of a view, changes how often the pipeline commits, then follows the view.

usage: follow.py [--query HOST:PORT] [--aggregator HOST:PORT] [--pipeline NAME] [--view ID]
                 [--commit-interval-ms N] [--until TIME]

--until: end when all windows that end at or before this time (RFC 3339) are final.
"""

import argparse
import itertools
import logging

from google.protobuf.timestamp_pb2 import Timestamp

from windrow import Client, group_of, row_key, values_of


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--query", default="127.0.0.1:7003")
    parser.add_argument("--aggregator", default="127.0.0.1:7002")
    parser.add_argument("--pipeline", default="pipelines/sf-calls")
    parser.add_argument("--view", default="calls-by-type")
    parser.add_argument("--commit-interval-ms", type=int, default=20)
    parser.add_argument("--until", default="9999-12-31T00:00:00Z")
    return parser.parse_args()


def show(result):
    group = ", ".join(str(value) for value in group_of(result).values())
    version = f"{result.version.partition}:{result.version.offset}"
    print(f"{result.window_start_time.ToJsonString()} {version} {values_of(result)['count']} {group}",
          flush=True)


def main():
    flags = parse()
    logging.basicConfig(level=logging.INFO)  # The feed logs its breaks.
    until = Timestamp()
    until.FromJsonString(flags.until)
    with Client(query=flags.query, aggregator=flags.aggregator) as client:
        view = f"{flags.pipeline}/views/{flags.view}"
        for result in itertools.islice(client.results(view, order_by="count desc", page_size=3), 3):
            print("busiest:", values_of(result)["count"], group_of(result))

        changed = client.change_settings(
            flags.pipeline,
            lambda settings: settings.commit_interval.FromMilliseconds(flags.commit_interval_ms))
        print(f"settings: generation {changed.pipeline.generation}", flush=True)

        rows = {}
        with client.follow(view) as feed:
            for update in feed:
                if update.kind == "snapshot":
                    rows.clear()
                    print(f"listed: {len(update.results)} rows", flush=True)
                for result in update.results:
                    rows[row_key(result)] = result
                    if update.kind == "changes":
                        show(result)
                for result in update.retracted:
                    rows.pop(row_key(result), None)
                if (update.closed_through_time
                        and update.closed_through_time.ToNanoseconds() >= until.ToNanoseconds()):
                    break
        print(f"total: {len(rows)} rows, {sum(row.accepted for row in rows.values())} records")


if __name__ == "__main__":
    main()
