"""A pipeline's life by calls: created while data flows, changed, begun anew, deleted; and over crashes.

Whatever happens, what is served in the end is the recount of what the incarnation has read.
"""

import json
import time
import unittest

from tests.e2e.comparison import assert_same
from tests.e2e.grpcurl import RpcError
from tests.e2e.rpc_test import all_results
from tests.e2e.system import (PIPELINE, PIPELINE_FILE, PIPELINE_ID, PIPELINES, PRODUCER,
                              PROGRESS_SECONDS, QUERY, RADIO_CODES, SOURCE_TOPIC, VIEWS, System,
                              generator, random_seed)
from tests.e2e.verdict import assert_rows
from tests.e2e.waiting import wait_until
from tests.recount import recount

RECORDS = 24_000
NEW_VIEW = "calls-by-hour"
NEW_VIEW_TEXT = """
views {
  id: "calls-by-hour"
  window { tumbling { size { seconds: 3600 } } }
  group_by: "original_crime_type_name"
  aggregates { name: "count" count {} }
}
"""
BACKFILL_RATE = 3_000
TOPICS = ("partials", "snapshots", "results", "dead-letter")


class LifecycleSystem(System):
    """Its aggregator starts without any pipeline, its query service serves whatever there is."""

    def service_arguments(self, name):
        if name == "aggregator":
            return ["--replica=aggregator-0"]
        return super().service_arguments(name)

    def call(self, method, request):
        return self.rpc["aggregator"].call(PIPELINES + method, request)

    def write(self, name, more=""):
        """The shipped pipeline file, and more text; its table's path is absolute."""
        text = PIPELINE_FILE.read_text(encoding="utf-8").replace("../radio_codes.json",
                                                                 str(RADIO_CODES))
        path = self.directory / f"{name}.textproto"
        path.write_text(text + more, encoding="utf-8")
        return str(path)

    def pipeline(self):
        return self.call("GetPipeline", {"name": PIPELINE})["pipeline"]

    def views(self):
        answer = self.rpc["query"].call_ok(QUERY + "ListViews", {}) or {}
        return [view["name"].split("/")[-1] for view in answer.get("views", [])]

    def wait_for_views(self, views):
        wait_until(f"the views {views}", lambda: sorted(self.views()) == sorted(views) or
                   (False, self.views()), PROGRESS_SECONDS, self.any_ended)

    def wait_until_served(self, number):
        """Until the pipeline's incarnation is served: by its own account, and by the query service."""
        def served():
            pipeline = self.rpc["aggregator"].call_ok(PIPELINES + "GetPipeline", {"name": PIPELINE})
            now = pipeline and pipeline["pipeline"]
            return (now is not None and now["served"]["number"] == number and now.get("next") is None
                    ) or (False, now and (now["served"], now.get("next")))

        wait_until(f"incarnation {number} to be served", served, PROGRESS_SECONDS, self.any_ended)
        wait_until(f"the query service to serve incarnation {number}",
                   lambda: self.has_logged("query", "incarnation served", number),
                   PROGRESS_SECONDS, self.any_ended)

    def has_logged(self, service, event, incarnation):
        for line in self.log_lines(service):
            if line.get("event") == event and line.get("incarnation") == incarnation:
                return True
        return False

    def log_lines(self, service):
        text = (self.directory / "logs" / f"{service}.log").read_text(encoding="utf-8")
        lines = []
        for line in text.splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                pass
        return lines

    def recount_of(self, wanted, settings=None):
        """The recount of those records of the source topic that `wanted` takes."""
        return recount.recount(
            [recount.LogRecord(r.partition, r.offset, r.timestamp_ms, r.value)
             for r in self.kafka.records(SOURCE_TOPIC) if wanted(r)], settings)


