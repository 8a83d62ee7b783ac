"""The engine against the oracle on random pipelines; and that no difference goes unseen.

    WINDROW_TEST_SEED=1234 python3 -m tests.run tests.oracle.compare_test
"""

import collections
import copy
import os
import random
import unittest

from tests.oracle import compare, engine, shrink
from tests.oracle.differences import differences
from tests.oracle.oracle import LogRecord, Recount

# The same in each run, and others.
FIXED_SEEDS = range(120)
FRESH_SEEDS = 80
SCHEDULES = 3


class RandomPipelines(unittest.TestCase):
    def setUp(self):
        engine.check_built()

    def check(self, seeds):
        rows = 0
        failed = []
        for seed, found, row_count, _ in compare.compare_seeds(seeds, SCHEDULES, os.cpu_count()):
            rows += row_count
            if found:
                failed.append(compare.failure_text(seed, found))
        print(f"         {len(seeds)} pipelines, {rows} rows, {SCHEDULES} runs each", flush=True)
        self.assertFalse(failed, "\n" + "\n".join(failed[:3]))
        self.assertGreater(rows, 20 * len(seeds), "hardly anything was compared")

    def test_fixed_seeds(self):
        self.check(FIXED_SEEDS)

    def test_fresh_seeds(self):
        first = int(os.environ.get("WINDROW_TEST_SEED") or random.randrange(1_000, 1 << 31))
        print(f"         seeds from {first}; again: "
              f"python3 -m tests.oracle.compare --seeds {first}:{first + FRESH_SEEDS}", flush=True)
        self.check(range(first, first + FRESH_SEEDS))


class FoundBefore(unittest.TestCase):
    """What chance found once, and may not find again for long."""

    def setUp(self):
        engine.check_built()

    def check(self, aggregate, event_time, values):
        pipeline = {
            "name": "pipelines/found", "source_topic": "source", "event_time": event_time,
            "tables": [], "correction_horizon_us": 400 * 86_400 * 1_000_000, "merge_partitions": 1,
            "views": [{"id": "v", "window": {"kind": "tumbling", "size_us": 10_000_000},
                       "group_by": [], "aggregates": [{"name": "value", **aggregate}]}],
        }
        log = [LogRecord(0, i, -1, value) for i, value in enumerate(values)]
        case = engine.Case(pipeline, log, 1)
        found, recount = compare.compare(case, compare.schedules_of(1, SCHEDULES))
        self.assertEqual(found, [])
        return recount

    def test_a_mean_of_integers_is_rounded_twice_only(self):
        """Once to the sum, once by the division; the halves of 128 bits were rounded, too."""
        least = -(1 << 63)
        self.check({"function": "avg", "field": "n", "type": "INTEGER"},
                   {"field": "t", "format": "EPOCH_SECONDS"},
                   [b'{"t":1,"n":%d}' % number for number in (least, least, least, 2050)])

    def test_local_times_of_a_pattern_keep_their_fraction(self):
        recount = self.check({"function": "count"},
                             {"field": "t", "format": "PATTERN", "pattern": "%F %H:%M:%E*S",
                              "time_zone": "America/Los_Angeles"},
                             [b'{"t":"1985-12-31 23:57:28.576"}'])
        self.assertEqual(recount.counters[0].max_event_time % 1_000_000, 576_000)

    def test_what_only_begins_like_json(self):
        self.check({"function": "count"}, {"field": "t"},
                   [b"not json", b"[2018-12-31] started", b"2018-12-31 started", b"[1e400]", b"1e400"])


