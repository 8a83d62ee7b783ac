"""`query --retention`: old windows go by the pipeline's own time, tokens that missed them are refused,
and a restart changes nothing; without it, all comes back from Kafka."""

import shutil
import unittest

from tests.e2e.grpcurl import CALL_SECONDS, RpcError
from tests.e2e.comparison import assert_same
from tests.e2e.system import PIPELINE, QUERY, System, VIEWS, generator, radio_codes, random_seed
from tests.e2e.verdict import all_windows
from tests.e2e.waiting import wait_until
from tests.recount import recount

RETENTION_US = 2 * 3600 * recount.SECOND_US
# The disk may lag by that: a pass is begun when the horizon has moved so far.
PASS_US = RETENTION_US // 64
VIEW = f"{PIPELINE}/views/{VIEWS[0]}"
EXPIRE_SECONDS = 30


class Retention(unittest.TestCase):
    maxDiff = 2000

    def test_old_windows_go(self):
        self.seed = random_seed(self)
        self.system = System(self)
        self.system.start(services=("producer", "aggregator"))
        self.start_query("--retention=2h")
        self.replay("2018-12-01T00:00:00Z", minutes=30)
        first = self.list_token()
        self.replay("2018-12-01T00:30:00Z", minutes=30)
        self.assertEqual(self.gone(), 0)
        self.check_rows()

        self.replay("2018-12-01T04:00:00Z", minutes=60)
        self.check_rows()
        after_first = self.gone()
        self.assertEqual(self.earliest_window(), "2018-12-01T03:55:00Z", "the first hour is gone")
        self.check_disk()
        self.assert_refused(first)
        second = self.list_token()

        # Now the horizon is inside the second hour.
        self.replay("2018-12-01T05:30:00Z", minutes=60)
        self.check_rows()
        self.assertGreater(self.gone(), after_first)
        self.check_history()
        self.check_feed(second)
        self.check_disk()

        before = self.system.export()
        for end in (self.system.stop_service, self.system.kill9):
            end("query")
            self.start_query("--retention=2h")
            self.assertEqual(self.system.export(), before)
            self.check_disk()
            self.assert_refused(first)
        # What is gone does not come back by itself, but Kafka has it.
        self.system.stop_service("query")
        self.start_query()
        self.assertEqual(self.system.export(), before)
        self.system.stop_service("query")
        shutil.rmtree(self.system.store_directory)
        self.start_query()
        self.assert_same_rows(self.recounted(0))

    def start_query(self, *flags):
        self.system.stack.start_service("query", [*self.system.service_arguments("query"), *flags])
        self.system.wait_until_serving("query")

    def replay(self, start, minutes):
        """Ten records a minute of event time; then everything is closed."""
        self.seed += 1
        self.system.replay_all(
            generator(10 * minutes, self.seed, events_per_minute=10, start_time=start))
        self.system.drain()
        self.expected = self.system.recount()

    def closed_us(self):
        return recount.parse_time_us(self.system.query_status()["closed_through_time"])

    def recounted(self, horizon_us):
        """View to the rows of windows that end behind the horizon."""
        return {
            view: [row for row in self.expected.rows(view, radio_codes())
                   if recount.parse_time_us(row["window_end"]) > horizon_us]
            for view in VIEWS
        }

    def kept(self):
        return self.recounted(self.closed_us() - RETENTION_US)

    def gone(self):
        """Number of rows that are kept no more."""
        count = {name: sum(map(len, rows.values()))
                 for name, rows in (("all", self.recounted(0)), ("kept", self.kept()))}
        return count["all"] - count["kept"]

    def assert_same_rows(self, expected):
        rows = self.system.export()
        for view in VIEWS:
            assert_same(self, expected[view], rows[view], view)

    def check_rows(self):
        self.assert_same_rows(self.kept())

    def earliest_window(self):
        return all_windows(self.system, VIEWS[0])[0]["start_time"]

    def call(self, method, **request):
        return self.system.rpc["query"].call(QUERY + method, {"parent": VIEW, **request})

    def list_token(self):
        """The token to go on with from all that a list shows now."""
        return self.call("ListResults", page_size=1)["resume_token"]

    def assert_refused(self, token):
        """The token is from before the last changes of rows that are gone."""
        with self.assertRaises(RpcError) as raised:
            self.call("Subscribe", resume_token=token)
        self.assertEqual(raised.exception.code, "OUT_OF_RANGE")
        self.assertEqual(raised.exception.error_info()["reason"], "TOKEN_EXPIRED")

    def check_history(self):
        """Every list leaves out the same windows."""
        starts = sorted({row["window_start"] for row in self.kept()[VIEWS[0]]})
        windows = [window["start_time"] for window in all_windows(self.system, VIEWS[0])]
        self.assertEqual(windows, starts)
        totals = self.call("ListTotals", page_size=1000)["totals"]
        self.assertEqual([total["window_start_time"] for total in totals], starts)
        series = self.call("ListSeries", page_size=1000)["series"]
        points = {point["window_start_time"] for one in series for point in one["points"]}
        self.assertEqual(sorted(points), starts)
        with self.assertRaises(RpcError) as raised:
            self.system.rpc["query"].call(
                QUERY + "GetWindow", {"name": VIEW + "/windows/2018-12-01T00:30:00Z"})
        self.assertEqual(raised.exception.error_info()["reason"], "WINDOW_NOT_FOUND")

    def feed_rows(self, **start):
        """Window and group of the rows that a feed sends until it has caught up."""
        rows = []
        with self.system.rpc["query"].stream(
                QUERY + "Subscribe", {"parent": VIEW, **start}, seconds=60) as feed:
            while "caught_up" not in (message := feed.next(CALL_SECONDS)):
                rows += message.get("changes", {}).get("results", [])
        return sorted((row["window_start_time"], row["group"][0]["string_value"]) for row in rows)

    def check_feed(self, token):
        """A feed from the beginning sends what is kept; a token that missed nothing goes on."""
        kept = sorted((row["window_start"], row["original_crime_type_name"])
                      for row in self.kept()[VIEWS[0]])
        self.assertEqual(self.feed_rows(from_beginning=True), kept)
        third_hour = [row for row in kept if row[0] >= "2018-12-01T05:25"]
        self.assertEqual(self.feed_rows(resume_token=token), third_hour)

    def check_disk(self):
        """The rows of windows that are gone are taken off the disk."""
        least = sum(map(len, self.kept().values()))
        most = sum(map(len, self.recounted(self.closed_us() - RETENTION_US - PASS_US).values()))

        def removed():
            rows = int(self.system.query_status()["rows"])
            return least <= rows <= most or (False, f"{rows} rows, {least} to {most} wanted")

        wait_until("old rows to be removed", removed, EXPIRE_SECONDS, self.system.any_ended)


if __name__ == "__main__":
    unittest.main()
