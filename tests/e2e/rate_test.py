"""A limit set by RPC holds, at once, whatever the machine could do."""

import time
import unittest

from tests.e2e.system import SOURCE_PARTITIONS, System, generator, random_seed
from tests.e2e.verdict import assert_rows
from tests.e2e.waiting import wait_until

RECORDS = 90_000
# A bucket holds a quarter of a second's worth, and a report is as old as the last commit.
TOLERANCE = 0.05
# The promise of the design; reading the report takes its own time.
EFFECT_SECONDS = 1.0
MEASURED_SECONDS = 10.0


class Rate(unittest.TestCase):
    alone = True  # it measures rates

    def read(self, system):
        """Records of each source partition that are committed, and when that was."""
        progress = system.progress()
        self.assertIsNotNone(progress, "the aggregator does not answer")
        ends = {}
        for worker in progress["workers"]:
            for source in worker["status"]["sources"]:
                position = source["position"]
                ends[position["source_partition"]] = int(position["end_offset"])
        return time.monotonic(), ends

    def measure(self, system, limit):
        """Records per second of each partition, over a while."""
        def moved(ends):
            return lambda: (lambda now: now[1] != ends and now)(self.read(system))

        # From one change of the report to another: then its age is the same at both ends.
        begin, begin_ends = wait_until("records to pass", moved(self.read(system)[1]), 20)
        wait_until("the time of the measurement",
                   lambda: time.monotonic() - begin >= MEASURED_SECONDS, MEASURED_SECONDS + 5)
        end, end_ends = wait_until("records to pass", moved(self.read(system)[1]), 20)
        self.assertEqual(len(end_ends), SOURCE_PARTITIONS)
        rates = {p: (end_ends[p] - begin_ends[p]) / (end - begin) for p in sorted(end_ends)}
        print(f"         limit {limit}/s: "
              + ", ".join(f"{rate:.0f}" for rate in rates.values()), flush=True)
        for partition, rate in rates.items():
            self.assertLessEqual(rate, limit * (1 + TOLERANCE), f"partition {partition}")
            self.assertGreaterEqual(rate, limit * (1 - TOLERANCE), f"partition {partition}")

    def test_limits_per_partition(self):
        seed = random_seed(self)
        system = System(self)
        system.start()
        system.reconfigure({"records_per_second_per_partition": 200})
        system.replay_all(generator(RECORDS, seed))

        self.measure(system, 200)
        system.reconfigure({"records_per_second_per_partition": 800})
        changed = time.monotonic()
        wait_until("the time in which a change takes effect",
                   lambda: time.monotonic() - changed >= EFFECT_SECONDS, 5)
        self.measure(system, 800)
        _, ends = self.read(system)
        self.assertLess(sum(ends.values()), RECORDS, "everything was read before it was measured")
        system.reconfigure({"records_per_second_per_partition": 200, "parallelism": 2})
        changed = time.monotonic()
        wait_until("the time in which a change takes effect",
                   lambda: time.monotonic() - changed >= EFFECT_SECONDS, 5)
        self.measure(system, 200)

        system.cli("settings", "set", "--rate", "0")  # No limit.
        system.drain()
        expected = system.recount()
        self.assertEqual(expected.summary()["read"], RECORDS)
        assert_rows(self, system, expected)


if __name__ == "__main__":
    unittest.main()
