"""What bench/run makes of its measurements: tables, plots, the figures of record."""

import json
import pathlib
import re
import tempfile
import unittest

from bench import plot, record
from bench.scenarios import (Chart, at_least, at_most, calls, curves, dense, fanout, live,
                             profile)

ROUNDS = [
    {"limit": {"per_second": 1_000, "per_cpu_second": 500, "megabytes": 9},
     "aggregator": {"per_second": one, "per_cpu_second": 400, "megabytes": 100}}
    for one in (800, 900, 850)
]


class Tables(unittest.TestCase):
    def test_shares_are_those_of_each_round(self):
        rounds = [dict(ROUNDS[0], limit=dict(ROUNDS[0]["limit"], per_second=1_600)), ROUNDS[1],
                  ROUNDS[2]]
        self.assertEqual(dense.share_of_limit(rounds, "per_second"), (0.5, 0.85, 0.9))

    def test_what_is_missed_is_said(self):
        lines = {line.what: line for line in dense.lines(ROUNDS)}
        self.assertEqual(
            lines["dense: records per second, share of the bare loop"].verdict(), "reached")
        self.assertEqual(lines["dense: records per CPU-second, share of the bare loop"].verdict(),
                         "missed by 10 points")
        self.assertEqual(lines["dense: records per CPU-second, bare loop"].verdict(), "")

    def test_what_is_missed_is_missed_by_a_share_of_what_is_wanted(self):
        rounds = [{"rate": 80, "memory": 150}]
        self.assertEqual(at_least("", rounds, ("rate",), 100).verdict(), "missed by 20%")
        self.assertEqual(at_least("", rounds, ("rate",), 80).verdict(), "reached")
        self.assertEqual(at_most("", rounds, ("memory",), 120).verdict(), "missed by 25%")
        self.assertEqual(at_most("", rounds, ("memory",), 150).verdict(), "reached")

    def test_calls_are_compared_with_those_of_the_same_round(self):
        def counted(calls_per_second):
            return {"calls_per_second": calls_per_second, "p50_ms": 1, "p99_ms": 2, "cpu_us": 50}

        def measured(*figures):
            return dict(zip(calls.KINDS, map(counted, figures)))

        rounds = [measured(1_000, 900, 400, 300), measured(80, 100, 90, 50),
                  measured(1_000, 500, 450, 200)]
        share, callback, distinct = calls.lines(rounds)[-3:]
        self.assertEqual((share.reached, share.missed), ("45% (40% – 112%)", "5 points"))
        self.assertEqual((callback.reached, callback.missed), ("90% (44% – 90%)", ""))
        self.assertEqual((distinct.reached, distinct.missed), ("30% (20% – 62%)", ""))
        self.assertEqual(calls.charts(rounds)[0].points[-2:],
                         [("top 10", 400), ("top 10, none asked before", 200)])

    def test_a_message_costs_what_the_replica_took_for_all_of_them(self):
        figures = {"rows_per_second": 100_000, "messages_per_second": 20_000, "cpu_us": 25.04,
                   "cpu_share": 0.5, "p50_ms": 60, "p99_ms": 120, "sent_p50_ms": 20,
                   "sent_p99_ms": 50}
        reached = [line.reached for line in fanout.lines([figures, figures, figures])]
        self.assertEqual(reached, ["100,000", "20,000", "25.0", "0.50", "60", "120", "20", "50"])
        self.assertEqual(fanout.charts([figures])[0].points[1], ("p99", 120))

    def test_samples_have_a_place(self):
        self.assertEqual(
            profile.shares([
                "7f1 windrow::aggregator::Combiner::Add (/x/aggregator)",
                "7f1 windrow::aggregator::JsonRecordParser::Parse (/x/aggregator)",
                "7f1 rd_kafka_q_serve_rkmessages (/x/aggregator)",
                "7f1 something (/x/aggregator)"]),
            {**{place: 0 for place, _ in profile.PLACES}, "parse of JSON": 0.25,
             "count into panes": 0.25, "librdkafka": 0.25, "all else": 0.25})


