"""Random pipelines through the services and a real broker, against the oracle: see tests/oracle.

The parallelism changes on the way, and in the first one the aggregator is killed. What a user exports must be what the
oracle recounts from the topic, value by value, bit for bit.
"""

import json
import shutil
import struct
import time
import unittest

from tests.e2e.system import (
    PIPELINE_ID, PROGRESS_SECONDS, SOURCE_TOPIC, System, random_seed)
from tests.e2e.verdict import all_windows, assert_no_fault, dead_letters
from tests.e2e.waiting import wait_until
from tests.oracle import compare, engine
from tests.oracle.differences import horizon_is_near, row_name, value_text
from tests.oracle.json_record import JsonNumber
from tests.oracle.oracle import NO_WINDOW, LogRecord, Recount
from tests.oracle.random_times import civil_of

# What kcat and the producer of a test can send in one go.
MAX_BYTES = 500_000
# Enough to be worth a broker.
MIN_RECORDS = 100
MIN_ROWS = 100
SHOWN = 10


def suitable_case(seed):
    """The first random case from a seed on that a broker can take; with its own seed."""
    while True:
        case = compare.random_case(seed)
        log = [r for r in case.log if r.value and len(r.value) < MAX_BYTES]
        case = case._replace(log=log)
        case.pipeline.update(name="pipelines/" + PIPELINE_ID, source_topic=SOURCE_TOPIC,
                             merge_partitions=4)
        if (len(log) >= MIN_RECORDS and not horizon_is_near(case)
                and len(_with_timestamps(case).rows) >= MIN_ROWS):
            return case, seed
        seed += 1


def _with_timestamps(case):
    """The recount when the broker gives all records today's timestamps."""
    now_ms = int(time.time() * 1000)
    recount = Recount(case.pipeline, [r._replace(timestamp_ms=now_ms) for r in case.log])
    try:
        for (_, start, _), row in recount.rows.items():
            civil_of(start), civil_of(row.window_end)
    except (ValueError, OverflowError):  # No time that JSON has a form for.
        recount.rows = {}
    return recount


class RandomPipelines(unittest.TestCase):
    maxDiff = 2000

    def run_case(self, index):
        case, seed = suitable_case(random_seed(self) + 1_000 * index)
        print(f"         {len(case.log)} records; the same pipeline without Kafka: "
              f"python3 -m tests.oracle.compare --seed {seed}", flush=True)
        system = System(self)
        system.pipeline_file, _ = engine.write_case(case, system.directory)
        system.start(("aggregator", "query"), case.partitions)
        for half in (0, 1):
            for partition in range(case.partitions):
                values = [r.value for r in case.log if r.partition == partition]
                middle = len(values) // 2
                system.kafka.produce(
                    SOURCE_TOPIC, partition, values[middle:] if half else values[:middle])
            if half == 0:
                system.wait_until_processing()
                if index == 0:
                    system.kill9("aggregator")
                    system.restart("aggregator")
                system.reconfigure({"parallelism": 3})
        self.wait_until_read(system, len(case.log))
        system.drain()

        log = [LogRecord(r.partition, r.offset, r.timestamp_ms, r.value)
               for r in system.kafka.records(SOURCE_TOPIC)]
        self.assertEqual([(r.partition, r.value) for r in log_order(log)],
                         [(r.partition, r.value) for r in log_order(case.log)])
        recount = Recount(case.pipeline, log)
        self.assert_rows(system, case, recount)
        self.assert_ledgers(system, case, recount)
        self.assertEqual({origin: letter.headers["windrow-reason"]
                          for origin, letter in dead_letters(system)}, recount.dead_letters)
        assert_no_fault(self, system)

    def wait_until_read(self, system, records):
        def read():
            status = system.query_status()
            return (status is not None and int(status["records_read"]) == records) or (
                False, status)

        wait_until(f"{records} records to be read", read, PROGRESS_SECONDS, system.any_ended)

    def assert_rows(self, system, case, recount):
        directory = system.directory / "export"
        shutil.rmtree(directory, ignore_errors=True)
        system.cli("results", "export", "--dir", str(directory))
        found = []
        for view in case.pipeline["views"]:
            expected = {
                export_key(view, start, group): (key, row)
                for (name, start, group), row in recount.rows.items() if name == view["id"]
                for key in [(name, start, group)]
            }
            for line in export_lines(directory / f"{view['id']}.ndjson"):
                key = tuple(line.pop(name) for name in ("window_start", *view["group_by"]))
                if key not in expected:
                    found.append(f"view {view['id']}: {key} is not expected, or comes twice")
                    continue
                name, row = expected.pop(key)
                found += [f"{row_name(case, name)}, {text}" for text in row_differences(row, line)]
            found += [f"{row_name(case, name)}: missing" for name, _ in expected.values()]
        self.assertFalse(found, f"{len(found)} differences:\n  " + "\n  ".join(found[:SHOWN]))

    def assert_ledgers(self, system, case, recount):
        status = system.query_status()
        self.assertEqual(int(status["dead_lettered"]), len(recount.dead_letters))
        for view in case.pipeline["views"]:
            name = view["id"]
            late = sum(n for (owner, _), n in recount.late.items() if owner == name)
            everywhere = sum(c.views[name]["late_everywhere"] for c in recount.counters.values())
            self.assertEqual(int(status["late_everywhere"].get(name, 0)), everywhere, name)
            self.assertEqual(int(status["late"].get(name, 0)), late, name)
            accepted = sum(r.accepted for key, r in recount.rows.items() if key[0] == name)
            windows = all_windows(system, name)
            self.assertEqual(sum(int(window["accepted"]) for window in windows), accepted, name)
            self.assertEqual(
                [w for w in windows if int(w["rows"]) and not w["final"]], [], "not final")
            self.assertEqual({trimmed(w["start_time"]): int(w["late"])
                              for w in windows if int(w["late"])},
                             {time_text(start): n for (owner, start), n in recount.late.items()
                              if owner == name and start != NO_WINDOW}, name)


