"""`windrow tune` measures settings on the running system, and leaves it as it was."""

import json
import signal
import subprocess
import unittest

from tests.e2e.system import PIPELINE, PIPELINES, System, generator, random_seed
from tests.e2e.verdict import assert_rows
from tests.e2e.waiting import wait_until

RECORDS = 200_000
INPUT_PER_SECOND = 2000
# Over four partitions a fifth of the input.
LIMIT = 100


class Tune(unittest.TestCase):
    alone = True  # it measures

    maxDiff = 4000

    def settings(self, system):
        resource = system.rpc["aggregator"].call(
            PIPELINES + "GetPipeline", {"name": PIPELINE})["pipeline"]
        return resource["pipeline"]["settings"]

    def test_measures_and_restores(self):
        seed = random_seed(self)
        system = System(self)
        system.start()
        before = self.settings(system)
        system.start_replay(generator(RECORDS, seed), INPUT_PER_SECOND)
        wait_until("a commit",
                   lambda: (system.progress() or {}).get("commits", "0") != "0", 60,
                   system.any_ended)
        self.assert_spark(system)

        done = system.cli("tune", "--parallelism", "1,2", "--rate", f"none,{LIMIT}",
                          "--settle", "2s", "--measure", "3s", "-o", "json")
        report = json.loads(done.stdout)
        trials = {trial["name"]: trial for trial in report["trials"]}
        self.assertEqual(
            set(trials), {"as it is", "parallelism 2", f"rate per partition {LIMIT}"})
        limited = trials[f"rate per partition {LIMIT}"]
        self.assertFalse(limited["keeps_up"])
        self.assertLess(limited["processed_rows_per_second"], 4 * LIMIT * 1.2)
        self.assertGreater(limited["lag_records_after"], limited["lag_records_before"])
        for name in ("as it is", "parallelism 2"):
            trial = trials[name]
            self.assertGreater(trial["processed_rows_per_second"], INPUT_PER_SECOND / 2, name)
            self.assertGreater(trial["latency_p99_ms"], 0)
            self.assertGreaterEqual(trial["latency_p99_ms"], trial["latency_p50_ms"])
            self.assertGreater(trial["cpu_load"], 0)
            self.assertGreater(trial["resident_bytes"], 1_000_000)
        self.assertNotEqual(report["recommendation"]["trial"], limited["name"])
        print("         " + report["recommendation"]["reason"], flush=True)
        self.assertEqual(self.settings(system), before)

        self.interrupt(system)
        self.assertEqual(self.settings(system), before)

        system.rpc["producer"].call("windrow.producer.v1.ProducerService/StopReplay")
        system.drain()
        assert_rows(self, system, system.recount())

        done = system.cli("tune", "--parallelism", "1", "--settle", "1s", "--measure", "2s")
        self.assertIn("No advice: there was no input", done.stdout)

    def interrupt(self, system):
        """Ctrl-C in the middle of a trial."""
        process = subprocess.Popen(
            system.stack.windrow_command("tune", "--rate", str(LIMIT), "--settle", "2s"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            wait_until(
                "the trial to begin",
                lambda: self.settings(system).get("records_per_second_per_partition")
                == str(LIMIT), 60, system.any_ended)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
            process.wait()
        self.assertEqual(process.returncode, 130)
        self.assertIn("interrupted", errors)

    def assert_spark(self, system):
        """What a reader of Spark's progress looks for."""
        progress = json.loads(system.cli("progress", "-o", "spark").stdout)
        self.assertEqual(progress["name"], PIPELINE)
        for field in ("id", "runId", "timestamp", "batchId", "numInputRows", "inputRowsPerSecond",
                      "processedRowsPerSecond", "durationMs", "eventTime", "stateOperators",
                      "sources", "sink"):
            self.assertIn(field, progress)
        self.assertGreater(progress["batchId"], 0)
        source = progress["sources"][0]
        self.assertEqual(set(source["endOffset"]["calls"]), {"0", "1", "2", "3"})
        for partition, end in source["endOffset"]["calls"].items():
            self.assertLessEqual(end, source["latestOffset"]["calls"][partition])


if __name__ == "__main__":
    unittest.main()