class Lifecycle(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.seed = random_seed(self)
        self.system = LifecycleSystem(self)

    def assert_served(self, expected, views=VIEWS):
        rows = {view: all_results(self.system, view)[0] for view in views}
        assert_rows(self, self.system, expected, rows)

    def test_created_and_updated_while_data_flows(self):
        system = self.system
        system.start()
        self.assertEqual(system.views(), [])
        system.start_replay(generator(RECORDS, self.seed), records_per_second=8_000)
        system.wait_until_sent(2_000)
        first = system.write("first")
        said = system.cli("pipelines", "create", first).stdout
        self.assertIn("pipelines/sf-calls created, generation 1, incarnation 1", said)
        # The query service serves it without having been told.
        system.wait_for_views(VIEWS)
        system.finish_replay()
        system.drain()
        expected = system.recount()
        self.assertEqual(expected.summary()["read"], RECORDS)
        self.assert_served(expected)
        self.check_update(expected)

    def check_update(self, expected):
        """A view is added over a topic that has data."""
        system = self.system
        second = system.write("second", NEW_VIEW_TEXT)
        before = system.pipeline()
        checked = system.cli("pipelines", "apply", second, "--validate-only").stdout
        self.assertIn("changed: views (only checked), generation 2, incarnation 1 -> 2",
                      checked.replace(str(int(before["generation"]) + 1), "2", 1))
        self.assertEqual(system.pipeline(), before)
        token = self.last_token()
        with self.feed() as feed:
            self.assertIn("confirmation", feed.next(20))
            began = time.monotonic()
            system.cli("pipelines", "apply", second, "--backfill-rate", str(BACKFILL_RATE))
            changed = system.pipeline()
            self.assertEqual((changed["served"]["number"], changed["next"]["number"]), (1, 2))
            self.assertEqual(changed["next"]["results_topic"], "sf-calls.v2.results")
            listed = system.cli("pipelines", "list").stdout
            self.assertIn("catching up", listed)
            self.assertIn("1 -> 2", listed)
            # In the middle of it, a crash.
            self.wait_for_backfill(3_000)
            self.assertEqual(sorted(system.views()), sorted(VIEWS))
            self.assert_served(expected)
            system.kill9("aggregator")
            system.restart("aggregator")
            self.assertEqual(sorted(system.views()), sorted(VIEWS))
            system.wait_until_served(2)
            took = time.monotonic() - began
            # The bucket holds a moment's worth when it begins, also after the crash.
            self.assertGreater(took, RECORDS / BACKFILL_RATE * 0.7, "faster than it may be")
            with self.assertRaisesRegex(AssertionError, "RESULTS_REPLACED"):
                while True:
                    feed.next(20)
        system.wait_for_views((*VIEWS, NEW_VIEW))
        with self.assertRaises(RpcError) as raised:
            system.rpc["query"].call_all(
                QUERY + "Subscribe", {"parent": self.parent(), "resume_token": token})
        self.assertEqual(raised.exception.code, "FAILED_PRECONDITION")
        self.assertEqual(raised.exception.error_info()["reason"], "TOKEN_OF_OTHER_INCARNATION")
        system.drain()
        self.assert_served(expected)
        hours = system.recount_of(lambda record: True, recount.Settings(size=3_600, slide=3_600))
        rows, _ = all_results(system, NEW_VIEW)
        assert_same(self, hours.rows(VIEWS[0], {}), rows, NEW_VIEW)
        self.check_topics_of_the_first_are_gone()
        # The same again is no change.
        self.assertIn(" unchanged, ", system.cli("pipelines", "apply", second).stdout)

    def check_topics_of_the_first_are_gone(self):
        kafka = self.system.kafka
        wait_until("the partials of the first incarnation to be deleted",
                   lambda: kafka.partitions("sf-calls.partials") == 0 and
                   kafka.partitions("sf-calls.snapshots") == 0, 60, self.system.any_ended)
        # What users read stays.
        self.assertEqual(kafka.partitions("sf-calls.results"), 4)

    def parent(self):
        return f"{PIPELINE}/views/{VIEWS[0]}"

    def feed(self):
        return self.system.rpc["query"].stream(
            QUERY + "Subscribe", {"parent": self.parent(), "heartbeat_interval": "1s"}, seconds=120)

    def last_token(self):
        return self.system.rpc["query"].call(
            QUERY + "ListResults", {"parent": self.parent(), "page_size": 1})["resume_token"]

    def wait_for_backfill(self, rows):
        """Waits until the next incarnation has written so many rows, and more."""
        def written():
            topic = "sf-calls.v2.results"
            kafka = self.system.kafka
            try:
                ends = kafka.end_offsets(topic) if kafka.partitions(topic) == 4 else {}
            except AssertionError as error:
                # The topic is being created.
                return (False, str(error))
            return sum(ends.values()) >= rows or (False, ends)

        wait_until(f"{rows} rows of the next incarnation", written, PROGRESS_SECONDS,
                   self.system.any_ended)

    def test_begun_anew(self):
        system = self.system
        system.start()
        system.replay_all(generator(6_000, self.seed))
        system.cli("pipelines", "create", system.write("first"))
        system.wait_for_views(VIEWS)
        last = max(record.timestamp_ms for record in system.kafka.records(SOURCE_TOPIC))
        system.replay_all(generator(4_000, self.seed + 1))
        system.drain()
        everything = system.recount()
        self.assert_served(everything)

        # From a time: the records after the first replay.
        moment = last + 1
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment // 1000))
        system.cli("pipelines", "restart", "--from", f"{at}.{moment % 1000:03}Z")
        system.wait_until_served(2)
        system.drain()
        self.assert_served(system.recount_of(lambda record: record.timestamp_ms >= moment))

        # From now on: what comes after the start has been fixed, over a crash.
        ends = system.kafka.end_offsets(SOURCE_TOPIC)
        system.cli("pipelines", "restart", "--from", "latest")
        wait_until("the start to be fixed",
                   lambda: system.has_logged("aggregator", "start fixed", 3), 30, system.any_ended)
        system.kill9("aggregator")
        system.replay_all(generator(3_000, self.seed + 2))
        system.restart("aggregator")
        system.wait_until_served(3)
        system.drain()
        self.assert_served(system.recount_of(lambda record: record.offset >= ends[record.partition]))

        # From the first record that there is.
        system.cli("pipelines", "restart", "--from", "earliest")
        system.wait_until_served(4)
        system.drain()
        self.assert_served(system.recount())

    def test_deleted_and_created_again(self):
        system = self.system
        system.start()
        system.replay_all(generator(5_000, self.seed))
        first = system.write("first")
        system.cli("pipelines", "create", first)
        system.wait_for_views(VIEWS)
        system.drain()
        generation = int(system.pipeline()["generation"])
        system.cli("pipelines", "delete", PIPELINE_ID, "--topics")
        system.wait_for_views([])
        self.assertIsNone(system.query_status())
        self.assertEqual(system.call("ListPipelines", {})["pipelines"], [])
        wait_until("its topics to be deleted",
                   lambda: not any(system.kafka.partitions(f"{PIPELINE_ID}.{name}")
                                   for name in TOPICS), 60, system.any_ended)

        system.replay_all(generator(2_000, self.seed + 1))
        system.cli("pipelines", "create", first)
        again = system.pipeline()
        self.assertEqual(int(again["generation"]), generation + 2)
        self.assertEqual(again["served"]["number"], 2)
        system.wait_for_views(VIEWS)
        system.drain()
        self.assert_served(system.recount())
        # Over restarts of both, too.
        for service in ("aggregator", "query"):
            self.assertEqual(system.stop_service(service)[0], 0)
            system.restart(service)
        self.assert_served(system.recount())
        self.assertEqual(system.pipeline(), again | {
            "generation": system.pipeline()["generation"], "etag": system.pipeline()["etag"],
            "drain_generation": system.pipeline()["drain_generation"]})

    def test_is_audited(self):
        system = self.system
        system.start(services=("producer", "aggregator"))
        system.cli("pipelines", "create", system.write("first"))
        with self.assertRaises(RpcError):
            system.call("DeletePipeline", {"name": PIPELINE, "etag": '"9"', "request_id": "wrong"})
        system.call("DeletePipeline", {"name": PIPELINE, "request_id": "right"})
        calls = [line for line in system.log_lines("aggregator")
                 if line.get("event") == "control call"]
        self.assertEqual([(line["method"], line["outcome"], line["old_generation"],
                           line["new_generation"]) for line in calls],
                         [("CreatePipeline", "accepted", 0, 1), ("DeletePipeline", "refused", 1, 1),
                          ("DeletePipeline", "accepted", 1, 2)])
        for line in calls:
            self.assertEqual(line["pipeline"], PIPELINE)
            self.assertRegex(line["caller"], "127.0.0.1")
        self.assertEqual([line["request_id"] for line in calls[1:]], ["wrong", "right"])

    def test_the_producer_is_audited(self):
        system = self.system
        system.start(services=("producer",))
        system.start_replay(generator(10, seed=1))
        replay = system.finish_replay()
        with self.assertRaises(RpcError):
            system.rpc["producer"].call(PRODUCER + "PauseReplay",
                                        {"etag": '"none"', "request_id": "wrong"})
        calls = [line for line in system.log_lines("producer")
                 if line.get("event") == "control call"]
        self.assertEqual([(line["method"], line["outcome"]) for line in calls],
                         [("StartReplay", "accepted"), ("PauseReplay", "refused")])
        for line in calls:
            self.assertRegex(line["caller"], "127.0.0.1")
        self.assertNotEqual(calls[0]["old_etag"], calls[0]["new_etag"])
        self.assertEqual(calls[1]["old_etag"], calls[1]["new_etag"])
        self.assertIn("records: 10", calls[0]["request"])
        self.assertEqual(calls[1]["request_id"], "wrong")


if __name__ == "__main__":
    unittest.main()
