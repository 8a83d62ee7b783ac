"""What must hold when all is read and drained, against the recount of the source topic."""

import collections
import subprocess

from tests.e2e.comparison import assert_same
from tests.e2e.system import PIPELINE, PIPELINE_ID, QUERY, ROOT, SOURCE_TOPIC, VIEWS, radio_codes
from tests.recount import recount

DEAD_LETTER_TOPIC = PIPELINE_ID + ".dead-letter"
RESULTS_TOPIC = PIPELINE_ID + ".results"
MERGE_PARTITIONS = 4
# Of the shipped pipeline.
HORIZON_US = 86_400 * recount.SECOND_US
WINDOW_US = 600 * recount.SECOND_US


def assert_rows(test, system, expected, rows=None):
    """The export has the recount's rows."""
    rows = rows or system.export()
    for view in VIEWS:
        assert_same(test, expected.rows(view, radio_codes()), rows[view], view)


def assert_ledgers(test, system, expected):
    """What the services say of lost and late records is what the recount found."""
    summary = expected.summary()
    status = system.query_status()
    test.assertEqual(int(status["records_read"]), summary["read"])
    test.assertEqual(int(status["dead_lettered"]), summary["dead_lettered"])
    for view in VIEWS:
        test.assertEqual(int(status["late_everywhere"].get(view, 0)),
                         summary["late_everywhere"][view], view)
        test.assertEqual(int(status["late"].get(view, 0)), summary["late"][view], view)
        assert_windows(test, system, expected, view)


def assert_windows(test, system, expected, view):
    """Each window of a view: final, and its rows, accepted and late records as in the recount.

    Late records of a window further back than the correction horizon are counted with those of all
    such windows (docs/semantics.md): of them, no more is asked than that none is invented.
    """
    horizon = recount.parse_time_us(system.query_status()["closed_through_time"]) - HORIZON_US
    cells = collections.defaultdict(lambda: [0, 0])
    for (start, _), count in expected.cells[view].items():
        cells[start][0] += 1
        cells[start][1] += count
    wanted = {
        recount.format_time(start): (True, rows, accepted, expected.late[view][start])
        for start, (rows, accepted) in cells.items()
    }
    found = {
        window["start_time"]: (window["final"], int(window["rows"]), int(window["accepted"]),
                              int(window["late"]))
        for window in all_windows(system, view)
        if int(window["rows"])
    }
    for start, window in found.items():
        wants = wanted.get(start)
        if wants and recount.parse_time_us(start) + WINDOW_US <= horizon and window[3] < wants[3]:
            wanted[start] = (*wants[:3], window[3])
    differing = {
        start: f"(final, rows, accepted, late) is {found.get(start)}, not {wanted.get(start)}"
        for start in sorted(found.keys() | wanted.keys())
        if found.get(start) != wanted.get(start)
    }
    if differing:
        lines = [f"{start}: {text}" for start, text in differing.items()]
        test.fail(f"{view}: {len(lines)} windows differ:\n  " + "\n  ".join(lines[:10]))


def all_windows(system, view):
    windows, token = [], ""
    while True:
        page = system.rpc["query"].call(
            QUERY + "ListWindows",
            {"parent": f"{PIPELINE}/views/{view}", "page_size": 1000, "page_token": token},
        )
        windows += page["windows"]
        token = page["next_page_token"]
        if not token:
            return windows


def assert_no_fault(test, system):
    """Nothing is behind or in trouble; no merge partition found a gap, or refused a record."""
    progress = system.progress()
    test.assertEqual(int(progress["lag_records"]), 0)
    for worker in progress["workers"]:
        test.assertEqual(worker["status"]["error"], "")
    last = {}
    for record in system.kafka.records(RESULTS_TOPIC):
        last[record.partition] = max(last.get(record.partition, record), record)
    test.assertEqual(len(last), MERGE_PARTITIONS)
    for record in last.values():
        text = decode(record.value, "windrow/results/v1/result.proto", "ResultRecord")
        test.assertIn("progress {", text, "progress is the last record of a transaction")
        # In this form, what is 0 is not printed.
        test.assertNotIn("discontinuities", text)
        test.assertNotIn("expired", text)


def decode(message, proto, name):
    """A message of ours as protoc prints it."""
    package = proto.rsplit("/", 1)[0].replace("/", ".")
    done = subprocess.run(
        ["protoc", f"--decode={package}.{name}", "--proto_path=proto", "--proto_path=/usr/include",
         f"proto/{proto}"],
        input=message, cwd=ROOT, capture_output=True, timeout=30, check=True,
    )
    return done.stdout.decode()


def dead_letters(system):
    """(partition and offset in the source topic, record) of each dead letter."""
    for letter in system.kafka.records(DEAD_LETTER_TOPIC):
        headers = letter.headers
        yield (
            (int(headers["windrow-source-partition"]), int(headers["windrow-source-offset"])), letter
        )


def assert_dead_letters(test, system, expected):
    """The dead-letter topic holds exactly the recount's bad records, each once, as it was."""
    source = {
        (record.partition, record.offset): record for record in system.kafka.records(SOURCE_TOPIC)
    }
    wanted = {(partition, offset) for partition, offset, _ in expected.dead_letters}
    times = collections.Counter()
    for origin, letter in dead_letters(system):
        times[origin] += 1
        test.assertEqual(letter.headers.get("windrow-source-topic"), SOURCE_TOPIC, letter)
        test.assertTrue(letter.headers.get("windrow-reason"), letter)
        test.assertEqual(letter.value, source[origin].value, origin)
    test.assertEqual({o: n for o, n in times.items() if n > 1}, {}, "more than once")
    test.assertEqual(set(times) - wanted, set(), "not broken")
    test.assertEqual(wanted - set(times), set(), "missing")
