"""The rows that come out are those of a recount, row by row: undisturbed, and through crashes."""

import random
import subprocess
import unittest

from tests.e2e.system import SOURCE_PARTITIONS, VIEWS, System, binary, generator, random_seed
from tests.e2e.verdict import (assert_dead_letters, assert_ledgers, assert_no_fault, assert_rows)
from tests.recount import recount

KILLS = 5


def generated_file(system, *arguments):
    """What the generator writes when it is run by itself."""
    done = subprocess.run(
        [binary("generate_calls"), *arguments], capture_output=True, timeout=120, check=True
    )
    (system.directory / "generated.ndjson").write_bytes(done.stdout)
    return done.stdout


class ExactlyOnce(unittest.TestCase):
    maxDiff = 2000

    def test_sample_in_order(self):
        seed = random_seed(self)
        system = System(self)
        system.start()
        system.replay_all(generator(60_000, seed))
        system.drain()

        expected = system.recount()
        self.assertEqual(expected.summary()["late"], {view: 0 for view in VIEWS})
        assert_rows(self, system, expected)
        assert_ledgers(self, system, expected)
        assert_no_fault(self, system)

        # The same again from the generator's own output: the producer lost and moved nothing.
        data = generated_file(system, "--records=60000", f"--seed={seed}")
        log = recount.read_dataset(data, "file", SOURCE_PARTITIONS)
        self.assertEqual(
            [(r.partition, r.offset, r.value) for r in sorted(log)],
            [(r.partition, r.offset, r.value) for r in sorted(system.kafka.records("calls"))],
        )

    def test_disorder_late_and_broken_records(self):
        seed = random_seed(self)
        system = System(self)
        system.start()
        system.replay_all(
            generator(60_000, seed, max_disorder_seconds=5_400, late_fraction=0.02, broken_records=300)
        )
        system.drain()

        expected = system.recount()
        self.assertGreater(expected.summary()["late_everywhere"][VIEWS[0]], 100)
        self.assertEqual(expected.summary()["dead_lettered"], 300)
        assert_rows(self, system, expected)
        assert_ledgers(self, system, expected)
        assert_dead_letters(self, system, expected)

    def disturb(self, system, seed):
        """Kills the aggregator and changes its parallelism, in a random order, while it works."""
        chance = random.Random(seed)
        steps = ["kill"] * KILLS + ["parallelism"] * 2
        chance.shuffle(steps)
        parallelism = iter((3, 2))
        sent = 0
        for step in steps:
            sent += chance.randrange(500, 6_000)
            system.wait_until_sent(sent)
            # Some strike while it still starts or restores.
            if chance.random() < 0.6:
                system.wait_until_processing()
            replay = system.replay()
            self.assertEqual(replay["state"], "STATE_RUNNING", "the replay was over too early")
            print(f"         {step} at {replay['records_acknowledged']} records", flush=True)
            if step == "kill":
                system.kill9("aggregator")
                system.start_service("aggregator")
            else:
                workers = next(parallelism)
                system.reconfigure({"parallelism": workers})
            sent = int(replay["records_acknowledged"])
        system.set_pace(None)

    def run_disturbed(self, **more):
        seed = random_seed(self)
        system = System(self)
        system.start()
        # 17 hours of events: ledgers keep the windows of a day apart, older ones together.
        system.start_replay(generator(120_000, seed, events_per_minute=120, **more),
                            records_per_second=2_000)
        self.disturb(system, seed)
        system.finish_replay()
        system.drain()

        expected = system.recount()
        self.assertEqual(expected.summary()["read"], 120_000)
        assert_rows(self, system, expected)
        assert_ledgers(self, system, expected)
        assert_dead_letters(self, system, expected)
        assert_no_fault(self, system)
        progress = system.progress()
        self.assertEqual(len(progress["workers"]), 2, "parallelism after 1 -> 3 -> 2")

    def test_kills_and_parallelism(self):
        self.run_disturbed()

    def test_kills_and_parallelism_with_disorder_late_and_broken_records(self):
        self.run_disturbed(max_disorder_seconds=5_400, late_fraction=0.02, broken_records=300)


if __name__ == "__main__":
    unittest.main()
