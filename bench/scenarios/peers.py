"""Other engines at the same job, beside the aggregator, in turns, on the same topic."""

import contextlib
import datetime
import json
import pathlib
import subprocess
import threading
import time

from bench.peers import engines, figures
from bench.scenarios import Chart, Line, dense, live, median
from bench.scenarios.bench import (PARTITIONS, REPO, STEP_SECONDS, BenchError, cpu_seconds,
                                   peak_megabytes)

NAME = "peers"
GENERATE = "//services/producer:generate_calls"
TARGETS = sorted({*dense.TARGETS, *live.TARGETS, GENERATE, "//bench/peers/watch",
                  "//bench/peers/watch:latency"})
WATCH = REPO / "bazel-bin/bench/peers/watch/watch"
LATENCY = REPO / "bazel-bin/bench/peers/watch/latency"
GENERATE_CALLS = REPO / "bazel-bin/services/producer/generate_calls"

# Long enough for a JVM to have compiled what runs often.
LIVE_WARM_UP_SECONDS = 20
LIVE_SECONDS = 20


# What the peers do and no more: the first view of the shipped pipeline, on two threads.
SAME_JOB = """
source_topic: "TOPIC"
event_time { field: "call_date_time" format: FORMAT_ISO_8601 time_zone: "UTC" }
watermark_delay { seconds: 3600 }
views {
  id: "calls-by-type"
  window { sliding { size { seconds: 600 } slide { seconds: 300 } } }
  group_by: "original_crime_type_name"
  aggregates { name: "count" count {} }
}
settings { parallelism: 2 }
"""

RECORDS = 4_000_000
ROUNDS = 1


def add_arguments(parser):
    parser.add_argument("--peers", action="store_true", help="other engines (bench/peers)")
    parser.add_argument("--only-peers", default=",".join(engines.ENGINES), metavar="NAME,...",
                        help="which of them (all)")


def settle(options, parser):
    """What follows from the arguments."""
    options.only_peers = options.only_peers.split(",")
    for name in options.only_peers:
        if name not in engines.ENGINES:
            parser.error(f"there is no peer '{name}': {', '.join(engines.ENGINES)}")
    if options.peers:
        options.only = NAME
    if options.only == NAME:
        options.peers = True
        options.records = options.records or RECORDS
        options.rounds = options.rounds or ROUNDS


def build(options):
    engines.build(options.only_peers)


def measure(bench, options):
    topic = f"peers-{options.records}"
    bench.fill(topic, options.records, dense.EVENTS_PER_MINUTE)
    expected = expected_rows(options.records)
    found = {}
    # Before each engine and after the last, since a machine is not the same from minute to minute.
    ours = [run_ours(bench, topic, options)]
    for name in options.only_peers:
        found.update(run_engine(bench, engines.ENGINES[name], topic, options.records, expected))
        ours.append(run_ours(bench, topic, options))
    for name in ours[0]:
        found[name] = figures.medians([one[name] for one in ours])
    found["aggregator"].update(aggregator_live(bench, options))
    return found


def run_ours(bench, topic, options):
    bench.say("the bare loop and the aggregator")
    same = bench.new_pipeline_of(SAME_JOB.replace("TOPIC", topic))
    return {"limit": dense.run_limit(bench, topic, options),
            "aggregator": dense.run(bench, topic, options),
            "aggregator-same": dense.run_aggregator(bench, same, options.records)}


def run_engine(bench, engine, topic, records, expected):
    found = {}
    for form in engines.FORMS:
        bench.say(f"{engine.words}, {form}")
        found[f"{engine.name}-{form}"] = Run(bench, engine, form).over(topic, records, expected)
    # Its stages may run far ahead of each other, so that less than half of the work is left when
    # half of the rows are there.
    found[f"{engine.name}-ordinary"].update(warm_per_second=None, warm_per_cpu_second=None)
    bench.say(f"{engine.words}, best, live")
    found[f"{engine.name}-best"]["latency"] = Run(bench, engine, "best").live()
    return found


def aggregator_live(bench, options):
    bench.say("the aggregator, live")
    seen = live.measure(bench, options)
    return {"start_to_first_s": seen["start_to_first_commit_s"], "latency": seen["latency"]}


