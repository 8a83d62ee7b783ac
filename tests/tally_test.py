"""Tests of the count that `./test` prints: nothing that failed, or did not run, may pass."""

import unittest

from tests import tally


def configured(label, size="SMALL"):
    event = {"id": {"targetConfigured": {"label": label}}, "configured": {"targetKind": "x rule"}}
    if size:
        event["configured"]["testSize"] = size
    return event


def result(label, status, *reports, shard=1, attempt=1):
    return {
        "id": {"testResult": {"label": label, "run": 1, "shard": shard, "attempt": attempt}},
        "testResult": {
            "status": status,
            "testActionOutput": [{"name": "test.log", "uri": "log"}]
            + [{"name": "test.xml", "uri": text} for text in reports],
        },
    }


def report(*cases):
    return "<testsuites><testsuite>" + "".join(cases) + "</testsuite></testsuites>"


OK = '<testcase name="A" classname="T" status="run" result="completed"/>'
BAD = '<testcase name="B" classname="T" status="run"><failure message="x"/></testcase>'
SKIPPED = '<testcase name="C" classname="T" status="run" result="skipped"><skipped/></testcase>'
DISABLED = '<testcase name="D" classname="T" status="notrun" result="suppressed"/>'


def counts(*events):
    # The "URI" of a report is its text.
    return tally.tally(list(events), read=lambda uri: uri)


class Tally(unittest.TestCase):
    def check(self, expected, *events):
        self.assertEqual(tuple(counts(*events).as_json().values()), expected)

    def test_counts_cases(self):
        self.check(
            (2, 0, 2), configured("//a:t"), result("//a:t", "PASSED", report(OK, OK, SKIPPED, DISABLED))
        )

    def test_names_the_failed(self):
        found = counts(configured("//a:t"), result("//a:t", "FAILED", report(OK, BAD)))
        self.assertEqual(found.failures, ["//a:t T.B"])
        self.assertEqual(found.passed, 1)

    def test_adds_shards_and_takes_the_last_attempt(self):
        self.check(
            (2, 0, 0),
            result("//a:t", "PASSED", report(OK), shard=1),
            result("//a:t", "FAILED", report(BAD), shard=2, attempt=1),
            result("//a:t", "PASSED", report(OK), shard=2, attempt=2),
        )

    def test_a_crash_is_a_failure(self):
        self.check((0, 1, 0), result("//a:t", "FAILED"))
        self.check((1, 1, 0), result("//a:t", "TIMEOUT", report(OK)))
        self.check((0, 1, 0), result("//a:t", "FAILED", "<testsuites>"))

    def test_no_case_is_a_failure(self):
        self.check((0, 1, 0), result("//a:t", "PASSED", report()))
        self.check((0, 1, 0), result("//a:t", "PASSED"))

    def test_what_was_not_run_is_a_failure(self):
        self.check((0, 1, 0), configured("//a:t"))
        self.check((0, 0, 0), configured("//a:library", size=None))


if __name__ == "__main__":
    unittest.main()
