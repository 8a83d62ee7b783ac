"""More rows of results than records: 1.4 calls per minute of event time. The aggregator alone, its
results counted in the topic; then the query service, with an empty store, which reads them."""

import json
import time

from bench.scenarios import Chart, Line, at_least, median, ranged, spread
from bench.scenarios.bench import REPO, BenchError, cpu_seconds, peak_megabytes
from bench.scenarios.dense import run_aggregator
from dev.stack import StackError

NAME = "sparse"
TARGETS = ["//bench/rows", "//services/producer", "//services/aggregator", "//services/query",
           "//clients/cli:windrow"]
ROWS = REPO / "bazel-bin/bench/rows/rows"
EVENTS_PER_MINUTE = 1.4
# Each record is in two sliding windows of each view.
WINDOWS_OF_RECORD = 2
WHY_MISSED = (
    "A record makes more than two rows, and each is a cell that is counted, framed, merged, encoded, "
    "compressed and sent. In a profile no function stands out; much of it is librdkafka's, for each "
    "row that is sent. Beside it the broker checks each key of a topic that is to be compacted.")
# How far it has come then is told, when it has not read all.
MOST_READ_SECONDS = 180


def measure(bench, options):
    records = max(1, options.records // 5)
    topic = f"sparse-{records}"
    bench.fill(topic, records, EVENTS_PER_MINUTE)
    figures = run_aggregator(bench, bench.new_pipeline(topic, options.workers), records)
    written = count_topic(bench, figures["pipeline"], records)
    figures.update(written)
    figures.update(read_results(bench, figures["pipeline"], written["written"]))
    return figures


def count_topic(bench, pipeline, records):
    """What the results topic holds; every record must count in every window that it is in, once."""
    topic = bench.run_program(ROWS, f"--kafka={bench.stack.kafka}", f"--topic={pipeline}.results")
    for name, view in topic["views"].items():
        if view["accepted"] + view["late"] != WINDOWS_OF_RECORD * records:
            raise BenchError(f"{name} counts {view['accepted']} + {view['late']} late of "
                             f"{WINDOWS_OF_RECORD} times {records} records")
    rows = sum(view["rows"] for view in topic["views"].values())
    if rows <= records:
        raise BenchError(f"{rows} rows of results for {records} records: that is not sparse")
    return {"rows": rows, "written": topic["records"]}


def read_results(bench, pipeline, written):
    """The query, with an empty store, until it holds every result, or for the longest time."""
    # It is not healthy before it has caught up.
    process = bench.start_query(f"--pipeline={pipeline}", wait=False)
    began = time.monotonic()
    behind = written
    while behind > 0 and time.monotonic() - began < MOST_READ_SECONDS:
        time.sleep(0.1)
        bench.stack.check_running()
        behind = records_behind(bench, pipeline, behind)
    seconds = time.monotonic() - began
    read = max(1, written - behind)
    figures = {"query_rows_per_second": read / seconds, "query_behind": behind,
               "query_cpu_us": cpu_seconds(process.pid) / read * 1e6,
               "query_megabytes": peak_megabytes(process.pid)}
    bench.stop("query")
    return figures


def records_behind(bench, pipeline, before):
    """How many records of results the query has not applied; as before while it does not say."""
    status = status_of(bench, pipeline)
    if status is None or int(status.get("records_read", 0)) == 0:
        return before
    return int(status.get("lag_records", 0))


def status_of(bench, pipeline):
    """The query's status of the pipeline; None while it does not know it."""
    try:
        return json.loads(bench.stack.windrow("--pipeline", pipeline, "pipelines", "status", "-o",
                                              "json"))
    except StackError:
        return None


def caught_up(bench, pipeline, records):
    """The query's status of the pipeline once it has applied everything."""
    status = status_of(bench, pipeline)
    if status is None:
        return None
    behind = int(status.get("lag_records", 0))
    return status if behind == 0 and int(status.get("records_read", 0)) >= records else None


def lines(rounds):
    low, middle, high = spread(rounds, "query_rows_per_second")
    return [
        at_least("sparse: records per CPU-second", rounds, ("per_cpu_second",), 300_000),
        at_least("sparse: records per second", rounds, ("per_second",), 350_000),
        Line("sparse: rows of results, each record counted once", f"{rounds[0]['rows']:,}"),
        Line("sparse: rows per second that the query reads back",
             ranged("{:,.0f}", low, middle, high)),
        Line("sparse: CPU time of the query per row, µs",
             ranged("{:.1f}", *spread(rounds, "query_cpu_us"))),
        Line("sparse: rows that the query has not read in the end",
             ranged("{:,.0f}", *spread(rounds, "query_behind"))),
        Line("sparse: resident memory of the query, MB",
             ranged("{:,.0f}", *spread(rounds, "query_megabytes"))),
    ]


def charts(rounds):
    return [Chart("sparse: records", "records",
                  [("per CPU-second", median(rounds, "per_cpu_second")),
                   ("per second", median(rounds, "per_second"))])]
