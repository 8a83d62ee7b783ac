"""Tests of the figures of `bench/run --peers`: what a peer did must come out as it was."""

import unittest

from bench.peers import figures
from bench.peers.figures import Moment
from bench.scenarios import peers


def call(time, kind):
    return '{"call_date_time": "%s", "original_crime_type_name": "%s"}' % (time, kind)


class Figures(unittest.TestCase):
    def test_whole_and_second_half(self):
        found = figures.figures(1000, 90.0, 100.0, {
            "first": Moment(101.0, 20, 5.0),
            "half": Moment(108.0, 1200, 9.0),
            "complete": Moment(110.0, 2000, 10.0),
        })
        self.assertEqual(found, {
            "per_second": 100.0,
            "per_cpu_second": 100.0,
            "warm_per_second": 200.0,
            "warm_per_cpu_second": 400.0,
            "start_to_first_s": 11.0,
        })

    def test_a_second_half_that_is_too_short_says_nothing(self):
        complete = Moment(110.0, 2000, 10.0)
        for half in (complete, Moment(109.5, 1000, 9.5)):
            found = figures.figures(1000, 90.0, 100.0,
                                    {"first": half, "half": half, "complete": complete})
            self.assertEqual(found["per_second"], 100.0)
            self.assertIsNone(found["warm_per_second"])
            self.assertIsNone(found["warm_per_cpu_second"])


    def test_medians_of_what_is_a_number(self):
        runs = [{"per_second": value, "pipeline": "bench-1"} for value in (3.0, 1.0, 2.0)]
        self.assertEqual(figures.medians(runs), {"per_second": 2.0})


class Rows(unittest.TestCase):
    # 2018-12-31T23:55:00Z
    NEWEST = 1_546_300_500_000

    def test_recount(self):
        lines = [call("2018-12-31T23:57:00.000", "a"), call("2018-12-31T23:57:30.500", "a"),
                 call("2018-12-31T23:55:00.000", "Auto Boost \\/ Strip"),
                 call("2018-12-31T23:54:59.999", "a")]
        self.assertEqual(figures.recount(lines), {
            (self.NEWEST, "a"): 2,
            (self.NEWEST - 300_000, "a"): 3,
            (self.NEWEST - 600_000, "a"): 1,
            (self.NEWEST, "Auto Boost / Strip"): 1,
            (self.NEWEST - 300_000, "Auto Boost / Strip"): 1,
        })

    def test_rows_of_the_watcher(self):
        rows = figures.read_rows([f"{self.NEWEST}\t7\tDrugs\n", "0\t1\ta b\n"])
        self.assertEqual(rows, {(self.NEWEST, "Drugs"): 7, (0, "a b"): 1})

    def test_differences(self):
        expected = {(0, "a"): 1, (0, "b"): 2, (0, "c"): 3}
        self.assertEqual(figures.differences(expected, dict(expected)),
                         {"missing": 0, "wrong": 0, "strange": 0})
        self.assertEqual(figures.differences(expected, {(0, "b"): 3, (0, "c"): 3, (1, "a"): 1}),
                         {"missing": 1, "wrong": 1, "strange": 1})


class Table(unittest.TestCase):
    NAMES = {"aggregator": "Windrow", "x-best": "X, best", "y-best": "Y, best"}

    def test_medians_and_gaps(self):
        rounds = [{"aggregator": {"per_second": 1_500_000.0, "rows": 3}, "x-best": {
            "per_second": value, "warm_per_second": None, "latency": {"p50_ms": 20.4}}}
            for value in (1000.0, 3000.0, 2000.0)]
        table = figures.table(rounds, self.NAMES)
        self.assertEqual(len(table), 3)  # Y was not measured.
        self.assertEqual(table[1].split(), ["Windrow", "1,500,000"] + ["–"] * 5 + ["3"] + ["–"] * 3)
        self.assertEqual(table[2].split(),
                         ["X,", "best", "2,000"] + ["–"] * 7 + ["20", "–"])
        self.assertEqual(len({len(line) for line in table}), 1)

    def test_charts_show_the_best_forms(self):
        run = {"per_second": 2.0, "per_cpu_second": 1.0}
        charts = peers.charts([{"limit": run, "aggregator": run, "flink-ordinary": run,
                                "flink-best": {"per_second": 4.0, "per_cpu_second": 3.0}}])
        self.assertEqual([chart.points for chart in charts], [
            [("bare loop", 1.0), ("Windrow's aggregator", 1.0), ("Flink", 3.0)],
            [("bare loop", 2.0), ("Windrow's aggregator", 2.0), ("Flink", 4.0)],
        ])

    def test_wrong_rows_are_named(self):
        right = {"differences": {"missing": 0, "wrong": 0, "strange": 0}, "decreases": 0}
        rounds = [{"aggregator": {}, "x-best": right},
                  {"x-best": {**right, "decreases": 2},
                   "y-best": {"differences": {"missing": 1, "wrong": 0, "strange": 4}}}]
        self.assertEqual(figures.wrong(rounds), [
            "round 2, x-best: 2 counts went back",
            "round 2, y-best: 1 rows missing, 4 rows strange",
        ])


if __name__ == "__main__":
    unittest.main()
