"""Where the aggregator's CPU time goes over the dense stream, sampled by perf."""

import collections
import re
import shutil
import signal
import subprocess

from bench.scenarios import Chart, Line
from bench.scenarios.bench import BenchError
from bench.scenarios.dense import EVENTS_PER_MINUTE

NAME = "profile"
TARGETS = ["//services/producer", "//services/aggregator", "//clients/cli:windrow"]
SAMPLES_PER_SECOND = 499
# What a sample is counted as: the first that its "symbol (library)" matches.
PLACES = (
    ("parse of JSON", r"simdjson|JsonRecordParser|RecordShape|KnownShapes|IsJsonNumber"),
    ("parse of event times", r"EventTimeParser|ReadDateTime|DaysFromCivil"),
    ("count into panes", r"Combiner|WindowSpec|Filter::"),
    ("merge, rows, snapshots", r"Merger|PaneStore|WindowCloser|SlidingSum|SnapshotEncoder|protobuf"),
    ("loop of the worker", r"Worker::|GroupConsumer|TopicLimit|RateLimiter"),
    ("decompression", r"LZ4|liblz4|ZSTD|libzstd"),
    ("checksums", r"crc32"),
    # Linked into the program.
    ("librdkafka", r"\brd_[a-z]|\b(?:mtx|cnd|thrd|tss)_[a-z]"),
    ("kernel: network, memory", r"\[kernel|\[guest|kallsyms"),
    ("C library: memory, locks, copies", r"libc\.so|libc-|libpthread|vdso|libstdc"),
)
OTHER = "all else"


def measure(bench, options):
    if shutil.which("perf") is None:
        raise BenchError("the scenario 'profile' takes perf (apt-get install linux-perf)")
    topic = f"dense-{options.records}"
    bench.fill(topic, options.records, EVENTS_PER_MINUTE)
    pipeline, file = bench.new_pipeline(topic, options.workers)
    process = bench.start_aggregator(pipeline, file)
    data = bench.stack.state_dir / "perf.data"
    perf = subprocess.Popen(
        ["perf", "record", "--quiet", "--event", "cpu-clock", "--freq", str(SAMPLES_PER_SECOND),
         "--all-cpus", "--output", str(data)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    with bench.follow_progress(pipeline) as reports:
        bench.wait("the aggregator", lambda: reports.finished(options.records))
    perf.send_signal(signal.SIGINT)
    _, complaint = perf.communicate(timeout=30)
    bench.stop("aggregator")
    if not data.exists() or data.stat().st_size == 0:
        raise BenchError(f"perf recorded nothing: {complaint.strip()}")
    samples = read_samples(data, process.pid)
    if not samples:
        raise BenchError("perf saw nothing of the aggregator")
    return shares(samples)


def read_samples(data, pid):
    """"symbol (library)" of each sample of a process."""
    done = subprocess.run(
        ["perf", "script", "--input", str(data), "--fields", "pid,ip,sym,dso"],
        capture_output=True, text=True, timeout=120, check=True)
    lines = (line.split(maxsplit=2) for line in done.stdout.splitlines())
    return [words[2] for words in lines if len(words) == 3 and words[0] == str(pid)]


def shares(samples):
    counts = collections.Counter(place_of(sample) for sample in samples)
    return {place: counts[place] / len(samples) for place in [*(name for name, _ in PLACES), OTHER]}


def place_of(sample):
    for place, pattern in PLACES:
        if re.search(pattern, sample):
            return place
    return OTHER


def median_shares(rounds):
    middle = {place: sorted(one[place] for one in rounds)[len(rounds) // 2] for place in rounds[0]}
    return sorted(middle.items(), key=lambda entry: -entry[1])


def lines(rounds):
    return [Line(f"profile: {place}", f"{share:.0%}")
            for place, share in median_shares(rounds)]


def charts(rounds):
    return [Chart("profile: share of the aggregator's CPU time", "%",
                  [(place, 100 * share) for place, share in median_shares(rounds)])]
