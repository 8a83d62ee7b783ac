"""The services as grpcurl sees them: reflection, health, results, a feed, and errors that help."""

import collections
import json
import unittest

from tests.e2e.comparison import assert_same
from tests.e2e.grpcurl import RpcError
from tests.e2e.system import (PIPELINE, PIPELINES, PRODUCER, QUERY, SERVICES, System, VIEWS,
                              generator, radio_codes, random_seed)
from tests.recount import recount

SERVICE_NAMES = {
    "producer": "windrow.producer.v1.ProducerService",
    "aggregator": "windrow.aggregator.v1.PipelineService",
    "query": "windrow.query.v1.QueryService",
}
MESSAGE_SECONDS = 20
VIEW = f"{PIPELINE}/views/{VIEWS[0]}"


def value_of(field):
    """The value of a results.v1.Field in grpcurl's JSON."""
    for kind in ("string_value", "double_value", "bool_value"):
        if kind in field:
            return field[kind]
    return int(field["int_value"]) if "int_value" in field else None


def row_of(result):
    """A result as a line of the export."""
    row = {"window_start": result["window_start_time"], "window_end": result["window_end_time"]}
    values = {field["name"]: value_of(field) for field in result["group"] + result["values"]}
    row.update({name: value for name, value in values.items() if name != "count"})
    row.update(count=values["count"], final=result["final"], revision=result["revision"])
    return row


def all_results(system, view, **more):
    rows, token, pages = [], "", 0
    while True:
        page = system.rpc["query"].call(
            QUERY + "ListResults",
            {"parent": f"{PIPELINE}/views/{view}", "page_token": token, "page_size": 700, **more},
        )
        rows += [row_of(result) for result in page["results"]]
        token, pages = page["next_page_token"], pages + 1
        if not token:
            return rows, pages