def _add_tests(count):
    for index in range(count):
        def test(self, index=index):
            self.run_case(index)

        setattr(RandomPipelines, f"test_random_pipeline_{index}", test)


_add_tests(3)


def log_order(log):
    return sorted(log, key=lambda record: (record.partition, record.offset))


def time_text(time_us):
    """RFC 3339, without superfluous zeros."""
    return trimmed("%04d-%02d-%02dT%02d:%02d:%02d.%06dZ" % civil_of(time_us))


def trimmed(text):
    """A time with a fraction, or none, without superfluous zeros."""
    return text if "." not in text else text[:-1].rstrip("0").rstrip(".") + "Z"


def export_lines(path):
    """Rows of an export; numbers keep their spelling."""
    with open(path, encoding="utf-8", newline="\n") as file:
        return [json.loads(line, parse_int=JsonNumber, parse_float=JsonNumber) for line in file]


def export_key(view, start, group):
    return (time_text(start), *group)


def row_differences(row, line):
    """What is not so in a line of the export, without its key."""
    if line.pop("final") is not True:
        yield "not final"
    line.pop("revision")
    end = line.pop("window_end")
    if end != time_text(row.window_end):
        yield f"end: {end} instead of {time_text(row.window_end)}"
    if list(line) != [name for name, _ in row.values]:
        yield f"values: {list(line)} instead of {[name for name, _ in row.values]}"
        return
    for name, value in row.values:
        if not stands_for(line[name], value):
            yield f"{name}: {line[name]!r} instead of {value_text(value)}"


def stands_for(exported, value):
    """Whether JSON of an export stands for a value of the oracle."""
    kind, *content = value
    if kind == "double":
        return isinstance(exported, JsonNumber) and (
            struct.pack(">d", float(exported)).hex() == content[0])
    if kind == "int":
        return isinstance(exported, JsonNumber) and exported == str(content[0])
    if kind == "string":
        return exported == content[0] and not isinstance(exported, JsonNumber)
    if kind == "counts":
        return exported == [{"value": text, "count": str(n)} for text, n in content[0]]
    return exported == ({"error": content[0].lower()} if kind == "error" else None)


if __name__ == "__main__":
    unittest.main()
