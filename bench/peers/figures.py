"""What is worked out from what was seen of a peer: its figures, its errors, the table."""

import collections
import dataclasses
import datetime
import json
import statistics

SIZE_MS = 600_000
SLIDE_MS = 300_000
WINDOWS_PER_RECORD = SIZE_MS // SLIDE_MS
LEAST_WARM_SECONDS = 1.0


@dataclasses.dataclass
class Moment:
    """A milestone of a peer's results, and what its processes had used of the processor by then."""

    seconds: float
    total: int
    cpu_seconds: float


def figures(records, started, ready, moments):
    """Figures of one run over `records` records. Times are seconds since 1970: when the process was
    started, when it said that it begins to read; moments: {"first", "half", "complete": Moment}.

    Warm is from the first commit that has half of the records to the one that has all; None when
    they are less than LEAST_WARM_SECONDS apart, as when that is the same commit.
    """
    half, complete = moments["half"], moments["complete"]
    warm = records * (complete.total - half.total) / complete.total
    long_enough = complete.seconds - half.seconds >= LEAST_WARM_SECONDS
    cpu = complete.cpu_seconds - half.cpu_seconds
    return {
        "per_second": records / (complete.seconds - ready),
        "per_cpu_second": records / complete.cpu_seconds,
        "warm_per_second": warm / (complete.seconds - half.seconds) if long_enough else None,
        "warm_per_cpu_second": warm / cpu if long_enough and cpu > 0 else None,
        "start_to_first_s": moments["first"].seconds - started,
    }


def medians(runs):
    """{figure: its median} of several runs of one thing; what is no number is left out."""
    return {name: statistics.median(run[name] for run in runs)
            for name, value in runs[0].items() if isinstance(value, (int, float))}


# Whether the rows are right


def recount(lines):
    """{(window start in ms, type): count} of calls, one JSON object per line, none of which is late.

    Counts by the text of the minute, so that no record is too much for Python.
    """
    by_minute = collections.Counter()
    for line in lines:
        call = json.loads(line)
        by_minute[call["call_date_time"][:16], call["original_crime_type_name"]] += 1
    counts = collections.Counter()
    for (minute, kind), count in by_minute.items():
        for start in windows_of(minute_ms(minute)):
            counts[start, kind] += count
    return dict(counts)


def minute_ms(text):
    time = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
    return int(time.timestamp()) * 1000


def windows_of(time_ms):
    """The starts of the windows that hold a time."""
    newest = time_ms - time_ms % SLIDE_MS
    return [newest - n * SLIDE_MS for n in range(WINDOWS_PER_RECORD)]


def read_rows(lines):
    """{(window start, type): count} of what bench/peers/watch wrote."""
    rows = {}
    for line in lines:
        start, count, kind = line.rstrip("\n").split("\t", 2)
        rows[int(start), kind] = int(count)
    return rows


def differences(expected, rows):
    """{"missing", "wrong", "strange": how many rows}, all 0 when the rows are right."""
    return {
        "missing": sum(key not in rows for key in expected),
        "wrong": sum(key in rows and rows[key] != count for key, count in expected.items()),
        "strange": sum(key not in expected for key in rows),
    }


# The table

COLUMNS = (
    # heading, path, format
    ("records/s", ("per_second",), "{:,.0f}"),
    ("warm", ("warm_per_second",), "{:,.0f}"),
    ("records/CPU-s", ("per_cpu_second",), "{:,.0f}"),
    ("warm", ("warm_per_cpu_second",), "{:,.0f}"),
    ("MB", ("megabytes",), "{:,.0f}"),
    ("start→first, s", ("start_to_first_s",), "{:.1f}"),
    ("rows", ("rows",), "{:,}"),
    ("updates", ("updates",), "{:,}"),
    ("live p50, ms", ("latency", "p50_ms"), "{:,.0f}"),
    ("p99", ("latency", "p99_ms"), "{:,.0f}"),
)


def table(rounds, names):
    """Lines: one for each of `names`, {key: words}; medians of the rounds."""
    cells = [["", *(heading for heading, _, _ in COLUMNS)]]
    for key, words in names.items():
        runs = [one[key] for one in rounds if key in one]
        if runs:
            cells.append([words, *(cell(runs, path, text) for _, path, text in COLUMNS)])
    widths = [max(map(len, column)) for column in zip(*cells)]
    return ["  ".join([row[0].ljust(widths[0]),
                       *(word.rjust(width) for word, width in zip(row[1:], widths[1:]))])
            for row in cells]


def cell(runs, path, text):
    values = [value for value in (value_at(run, path) for run in runs) if value is not None]
    return text.format(statistics.median(values)) if values else "–"


def value_at(run, path):
    for word in path:
        run = run.get(word) if run is not None else None
    return run


def wrong(rounds):
    """Sentences about runs whose rows are not those of the recount."""
    found = []
    for number, one in enumerate(rounds, 1):
        for key, run in one.items():
            problems = [f"{count} rows {what}" for what, count in run.get("differences", {}).items()
                        if count]
            if run.get("decreases"):
                problems.append(f"{run['decreases']} counts went back")
            if problems:
                found.append(f"round {number}, {key}: {', '.join(problems)}")
    return found