class Generator(unittest.TestCase):
    """The random pipelines would prove little if they left out what is hard."""

    def test_everything_occurs(self):
        seen = collections.Counter()
        for seed in FIXED_SEEDS:
            case = compare.random_case(seed)
            count_features(case, seen)
        for feature in (
            "window tumbling", "window sliding", "window session", "offset", "filter",
            "join LEFT", "join INNER", "joined column found", "joined column null", "no group",
            "emit EACH_COMMIT", "emit INTERVAL", "emit FINAL", "value null", "value error",
            "value counts", "value int", "value double", "value string", "estimate", "late window",
            "late session", "accepted", "filtered", "unmatched_join", "late_everywhere",
            "row of several records", "session of several records", "before 1970", "null group",
            *(f"function {name}" for name in ("count", "sum", "min", "max", "avg",
                                              "count_distinct", "top_k")),
            *(f"type {name}" for name in ("INTEGER", "DOUBLE", "TEXT", None)),
            *(f"format {name}" for name in ("ISO_8601", "EPOCH_SECONDS", "EPOCH_MILLISECONDS",
                                            "EPOCH_MICROSECONDS", "PATTERN")),
            *(f"table {name}" for name in ("json", "ndjson", "jsonl", "csv")),
            *(f"dead letter {name}" for name in (
                "not-json", "not-an-object", "missing-event-time", "bad-event-time", "wrong-type",
                "future-event-time", "too-large")),
        ):
            self.assertGreater(seen[feature], 0, f"{feature} does not occur: {seen}")

    def test_the_same_seed_gives_the_same_case(self):
        self.assertEqual(compare.random_case(5), compare.random_case(5))
        self.assertNotEqual(compare.random_case(5), compare.random_case(6))


def count_features(case, seen):
    recount = Recount(case.pipeline, case.log)
    seen["format " + case.pipeline["event_time"].get("format", "ISO_8601")] += 1
    for table in case.pipeline["tables"]:
        seen["table " + table["form"]] += 1
    sessions = set()
    for view in case.pipeline["views"]:
        if view["window"]["kind"] == "session":
            sessions.add(view["id"])
        seen["window " + view["window"]["kind"]] += 1
        seen["offset"] += bool(view["window"].get("offset_us"))
        seen["filter"] += "filter" in view
        seen["no group"] += not view["group_by"]
        if "join" in view:
            seen["join " + view["join"].get("type", "LEFT")] += 1
        seen["emit " + view.get("emit", {"mode": "none"})["mode"]] += 1
        for aggregate in view["aggregates"]:
            seen["function " + aggregate["function"]] += 1
            seen[f"type {aggregate.get('type')}"] += 1
    for (view, start, group), row in recount.rows.items():
        seen["before 1970"] += start < 0
        seen["null group"] += None in group
        kind = "session" if view in sessions else "row"
        seen[f"{kind} of several records"] += row.accepted > 1
        columns = next(v for v in case.pipeline["views"] if v["id"] == view).get(
            "join", {"columns": ()})["columns"]
        for name, value in row.values:
            if name in columns:
                seen["joined column " + ("null" if value == ("null",) else "found")] += 1
            else:
                seen["value " + value[0]] += 1
    for view, _ in recount.late:
        seen["late " + ("session" if view in sessions else "window")] += 1
    for reason in recount.dead_letters.values():
        seen["dead letter " + reason] += 1
    for counters in recount.counters.values():
        for outcomes in counters.views.values():
            seen.update(outcomes)
    for view in case.pipeline["views"]:
        for aggregate in view["aggregates"]:
            if aggregate["function"] != "count_distinct":
                continue
            limit = aggregate.get("exact_limit") or 1_000
            seen["estimate"] += any(
                (aggregate["name"], value) in row.values and value[1] > limit
                for (owner, _, _), row in recount.rows.items() if owner == view["id"]
                for name, value in row.values if name == aggregate["name"]
            )


