"""How old a record is when a subscriber sees what it changed: markers beside 20,000 calls per second
of event time and of the clock; then the start beside a running broker, and a kill."""

import datetime
import time

from bench.scenarios import Chart, Line, at_most, median, ranged, spread
from bench.scenarios.bench import REPO, BenchError

NAME = "live"
TARGETS = ["//bench/latency", "//services/producer", "//services/aggregator", "//services/query",
           "//clients/cli:windrow"]
LATENCY = REPO / "bazel-bin/bench/latency/latency"
RATE = 20_000
WHY_MISSED = (
    "A record waits for the commit before its own to end. Its rows are in a transaction, which takes "
    "several answers of the broker, and a subscriber is told only what is committed. An engine that "
    "gives each record at least once, as Spark does in its real-time mode, waits for none of that.")
WARM_UP_SECONDS = 5


def measure(bench, options):
    seconds = 60 if options.full else 20
    topic = f"live-{time.time_ns()}"
    bench.create_topic(topic)
    now = datetime.datetime.now(datetime.timezone.utc)
    bench.start_producer(
        "--topic", topic, "--records", RATE * (seconds + 120), "--seed", 1, "--rate", RATE,
        "--events-per-minute", 60 * RATE, "--start-time", f"{now:%Y-%m-%dT%H:%M:%SZ}")
    bench.start_query()
    pipeline, file = bench.new_pipeline(topic)
    began = time.monotonic()
    bench.start_aggregator(pipeline, file)
    with bench.follow_progress(pipeline) as reports:
        bench.wait("the first commit", lambda: reports.last_committed() > 0, 0.01)
        figures = {"start_to_first_commit_s": time.monotonic() - began}
        time.sleep(WARM_UP_SECONDS)  # Of what is measured, not of a condition.
        figures["latency"] = run_markers(bench, topic, pipeline, seconds)
        figures["kill_to_caught_up_s"] = kill(bench, pipeline, file, reports)
    for name in ("producer", "aggregator", "query"):
        bench.stop(name)
    return figures


def run_markers(bench, topic, pipeline, seconds):
    result = bench.run_program(
        LATENCY, f"--kafka={bench.stack.kafka}", f"--query={bench.stack.address('query')}",
        f"--topic={topic}", f"--view=pipelines/{pipeline}/views/calls-by-type",
        f"--duration={seconds}s")
    if result["missing"]:
        raise BenchError(f"markers were lost: {result}")
    return result


def kill(bench, pipeline, file, reports):
    """Seconds from a kill -9 until what is committed is again less than 200 ms of records behind
    what is produced; the aggregator is started again at once."""
    bench.stack.kill9("aggregator")
    began = time.monotonic()
    at_kill = reports.last_committed()
    bench.start_aggregator(pipeline, file)
    bench.stack.wait_healthy("aggregator")
    # Of the new process alone: what the old one had reported is no answer.
    with bench.follow_progress(pipeline) as after:
        def caught_up():
            produced = at_kill + RATE * (time.monotonic() - began)
            return after.last_committed() >= produced - RATE / 5

        bench.wait("the aggregator to catch up", caught_up, 0.02)
        return time.monotonic() - began


def lines(rounds):
    low, middle, high = spread(rounds, "latency", "max_ms")
    return [
        at_most("live: 20,000 records/s, produced → seen by a subscriber, p50, ms", rounds,
                ("latency", "p50_ms"), 40, "{:,.0f}"),
        at_most("live: the same, p99, ms", rounds, ("latency", "p99_ms"), 100, "{:,.0f}"),
        Line("live: the same, longest, ms", ranged("{:,.0f}", low, middle, high)),
        at_most("live: p50 beside what Spark's real-time mode takes, at least once, ms", rounds,
                ("latency", "p50_ms"), 25, "{:,.0f}"),
        at_most("live: p99 beside the same, ms", rounds, ("latency", "p99_ms"), 56, "{:,.0f}"),
        at_most("live: start → first commit, s", rounds, ("start_to_first_commit_s",), 1.0,
                "{:.2f}"),
        at_most("live: kill -9 → caught up, s", rounds, ("kill_to_caught_up_s",), 5.0, "{:.2f}"),
    ]


def charts(rounds):
    return [Chart("live: produced → seen by a subscriber", "ms",
                  [(name, median(rounds, "latency", f"{name}_ms"))
                   for name in ("p50", "p90", "p99", "max")])]
