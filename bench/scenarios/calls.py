"""How many calls a second the query service answers, in turns with gRPC's hello world: the ten largest rows of a
window, asked for by all in the same words, and in words that nobody used before, so that each answer is worked out
anew. The client, which takes answers as bytes, runs on the same machine."""

import contextlib
import subprocess

from bench.scenarios import Chart, Line, median, ranged, share_at_least, spread
from bench.scenarios.bench import REPO, cpu_seconds
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
# gRPC's kinds of handlers: what it calls sync is ours, too, and the measure.
HELLOS = {"hello": "sync", "hello_callback": "callback"}
KINDS = {"hello": "hello world", "hello_callback": "hello world, callback",
         "top_ten": "top 10", "distinct": "top 10, none asked before"}


def measure(bench, options):
    seconds = 20 if options.full else 5
    topic = f"calls-{RECORDS}"
    bench.fill(topic, RECORDS, EVENTS_PER_MINUTE)
    pipeline = run_aggregator(bench, bench.new_pipeline(topic), RECORDS)["pipeline"]
    bench.start_query()
    bench.wait("the query service", lambda: caught_up(bench, pipeline, RECORDS))
    figures = {}
    for name, api in HELLOS.items():
        with hello_server(api) as (process, address):
            figures[name] = load(bench, seconds, process.pid, f"--target={address}")
    top_ten = (f"--target={bench.stack.address('query')}",
               f"--view=pipelines/{pipeline}/views/calls-by-type", f"--window={WINDOW}")
    pid = bench.stack.processes["query"].pid
    figures["top_ten"] = load(bench, seconds, pid, *top_ten)
    figures["distinct"] = load(bench, seconds, pid, "--distinct", *top_ten)
    bench.stop("query")
    return figures


@contextlib.contextmanager
def hello_server(api):
    address = f"127.0.0.1:{free_port()}"
    with subprocess.Popen([HELLO_SERVER, f"--listen={address}", f"--api={api}"],
                          stdin=subprocess.DEVNULL) as process:
        try:
            yield process, address
        finally:
            process.kill()


def load(bench, seconds, server, *arguments):
    """What the client printed, and the server's CPU time per call."""
    cpu = cpu_seconds(server)
    said = bench.run_program(CALLS, f"--concurrency={CONCURRENCY}", "--warm_up=1s",
                             f"--duration={seconds}s", *arguments)
    # As many a second, about, while it warmed up.
    calls = said["calls_per_second"] * (seconds + 1)
    return dict(said, cpu_us=(cpu_seconds(server) - cpu) / calls * 1e6)


def lines(rounds):
    found = []
    for name, words in KINDS.items():
        low, middle, high = spread(rounds, name, "calls_per_second")
        rest = (f", p50 {median(rounds, name, 'p50_ms'):.1f} ms, "
                f"p99 {median(rounds, name, 'p99_ms'):.1f} ms, "
                f"{median(rounds, name, 'cpu_us'):.0f} µs of the server's CPU")
        found.append(Line(f"calls: calls per second, {words}",
                          ranged("{:,.0f}", low, middle, high) + rest))
    for name, hello, wanted in (("top_ten", "hello", SHARE), ("top_ten", "hello_callback", None),
                                ("distinct", "hello", None)):
        shares = [{"share": one[name]["calls_per_second"] / one[hello]["calls_per_second"]}
                  for one in rounds]
        what = f"calls: {KINDS[name]}, share of {KINDS[hello]}"
        if wanted is None:
            found.append(Line(what, ranged("{:.0%}", *spread(shares, "share"))))
        else:
            found.append(share_at_least(what, shares, ("share",), wanted))
    return found


def charts(rounds):
    return [Chart("calls: answered per second", "calls/s",
                  [(words, median(rounds, name, "calls_per_second"))
                   for name, words in KINDS.items()])]
