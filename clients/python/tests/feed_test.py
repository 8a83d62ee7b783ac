"""A feed goes on after what passes, and raises what does not."""

import unittest

import grpc
from fake_query import Failure, FakeQuery, changes, close, row

from windrow import Client, error_info, values_of
from windrow import feed as feed_module
from windrow.query.v1 import query_service_pb2 as pb

CODE = grpc.StatusCode
VIEW = "pipelines/p/views/v"


class FeedTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(setattr, feed_module, "_FIRST_PAUSE_SECONDS", feed_module._FIRST_PAUSE_SECONDS)
        feed_module._FIRST_PAUSE_SECONDS = 0.001

    def follow(self, lists, feeds, **options):
        """The updates of a feed, each as (kind, counts of its rows); self.fake is the service."""
        self.fake = FakeQuery(lists, feeds)
        self.addCleanup(self.fake.stop)
        client = Client(query=self.fake.address)
        self.addCleanup(client.close)
        return [(update.kind, [values_of(result)["count"] for result in update.results])
                for update in client.follow(VIEW, **options)]

    def test_lists_all_pages_then_goes_on_from_the_first_ones_token(self):
        updates = self.follow(
            [("t0", [[row("a", 1)], [row("b", 2)]])],
            [[pb.SubscribeResponse(resume_token="t1", confirmation=pb.Confirmation()),
              changes("t2", row("a", 3)), close("t3", "END_REACHED")]])
        self.assertEqual(updates, [("snapshot", [1, 2]), ("changes", [3])])
        self.assertEqual(self.fake.tokens, ["t0"])

    def test_comes_back_with_the_last_token(self):
        updates = self.follow(
            [("t0", [[]])],
            [[changes("t1", row("a", 1)), close("t2", "DRAINING")],
             [changes("t3", row("a", 2)), Failure(CODE.UNAVAILABLE, "DRAINING")],
             [Failure(CODE.RESOURCE_EXHAUSTED, "TOO_MANY_SUBSCRIBERS")],
             [changes("t4", row("a", 3))],  # An end without a word.
             [close("t5", "END_REACHED")]])
        self.assertEqual(updates, [("snapshot", []), ("changes", [1]), ("changes", [2]), ("changes", [3])])
        self.assertEqual(self.fake.tokens, ["t0", "t2", "t3", "t3", "t4"])

    def test_who_was_too_slow_goes_on_from_where_it_is_told(self):
        self.follow([], [[Failure(CODE.RESOURCE_EXHAUSTED, "TOO_SLOW", resume_token="t7")],
                         [close("t8", "END_REACHED")]], resume_token="t0")
        self.assertEqual(self.fake.tokens, ["t0", "t7"])

    def test_lists_anew_when_the_token_is_of_no_use(self):
        for code in (CODE.OUT_OF_RANGE, CODE.FAILED_PRECONDITION, CODE.ABORTED):
            with self.subTest(code):
                updates = self.follow(
                    [Failure(CODE.UNAVAILABLE, "CATCHING_UP"), ("n0", [[row("a", 5)]])],
                    [[Failure(code, "X")], [close("n1", "END_REACHED")]], resume_token="old")
                self.assertEqual(updates, [("snapshot", [5])])
                self.assertEqual(self.fake.tokens, ["old", "n0"])

    def test_raises_what_does_not_pass(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.follow([Failure(CODE.NOT_FOUND, "VIEW_NOT_FOUND")], [])
        self.assertEqual(error_info(caught.exception).reason, "VIEW_NOT_FOUND")

    def test_final_rows_of_a_filter(self):
        self.follow([("t0", [[]])], [[close("t1", "END_REACHED")]], filter='type = "a"', final_only=True)
        listed, subscribed = self.fake.requests
        self.assertEqual(listed.filter, '(type = "a") AND final = true')
        self.assertEqual((subscribed.filter, subscribed.final_only), ('type = "a"', True))


if __name__ == "__main__":
    unittest.main()