class Curves(unittest.TestCase):
    def test_each_changes_one_property_of_a_job(self):
        for name, base, values in curves.CURVES.values():
            for value in values:
                self.assertEqual(getattr(base.but(name, value), name), value)

    def test_windows_overlap_as_asked(self):
        text = curves.job(curves.Point(overlap=12, views=2), "topic")
        self.assertEqual(re.findall(r"seconds: (\d+) \} slide \{ seconds: (\d+)", text),
                         [("720", "60")] * 2)

    def test_cost_is_the_medians(self):
        point = {"per_cpu_second": 500_000, "megabytes": 50}
        rounds = [{curve: {str(value): point for value in values}
                   for curve, (_, _, values) in curves.CURVES.items()}]
        self.assertIn("2,000 ns, 50 MB", {line.reached for line in curves.lines(rounds)})
        self.assertTrue(all(chart.is_curve for chart in curves.charts(rounds)))


class Plot(unittest.TestCase):
    def test_draws_bars_and_curves(self):
        charts = [*dense.charts(ROUNDS), Chart("it's a curve", "ns", [("1", 1.5), ("10", 2)], True)]
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "plot.svg"
            self.assertIsNone(plot.draw(charts, path))
            text = path.read_text()
        for words in ("it's a curve", "bare loop", "records/CPU-s"):
            self.assertIn(words, text)

    def test_live_has_its_percentiles(self):
        rounds = [{"latency": {"p50_ms": 1, "p90_ms": 2, "p99_ms": 3, "max_ms": 4}}]
        self.assertEqual(live.charts(rounds)[0].points,
                         [("p50", 1), ("p90", 2), ("p99", 3), ("max", 4)])


class Record(unittest.TestCase):
    RUN = {"date": "2020-01-02", "commit": "abc", "rounds": 3, "records": 10, "workers": 1,
           "machine": {"cpu": "a processor", "cores": 2, "memory_gb": 8}}

    def test_a_page_gets_the_figures(self):
        entry = {"run": self.RUN, "charts": [], "why": "It is slow.", "lines": [
            {"what": "dense: speed", "reached": "80 %", "wanted": "≥ 90 %",
             "verdict": "missed by 10 points"}]}
        page = ("before\n<!-- bench dense -->\nold\n<!-- /bench -->\nafter\n"
                "<!-- bench dense-why -->\nold\n<!-- /bench -->\n"
                "<!-- bench sparse-why -->\nold\n<!-- /bench -->\n")
        new = record.with_blocks(page, {"dense": entry})
        self.assertIn("| speed | 80 % | ≥ 90 % | missed by 10 points |\n<!-- /bench -->\nafter\n",
                      new)
        self.assertIn("-why -->\nWhat is short, and why: It is slow.\n<!-- /bench -->\n", new)
        self.assertIn("sparse-why -->\n<!-- /bench -->\n", new)
        self.assertNotIn("old", new)
        self.assertEqual(record.with_blocks(new, {"dense": entry}), new)

    def test_a_table_of_a_scenario_s_own_is_kept(self):
        entry = {"run": self.RUN, "charts": [], "lines": [
            {"what": "engine  speed", "reached": ""}, {"what": "a       10", "reached": ""}]}
        self.assertIn("```text\nengine  speed\na       10\n```\n", record.block("peers", entry))

    def test_pages_show_what_is_recorded(self):
        figures = record.load()
        json.dumps(figures)
        for name in record.PAGES:
            with self.subTest(name):
                page = (record.REPO / name).read_text(encoding="utf-8")
                self.assertEqual(page, record.with_blocks(page, figures))
                self.assertRegex(page, record.BLOCK)


if __name__ == "__main__":
    unittest.main()
