"""How soon a thousand subscribers of one view have what changed, and what each message costs the
query: 100 row updates a second, in transactions 20 ms apart. Each subscriber has a connection of its
own, on the same machine. The CPU time has that of taking these connections in it."""

from bench.scenarios import Chart, Line, median, ranged, spread
from bench.scenarios.bench import REPO, cpu_seconds

NAME = "fanout"
TARGETS = ["//bench/fanout", "//services/query"]
FANOUT = REPO / "bazel-bin/bench/fanout/fanout"
PIPELINE = "fanout"
SUBSCRIBERS = 1_000
UPDATES_PER_SECOND = 100


def measure(bench, options):
    seconds = 60 if options.full else 10
    bench.stack.start_service("query", [
        f"--store_dir={bench.stack.state_dir / 'fanout-store'}", f"--pipeline={PIPELINE}",
        f"--max_subscribers={SUBSCRIBERS}"])
    pid = bench.stack.processes["query"].pid
    run_fanout(bench, 1, 1)  # The topic is there from now on.
    cpu = cpu_seconds(pid)
    figures = run_fanout(bench, SUBSCRIBERS, seconds)
    cpu = cpu_seconds(pid) - cpu
    bench.stop("query")
    return dict(figures, cpu_share=cpu / seconds, cpu_us=cpu / figures["messages"] * 1e6,
                messages_per_second=figures["messages"] / seconds,
                rows_per_second=figures["rows"] / seconds)


def run_fanout(bench, subscribers, seconds):
    """Fails when a subscriber misses the newest version of a row."""
    return bench.run_program(
        FANOUT, f"--kafka={bench.stack.kafka}", f"--query={bench.stack.address('query')}",
        f"--pipeline={PIPELINE}", f"--subscribers={subscribers}", "--stalled=0",
        f"--updates_per_second={UPDATES_PER_SECOND}", f"--duration={seconds}s")


def lines(rounds):
    def line(what, name, text):
        return Line(f"fanout: {what}", ranged(text, *spread(rounds, name)))

    return [
        line(f"{SUBSCRIBERS:,} subscribers, {UPDATES_PER_SECOND} updates/s: rows sent per second",
             "rows_per_second", "{:,.0f}"),
        line("messages sent per second", "messages_per_second", "{:,.0f}"),
        line("CPU time of the replica per message, µs", "cpu_us", "{:.1f}"),
        line("CPU-seconds of the replica per second", "cpu_share", "{:.2f}"),
        line("update produced → seen by a subscriber, p50, ms", "p50_ms", "{:,.0f}"),
        line("the same, p99, ms", "p99_ms", "{:,.0f}"),
        line("message made → seen by a subscriber, p50, ms", "sent_p50_ms", "{:,.0f}"),
        line("the same, p99, ms", "sent_p99_ms", "{:,.0f}"),
    ]


def charts(rounds):
    return [Chart("fanout: update → subscriber", "ms",
                  [(name, median(rounds, f"{name}_ms"))
                   for name in ("p50", "p99", "sent_p50", "sent_p99")])]
