"""compose.yaml in a container engine, as a user runs it: up, the demo, a death, down, and up again.

Not a part of `./test`, for it wants an engine and the published ports: `./test --compose-up`. What it
starts is a project of its own, which is removed in the end, volumes and all.
"""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

from dev.stack import BINARIES
from tests.e2e.comparison import assert_same
from tests.e2e.kafka_topics import KafkaTopics
from tests.e2e.system import VIEWS, radio_codes, read_export
from tests.e2e.waiting import wait_until
from tests.recount import recount

ROOT = pathlib.Path(__file__).resolve().parents[2]
STATE = pathlib.Path(os.environ.get("WINDROW_STATE_DIR", ROOT / ".run"))
PROJECT = "windrow-test"
SERVICES = ("producer", "aggregator-0", "aggregator-1", "query")
# Where Kafka, and the parts that have one port of this machine, are published.
KAFKA = "127.0.0.1:9092"
RECORDS = 100_000  # of the demo
# Images may have to be built, or pulled.
UP_SECONDS = 1800
STOP_SECONDS = 60


def compose_command():
    """Docker's plugin, or the one that `./test --deploy-checkers` built."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:
        return ["docker", "compose"]
    return [str(STATE / "bin/docker-compose")]


class ComposeUp(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode != 0:
            self.skipTest("no container engine answers: `docker info` says why")
        files = ["compose.yaml", *os.environ.get("WINDROW_COMPOSE_FILES", "").split()]
        self.command = [*compose_command(), "--project-name", PROJECT,
                        *(word for file in files for word in ("--file", file))]
        self.folder = STATE / "test" / "deploy" / "compose_up"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.forget_all()
        self.addCleanup(self.forget_all)

    def compose(self, *words, timeout=120):
        done = subprocess.run([*self.command, *words], cwd=ROOT, capture_output=True, text=True,
                              timeout=timeout, check=False)
        if done.returncode != 0:
            self.fail(f"compose {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def up(self):
        self.compose("up", "--detach", "--wait", timeout=UP_SECONDS)
        found = self.containers()
        self.assertEqual(set(found), {"kafka", "topics", *SERVICES})
        self.assertEqual(found.pop("topics")["ExitCode"], 0)
        self.assertEqual({name: one["Health"] for name, one in found.items()},
                         dict.fromkeys(found, "healthy"))

    def forget_all(self):
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", timeout=STOP_SECONDS * 2)

    def containers(self):
        """What Compose says of each container, by service."""
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        return {one["Service"]: one for one in map(json.loads, lines)}

    def left_over(self, kind):
        words = {"container": ["ps", "--all"], "volume": ["volume", "ls"], "network": ["network", "ls"]}[kind]
        return subprocess.run(["docker", *words, "--quiet", "--filter",
                               f"label=com.docker.compose.project={PROJECT}"],
                              capture_output=True, text=True, check=True).stdout.split()

    def volumes(self):
        """Those without a name, too."""
        return set(subprocess.run(["docker", "volume", "ls", "--quiet"], capture_output=True, text=True,
                                  check=True).stdout.split())

    def windrow(self, *words, timeout=120):
        """The program of this machine, by the ports that are published."""
        done = subprocess.run([BINARIES["windrow"], *words], capture_output=True, text=True,
                              timeout=timeout, check=False)
        if done.returncode != 0:
            self.fail(f"windrow {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def can_set_rate(self, rate):
        done = subprocess.run([BINARIES["windrow"], "producer", "rate", "--rate", str(rate)],
                              capture_output=True, text=True, timeout=30, check=False)
        return done.returncode == 0 or (False, done.stderr)

    def export(self, name):
        self.windrow("results", "export", "--dir", str(self.folder / name))
        return read_export(self.folder / name)

    def test_it_runs(self):
        volumes = self.volumes()
        self.up()
        self.windrow("health")
        self.windrow("--aggregator=127.0.0.1:7012", "health", "aggregator")
        self.assertIn("query", self.compose("run", "--rm", "-T", "cli"))

        self.compose("--profile", "demo", "up", "--detach")
        # It need not last as long as it does for those who watch.
        wait_until("the demo to run", lambda: self.can_set_rate(8000), 60)
        self.compose("kill", "aggregator-1")
        self.compose("start", "aggregator-1")
        self.windrow("producer", "status", "--wait")
        self.windrow("pipelines", "drain", "--wait", "120s", timeout=150)
        before = self.export("before")
        records = [recount.LogRecord(record.partition, record.offset, record.timestamp_ms, record.value)
                   for record in KafkaTopics(KAFKA).records("calls")]
        self.assertEqual(len(records), RECORDS)
        expected = recount.recount(records)
        for view in VIEWS:
            assert_same(self, expected.rows(view, radio_codes()), before[view], view)

        self.compose("stop", timeout=STOP_SECONDS * 2)
        self.assertEqual({name: one["ExitCode"] for name, one in self.containers().items() if name in SERVICES},
                         dict.fromkeys(SERVICES, 0), "ended in order, none was killed")
        self.compose("--profile", "*", "down")
        self.assertEqual(self.left_over("container"), [])
        self.assertEqual(len(self.volumes() - volumes), 2, "kafka and results")
        self.up()
        self.assertEqual(self.export("after"), before)
        # What is left of the demo does not stand in its own way.
        self.compose("--profile", "demo", "up", "--detach")

        self.forget_all()
        for kind in ("container", "volume", "network"):
            self.assertEqual(self.left_over(kind), [], kind)
        self.assertEqual(self.volumes(), volumes)


if __name__ == "__main__":
    unittest.main()
