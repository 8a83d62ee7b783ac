"""What differs between the oracle's recount and an outcome of the engine, in words."""

import collections
import struct

from tests.oracle.oracle import NO_WINDOW
from tests.oracle.random_times import civil_of

# The generator's times are such that nothing expires with a horizon beyond this.
NEAR_HORIZON_US = 400 * 86_400 * 1_000_000
COUNTS = ("accepted", "filtered", "unmatched_join", "late_everywhere")


def differences(case, recount, outcome):
    """Texts, one for each difference; an empty list when there is none."""
    expired = sum(progress["expired"] for progress in outcome.progress.values())
    rows = _compare_rows_that_expire if expired and horizon_is_near(case) else _compare_rows
    return [
        *(f"results: {fault}" for fault in outcome.faults),
        *_compare_dead_letters(recount, outcome),
        *_compare_counters(case, recount, outcome),
        *rows(case, recount, outcome),
        *_compare_late(case, recount, outcome),
        *_check_progress(case, outcome),
    ]


def horizon_is_near(case):
    """Whether records may expire, which timing decides."""
    return case.pipeline.get("correction_horizon_us", 0) < NEAR_HORIZON_US


def _compare_dead_letters(recount, outcome):
    found = dict(outcome.dead_letters)
    if len(found) != len(outcome.dead_letters):
        yield "a record is in the dead letters twice"
    for origin in sorted(recount.dead_letters.keys() | found.keys()):
        expected, got = recount.dead_letters.get(origin), found.get(origin)
        if expected != got:
            yield (f"record at offset {origin[1]} of partition {origin[0]}: the oracle says "
                   f"{expected or 'that it is good'}, the engine {got or 'that it is good'}")


def _compare_counters(case, recount, outcome):
    positions = {}
    for progress in outcome.progress.values():
        for source in progress["sources"]:
            positions[source["partition"]] = (source, progress["views"])
    for partition in range(case.partitions):
        if partition not in positions:
            yield f"partition {partition} stands in no progress"
            continue
        source, views = positions[partition]
        expected = recount.counters.get(partition)
        pairs = [
            ("read", expected.read if expected else 0, source["read"]),
            ("dead-lettered", expected.dead_lettered if expected else 0, source["dead_lettered"]),
            ("largest event time", expected and expected.max_event_time, source["max_event_time"]),
            ("watermark", expected and recount.watermark(partition), source["watermark"]),
        ]
        for view, counters in zip(views, source["views"]):
            for name in COUNTS:
                pairs.append((f"{name} in view {view}",
                              expected.views[view][name] if expected else 0, counters[name]))
            total = source["dead_lettered"] + sum(counters.values())
            pairs.append((f"sum of the outcomes in view {view}", source["read"], total))
        for what, wanted, got in pairs:
            if wanted != got:
                yield f"partition {partition}, {what}: the oracle says {wanted}, the engine {got}"


def _compare_rows(case, recount, outcome):
    for key in outcome.twice:
        yield f"{row_name(case, key)}: in two merge partitions"
    # Null first, as everywhere.
    order = lambda key: (key[0], key[1], [(text is not None, text or "") for text in key[2]])
    for key in sorted(recount.rows.keys() | outcome.rows.keys(), key=order):
        expected, got = recount.rows.get(key), outcome.rows.get(key)
        if got is None:
            yield f"{row_name(case, key)}: missing; the oracle has {row_text(expected)}"
        elif expected is None:
            yield f"{row_name(case, key)}: the oracle has none; the engine has {row_text(got)}"
        else:
            yield from (f"{row_name(case, key)}, {text}" for text in _compare_row(expected, got))
    for view in case.pipeline["views"]:
        names = outcome.groups_by[view["id"]]
        if names - {tuple(view.get("group_by", []))}:
            yield f"view {view['id']}: rows name their groups {names}"
        versions = outcome.table_versions[view["id"]]
        if len(versions) > 1 or any(bool(version) != ("join" in view) for version in versions):
            yield f"view {view['id']}: rows name the table's versions {versions}"