class Rpc(unittest.TestCase):
    """One system for all: nothing here changes what another test sees, but for more rows."""

    maxDiff = 2000

    def assert_error(self, code, reason, service, method, request, field=None):
        with self.assertRaises(RpcError) as raised:
            self.system.rpc[service].call(method, request)
        error = raised.exception
        self.assertEqual(error.code, code, error)
        info = error.error_info()
        self.assertIsNotNone(info, f"no ErrorInfo in {error.details}")
        if reason is not None:
            self.assertEqual(info["reason"], reason)
        self.assertEqual(info["domain"], f"{service}.windrow")
        if field is not None:
            self.assertIn(field, error.violations(), error.details)

    def test_rpc(self):
        seed = random_seed(self)
        self.system = System(self)
        self.system.start()
        self.system.replay_all(generator(20_000, seed, broken_records=20))
        self.system.drain()
        self.expected = self.system.recount()
        for check in (
            self.check_reflection, self.check_health, self.check_views, self.check_results,
            self.check_ranges, self.check_selection, self.check_series, self.check_totals,
            self.check_feed, self.check_feed_goes_on,
            self.check_errors,
            self.check_etag,
        ):
            with self.subTest(check.__name__):
                check()

    def check_reflection(self):
        for service in SERVICES:
            listed = self.system.rpc[service].run("list").split()
            self.assertIn(SERVICE_NAMES[service], listed)
            self.assertIn("grpc.health.v1.Health", listed)
            described = self.system.rpc[service].run("describe", SERVICE_NAMES[service])
            self.assertIn("rpc ", described)

    def check_health(self):
        for service in SERVICES:
            for name in ("", SERVICE_NAMES[service]):
                answer = self.system.rpc[service].call(
                    "grpc.health.v1.Health/Check", {"service": name})
                self.assertEqual(answer["status"], "SERVING", (service, name))
            with self.assertRaises(RpcError) as raised:
                self.system.rpc[service].call("grpc.health.v1.Health/Check", {"service": "no.such"})
            self.assertEqual(raised.exception.code, "NOT_FOUND")

    def check_views(self):
        views = self.system.rpc["query"].call(QUERY + "ListViews", {"parent": PIPELINE})["views"]
        self.assertEqual([view["name"] for view in views],
                         sorted(f"{PIPELINE}/views/{view}" for view in VIEWS))
        for view in views:
            last = max(row["window_end"] for v in VIEWS for row in self.expected.rows(v, {}))
            self.assertEqual(view["closed_through_time"], last)

    def check_results(self):
        for view in VIEWS:
            rows, pages = all_results(self.system, view)
            assert_same(self, self.expected.rows(view, radio_codes()), rows, view)
            self.assertGreater(pages, 1, "paging was not tried")

    def check_ranges(self):
        rows = self.expected.rows(VIEWS[0], {})
        starts = sorted({row["window_start"] for row in rows})
        begin, end = starts[3], starts[8]
        wanted = [row for row in rows if begin <= row["window_start"] < end]
        found, _ = all_results(self.system, VIEWS[0], start_time=begin, end_time=end)
        assert_same(self, wanted, found, "a range")
        newest = self.system.rpc["query"].call(
            QUERY + "ListWindows", {"parent": VIEW, "newest_first": True, "page_size": 2})
        self.assertEqual([window["start_time"] for window in newest["windows"]],
                         starts[-1:-3:-1])

    def check_selection(self):
        rows = self.expected.rows(VIEWS[0], {})
        name = "original_crime_type_name"
        group = collections.Counter(row[name] for row in rows).most_common(1)[0][0]
        series, _ = all_results(self.system, VIEWS[0], filter=f'{name} = {json.dumps(group)}')
        assert_same(self, [row for row in rows if row[name] == group], series, "a series")
        busiest = max(rows, key=lambda row: row["count"])
        top = self.system.rpc["query"].call(
            QUERY + "ListResults", {"parent": VIEW, "order_by": "count desc", "page_size": 5})
        counts = [int(result["accepted"]) for result in top["results"]]
        self.assertEqual(counts, sorted((row["count"] for row in rows), reverse=True)[:5])
        window = self.system.rpc["query"].call(
            QUERY + "GetWindow", {"name": f"{VIEW}/windows/{busiest['window_start']}"})["window"]
        self.assertEqual(
            int(window["accepted"]),
            sum(r["count"] for r in rows if r["window_start"] == busiest["window_start"]))
        listed = self.system.cli("results", "list", VIEWS[0], "--filter", f"count = {counts[0]}",
                                 "--limit", "0", "-o", "json").stdout.splitlines()
        self.assertEqual(len(listed), sum(row["count"] == counts[0] for row in rows))

    def listed(self, method, field, page_size, **request):
        """All items of a list, and how many pages they took."""
        items, token, pages = [], "", 0
        while True:
            page = self.system.rpc["query"].call(
                QUERY + method,
                {"parent": VIEW, "page_token": token, "page_size": page_size, **request})
            items += page[field]
            token, pages = page["next_page_token"], pages + 1
            if not token:
                return items, pages

    def check_series(self):
        name = "original_crime_type_name"
        expected = collections.defaultdict(dict)
        rows, _ = all_results(self.system, VIEWS[0])
        for row in rows:
            expected[row[name]][row["window_start"]] = row["count"]
        series, pages = self.listed("ListSeries", "series", 7, order_by="count desc")
        self.assertGreater(pages, 1, "paging was not tried")
        found = {value_of(one["group"][0]): {point["window_start_time"]: int(point["accepted"])
                                             for point in one["points"]} for one in series}
        self.assertEqual(len(series), len(found), "a group twice")
        self.assertEqual(found, expected)
        totals = [int(one["totals"][0]["int_value"]) for one in series]
        self.assertEqual(totals, sorted((sum(p.values()) for p in expected.values()), reverse=True))
        self.assert_error("INVALID_ARGUMENT", "INVALID_FIELD", "query", QUERY + "ListSeries",
                          {"parent": VIEW, "order_by": name}, "order_by")

    def check_totals(self):
        rows, _ = all_results(self.system, VIEWS[0])
        for busy in (0, 3):
            sums = collections.defaultdict(int)
            for row in rows:
                if row["count"] > busy:
                    sums[row["window_start"]] += row["count"]
            totals, pages = self.listed("ListTotals", "totals", 5, filter=f"count > {busy}",
                                        newest_first=True)
            self.assertGreater(pages, 1, "paging was not tried")
            found = {one["window_start_time"]: int(one["values"][0]["int_value"]) for one in totals}
            self.assertEqual(list(found), sorted(found, reverse=True))
            self.assertEqual(found, sums)
            self.assertTrue(all(one["final"] for one in totals))
            self.assertEqual([one["accepted"] for one in totals],
                             [one["values"][0]["int_value"] for one in totals])

    def feed(self, **request):
        return self.system.rpc["query"].stream(
            QUERY + "Subscribe",
            {"parent": VIEW, "heartbeat_interval": "0.2s", **request}, seconds=60)

    def read_feed(self, stream, until):
        """Rows by key, and the last token, up to a message that has `until`."""
        rows, versions = {}, {}
        while True:
            message = stream.next(MESSAGE_SECONDS)
            for result in message.get("changes", {}).get("results", []):
                row = row_of(result)
                key = row["window_start"], row["original_crime_type_name"]
                version = int(result["version"]["partition"]), int(result["version"]["offset"])
                self.assertLess(versions.get(key, (version[0], -1)), version,
                                "versions of a row increase")
                rows[key], versions[key] = row, version
            if until in message:
                return rows, message["resume_token"]

    def check_feed(self):
        with self.feed(from_beginning=True) as stream:
            first = stream.next(MESSAGE_SECONDS)
            self.assertIn("confirmation", first)
            self.assertTrue(first["resume_token"])
            rows, token = self.read_feed(stream, "caught_up")
            self.assertIn("heartbeat", stream.next(MESSAGE_SECONDS))
        ordered = sorted(
            rows.values(), key=lambda r: (r["window_start"], r["original_crime_type_name"].encode()))
        assert_same(self, self.expected.rows(VIEWS[0], {}), ordered, "the feed from the beginning")

        with self.feed(resume_token=token) as stream:
            self.assertIn("confirmation", stream.next(MESSAGE_SECONDS))
            rows, self.token = self.read_feed(stream, "heartbeat")
            self.assertEqual(rows, {}, "nothing is sent twice")

    def check_feed_goes_on(self):
        """A reader that was away sees exactly what came meanwhile, and what comes now."""
        before = {(r["window_start"], r["original_crime_type_name"]): r["count"]
                  for r in self.expected.rows(VIEWS[0], {})}
        # Later calls than all so far, while nobody listens.
        self.system.replay_all(generator(2_000, 5, start_time="2018-12-20T00:00:00Z"))
        self.system.drain()
        after = self.system.recount()
        wanted = [
            row for row in after.rows(VIEWS[0], {})
            if before.get((row["window_start"], row["original_crime_type_name"])) != row["count"]
        ]
        with self.feed(resume_token=self.token) as stream:
            rows, _ = self.read_feed(stream, "caught_up")
        ordered = sorted(
            rows.values(), key=lambda r: (r["window_start"], r["original_crime_type_name"].encode()))
        assert_same(self, wanted, ordered, "what came while nobody listened")

    def check_errors(self):
        self.assert_error("NOT_FOUND", "VIEW_NOT_FOUND", "query", QUERY + "ListResults",
                          {"parent": f"{PIPELINE}/views/no-such-view"})
        self.assert_error("NOT_FOUND", "VIEW_NOT_FOUND", "query", QUERY + "Subscribe",
                          {"parent": f"{PIPELINE}/views/no-such-view"})
        self.assert_error("INVALID_ARGUMENT", None, "query", QUERY + "ListResults", {"parent": ""})
        self.assert_error("INVALID_ARGUMENT", "BAD_PAGE_TOKEN", "query", QUERY + "ListResults",
                          {"parent": VIEW, "page_token": "nonsense"})
        self.assert_error("INVALID_ARGUMENT", None, "query", QUERY + "Subscribe",
                          {"parent": VIEW, "resume_token": "nonsense"})
        self.assert_error("INVALID_ARGUMENT", "TOKEN_OF_OTHER_FILTER", "query", QUERY + "Subscribe",
                          {"parent": f"{PIPELINE}/views/{VIEWS[1]}", "resume_token": self.token})
        self.assert_error("NOT_FOUND", "PIPELINE_NOT_FOUND", "aggregator",
                          PIPELINES + "GetPipeline", {"name": "pipelines/no-such"})
        self.assert_error("INVALID_ARGUMENT", None, "aggregator", PIPELINES + "Reconfigure",
                          {"name": PIPELINE, "settings": {"parallelism": 1000}},
                          field="settings.parallelism")
        self.assert_error("FAILED_PRECONDITION", "REPLAY_NOT_ACTIVE", "producer",
                          PRODUCER + "StopReplay", {})
        self.assert_error("INVALID_ARGUMENT", None, "producer", PRODUCER + "StartReplay",
                          {"spec": {"generator": {"records": -1}}}, field="spec.generator.records")
        self.assert_error("NOT_FOUND", None, "producer", PRODUCER + "StartReplay",
                          {"spec": {"dataset": {"path": "/no/such/file"}}})

    def check_etag(self):
        aggregator = self.system.rpc["aggregator"]
        resource = aggregator.call(PIPELINES + "GetPipeline", {"name": PIPELINE})["pipeline"]
        request = {"name": PIPELINE, "settings": {"parallelism": 2}, "etag": resource["etag"],
                   "request_id": "rpc-test-1"}
        changed = aggregator.call(PIPELINES + "Reconfigure", request)["pipeline"]
        self.assertEqual(changed["pipeline"]["settings"]["parallelism"], 2)
        self.assertNotEqual(changed["etag"], resource["etag"])
        self.assertEqual(int(changed["generation"]), int(resource["generation"]) + 1)
        # The same request again has no second effect.
        again = aggregator.call(PIPELINES + "Reconfigure", request)["pipeline"]
        self.assertEqual(again["generation"], changed["generation"])
        self.assert_error("ABORTED", "ETAG_MISMATCH", "aggregator", PIPELINES + "Reconfigure",
                          dict(request, requestId="rpc-test-2", settings={"parallelism": 3}))
        # Only a check: nothing changes.
        aggregator.call(PIPELINES + "Reconfigure",
                        {"name": PIPELINE, "settings": {"parallelism": 3}, "validate_only": True})
        resource = aggregator.call(PIPELINES + "GetPipeline", {"name": PIPELINE})["pipeline"]
        self.assertEqual(resource["generation"], changed["generation"])


