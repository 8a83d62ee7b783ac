#!/usr/bin/env python3
"""Runs the Python tests: one line for each test, with its seconds, and the counts as JSON.

usage: python3 -m tests.run [--only PATTERN] [--counts FILE] [--lanes N] MODULE...

PATTERN is looked for in a test's full name, such as
tests.e2e.exactly_once_test.ExactlyOnce.test_kill_nine.

With N lanes as many classes run side by side, each in a process of its own; classes that say
`alone = True`, since they measure time, run after all others, by themselves.
"""

import argparse
import collections
import json
import os
import subprocess
import sys
import threading
import time
import unittest

_COUNTS = '{"passed": '


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


def chosen_tests(modules, pattern):
    """A module that cannot be loaded is chosen whatever the pattern: it fails."""
    loaded = unittest.defaultTestLoader.loadTestsFromNames(modules)
    return [
        test for test in each_test(loaded) if pattern in test.id() or "_FailedTest" in test.id()
    ]


def run_here(tests, stream):
    result = LineResult(stream)
    unittest.TestSuite(tests).run(result)
    return result.counts()


class Lanes:
    """Runs classes of tests side by side, each in a process, whose lines go to the stream."""

    def __init__(self, tests, lanes, stream):
        # By class, in order; its tests' names.
        self._classes = collections.OrderedDict()
        self._alone = set()
        for test in tests:
            name = f"{type(test).__module__}.{type(test).__qualname__}"
            self._classes.setdefault(name, []).append(test.id())
            if getattr(test, "alone", False):
                self._alone.add(name)
        self._lanes = lanes
        self._stream = stream
        self._lock = threading.Lock()
        self._counts = collections.Counter()

    def run(self):
        beside = [name for name in self._classes if name not in self._alone]
        threads = [
            threading.Thread(target=self._run_lane, args=(lane, beside))
            for lane in range(self._lanes)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._run_lane(0, [name for name in self._classes if name in self._alone])
        return {word: self._counts[word] for word in ("passed", "failed", "skipped")}

    def _run_lane(self, lane, names):
        while True:
            with self._lock:
                if not names:
                    return
                name = names.pop(0)
            self._run_class(lane, self._classes[name])

    def _run_class(self, lane, tests):
        counts = None
        command = [sys.executable, "-m", "tests.run", *tests]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace",
                              env=dict(os.environ, WINDROW_TEST_LANE=str(lane))) as process:
            for line in process.stdout:
                if line.startswith(_COUNTS):
                    counts = json.loads(line)
                    continue
                with self._lock:
                    self._stream.write(line)
                    self._stream.flush()
        with self._lock:
            if counts is None or sum(counts.values()) < len(tests):
                self._stream.write(f"[FAILED] {tests[0]} and what follows it ended with exit code "
                                   f"{process.returncode}\n")
                self._counts["failed"] += 1
            self._counts.update(counts or {})


def main(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="PATTERN")
    parser.add_argument("--counts", metavar="FILE", help="write the counts here, too")
    parser.add_argument("--lanes", type=int, default=1, metavar="N")
    parser.add_argument("modules", nargs="+")
    arguments = parser.parse_args(argv)

    tests = chosen_tests(arguments.modules, arguments.only)
    if not tests:
        print(f"no test is named like '{arguments.only}'", file=sys.stderr)
    if arguments.lanes > 1:
        counts = Lanes(tests, arguments.lanes, sys.stdout).run()
    else:
        counts = run_here(tests, sys.stdout)
    if arguments.counts:
        with open(arguments.counts, "w", encoding="utf-8") as out:
            json.dump(counts, out)
    print(json.dumps(counts))
    return 0 if counts["failed"] == 0 and counts["passed"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