def _compare_row(expected, got):
    for what, wanted, found in (("end", expected[0], got[0]), ("accepted", expected[1], got[1])):
        if wanted != found:
            yield f"{what}: the oracle says {wanted}, the engine {found}"
    names = [[name for name, _ in row[2]] for row in (expected, got)]
    if names[0] != names[1]:
        yield f"values: the oracle has {names[0]}, the engine {names[1]}"
        return
    for (name, wanted), (_, found) in zip(expected[2], got[2]):
        if wanted != found:
            yield f"{name}: the oracle says {value_text(wanted)}, the engine {value_text(found)}"


def _compare_rows_that_expire(case, recount, outcome):
    """Some records may have been refused: no window has more than the oracle says."""
    aligned = {v["id"] for v in case.pipeline["views"] if v["window"]["kind"] != "session"}
    for key, got in outcome.rows.items():
        expected = recount.rows.get(key)
        if key[0] in aligned and (expected is None or got[1] > expected[1]):
            yield f"{row_name(case, key)}: the oracle has {expected}; the engine has {row_text(got)}"
    for view in case.pipeline["views"]:
        counts = [sum(row[1] for key, row in rows.items() if key[0] == view["id"])
                  for rows in (recount.rows, outcome.rows)]
        if counts[0] < counts[1]:
            yield f"view {view['id']}: {counts[1]} records counted instead of {counts[0]}"


def _by_view(late):
    """Late records of each view, whatever their windows."""
    total = collections.Counter()
    for (view, _), count in late.items():
        total[view, NO_WINDOW] += count
    return total


def _compare_late(case, recount, outcome):
    expected, got = recount.late, outcome.late
    if horizon_is_near(case):
        expected, got = _by_view(expected), _by_view(got)
    for view, start in sorted(expected.keys() | got.keys()):
        wanted, found = expected[view, start], got[view, start]
        if wanted != found:
            yield (f"view {view}, window from {time_text(start)}: late records: "
                   f"the oracle says {wanted}, the engine {found}")


def _check_progress(case, outcome):
    merges = case.pipeline.get("merge_partitions", 4)
    if sorted(outcome.progress) != list(range(merges)):
        yield f"progress of merge partitions {sorted(outcome.progress)} instead of {merges}"
        return
    for merge, progress in outcome.progress.items():
        for name, wanted in (("drain_generation", 1), ("expired", 0), ("discontinuities", 0)):
            if name == "expired" and horizon_is_near(case):
                continue
            if progress[name] != wanted:
                yield f"merge partition {merge}: {name} is {progress[name]} instead of {wanted}"
    ends = [row[0] for row in outcome.rows.values()]
    closed = min(
        (-(1 << 63) if progress["closed_through"] is None else progress["closed_through"])
        for progress in outcome.progress.values()
    )
    if ends and closed < max(ends):
        yield f"after the drain, windows are closed through {closed}, but one ends at {max(ends)}"


# In words.


def time_text(time_us):
    """A time as people read it, where it has a year of four digits; and in microseconds."""
    try:
        civil = civil_of(time_us)
    except (ValueError, OverflowError):
        return f"{time_us} us"
    return "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ" % civil + f" ({time_us} us)"


def row_name(case, key):
    view, start, group = key
    fields = next(v for v in case.pipeline["views"] if v["id"] == view).get("group_by", [])
    named = ", ".join(f"{field} = {text!a}" for field, text in zip(fields, group))
    return f"view {view}, window from {time_text(start)}, group ({named})"


def row_text(row):
    values = ", ".join(f"{name} = {value_text(value)}" for name, value in row[2])
    return f"{row[1]} records until {row[0]} us: {values}"


def value_text(value):
    kind, *content = value
    if kind == "double":
        return f"{struct.unpack('>d', bytes.fromhex(content[0]))[0]!r} (bits {content[0]})"
    if kind == "counts":
        return "[" + ", ".join(f"{text!a}: {count}" for text, count in content[0]) + "]"
    return kind if not content else f"{kind} {content[0]!a}"
