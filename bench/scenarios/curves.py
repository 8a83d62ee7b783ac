"""What a record costs as one property of the job changes and all others stay."""

import dataclasses

from bench.scenarios import Chart, Line, median
from bench.scenarios.bench import REPO
from bench.scenarios.dense import run_aggregator

NAME = "curves"
TARGETS = ["//bench/stream", "//services/aggregator", "//clients/cli:windrow"]
STREAM = REPO / "bazel-bin/bench/stream/stream"
MOST_BYTES = 1_000_000_000


@dataclasses.dataclass(frozen=True)
class Point:
    """A job and its input: the defaults, but for what a curve changes."""

    partitions: int = 4
    groups: int = 200
    # Windows that a record belongs to.
    overlap: int = 2
    views: int = 1
    parallelism: int = 1
    # Of a record.
    size: int = 410
    emit: str = "MODE_EACH_COMMIT"

    def but(self, name, value):
        return dataclasses.replace(self, **{name: value})


# A window begins every minute, and lasts for as many minutes as windows overlap.
SLIDE_SECONDS = 60
EVENTS_PER_SECOND = 100
ORDINARY = Point()
FINAL = Point(emit="MODE_FINAL")
# Curve: (what is changed, the point it starts from, the values).
CURVES = {
    "partitions": ("partitions", ORDINARY, (1, 4, 16, 64)),
    "groups": ("groups", ORDINARY, (10, 1_000, 100_000, 1_000_000)),
    "groups, written when final": ("groups", FINAL, (10, 1_000, 100_000, 1_000_000)),
    "windows a record is in": ("overlap", ORDINARY, (1, 2, 12, 60)),
    "windows a record is in, written when final": ("overlap", FINAL, (1, 12, 144, 1_440)),
    "views": ("views", ORDINARY, (1, 2, 4, 8)),
    "parallelism": ("parallelism", ORDINARY, (1, 2, 4)),
    "bytes of a record": ("size", ORDINARY, (100, 410, 1_600, 6_400)),
}


def measure(bench, options):
    measured = {}
    figures = {}
    for curve, (name, base, values) in CURVES.items():
        figures[curve] = {}
        for value in values:
            point = base.but(name, value)
            if point not in measured:
                measured[point] = measure_point(bench, point, options.records // 5)
            figures[curve][str(value)] = measured[point]
            bench.say(f"  {curve} {value:,}: {measured[point]['per_cpu_second']:,.0f} records per "
                      f"CPU-second")
    return figures


def measure_point(bench, point, records):
    records = max(1, min(records, MOST_BYTES // point.size))
    topic = f"curve-{records}-{point.partitions}-{point.groups}-{point.size}"
    if topic not in bench.topics():
        bench.create_topic(topic, point.partitions)
        bench.run_program(
            STREAM, f"--kafka={bench.stack.kafka}", f"--topic={topic}", f"--records={records}",
            f"--partitions={point.partitions}", f"--groups={point.groups}",
            f"--bytes={point.size}", f"--events_per_second={EVENTS_PER_SECOND}")
    figures = run_aggregator(bench, bench.new_pipeline_of(job(point, topic)), records)
    figures["records"] = records
    return figures


def job(point, topic):
    """The pipeline, without its name."""
    view = """
views {{
  id: "view-{number}"
  window {{ sliding {{ size {{ seconds: {size} }} slide {{ seconds: {slide} }} }} }}
  group_by: "group"
  aggregates {{ name: "count" count {{}} }}
  emit {{ mode: {emit} }}
}}
"""
    views = "".join(
        view.format(number=number, size=point.overlap * SLIDE_SECONDS, slide=SLIDE_SECONDS,
                    emit=point.emit) for number in range(point.views))
    return f"""
source_topic: "{topic}"
event_time {{ field: "time" format: FORMAT_ISO_8601 time_zone: "UTC" }}
watermark_delay {{ seconds: 60 }}
settings {{ parallelism: {point.parallelism} }}
{views}"""


def cost_ns(rounds, curve, value):
    return 1e9 / median(rounds, curve, str(value), "per_cpu_second")


def lines(rounds):
    return [
        Line(f"curves: CPU time per record, {curve}: {value:,}",
             f"{cost_ns(rounds, curve, value):,.0f} ns, "
             f"{median(rounds, curve, str(value), 'megabytes'):,.0f} MB")
        for curve, (_, _, values) in CURVES.items() for value in values
    ]


def charts(rounds):
    return [
        Chart(f"CPU time per record against {curve}", "ns",
              [(f"{value:,}", cost_ns(rounds, curve, value)) for value in values], is_curve=True)
        for curve, (_, _, values) in CURVES.items()
    ]