def expected_rows(records):
    command = [GENERATE_CALLS, f"--records={records}", "--seed=1",
               f"--events_per_minute={dense.EVENTS_PER_MINUTE}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as generator:
        expected = figures.recount(generator.stdout)
    if sum(expected.values()) != figures.WINDOWS_PER_RECORD * records:
        raise BenchError(f"{GENERATE_CALLS} did not print {records} calls")
    return expected


class Run:
    """One run of a form, with results, state and a name of its own."""

    def __init__(self, bench, engine, form):
        self._bench = bench
        self._engine = engine
        self._form = form
        self._id = f"peer-{engine.name}-{form}-{time.time_ns()}"
        self._folder = pathlib.Path(bench.stack.state_dir) / self._id
        self._folder.mkdir()

    def over(self, topic, records, expected):
        """Figures of a run over a topic that is there."""
        watcher = Watcher(self._bench, self._id, records, self._folder / "rows.tsv")
        with watcher:
            self._bench.wait("the watcher", lambda: "ready" in watcher.moments, 0.01)
            started = time.time()
            with self._process(topic, live_form=False) as process:
                watcher.follow(process.pid)
                self._bench.wait(f"{self._engine.words} to read everything", watcher.ended)
                megabytes = peak_megabytes(process.pid)
                ready = ready_time(process)
        end = watcher.ended()
        if "complete" not in watcher.moments:
            raise BenchError(f"{self._id} wrote counts of {end['total']:,} in all and no more; "
                             f"{figures.WINDOWS_PER_RECORD * records:,} are wanted: {process.log_path}")
        with open(self._folder / "rows.tsv", encoding="utf-8") as rows:
            differences = figures.differences(expected, figures.read_rows(rows))
        return {**figures.figures(records, started, ready, watcher.moments),
                "megabytes": megabytes, "rows": end["rows"], "updates": end["updates"],
                "decreases": end["decreases"], "differences": differences}

    def live(self):
        """Latencies of markers beside 20,000 records per second."""
        bench, topic = self._bench, f"live-{time.time_ns()}"
        for name in (topic, self._id):
            bench.create_topic(name)
        now = datetime.datetime.now(datetime.timezone.utc)
        bench.start_producer(
            "--topic", topic, "--records", live.RATE * (LIVE_SECONDS + 180), "--seed", 1, "--rate",
            live.RATE, "--events-per-minute", 60 * live.RATE, "--start-time",
            f"{now:%Y-%m-%dT%H:%M:%SZ}")
        try:
            with self._process(topic, live_form=True) as process:
                bench.wait(self._engine.words, lambda: ready_time(process), 0.05)
                time.sleep(LIVE_WARM_UP_SECONDS)  # Of what is measured, not of a condition.
                result = bench.run_program(
                    LATENCY, f"--kafka={bench.stack.kafka}", f"--source={topic}",
                    f"--results={self._id}", f"--duration={LIVE_SECONDS}s")
        finally:
            bench.stop("producer")
        if result["missing"]:
            raise BenchError(f"markers were lost: {result}")
        return result

    @contextlib.contextmanager
    def _process(self, topic, live_form):
        java, *arguments = self._engine.command(
            self._form, live_form, id=self._id, kafka=self._bench.stack.kafka, source=topic,
            results=self._id, state_dir=self._folder)
        stack = self._bench.stack
        stack.binaries["java"] = java
        stack.start_program(self._id, "java", arguments)
        try:
            yield stack.processes[self._id]
        finally:
            # Nothing is asked of it any more.
            stack.kill9(self._id)


class Watcher:
    """bench/peers/watch, and the processor time of a peer at each of its milestones. A context."""

    def __init__(self, bench, topic, records, rows):
        self.moments = {}
        self._end = None
        self._pid = None
        self._process = subprocess.Popen(
            [str(WATCH), f"--kafka={bench.stack.kafka}", f"--topic={topic}", f"--rows={rows}",
             f"--partitions={PARTITIONS}", f"--total={figures.WINDOWS_PER_RECORD * records}",
             f"--silence={STEP_SECONDS // 10}s"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._thread.join(timeout=5)
        self._process.stdout.close()

    def follow(self, pid):
        self._pid = pid

    def ended(self):
        """Its last words; None before. Then the rows are written."""
        if self._process.poll():
            raise BenchError("bench/peers/watch failed")
        return self._end if self._process.poll() == 0 else None

    def _read(self):
        for line in self._process.stdout:
            event = json.loads(line)
            cpu = cpu_seconds(self._pid) if self._pid else 0
            if event["event"] == "end":
                self._end = event
            else:
                self.moments[event["event"]] = figures.Moment(event["time_us"] / 1e6,
                                                              event["total"], cpu)


def lines(rounds):
    return [Line(text, "") for text in figures.table(rounds, names())]


def names():
    """{key of a round's figures: words}, in the order of the table."""
    found = {"limit": "bare loop", "aggregator": "Windrow's aggregator",
             "aggregator-same": "Windrow, one view, 2 workers"}
    for engine in engines.ENGINES.values():
        found.update({f"{engine.name}-{form}": f"{engine.words}, {form}" for form in engines.FORMS})
    return found


def charts(rounds):
    return [
        Chart(f"peers, best: records per {words}", f"records/{unit}",
              [(label, median(rounds, key, figure)) for key, label in names_of_best(rounds[0])])
        for figure, words, unit in (("per_cpu_second", "CPU-second", "CPU-s"),
                                    ("per_second", "second", "s"))
    ]


def names_of_best(one):
    """(key, words) of ours, and of the best form of those that were measured."""
    return [(key, words.removesuffix(", best")) for key, words in names().items()
            if key in one and not key.endswith("-ordinary")]


def ready_time(process):
    """When the peer said that it begins to read; None before."""
    for line in process.log_path.read_text(errors="replace").splitlines():
        if line.startswith('{"event":"ready"'):
            return json.loads(line)["time_ms"] / 1000
    return None
