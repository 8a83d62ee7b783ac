"""Replicas know each other: who is alive, what they read, and who has applied a change."""

import base64
import datetime
import json
import time
import unittest

from tests.e2e.second_replica import SecondReplica, replicas, wait_until_shared, workers
from tests.e2e.system import (PIPELINE, PIPELINES, RADIO_CODES, System, generator,
                              random_seed)
from tests.e2e.verdict import assert_rows
from tests.e2e.waiting import wait_until

RECORDS = 20_000
# The promise, and what it may take on a busy machine.
PAUSE_SECONDS = 1.0
APPLY_SECONDS = 2.0
DEAD_SECONDS = 5.0
# Of a heartbeat, and of a machine that is busy with other things.
SLACK_SECONDS = 2.5
TABLE = "radio-codes"


def seconds(duration):
    return float(duration.rstrip("s"))


def clock_seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Replicas(unittest.TestCase):
    alone = True  # it measures how soon changes apply

    maxDiff = 4000

    def setUp(self):
        self.seed = random_seed(self)
        self.system = System(self)
        self.system.start()
        self.first = self.system.rpc["aggregator"]
        self.second = SecondReplica(self.system)
        self.second.start()
        for rpc in (self.first, self.second.rpc):  # Each hears of the other by itself.
            wait_until_shared(self.system, rpc)

    def reconfigure(self, rpc, settings):
        return self.change(rpc, "Reconfigure", settings=settings)

    def change(self, rpc, method, **request):
        """Answer of a change, how long it took, and after how long the last replica had applied it,
        by the clock."""
        now, began = time.time(), time.monotonic()
        answer = rpc.call(PIPELINES + method, {"name": PIPELINE, **request})
        took = time.monotonic() - began
        applied = max((clock_seconds(one["apply_time"]) - now
                       for one in answer.get("acknowledgements", [])), default=0)
        return answer, took, applied

    def assert_applied_by_both(self, answer, took, applied, what):
        acknowledgements = answer.get("acknowledgements", [])
        pauses = {one["replica"]: one["pause"] for one in acknowledgements}
        print(f"         {what}: applied after {applied:.2f} s, answered after {took:.2f} s, "
              f"pauses {pauses}", flush=True)
        self.assertEqual(sorted(pauses), ["aggregator-0", "aggregator-1"], answer)
        self.assertFalse(answer.get("missing_replicas"), answer)
        generation = int(answer["pipeline"]["generation"])
        for one in acknowledgements:
            self.assertGreaterEqual(int(one["generation"]), generation)
        self.assertLess(applied, APPLY_SECONDS, what)
        return {name: seconds(pause) for name, pause in pauses.items()}

    def test_changes_reach_both_at_once(self):
        self.system.start_replay(generator(RECORDS, self.seed), records_per_second=4000)
        self.system.wait_until_processing()
        for rpc, parallelism in ((self.first, 4), (self.second.rpc, 2), (self.first, 1)):
            changed = self.reconfigure(rpc, {"parallelism": parallelism})
            pauses = self.assert_applied_by_both(*changed, f"parallelism {parallelism}")
            for name, pause in pauses.items():
                self.assertGreater(pause, 0, f"{name} has read on while partitions moved")
                self.assertLess(pause, PAUSE_SECONDS, name)
            wait_until_shared(self.system, self.second.rpc, running=2 * parallelism)
        changed = self.reconfigure(self.second.rpc, {"records_per_second_per_partition": 5000})
        pauses = self.assert_applied_by_both(*changed, "a rate")
        self.assertEqual(set(pauses.values()), {0.0}, "nothing was given up for a rate")

        self.system.finish_replay()
        self.system.drain()
        expected = self.system.recount()
        self.assertEqual(expected.summary()["read"], RECORDS)
        assert_rows(self, self.system, expected)

    def codes(self, more):
        """UpdateTable's fields for the shipped rows and one that no call has."""
        rows = json.loads(RADIO_CODES.read_text(encoding="utf-8"))
        rows.append({**rows[0], "disposition_code": "none-has-it", "description": more})
        return {"table": TABLE, "format": "FORMAT_JSON",
                "content": base64.b64encode(json.dumps(rows).encode()).decode()}

    def check_pause_and_table(self):
        paused = self.change(self.second.rpc, "PausePipeline")
        self.assert_applied_by_both(*paused, "a pause")
        # What is so already is no change, and yet it is said who knows.
        again = self.change(self.first, "PausePipeline")
        self.assert_applied_by_both(*again, "a pause again")
        self.assertEqual(again[0]["pipeline"], paused[0]["pipeline"])
        said = json.loads(self.system.cli("pipelines", "resume").stdout)
        self.assertEqual((said["paused"], said["applied_by"], said["missing"]),
                         (False, ["aggregator-0", "aggregator-1"], []))
        resumed = self.change(self.first, "ResumePipeline")
        self.assert_applied_by_both(*resumed, "going on")
        changed = self.change(self.second.rpc, "UpdateTable", **self.codes("once"))
        self.assert_applied_by_both(*changed, "a table")
        # Only checked: nobody is asked.
        checked, took, _ = self.change(self.first, "UpdateTable", validate_only=True,
                                       **self.codes("checked"))
        self.assertEqual((checked["acknowledgements"], checked["missing_replicas"]), ([], []))

    def test_workers_are_listed_and_the_dead_named(self):
        self.system.start_replay(generator(RECORDS, self.seed), records_per_second=1000)
        self.system.wait_until_processing()

        def busy():
            known = replicas(self.second.rpc)
            rates = [worker.get("processed_rows_per_second", 0)
                     for one in known.values() for worker in workers(one)]
            return all(rate > 0 for rate in rates) and known or (False, rates)

        known = wait_until("both to count", busy, 20, self.system.any_ended)
        for name, one in known.items():
            self.assertTrue(one["alive"])
            self.assertGreater(seconds(one["uptime"]), 0)
            self.assertGreater(int(one["status"]["resident_bytes"]), 1_000_000)
            self.assertGreater(one["status"]["cpu_load"], 0, name)
            self.assertTrue(one["status"]["version"])
            (worker,) = workers(one)
            self.assertEqual(len(worker["sources"]), 2)
            self.assertIn("start_time", worker)
        progress = self.first.call(PIPELINES + "GetProgress", {"name": PIPELINE})["progress"]
        self.assertEqual(sorted(worker["replica"] for worker in progress["workers"]),
                         ["aggregator-0", "aggregator-1"])
        own = self.first.call(
            PIPELINES + "GetProgress", {"name": PIPELINE, "replica": "-"})["progress"]
        self.assertEqual(own["replica"], "aggregator-0")
        self.assertEqual(len(own["workers"]), 1)
        text = self.system.cli("workers").stdout
        print("         " + text.replace("\n", "\n         "), flush=True)
        for words in ("aggregator-0", "aggregator-1", "running", "RECORDS/S", "sf-calls"):
            self.assertIn(words, text)

        killed = time.monotonic()
        self.system.kill9(self.second.name)
        wait_until("the dead one to be named",
                   lambda: not replicas(self.first)[self.second.name].get("alive"),
                   DEAD_SECONDS + 10, self.system.any_ended)
        took = time.monotonic() - killed
        print(f"         named dead after {took:.1f} s", flush=True)
        self.assertGreater(took, DEAD_SECONDS - 1.5, "a heartbeat that is late is no death")
        self.assertLess(took, DEAD_SECONDS + SLACK_SECONDS)
        wait_until_shared(self.system, self.first, count=1, running=1)
        # Who stops in order is gone at once.
        self.second.start()
        wait_until_shared(self.system, self.first)
        self.system.stop_service(self.second.name)
        wait_until("the stopped one to be gone",
                   lambda: self.second.name not in replicas(self.first), 2, self.system.any_ended)

    def assert_first_alone(self, answer):
        self.assertEqual([one["replica"] for one in answer.get("acknowledgements", [])],
                         ["aggregator-0"], answer)
        self.assertEqual(answer["missing_replicas"], ["aggregator-1"])

    def wait_until_second_knows(self, generation):
        def caught_up():
            status = replicas(self.first)[self.second.name]
            now = int(status["status"]["pipelines"][0].get("generation", 0))
            return now >= int(generation) or (False, status)

        wait_until("the other to apply it", caught_up, 15, self.system.any_ended)

    def test_a_pause_and_a_table_and_who_does_not_answer(self):
        self.check_pause_and_table()
        for method, request in (
                ("Reconfigure", {"settings": {"records_per_second_per_partition": 77}}),
                ("PausePipeline", {}), ("ResumePipeline", {}), ("UpdateTable", self.codes("twice"))):
            with self.subTest(method):
                self.second.freeze()
                try:
                    answer, took, _ = self.change(self.first, method, **request)
                finally:
                    self.second.thaw()
                self.assert_first_alone(answer)
                self.assertGreater(took, 1.5)
                self.assertLess(took, 2 + SLACK_SECONDS)
                # Who is silent for longer is dead, and not waited for.
                self.wait_until_second_knows(answer["pipeline"]["generation"])
        self.second.freeze()
        try:
            said = self.system.cli("settings", "set", "--rate", "78")
        finally:
            self.second.thaw()
        self.assertEqual(said.stderr.strip(), "applied by aggregator-0; not yet by aggregator-1")


if __name__ == "__main__":
    unittest.main()
