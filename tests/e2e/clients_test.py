"""Each language's example against live services: it lists, changes a setting, and follows a view while the
query service is stopped, killed, and started again. `clients/build` builds them."""

import os
import pathlib
import re
import subprocess
import threading
import unittest

from tests.e2e.system import PIPELINE, PIPELINES, PRODUCER, QUERY, ROOT, STATE, System, generator, random_seed
from tests.e2e.waiting import wait_until

# More than are sent before the replay is stopped, and less than an hour of event time.
RECORDS = 200_000
RECORDS_PER_SECOND = 300
VIEW = PIPELINE + "/views/calls-by-type"
# RFC 3339 of a window's start, the version, the count, the group.
CHANGE = re.compile(r"(\d{4}-\S+Z) (\d+):(\d+) (\d+) (.*)")
CLIENTS = ROOT / "clients"
STATE_CLIENTS = STATE / "clients"


def commands():
    """Language to the words that run its example."""
    python = STATE_CLIENTS / "python"
    java = CLIENTS / "java/target"
    classpath = java / "classpath.txt"
    if not classpath.exists():
        raise AssertionError(f"{classpath} is missing: run clients/build")
    classes = [java / "test-classes", java / "classes", classpath.read_text().strip()]
    return {
        "python": [python / "bin/python", CLIENTS / "python/examples/follow.py"],
        "go": [STATE_CLIENTS / "bin/follow-go"],
        "typescript": [python / "node/bin/node", CLIENTS / "typescript/dist/examples/follow.js"],
        "java": ["java", "-XX:+UseSerialGC", "-Xmx256m", "-cp", ":".join(map(str, classes)), "Follow"],
    }


class Example:
    """A running example; its output so far."""

    def __init__(self, test, language, command, log_directory):
        self.test = test
        self.language = language
        self.lines = []
        self.complaints = open(pathlib.Path(log_directory) / f"{language}.log", "w+", encoding="utf-8")
        environment = dict(os.environ, PYTHONPATH=str(CLIENTS / "python/src"))
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.complaints, text=True, env=environment)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        test.addCleanup(self.close)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def changes(self):
        return [match.groups() for match in map(CHANGE.fullmatch, list(self.lines)) if match]

    def line(self, beginning):
        """The last line that begins so, or None."""
        return next((line for line in reversed(list(self.lines)) if line.startswith(beginning)), None)

    def said(self):
        self.complaints.seek(0)
        return self.complaints.read()[-2000:]

    def wait_until_changes(self, count):
        def changed():
            if self.process.poll() is not None:
                self.test.fail(f"{self.language} ended with {self.process.returncode}: {self.said()}")
            return len(self.changes()) > count or (False, (self.lines[-3:], self.said()[-300:]))

        wait_until(f"{self.language} to see more than {count} changes", changed, 90)

    def finish(self):
        try:
            self.process.wait(90)
        except subprocess.TimeoutExpired:
            self.test.fail(f"{self.language} did not end; {self.lines[-3:]}, {self.said()}")
        self.reader.join(10)
        self.test.assertEqual(self.process.returncode, 0, f"{self.language}: {self.said()}")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.reader.join(10)
        self.process.stdout.close()
        self.complaints.close()


class Clients(unittest.TestCase):
    maxDiff = 2000

    def test_examples(self):
        seed = random_seed(self)
        words = commands()
        system = System(self)
        system.start()
        system.start_replay(generator(RECORDS, seed, events_per_minute=6_000), RECORDS_PER_SECOND)
        wait_until("rows", lambda: int((system.query_status() or {}).get("rows", 0)), 60, system.any_ended)
        # The first rows are there before all that is written has been read.
        system.stack.wait_healthy("query")
        # In the first hour of event time only the drain makes windows final, and all of them at once.
        end = "2018-12-01T00:05:00Z"
        examples = [
            Example(self, language,
                    [*command, "--query", system.stack.address("query"), "--aggregator",
                     system.stack.address("aggregator"), "--commit-interval-ms", str(20 + number),
                     "--until", end], system.directory)
            for number, (language, command) in enumerate(words.items())]
        for example in examples:
            example.wait_until_changes(0)
        generation = int(self.pipeline(system)["generation"])
        self.assertEqual({example.line("settings: generation ") is not None for example in examples}, {True})
        self.assertGreaterEqual(generation, len(examples))

        for stop in (system.stop_service, system.kill9):
            stop("query")
            system.restart("query")
            before = [len(example.changes()) for example in examples]
            for example, count in zip(examples, before):
                example.wait_until_changes(count)

        system.rpc["producer"].call(PRODUCER + "StopReplay")
        system.drain()
        for example in examples:
            example.finish()

        rows = self.results(system)
        expected = f"total: {len(rows)} rows, {sum(int(row['accepted']) for row in rows)} records"
        for example in examples:
            with self.subTest(example.language):
                self.assertEqual(example.line("total: "), expected)
                # Nobody had to list anew, and no row came twice at the same version.
                self.assertEqual(sum(line.startswith("listed: ") for line in example.lines), 1)
                self.assertTrue(example.line("busiest: "))
                self.check_versions(example)

    def check_versions(self, example):
        last = {}
        for start, partition, offset, count, group in example.changes():
            key = (start, group)
            self.assertGreater(int(offset), last.get(key, -1), f"{key} {partition}:{offset} {count}")
            last[key] = int(offset)

    def results(self, system):
        rows, token = [], ""
        while True:
            page = system.rpc["query"].call(
                QUERY + "ListResults", {"parent": VIEW, "page_size": 5000, "page_token": token})
            rows += page["results"]
            token = page["next_page_token"]
            if not token:
                return rows

    def pipeline(self, system):
        return system.rpc["aggregator"].call(PIPELINES + "GetPipeline", {"name": PIPELINE})["pipeline"]


if __name__ == "__main__":
    unittest.main()
