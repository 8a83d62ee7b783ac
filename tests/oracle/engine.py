"""Runs the engine without Kafka (run_engine.cc) on a pipeline and its logs."""

import collections
import json
import os
import pathlib
import subprocess

from tests.oracle import textproto

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUN_ENGINE = pathlib.Path(
    os.environ.get("WINDROW_RUN_ENGINE", ROOT / "bazel-bin/tests/oracle/run_engine")
)
TIMEOUT_SECONDS = 60

# A pipeline, the logs of all partitions, and the number of these.
Case = collections.namedtuple("Case", "pipeline log partitions")


class EngineError(Exception):
    """The engine refused the pipeline, or ended as it should not."""


class Outcome:
    """What the engine's topics hold after one run.

    rows: (view, window start, group) to (window end, accepted, values), as oracle.Row.
    late: (view, window start) to the number of late records, of all merge partitions.
    progress: merge partition to its progress. dead_letters: list of ((partition, offset), reason).
    twice: names of what two merge partitions claim. faults: what results_topic.h found.
    """

    def __init__(self):
        self.rows = {}
        self.groups_by = collections.defaultdict(set)
        self.table_versions = collections.defaultdict(set)
        self.late = collections.Counter()
        self.progress = {}
        self.dead_letters = []
        self.twice = []
        self.faults = []

    def add(self, line):
        getattr(self, "_add_" + line["kind"])(line)

    def _add_row(self, line):
        group = tuple(None if value[0] == "null" else value[1] for _, value in line["group"])
        key = (line["view"], line["start"], group)
        if key in self.rows:
            self.twice.append(key)
        values = tuple((name, _tuples(value)) for name, value in line["values"])
        self.rows[key] = (line["end"], line["accepted"], values)
        self.groups_by[line["view"]].add(tuple(name for name, _ in line["group"]))
        self.table_versions[line["view"]].add(line["table_version"])

    def _add_ledger(self, line):
        self.late[line["view"], line["start"]] += line["late"]

    def _add_progress(self, line):
        self.progress[line["merge_partition"]] = line

    def _add_fault(self, line):
        self.faults.append(line["text"])

    def _add_dead_letter(self, line):
        self.dead_letters.append(((line["partition"], line["offset"]), line["reason"]))


def _tuples(value):
    """A value as aggregates.py has it."""
    kind, *content = value
    if kind == "counts":
        return kind, tuple((text, count) for text, count in content[0])
    if kind == "error":
        return kind, content[0].removeprefix("VALUE_ERROR_")
    return (kind, *content)


def write_case(case, directory):
    """Writes pipeline, tables and log; returns the paths of pipeline and log."""
    directory = pathlib.Path(directory)
    pipeline_file, log_file = directory / "pipeline.textproto", directory / "log"
    pipeline_file.write_text(textproto.pipeline_text(case.pipeline), encoding="utf-8")
    for name, content in textproto.table_files(case.pipeline).items():
        (directory / name).write_bytes(content)
    with open(log_file, "wb") as out:
        out.write(b"%d\n" % case.partitions)
        for record in case.log:
            length = -1 if record.value is None else len(record.value)
            out.write(b"%d %d %d %d\n" % (record.partition, record.offset, record.timestamp_ms,
                                          length))
            out.write((record.value or b"") + b"\n")
    return pipeline_file, log_file


def check_built():
    """Exits with what to do when there is no program to run."""
    if not RUN_ENGINE.exists():
        raise SystemExit(f"{RUN_ENGINE} is missing: run `bazel build //tests/oracle:run_engine`")


def run(case, schedules, directory):
    """An Outcome for each schedule (a seed)."""
    paths = write_case(case, directory)
    done = subprocess.run(
        [RUN_ENGINE, *map(str, paths), *map(str, schedules)], stdin=subprocess.DEVNULL,
        capture_output=True, timeout=TIMEOUT_SECONDS,
    )
    if done.returncode != 0:
        raise EngineError(f"exit code {done.returncode}: {done.stderr.decode(errors='replace')}")
    outcomes, outcome = [], Outcome()
    # Only a line feed ends a line: texts may hold what Python takes for others.
    for text in done.stdout.decode("utf-8").split("\n"):
        if not text:
            continue
        line = json.loads(text)
        if line["kind"] == "end":
            outcomes.append(outcome)
            outcome = Outcome()
        else:
            outcome.add(line)
    return outcomes
