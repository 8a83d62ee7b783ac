"""A pipeline's life while two replicas run it and records come in: both move on, or both let go."""

import time
import unittest

from tests.e2e.comparison import assert_same
from tests.e2e.group_members import group_members
from tests.e2e.lifecycle_test import NEW_VIEW, NEW_VIEW_TEXT, TOPICS, LifecycleSystem
from tests.e2e.rpc_test import all_results
from tests.e2e.second_replica import SecondReplica, replicas, wait_until_shared
from tests.e2e.system import (PIPELINE, PIPELINE_ID, PIPELINES, PROGRESS_SECONDS, PRODUCER, VIEWS,
                              generator, random_seed)
from tests.e2e.verdict import assert_rows
from tests.e2e.waiting import wait_until
from tests.recount import recount

RATE = 500
# More than a test takes; it is stopped then.
RECORDS = 10_000_000
# Replicas look for what to delete every 5 s; who is not heard of for 5 s is dead.
REMOVED_SECONDS = 60
STAYS_AWAY_SECONDS = 7


class LifecycleReplicas(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        seed = random_seed(self)
        self.system = LifecycleSystem(self)
        self.system.start()
        self.first = self.system.rpc["aggregator"]
        self.second = SecondReplica(self.system)
        self.second.start()
        self.both = {"aggregator": self.first, self.second.name: self.second.rpc}
        self.system.cli("pipelines", "create", self.system.write("first"))
        wait_until_shared(self.system, self.first)
        self.system.start_replay(generator(RECORDS, seed), records_per_second=RATE)
        self.system.wait_until_sent(2 * RATE)

    def incarnations(self):
        """By replica: the incarnations that it has workers for, and the partitions that they read."""
        known = {}
        for name, one in replicas(self.second.rpc).items():
            known[name] = {
                status["incarnation"]: sorted(
                    source["position"].get("source_partition", 0)
                    for worker in status.get("workers", []) for source in worker.get("sources", []))
                for status in one["status"].get("pipelines", [])}
        return known

    def wait_until_both_run(self, number):
        def run():
            known = self.incarnations()
            done = (sorted(known) == ["aggregator-0", "aggregator-1"]
                    and all(list(one) == [number] and one[number] for one in known.values())
                    and sorted(sum((one[number] for one in known.values()), [])) == [0, 1, 2, 3])
            return done or (False, known)

        wait_until(f"both replicas to share incarnation {number}, and nothing else", run,
                   PROGRESS_SECONDS, self.system.any_ended)

    def assert_sending(self):
        self.assertEqual(self.system.replay()["state"], "STATE_RUNNING")

    def test_both_switch_over(self):
        system = self.system
        system.cli("pipelines", "apply", system.write("second", NEW_VIEW_TEXT))
        system.wait_until_served(2)
        system.wait_for_views((*VIEWS, NEW_VIEW))
        self.wait_until_both_run(2)
        self.assert_sending()
        # Once more, asked of the other, and with another number of workers.
        self.second.rpc.call(PIPELINES + "Reconfigure", {
            "name": PIPELINE, "settings": {"parallelism": 2}})
        restarted = self.second.rpc.call(PIPELINES + "RestartPipeline", {
            "name": PIPELINE, "start": {"earliest": True}})["pipeline"]
        self.assertEqual((restarted["served"]["number"], restarted["next"]["number"]), (2, 3))
        system.wait_until_served(3)
        self.wait_until_both_run(3)
        self.assert_sending()
        sent = int(system.replay()["records_acknowledged"])
        system.wait_until_sent(sent + RATE)
        system.rpc["producer"].call(PRODUCER + "StopReplay")
        system.drain()
        expected = system.recount()
        rows = {view: all_results(system, view)[0] for view in VIEWS}
        assert_rows(self, system, expected, rows)
        hours = system.recount_of(lambda record: True, recount.Settings(size=3_600, slide=3_600))
        assert_same(self, hours.rows(VIEWS[0], {}), all_results(system, NEW_VIEW)[0], NEW_VIEW)
        self.assert_topics_gone(1, ("partials", "snapshots"))
        self.assert_topics_gone(2, ("partials", "snapshots"))

    def topics(self, number, names=TOPICS):
        """Those that exist."""
        prefix = PIPELINE_ID if number == 1 else f"{PIPELINE_ID}.v{number}"
        return [f"{prefix}.{name}" for name in names
                if self.system.kafka.partitions(f"{prefix}.{name}")]

    def assert_topics_gone(self, number, names=TOPICS):
        wait_until("its topics to be deleted",
                   lambda: not self.topics(number, names) or (False, self.topics(number, names)),
                   REMOVED_SECONDS, self.system.any_ended)

    def assert_stay_away(self, number):
        """Nobody makes them again, and nobody ends of it."""
        began = time.monotonic()
        wait_until("the topics to stay away",
                   lambda: time.monotonic() - began > STAYS_AWAY_SECONDS, STAYS_AWAY_SECONDS + 5,
                   lambda: self.system.any_ended() or self.topics(number))
        self.assert_sending()

    def wait_until_none_runs(self):
        wait_until("both replicas to let go",
                   lambda: (lambda known: len(known) == 2 and not any(known.values())
                            or (False, known))(self.incarnations()), 30, self.system.any_ended)

    def delete(self, rpc):
        rpc.call(PIPELINES + "DeletePipeline", {"name": PIPELINE, "delete_topics": True})

    def test_both_let_go(self):
        system = self.system
        self.delete(self.second.rpc)
        self.wait_until_none_runs()
        self.assert_topics_gone(1)
        self.assertEqual(group_members(system.broker, f"windrow.{PIPELINE_ID}"), ("Dead", {}))
        self.assert_stay_away(1)
        system.wait_for_views([])

        # A replica that hears of it too late finds its topics gone.
        system.cli("pipelines", "create", system.write("first"))
        self.wait_until_both_run(2)
        system.wait_for_views(VIEWS)
        self.second.freeze()
        try:
            self.delete(self.first)
            self.assert_topics_gone(2)
        finally:
            self.second.thaw()
        self.wait_until_none_runs()
        self.assert_stay_away(2)

        # And both are there for the next one.
        system.rpc["producer"].call(PRODUCER + "StopReplay")
        system.cli("pipelines", "create", system.write("first"))
        self.wait_until_both_run(3)
        system.wait_for_views(VIEWS)
        system.drain()
        assert_rows(self, system, system.recount(),
                    {view: all_results(system, view)[0] for view in VIEWS})


if __name__ == "__main__":
    unittest.main()
