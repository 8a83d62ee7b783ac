#!/usr/bin/env python3
"""Counts the test cases of a `bazel test`, from what Bazel wrote with --build_event_json_file.

usage: tests/tally.py EVENTS

Prints one line of JSON, {"passed": n, "failed": n, "skipped": n}, after a line for each case that
failed. A target that failed without a failed case (it crashed, timed out, could not be built)
counts as one failure; a target that reports no case at all is a failure, too.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree


class Counts:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.failures = []

    def fail(self, name):
        self.failed += 1
        self.failures.append(name)

    def as_json(self):
        return {"passed": self.passed, "failed": self.failed, "skipped": self.skipped}


def cases_of(xml_text):
    """(name, "passed" | "failed" | "skipped") of each case in a JUnit report."""
    cases = []
    for case in xml.etree.ElementTree.fromstring(xml_text).iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name', '')}".strip(".")
        if case.find("failure") is not None or case.find("error") is not None:
            cases.append((name, "failed"))
        elif (
            case.find("skipped") is not None
            or case.get("result") in ("skipped", "suppressed")
            or case.get("status") == "notrun"
        ):
            cases.append((name, "skipped"))
        else:
            cases.append((name, "passed"))
    return cases


def add_target(counts, label, status, xml_texts):
    """Adds one target: its status in Bazel's words, and its reports, one for each shard."""
    failed_before = counts.failed
    cases = 0
    for text in xml_texts:
        try:
            found = cases_of(text)
        except xml.etree.ElementTree.ParseError:
            counts.fail(f"{label} (its report is torn: it crashed)")
            continue
        for name, outcome in found:
            cases += 1
            if outcome == "passed":
                counts.passed += 1
            elif outcome == "skipped":
                counts.skipped += 1
            else:
                counts.fail(f"{label} {name}")
    if counts.failed > failed_before:
        return
    if status not in ("PASSED", "FLAKY"):
        counts.fail(f"{label} ({status})")
    elif cases == 0:
        counts.fail(f"{label} (ran no test)")


def read_file(uri):
    with open(urllib.parse.unquote(urllib.parse.urlparse(uri).path), encoding="utf-8") as file:
        return file.read()


def tally(events, read=read_file):
    """Counts of a list of build events."""
    counts = Counts()
    expected = set()
    runs = {}  # Label to (status, URIs of the reports) of its last attempt.
    for event in events:
        identity = event.get("id", {})
        if "configured" in event and event["configured"].get("testSize"):
            expected.add(identity["targetConfigured"]["label"])
        if "testResult" in identity and "testResult" in event:
            label = identity["testResult"]["label"]
            key = (identity["testResult"].get("run", 1), identity["testResult"].get("shard", 1))
            uris = [
                output["uri"]
                for output in event["testResult"].get("testActionOutput", [])
                if output["name"] == "test.xml"
            ]
            runs.setdefault(label, {})[key] = (event["testResult"]["status"], uris)
    for label, results in sorted(runs.items()):
        statuses = [status for status, _ in results.values()]
        bad = [status for status in statuses if status not in ("PASSED", "FLAKY")]
        texts = [read(uri) for _, uris in results.values() for uri in uris]
        add_target(counts, label, (bad or statuses)[0], texts)
    for label in sorted(expected - set(runs)):
        counts.fail(f"{label} (not built, not run)")
    return counts


def main(argv):
    if len(argv) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    with open(argv[0], encoding="utf-8") as file:
        counts = tally([json.loads(line) for line in file if line.strip()])
    for name in counts.failures:
        print(f"[FAILED] {name}")
    print(json.dumps(counts.as_json()))
    return 0 if counts.failed == 0 and counts.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