class LiveFeed(unittest.TestCase):
    def test_a_subscriber_sees_every_window_become_final(self):
        seed = random_seed(self)
        system = System(self)
        system.start()
        # The query service knows a pipeline once the aggregator has begun to write its results.
        system.replay_all(generator(100, seed, start_time="2018-11-01T00:00:00Z"))
        system.drain()
        final = {}
        with system.rpc["query"].stream(
            QUERY + "Subscribe", {"parent": VIEW, "final_only": True, "heartbeat_interval": "0.5s"},
            seconds=120,
        ) as stream:
            self.assertIn("confirmation", stream.next(MESSAGE_SECONDS))
            system.replay_all(generator(20_000, seed))
            system.drain()
            expected = [row for row in system.recount().rows(VIEWS[0], {})
                        if row["window_start"] > "2018-11-15"]
            while len(final) < len(expected):
                message = stream.next(MESSAGE_SECONDS)
                self.assertNotIn("close", message)
                if "heartbeat" in message and message["closed_through_time"] >= (
                        expected[-1]["window_end"]):
                    break
                for result in message.get("changes", {}).get("results", []):
                    row = row_of(result)
                    self.assertTrue(row["final"], row)
                    final[row["window_start"], row["original_crime_type_name"]] = row
        rows = [final[key] for key in sorted(final, key=lambda k: (k[0], k[1].encode()))]
        assert_same(self, expected, rows, "the feed of final rows")
        self.assertEqual(recount.parse_time_us(rows[0]["window_start"]) % (300 * 10**6), 0)


if __name__ == "__main__":
    unittest.main()
