"""How many calls a second the query service answers, in turns with gRPC's hello world: the ten largest
rows of a window. The client, which takes answers as bytes, runs on the same machine."""

import contextlib
import subprocess

from bench.scenarios import Chart, Line, median, ranged, spread
from bench.scenarios.bench import REPO
from bench.scenarios.dense import EVENTS_PER_MINUTE, run_aggregator
from bench.scenarios.sparse import caught_up
from dev.broker import free_port

NAME = "calls"
TARGETS = ["//bench/calls", "//bench/calls:hello_server", "//services/producer",
           "//services/aggregator", "//services/query", "//clients/cli:windrow"]
CALLS = REPO / "bazel-bin/bench/calls/calls"
HELLO_SERVER = REPO / "bazel-bin/bench/calls/hello_server"
RECORDS = 1_000_000
# The generator's first record is in it.
WINDOW = "2018-12-01T00:00:00Z"
CONCURRENCY = 16
SHARE = 0.5


def measure(bench, options):
    seconds = 20 if options.full else 5
    topic = f"calls-{RECORDS}"
    bench.fill(topic, RECORDS, EVENTS_PER_MINUTE)
    pipeline = run_aggregator(bench, bench.new_pipeline(topic), RECORDS)["pipeline"]
    bench.start_query()
    bench.wait("the query service", lambda: caught_up(bench, pipeline, RECORDS))
    with hello_server() as address:
        figures = {"hello": load(bench, seconds, f"--target={address}")}
    figures["top_ten"] = load(
        bench, seconds, f"--target={bench.stack.address('query')}",
        f"--view=pipelines/{pipeline}/views/calls-by-type", f"--window={WINDOW}")
    bench.stop("query")
    return figures


@contextlib.contextmanager
def hello_server():
    address = f"127.0.0.1:{free_port()}"
    with subprocess.Popen([HELLO_SERVER, f"--listen={address}"],
                          stdin=subprocess.DEVNULL) as process:
        try:
            yield address
        finally:
            process.kill()


def load(bench, seconds, *arguments):
    return bench.run_program(CALLS, f"--concurrency={CONCURRENCY}", f"--duration={seconds}s",
                             *arguments)


def lines(rounds):
    found = []
    for name, words in (("hello", "gRPC's hello world"), ("top_ten", "top 10 of a window")):
        low, middle, high = spread(rounds, name, "calls_per_second")
        latency = (f", p50 {median(rounds, name, 'p50_ms'):.1f} ms, "
                   f"p99 {median(rounds, name, 'p99_ms'):.1f} ms")
        found.append(Line(f"calls: calls per second, {words}",
                          ranged("{:,.0f}", low, middle, high) + latency, "", False))
    shares = [{"share": one["top_ten"]["calls_per_second"] / one["hello"]["calls_per_second"]}
              for one in rounds]
    low, middle, high = spread(shares, "share")
    found.append(Line("calls: the top 10, share of hello world",
                      ranged("{:.0%}", low, middle, high), f"≥ {SHARE:.0%}", middle < SHARE))
    return found


def charts(rounds):
    return [Chart("calls: answered per second", "calls/s",
                  [("hello world", median(rounds, "hello", "calls_per_second")),
                   ("top 10", median(rounds, "top_ten", "calls_per_second"))])]
