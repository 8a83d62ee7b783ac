"""ExplainPipeline names the partition that holds windows back, why, and which windows."""

import json
import unittest

from tests.e2e.second_replica import SecondReplica, wait_until_shared, workers
from tests.e2e.system import PIPELINE, PIPELINE_ID, PIPELINES, SOURCE_TOPIC, System
from tests.e2e.waiting import wait_until

SECONDS = 60
BACKLOG = 2000


def call(time):
    return json.dumps({"call_date_time": f"2018-12-31T{time}", "original_crime_type_name": "x",
                       "disposition": "ADM"}).encode()


class Explain(unittest.TestCase):
    maxDiff = 4000

    def explanation(self):
        return self.system.rpc["aggregator"].call(
            PIPELINES + "ExplainPipeline", {"name": PIPELINE})["explanation"]

    def wait_for(self, what, condition):
        def there():
            explanation = self.explanation()
            return condition(explanation) and explanation or (False, explanation)

        return wait_until(what, there, SECONDS, self.system.any_ended)

    def test_a_limited_partition(self):
        self.system = System(self)
        self.system.start(services=("aggregator",), partitions=2)
        self.system.reconfigure({"records_per_second_per_partition": 5})
        # Watermarks are an hour behind: at 9:00 in one partition, at 10:30 in the other one, which
        # does not go further ahead of it, since that has been heard of before.
        self.system.kafka.produce(SOURCE_TOPIC, 1, [call("10:00:00")] * BACKLOG)
        self.system.kafka.produce(
            SOURCE_TOPIC, 0, [call("10:00:00"), call("11:30:00"), call("13:00:00")])

        def limited(explanation):
            holds = [hold for hold in explanation.get("holding_partitions", [])
                     if "leading_watermark_time" in hold]
            return ([(hold["cause"], hold["leading_watermark_time"]) for hold in holds]
                    == [("CAUSE_LIMITED", "2018-12-31T10:30:00Z")])

        explanation = self.wait_for("the limited partition to be named", limited)
        hold = explanation["holding_partitions"][0]
        self.assertEqual(hold["partition"], 1)
        self.assertEqual(hold["watermark_time"], "2018-12-31T09:00:00Z")
        self.assertGreater(int(hold["lag_records"]), BACKLOG // 2)
        self.assertEqual(explanation["closed_through_time"], "2018-12-31T09:00:00Z")
        # Those of 10:00; those of 11:30 wait for time itself.
        self.assertEqual(
            [(view["view"], int(view["count"]), view["oldest_end_time"], view["newest_end_time"])
             for view in explanation["blocked_windows"]],
            [(view, 2, "2018-12-31T10:05:00Z", "2018-12-31T10:10:00Z")
             for view in ("calls-by-type", "calls-by-disposition")])
        self.assertIn("partition 1 is held back by the rate limit", explanation["summary"])

        # It goes on: since when stays, the time of the report does not.
        later = self.wait_for(
            "a later report", lambda now: limited(now)
            and now["report_time"] > explanation["report_time"])
        self.assertEqual(later["holding_partitions"][0]["since_time"], hold["since_time"])
        self.assertLess(hold["since_time"], later["report_time"])
        text = self.system.cli("pipelines", "explain", PIPELINE_ID).stdout
        for words in ("limited", "calls-by-type", "2018-12-31 09:00", "2018-12-31 10:10"):
            self.assertIn(words, text)

        # Without a limit both come to their ends, and the idle policy closes what is left.
        self.system.cli("settings", "set", "--rate", "0")
        explanation = self.wait_for(
            "nothing to be held back",
            lambda now: not now.get("holding_partitions") and not now.get("blocked_windows")
            and now.get("closed_through_time", "") >= "2018-12-31T13:00:00Z")
        print("         " + explanation["summary"], flush=True)

    def test_a_partition_of_another_replica(self):
        self.system = System(self)
        self.system.start(services=("aggregator",), partitions=2)
        self.system.reconfigure({"records_per_second_per_partition": 5})
        second = SecondReplica(self.system)
        second.start()
        known = wait_until_shared(self.system, second.rpc, partitions=2)
        owner = {source["position"].get("source_partition", 0): name
                 for name, one in known.items()
                 for worker in workers(one) for source in worker["sources"]}
        self.assertEqual(len(set(owner.values())), 2, owner)
        self.system.kafka.produce(
            SOURCE_TOPIC, 0, [call("10:00:00"), call("11:30:00"), call("13:00:00")])
        self.system.kafka.produce(SOURCE_TOPIC, 1, [call("10:00:00")] * BACKLOG)

        def asked(rpc):
            def named():
                explanation = rpc.call(
                    PIPELINES + "ExplainPipeline", {"name": PIPELINE})["explanation"]
                holds = [(hold.get("partition", 0), hold["cause"], hold.get("replica"))
                         for hold in explanation.get("holding_partitions", [])
                         if "leading_watermark_time" in hold]
                return (holds == [(1, "CAUSE_LIMITED", owner[1])]
                        and explanation or (False, explanation))

            return wait_until("the limited partition to be named with its replica", named, SECONDS,
                              self.system.any_ended)

        for rpc in (self.system.rpc["aggregator"], second.rpc):
            explanation = asked(rpc)
            self.assertGreater(int(explanation["holding_partitions"][0]["lag_records"]),
                               BACKLOG // 2)
            self.assertIn("limit by " + owner[1], explanation["summary"])
        text = self.system.cli("pipelines", "explain", PIPELINE_ID).stdout
        self.assertIn(owner[1], text)

    def test_no_such_pipeline(self):
        self.system = System(self)
        self.system.start(services=("aggregator",), partitions=1)
        done = self.system.cli("pipelines", "explain", "none", check=False)
        self.assertEqual(done.returncode, 69)  # NOT_FOUND
        self.assertIn("there is no pipeline", done.stderr)


if __name__ == "__main__":
    unittest.main()
