"""Feeds that are cut off at any moment and come back to any replica, while services are killed: no
version comes twice, and nothing is missing.

The readers are services/query/feed_check, which reads the results topic itself in the end. The long
form, a few minutes: WINDROW_RESUME_RECONNECTS=1000 ./test --e2e resume_test
"""

import json
import os
import random
import subprocess
import unittest

from tests.e2e.second_query import SecondQuery
from tests.e2e.system import PROGRESS_SECONDS, ROOT, System, generator, random_seed
from tests.e2e.waiting import wait_until

FEED_CHECK = ROOT / "bazel-bin/services/query/feed_check/feed_check"
RECONNECTS = int(os.environ.get("WINDROW_RESUME_RECONNECTS") or 150)
# Generated calls begin on 2018-12-01T00:00:00Z, one a second; the range ends two hours later.
RANGE_END = 1543622400 + 7200
CHAINS = (
    "calls-by-type",
    "calls-by-type:final",
    "calls-by-type:listed",
    "calls-by-type:original_crime_type_name:T",
    "calls-by-type:original_crime_type_name:T:final",
    "calls-by-type:original_crime_type_name:A:listed",
    "calls-by-disposition:final:listed",
    f"calls-by-disposition:disposition:A:before={RANGE_END}",
)
RECORDS_PER_SECOND = 2_000
RECORDS = max(20_000, RECONNECTS * 100)
CHECK_SECONDS = 180


class Resume(unittest.TestCase):
    def test_reconnects_to_two_replicas_while_services_are_killed(self):
        seed = random_seed(self)
        chance = random.Random(seed)
        system = System(self)
        system.start()
        second = SecondQuery(system)
        second.start()
        second.wait_until_serving()
        system.start_replay(generator(RECORDS, seed, max_disorder_seconds=600),
                            records_per_second=RECORDS_PER_SECOND)
        wait_until("the first rows", lambda: self.has_rows(system), PROGRESS_SECONDS)
        check = self.start_check(system, second, seed)
        kills = self.kill_until_sent(system, second, chance)
        system.finish_replay()
        system.drain()

        said, trouble = check.communicate("\n", timeout=CHECK_SECONDS)
        self.assertEqual(check.returncode, 0, trouble)
        counts = json.loads(said)
        print(f"         {counts}, kills {kills}", flush=True)
        self.assertGreaterEqual(counts["reconnects"], RECONNECTS)
        # Every chain was compared with the rows of the topic that it asked for.
        self.assertGreater(counts["compared"], 1_000)
        self.assertGreater(counts["rows"], 1_000)
        self.assertTrue(all(kills.values()), kills)

    def has_rows(self, system):
        status = system.query_status()
        return (status is not None and int(status["rows"]) > 0) or (False, status)

    def start_check(self, system, second, seed):
        query = f"{system.stack.address('query')},{second.address}"
        check = subprocess.Popen(
            [FEED_CHECK, f"--kafka={system.broker.address}", f"--query={query}",
             f"--chains={','.join(CHAINS)}", f"--reconnects={RECONNECTS}", f"--seed={seed}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(check.communicate)
        self.addCleanup(check.kill)
        return check

    def kill_until_sent(self, system, second, chance):
        """Kills, and now and then ends in order, one service after the other; returns how often."""
        kills = {"query": 0, "query-1": 0, "aggregator": 0}
        sent = int(system.replay()["records_acknowledged"])
        # However late the first rows came: each service is killed.
        while sent < RECORDS * 0.9 or not all(kills.values()):
            sent += chance.randrange(1_000, 4_000)
            system.wait_until_sent(min(sent, RECORDS))
            # Each in turn, so that a short run kills all of them.
            name = min(kills, key=lambda one: (kills[one], chance.random()))
            kills[name] += 1
            if name != "aggregator" and chance.random() < 0.3:
                system.stop_service(name)
            else:
                system.kill9(name)
            if name == second.name:
                second.start()
                second.wait_until_serving()
            else:
                system.restart(name)
        return kills


if __name__ == "__main__":
    unittest.main()
