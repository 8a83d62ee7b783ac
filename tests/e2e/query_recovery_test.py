"""The query service is killed, and its store lost, while results come in: nothing is missing."""

import random
import shutil
import unittest

from tests.e2e.system import System, generator, random_seed
from tests.e2e.verdict import assert_ledgers, assert_rows

RECORDS = 60_000
KILLS = 4


class QueryRecovery(unittest.TestCase):
    maxDiff = 2000

    def test_kills_and_a_lost_store(self):
        seed = random_seed(self)
        chance = random.Random(seed)
        system = System(self)
        system.start()
        system.start_replay(generator(RECORDS, seed, max_disorder_seconds=600),
                            records_per_second=3_000)
        sent = 0
        for kill in range(KILLS):
            sent += chance.randrange(2_000, 8_000)
            system.wait_until_sent(sent)
            system.kill9("query")
            lost = kill % 2 == 1
            if lost:
                shutil.rmtree(system.store_directory)
            print(f"         killed at {sent} records{', store lost' if lost else ''}", flush=True)
            system.restart("query")
        system.set_pace(None)
        system.finish_replay()
        system.drain()

        expected = system.recount()
        assert_rows(self, system, expected)
        assert_ledgers(self, system, expected)
        before = system.export()
        # A last time when all is quiet: the store alone, then Kafka alone, give the same rows.
        for lost in (False, True):
            system.kill9("query")
            if lost:
                shutil.rmtree(system.store_directory)
            system.restart("query")
            self.assertEqual(system.export(), before)


if __name__ == "__main__":
    unittest.main()
