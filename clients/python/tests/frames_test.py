"""Frames and plots have what the service sent."""

import time
import unittest

import matplotlib

matplotlib.use("Agg")

import grpc
import pandas
from fake_services import FakeQuery, changes, close, row

from windrow import Client, frames
from windrow.query.v1 import query_service_pb2 as pb

VIEW = "pipelines/p/views/v"


class FramesTest(unittest.TestCase):
    def client(self, lists=(), feeds=()):
        fake = FakeQuery(lists, feeds)
        self.addCleanup(fake.stop)
        client = Client(query=fake.address)
        self.addCleanup(client.close)
        self.fake = fake
        return client

    def test_results(self):
        client = self.client([("t", [[row("a", 1), row("b", 2)], [row("a", 3, window=1)]])])
        frame = frames.results(client, VIEW)
        self.assertEqual(list(frame.columns), ["window_start", "window_end", "type", "count", "final",
                                               "revision", "accepted"])
        self.assertEqual(list(frame["count"]), [1, 2, 3])
        self.assertEqual(frame["window_start"].iloc[2], pandas.Timestamp("2018-12-01T00:10:00Z"))
        self.assertEqual(frame.groupby("type")["count"].sum().to_dict(), {"a": 4, "b": 2})

    def test_series(self):
        client = self.client()
        for group, counts in (("a", {0: 1, 1: 3}), ("b", {1: 2})):
            one = pb.Series(group=row(group, 0).group)
            for window, count in counts.items():
                point = row(group, count, window)
                one.points.add(window_start_time=point.window_start_time, values=point.values)
            self.fake.series.append(one)
        frame = frames.series(client, VIEW, "count")
        self.assertEqual(list(frame.columns), ["a", "b"])
        self.assertEqual(frame["a"].tolist(), [1, 3])
        self.assertTrue(pandas.isna(frame["b"].iloc[0]))
        self.assertEqual(frame["b"].iloc[1], 2)
        self.assertEqual(frame.index.name, "window_start")

    def test_live_plot(self):
        client = self.client(
            [("t0", [[row("a", 1), row("b", 2), row("c", 9)]])],
            [[changes("t1", row("a", 5), row("a", 7, window=1), retracted=[row("c", 9)]),
              close("t2", "END_REACHED")]])
        plot = frames.LivePlot(client, VIEW, "count", top=2)
        self.addCleanup(plot.close)
        plot.run(seconds=60, interval=0.01)  # Ends with the feed.
        lines = {line.get_label(): [y for y in line.get_ydata() if y == y] for line in plot.axes.get_lines()}
        self.assertEqual(lines, {"a": [5, 7], "b": [2]})
        self.assertEqual(plot.axes.get_ylabel(), "count")

    def test_a_plot_tells_an_error_of_its_feed(self):
        plot = frames.LivePlot(self.client([]), VIEW, "count")
        self.addCleanup(plot.close)
        with self.assertRaises(grpc.RpcError):
            plot.run(seconds=60, interval=0.01)

    def test_an_error_of_the_feed_is_told(self):
        client = self.client([])  # A list that nobody wrote: UNKNOWN.
        with frames.LiveTable(client, VIEW) as table:
            deadline = time.monotonic() + 20
            with self.assertRaises(grpc.RpcError):
                while time.monotonic() < deadline:
                    table.frame()
                    time.sleep(0.01)


if __name__ == "__main__":
    unittest.main()
