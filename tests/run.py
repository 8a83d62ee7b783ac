#!/usr/bin/env python3
"""Runs the Python tests: one line for each test, with its seconds, and the counts as JSON.

usage: python3 -m tests.run [--only PATTERN] [--counts FILE] MODULE...

PATTERN is looked for in a test's full name, such as
tests.e2e.exactly_once_test.ExactlyOnce.test_kill_nine.
"""

import argparse
import json
import sys
import time
import unittest


class LineResult(unittest.TestResult):
    """Prints a line when a test begins and one when it ends, and counts."""

    def __init__(self, stream):
        super().__init__()
        self.stream = stream
        self.passed = 0
        self._began = 0.0

    def _say(self, word, test, text=""):
        seconds = time.monotonic() - self._began
        self.stream.write(f"[{word:>6}] {test.id()} ({seconds:.1f} s){text}\n")
        self.stream.flush()

    def startTest(self, test):
        super().startTest(test)
        self._began = time.monotonic()
        if ".e2e." in test.id():
            self.stream.write(f"[ RUN  ] {test.id()}\n")
            self.stream.flush()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1
        self._say("OK", test)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._say("FAILED", test, "\n" + self.failures[-1][1])

    def addError(self, test, error):
        super().addError(test, error)
        # Of a class or a module, too: then no test of it has begun.
        self._began = self._began or time.monotonic()
        self._say("FAILED", test, "\n" + self.errors[-1][1])

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            listed = self.failures if issubclass(error[0], test.failureException) else self.errors
            self._say("FAILED", subtest, "\n" + listed[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._say("SKIP", test, ": " + reason)

    def counts(self):
        return {
            "passed": self.passed,
            "failed": len(self.failures) + len(self.errors) + len(self.unexpectedSuccesses),
            "skipped": len(self.skipped),
        }


def each_test(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each_test(test)
        else:
            yield test


def main(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="PATTERN")
    parser.add_argument("--counts", metavar="FILE", help="write the counts here, too")
    parser.add_argument("modules", nargs="+")
    arguments = parser.parse_args(argv)

    loaded = unittest.defaultTestLoader.loadTestsFromNames(arguments.modules)
    # A module that cannot be loaded stays in, whatever the pattern: it fails.
    suite = unittest.TestSuite(
        test
        for test in each_test(loaded)
        if arguments.only in test.id() or "_FailedTest" in test.id()
    )
    if suite.countTestCases() == 0:
        print(f"no test is named like '{arguments.only}'", file=sys.stderr)
    result = LineResult(sys.stdout)
    suite.run(result)

    counts = result.counts()
    if arguments.counts:
        with open(arguments.counts, "w", encoding="utf-8") as out:
            json.dump(counts, out)
    print(json.dumps(counts))
    return 0 if counts["failed"] == 0 and counts["passed"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
