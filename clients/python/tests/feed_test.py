"""A feed goes on after what passes, and raises what does not. The other languages' tests have the same cases."""

import threading
import unittest

import grpc
from fake_services import SILENCE, Failure, FakeQuery, changes, close, row

from windrow import Client, error_info, values_of
from windrow.pauses import FIRST_SECONDS, Pauses
from windrow.query.v1 import query_service_pb2 as pb

CODE = grpc.StatusCode
VIEW = "pipelines/p/views/v"
END = close("end", "END_REACHED")


class FeedTest(unittest.TestCase):
    def begin(self, lists=(), feeds=(), **options):
        """A feed of a service with this script, which is self.fake."""
        self.fake = FakeQuery(lists, feeds)
        self.addCleanup(self.fake.stop)
        self.client = Client(query=self.fake.address)
        self.addCleanup(self.client.close)
        feed = self.client.follow(VIEW, **options)
        self.addCleanup(feed.close)
        return feed

    def follow(self, lists=(), feeds=(), **options):
        """The updates of a feed, each as (kind, counts of its rows)."""
        return [(update.kind, [values_of(result)["count"] for result in update.results])
                for update in self.begin(lists, feeds, **options)]

    def test_lists_all_pages_then_goes_on_from_the_first_ones_token(self):
        updates = self.follow(
            [("t0", [[row("a", 1)], [row("b", 2)]])],
            [[pb.SubscribeResponse(resume_token="t1", confirmation=pb.Confirmation()),
              changes("t2", row("a", 3)), END]])
        self.assertEqual(updates, [("snapshot", [1, 2]), ("changes", [3])])
        self.assertEqual(self.fake.tokens, ["t0"])

    def test_comes_back_with_the_last_token(self):
        updates = self.follow(
            [("t0", [[]])],
            [[changes("t1", row("a", 1)), close("t2", "DRAINING")],
             [changes("t3", row("a", 2)), Failure(CODE.UNAVAILABLE, "DRAINING")],
             [Failure(CODE.RESOURCE_EXHAUSTED, "TOO_MANY_SUBSCRIBERS")],
             [Failure(CODE.CANCELLED, "RESET_BY_A_PROXY")],
             [changes("t4", row("a", 3))],  # An end without a word.
             [END]])
        self.assertEqual(updates, [("snapshot", []), ("changes", [1]), ("changes", [2]), ("changes", [3])])
        self.assertEqual(self.fake.tokens, ["t0", "t2", "t3", "t3", "t3", "t4"])

    def test_comes_back_when_the_service_does(self):
        feed = self.begin([], [[changes("t1", row("a", 1)), SILENCE]], resume_token="t0")
        self.assertEqual(next(feed).kind, "changes")
        self.fake.stop()
        again = FakeQuery([], [[changes("t2", row("a", 2)), END]], address=self.fake.address)
        self.addCleanup(again.stop)
        self.assertEqual([update.resume_token for update in feed], ["t2"])
        self.assertEqual(again.tokens, ["t1"])

    def test_who_was_too_slow_goes_on_from_where_it_is_told(self):
        self.follow([], [[Failure(CODE.RESOURCE_EXHAUSTED, "TOO_SLOW", resume_token="t7")], [END]],
                    resume_token="t0")
        self.assertEqual(self.fake.tokens, ["t0", "t7"])

    def test_lists_anew_when_the_token_is_of_no_use(self):
        for code in (CODE.OUT_OF_RANGE, CODE.FAILED_PRECONDITION, CODE.ABORTED):
            with self.subTest(code):
                updates = self.follow(
                    [Failure(CODE.UNAVAILABLE, "CATCHING_UP"), ("n0", [[row("a", 5)]])],
                    [[Failure(code, "X")], [END]], resume_token="old")
                self.assertEqual(updates, [("snapshot", [5])])
                self.assertEqual(self.fake.tokens, ["old", "n0"])

    def test_tells_what_is_no_row(self):
        quiet = pb.SubscribeResponse(resume_token="t2", heartbeat=pb.Heartbeat())
        quiet.closed_through_time.FromSeconds(600)
        feed = self.begin([], [[pb.SubscribeResponse(resume_token="t1", caught_up=pb.CaughtUp()), quiet,
                                changes("t3", retracted=[row("a", 1)]), END]], resume_token="t0")
        caught_up, heartbeat, changed = feed
        self.assertEqual((caught_up.kind, caught_up.resume_token), ("caught_up", "t1"))
        self.assertIsNone(caught_up.closed_through_time)
        self.assertEqual((heartbeat.kind, heartbeat.resume_token), ("heartbeat", "t2"))
        self.assertEqual(heartbeat.closed_through_time.seconds, 600)
        self.assertEqual((len(changed.results), len(changed.retracted)), (0, 1))

    def test_pauses_begin_anew_after_a_message(self):
        broken = [Failure(CODE.UNAVAILABLE, "X")]
        feed = self.begin([], [broken, broken, broken, [changes("t1", row("a", 1)), END]], resume_token="t0")
        next(feed)
        self.assertLessEqual(feed._pauses.next(), FIRST_SECONDS)

    def test_raises_what_does_not_pass(self):
        for code in (CODE.INVALID_ARGUMENT, CODE.PERMISSION_DENIED, CODE.NOT_FOUND):
            for script in ({"lists": [Failure(code, "X")]},
                           {"lists": [("t0", [[]])], "feeds": [[Failure(code, "X")]]}):
                with self.subTest(code, script=list(script)):
                    feed = self.begin(**script)
                    with self.assertRaises(grpc.RpcError) as caught:
                        for _ in feed:
                            pass
                    self.assertEqual((caught.exception.code(), error_info(caught.exception).reason), (code, "X"))
                    self.assertEqual(len(self.fake.requests), len(script))  # Once, and not again.

    def test_final_rows_of_a_filter(self):
        self.follow([("t0", [[]])], [[END]], filter='type = "a"', final_only=True)
        listed, subscribed = self.fake.requests
        self.assertEqual(listed.filter, '(type = "a") AND final = true')
        self.assertEqual((subscribed.filter, subscribed.final_only), ('type = "a"', True))

    def test_close_ends_one_that_waits_for_a_message(self):
        for script in ({"lists": [SILENCE]}, {"lists": [("t0", [[]])], "feeds": [[SILENCE]]}):
            with self.subTest(list(script)):
                feed = self.begin(**script)
                reader = threading.Thread(target=list, args=(feed,))
                reader.start()
                self.assertTrue(self.fake.silent.wait(30))
                feed.close()
                reader.join(30)
                self.assertFalse(reader.is_alive())
                self.assertTrue(self.fake.left.wait(30))

    def test_close_ends_one_that_pauses(self):
        feed = self.begin([], [[Failure(CODE.UNAVAILABLE, "X")]], resume_token="t0")
        feed._pauses = Pauses(first=600, longest=600)
        reader = threading.Thread(target=list, args=(feed,))
        with self.assertLogs("windrow.feed", "INFO"):
            reader.start()
            while not self.fake.tokens:
                reader.join(0.01)
            feed.close()
            reader.join(30)
        self.assertFalse(reader.is_alive())

    def test_close_of_the_client_ends_its_feeds(self):
        feed = self.begin([], [[SILENCE]], resume_token="t0")
        reader = threading.Thread(target=list, args=(feed,))
        reader.start()
        self.assertTrue(self.fake.silent.wait(30))
        self.client.close()
        reader.join(30)
        self.assertFalse(reader.is_alive())

    def test_who_leaves_the_loop_leaves_the_service(self):
        with self.begin([], [[changes("t1", row("a", 1)), SILENCE]], resume_token="t0") as feed:
            for _ in feed:
                break
        self.assertTrue(self.fake.left.wait(30))


if __name__ == "__main__":
    unittest.main()
