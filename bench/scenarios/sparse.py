"""More rows of results than records: 1.4 calls per minute of event time. The aggregator alone; then
the query service, which reads what it wrote."""

import json
import time

from bench.scenarios import Chart, Line, at_least, median, ranged, spread
from bench.scenarios.bench import BenchError
from bench.scenarios.dense import run_aggregator
from dev.stack import StackError

NAME = "sparse"
TARGETS = ["//services/producer", "//services/aggregator", "//services/query",
           "//clients/cli:windrow"]
EVENTS_PER_MINUTE = 1.4


def measure(bench, options):
    records = max(1, options.records // 5)
    topic = f"sparse-{records}"
    bench.fill(topic, records, EVENTS_PER_MINUTE)
    figures = run_aggregator(bench, bench.new_pipeline(topic, options.workers), records)
    figures.update(read_results(bench, figures["pipeline"], records))
    return figures


def read_results(bench, pipeline, records):
    """The query, with an empty store, until it holds every result."""
    began = time.monotonic()
    # It is not healthy before it has caught up.
    bench.start_query(wait=False)
    status = bench.wait("the query service", lambda: caught_up(bench, pipeline, records))
    seconds = time.monotonic() - began
    bench.stop("query")
    rows = int(status["rows"])
    # Every record counts once in each view's windows: twice in the sliding ones of both.
    if rows <= records:
        raise BenchError(f"{rows} rows of results for {records} records: that is not sparse")
    return {"rows": rows, "query_rows_per_second": rows / seconds}


def caught_up(bench, pipeline, records):
    """The query's status of the pipeline once it has applied everything."""
    try:
        status = json.loads(bench.stack.windrow("--pipeline", pipeline, "pipelines", "status", "-o",
                                                "json"))
    except StackError:  # It does not know the pipeline yet.
        return None
    behind = int(status.get("lag_records", 0))
    return status if behind == 0 and int(status.get("records_read", 0)) >= records else None


def lines(rounds):
    low, middle, high = spread(rounds, "query_rows_per_second")
    return [
        at_least("sparse: records per CPU-second", rounds, ("per_cpu_second",), 300_000),
        at_least("sparse: records per second", rounds, ("per_second",), 350_000),
        Line("sparse: rows of results", f"{rounds[0]['rows']:,}", "", False),
        Line("sparse: rows per second that the query reads back",
             ranged("{:,.0f}", low, middle, high), "", False),
    ]


def charts(rounds):
    return [Chart("sparse: records", "records",
                  [("per CPU-second", median(rounds, "per_cpu_second")),
                   ("per second", median(rounds, "per_second"))])]
