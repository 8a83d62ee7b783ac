"""The group's offsets are lost while everything stands: that is an error, never a fresh start, and a
command writes them back from the log."""

import subprocess
import unittest

from dev.broker import java_command, kafka_jars
from tests.e2e.system import PIPELINE, PIPELINE_ID, ROOT, System, generator, random_seed
from tests.e2e.verdict import assert_ledgers, assert_rows
from tests.e2e.waiting import wait_until

GROUP = "windrow." + PIPELINE_ID
RESTORE_OFFSETS = ROOT / "bazel-bin/services/aggregator/restore_offsets"
RECORDS = 20_000
FAIL_SECONDS = 60


class LostOffsets(unittest.TestCase):
    maxDiff = 2000

    def test_are_an_error_until_restored(self):
        seed = random_seed(self)
        system = System(self)
        system.start()
        system.start_replay(generator(RECORDS, seed))
        system.finish_replay()
        system.drain()

        self.assertEqual(self.restore(system, code=0), "no offset is missing\n")
        system.stop_service("aggregator")
        self.delete_group(system)
        system.restart("aggregator")
        self.wait_for_data_loss(system)
        self.assertIn("stop every replica", self.restore(system, code=2))
        system.stop_service("aggregator")

        restored = self.restore(system, code=0)
        # Those of partials are there again if the worker has merged them anew meanwhile.
        sources = [line for line in restored.splitlines() if ".partials-" not in line]
        self.assertEqual(sources, [f"calls-{p} {RECORDS // 4}" for p in range(4)])
        self.assertEqual(self.restore(system, code=0), "no offset is missing\n")
        system.restart("aggregator")
        system.start_replay(generator(RECORDS, seed + 1))
        system.finish_replay()
        system.drain()

        expected = system.recount()
        self.assertEqual(expected.summary()["read"], 2 * RECORDS)
        assert_rows(self, system, expected)
        assert_ledgers(self, system, expected)

    def restore(self, system, code):
        done = subprocess.run(
            [RESTORE_OFFSETS, f"--kafka={system.broker.address}", f"--pipeline={PIPELINE_ID}"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def delete_group(self, system):
        classpath = ":".join(str(jar) for jar in kafka_jars())
        done = subprocess.run(
            [java_command(), "-cp", classpath,
             "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
             "--bootstrap-server", system.broker.address, "--group", GROUP, "--delete"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("successful", done.stdout)

    def wait_for_data_loss(self, system):
        def failed():
            workers = (system.progress() or {}).get("workers", [])
            return any(
                worker["state"] == "STATE_FAILED" and "lost" in worker.get("error", "")
                for worker in (worker["status"] for worker in workers)
            ) or (False, workers)

        wait_until("the worker to say that offsets were lost", failed, FAIL_SECONDS,
                   system.any_ended)
        self.assertEqual(system.progress()["name"], PIPELINE)


if __name__ == "__main__":
    unittest.main()
