"""The aggregator beside the bare loop, in turns, on the same topic: 1,000 calls per second of event
time."""

from bench.scenarios import (Chart, Line, at_most, median, ranged, share_at_least, spread,
                             value_at)
from bench.scenarios.bench import (BenchError, REPO, cpu_seconds, peak_megabytes, time_of_event)

NAME = "dense"
TARGETS = ["//bench/limit", "//services/producer", "//services/aggregator", "//clients/cli:windrow"]
LIMIT = REPO / "bazel-bin/bench/limit/limit"
EVENTS_PER_MINUTE = 60_000
WHY_MISSED = (
    "The bare loop parses no further than its second field, keeps one count, and leaves both "
    "processors to itself and librdkafka's thread. The aggregator reads each record to its end, "
    "counts it in two views, and has the broker beside it, which is busy with transactions and, "
    "since the memory is kept small, with smaller answers.")


def measure(bench, options):
    topic = f"dense-{options.records}"
    bench.fill(topic, options.records, EVENTS_PER_MINUTE)
    return {"limit": run_limit(bench, topic, options), "aggregator": run(bench, topic, options)}


def run_limit(bench, topic, options):
    result = bench.run_program(LIMIT, f"--kafka={bench.stack.kafka}", f"--topic={topic}",
                               f"--threads={options.workers}")
    if result["records"] != options.records or result["refused"]:
        raise BenchError(f"the bare loop did not count all records: {result}")
    return {
        "per_second": result["records"] / result["seconds"],
        "per_cpu_second": result["records"] / result["cpu_seconds"],
        "megabytes": result["peak_rss_kb"] / 1_000,
    }


def run(bench, topic, options):
    """One aggregator over the whole topic: from when it has its partitions to the end of the commit
    that holds the last record."""
    return run_aggregator(bench, bench.new_pipeline(topic, options.workers), options.records)


def run_aggregator(bench, new_pipeline, records):
    """`new_pipeline` is its id and its file."""
    pipeline, file = new_pipeline
    process = bench.start_aggregator(pipeline, file)
    with bench.follow_progress(pipeline) as reports:
        finished = bench.wait("the aggregator", lambda: reports.finished(records))
        cpu = cpu_seconds(process.pid)
    began = time_of_event(process.log_path, "partitions taken up", pipeline)
    if began is None:
        raise BenchError(f"{process.log_path} does not say when the partitions were taken up")
    megabytes = peak_megabytes(process.pid)
    bench.stop("aggregator")
    return {"per_second": records / (finished - began), "per_cpu_second": records / cpu,
            "megabytes": megabytes, "pipeline": pipeline}


def shares_of_limit(rounds, figure):
    """Of each round: neighbours in time are compared."""
    return [{"share": value_at(one, ("aggregator", figure)) / value_at(one, ("limit", figure))}
            for one in rounds]


def share_of_limit(rounds, figure):
    """(least, median, most) of the rounds' shares."""
    return spread(shares_of_limit(rounds, figure), "share")


def lines(rounds):
    found = []
    for figure, words, wanted in (("per_cpu_second", "records per CPU-second", 0.90),
                                  ("per_second", "records per second", 0.85)):
        for name in ("limit", "aggregator"):
            low, middle, high = spread(rounds, name, figure)
            label = "bare loop" if name == "limit" else name
            found.append(Line(f"dense: {words}, {label}",
                              ranged("{:,.0f}", low, middle, high)))
        found.append(share_at_least(f"dense: {words}, share of the bare loop",
                                    shares_of_limit(rounds, figure), ("share",), wanted))
    found.append(at_most("dense: resident memory of the aggregator, MB", rounds,
                         ("aggregator", "megabytes"), 120))
    return found


def charts(rounds):
    return [
        Chart(f"dense: records per {words}", f"records/{unit}",
              [("bare loop", median(rounds, "limit", figure)),
               ("aggregator", median(rounds, "aggregator", figure))])
        for figure, words, unit in (("per_cpu_second", "CPU-second", "CPU-s"),
                                    ("per_second", "second", "s"))
    ]