class Differences(unittest.TestCase):
    """Each way in which an outcome may be wrong is seen."""

    def setUp(self):
        pipeline = {
            "event_time": {"field": "t", "format": "EPOCH_SECONDS"}, "merge_partitions": 1,
            "tables": [], "correction_horizon_us": 400 * 86_400 * 1_000_000,
            "views": [{"id": "v", "window": {"kind": "tumbling", "size_us": 10_000_000},
                       "group_by": ["g"],
                       "aggregates": [{"name": "sum", "function": "sum", "field": "n"}]}],
        }
        values = (b'{"t":1,"g":"a","n":0.1}', b'{"t":25,"n":0.1}', b'{"t":2,"g":"a","n":1}', b"x")
        log = [LogRecord(0, i, -1, value) for i, value in enumerate(values)]
        self.case = engine.Case(pipeline, log, 1)
        self.recount = Recount(pipeline, log)
        self.outcome = engine.Outcome()
        for (view, start, group), row in self.recount.rows.items():
            self.outcome.rows[view, start, group] = tuple(row)
            self.outcome.groups_by[view].add(("g",))
            self.outcome.table_versions[view].add("")
        self.outcome.late = self.recount.late.copy()
        self.outcome.dead_letters = [((0, 3), "not-json")]
        self.outcome.progress = {0: {
            "merge_partition": 0, "closed_through": 30_000_000, "drain_generation": 1, "expired": 0,
            "discontinuities": 0, "views": ["v"], "sources": [{
                "partition": 0, "max_event_time": 25_000_000, "watermark": 25_000_000, "read": 4,
                "dead_lettered": 1, "views": [{"accepted": 2, "filtered": 0, "unmatched_join": 0,
                                               "late_everywhere": 1}]}]}}

    def found(self):
        return "\n".join(differences(self.case, self.recount, self.outcome))

    def test_the_same(self):
        self.assertEqual(self.found(), "")

    def test_rows(self):
        good = self.outcome.rows
        key = ("v", 0, ("a",))
        end, accepted, values = good[key]
        next_double = ("double", "3fb999999999999b")
        for row, text in (
            (None, "missing; the oracle has 1 records"),
            ((end + 1, accepted, values), "end: the oracle says 10000000, the engine 10000001"),
            ((end, 2, values), "accepted: the oracle says 1, the engine 2"),
            ((end, 1, (("sum", next_double),)), "sum: the oracle says 0.1 (bits 3fb999999999999a), "
             "the engine 0.10000000000000002 (bits 3fb999999999999b)"),
            ((end, 1, (("sum", ("null",)),)), "the engine null"),
            ((end, 1, (("sum", ("int", 0)),)), "the engine int 0"),
            ((end, 1, (("n", values[0][1]),)), "values: the oracle has ['sum'], the engine ['n']"),
            ((end, 1, ()), "values: the oracle has ['sum'], the engine []"),
        ):
            self.outcome.rows = {**good, key: row}
            if row is None:
                del self.outcome.rows[key]
            self.assertIn(text, self.found())
            self.assertIn("view v, window from 1970-01-01T00:00:00.000000Z (0 us), group (g = 'a')",
                          self.found())
        self.outcome.rows = {**good, ("v", 0, (None,)): good[key]}
        self.assertIn("group (g = None): the oracle has none", self.found())
        self.outcome.rows = good
        self.outcome.twice = [key]
        self.assertIn("in two merge partitions", self.found())

    def test_ledgers(self):
        self.outcome.late["v", 0] += 1
        self.assertIn("late records: the oracle says 1, the engine 2", self.found())
        self.outcome.late.clear()
        self.assertIn("late records: the oracle says 1, the engine 0", self.found())

    def test_counters_and_progress(self):
        good = copy.deepcopy(self.outcome.progress)
        for change, text in (
            (lambda p: p["sources"][0].update(read=5), "read: the oracle says 4, the engine 5"),
            (lambda p: p["sources"][0].update(watermark=24_000_000), "watermark"),
            (lambda p: p["sources"][0]["views"][0].update(accepted=3), "accepted in view v"),
            (lambda p: p["sources"].clear(), "partition 0 stands in no progress"),
            (lambda p: p.update(expired=1), "expired is 1"),
            (lambda p: p.update(discontinuities=2), "discontinuities is 2"),
            (lambda p: p.update(closed_through=29_999_999), "closed through 29999999"),
        ):
            self.outcome.progress = copy.deepcopy(good)
            change(self.outcome.progress[0])
            self.assertIn(text, self.found())

    def test_dead_letters(self):
        for letters, text in (
            ([], "record at offset 3 of partition 0: the oracle says not-json, the engine that it"),
            ([((0, 3), "wrong-type")], "the oracle says not-json, the engine wrong-type"),
            ([((0, 3), "not-json")] * 2, "twice"),
            ([((0, 3), "not-json"), ((0, 0), "not-json")], "the oracle says that it is good"),
        ):
            self.outcome.dead_letters = letters
            self.assertIn(text, self.found())


class Shrinking(unittest.TestCase):
    def test_leaves_what_is_needed(self):
        case = compare.random_case(1)
        wanted = case.log[len(case.log) // 2]
        view = case.pipeline["views"][-1]["id"]

        def fails(smaller):
            return wanted in smaller.log and any(
                each["id"] == view for each in smaller.pipeline["views"])

        smaller = shrink.shrunk(case, fails)
        self.assertEqual(smaller.log, [wanted])
        self.assertEqual([each["id"] for each in smaller.pipeline["views"]], [view])
        self.assertEqual(len(smaller.pipeline["views"][0]["aggregates"]), 1)


if __name__ == "__main__":
    unittest.main()
