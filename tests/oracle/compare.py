#!/usr/bin/env python3
"""Compares the engine with the oracle on random pipelines, value by value, bit for bit.

usage: python3 -m tests.oracle.compare [--seeds FIRST:END] [--schedules N] [--jobs N] [--keep DIR]
       python3 -m tests.oracle.compare --seed SEED [--keep DIR]

Needs `bazel build //tests/oracle:run_engine`. --seed repeats one pipeline; when it differs, it is
made as small as it goes before it is shown. --keep writes it to a folder, as run_engine takes it.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
import traceback

from tests.oracle import engine, shrink
from tests.oracle.differences import differences
from tests.oracle.oracle import Recount
from tests.oracle.random_pipeline import RandomPipeline
from tests.oracle.textproto import pipeline_text

SHOWN = 8


def random_case(seed):
    drawn = RandomPipeline(seed)
    return engine.Case(drawn.pipeline, drawn.log, drawn.partitions)


def schedules_of(seed, count):
    """The calm run, and others drawn from the seed."""
    return [0, *(1_000 * seed + i for i in range(1, count))]


def compare(case, schedules):
    """What differs, as texts; the recount. Each text names the schedule."""
    recount = Recount(case.pipeline, case.log)
    with tempfile.TemporaryDirectory(prefix="windrow-oracle-") as directory:
        try:
            outcomes = engine.run(case, schedules, directory)
        except engine.EngineError as error:
            return [str(error)], recount
    found = []
    for schedule, outcome in zip(schedules, outcomes):
        found += [f"schedule {schedule}: {text}" for text in differences(case, recount, outcome)]
    if len(outcomes) != len(schedules):
        found.append(f"{len(outcomes)} schedules were run instead of {len(schedules)}")
    return found, recount


def compare_seed(arguments):
    """(seed, differences, rows compared, records read)."""
    seed, schedules = arguments
    try:
        case = random_case(seed)
        found, recount = compare(case, schedules_of(seed, schedules))
    except Exception:  # pylint: disable=broad-except  # The seed must be named, whatever it was.
        return seed, ["the comparison itself failed: " + traceback.format_exc()], 0, 0
    return seed, found, len(recount.rows), len(case.log)


def compare_seeds(seeds, schedules, jobs):
    """Yields what compare_seed returns, in the order of seeds."""
    with multiprocessing.Pool(jobs) as pool:
        yield from pool.imap(compare_seed, ((seed, schedules) for seed in seeds), chunksize=4)


def failure_text(seed, found):
    """What to print of a seed that differs."""
    lines = [f"seed {seed}: {len(found)} differences; again, as small as it goes: "
             f"python3 -m tests.oracle.compare --seed {seed}"]
    lines += [f"  {text}" for text in found[:SHOWN]]
    return "\n".join(lines)


def _fails_alike(case, schedules, before):
    """Whether a smaller case fails as the one before: a pipeline refused is another failure."""
    try:
        found = compare(case, schedules)[0]
    except (KeyError, ValueError):  # The oracle cannot make sense of it.
        return False
    return bool(found) and found[0].startswith("exit code") == before[0].startswith("exit code")


def show_case(case):
    print(pipeline_text(case.pipeline))
    for table in case.pipeline["tables"]:
        print(f"table {table['name']}: {table['rows']!a}")
    for record in case.log:
        value = record.value if record.value is None or len(record.value) < 1_000 else (
            record.value[:300] + b"...")
        print(f"partition {record.partition}, offset {record.offset}, timestamp "
              f"{record.timestamp_ms} ms: {value}")


def show_seed(seed, schedules, keep):
    """Repeats one pipeline; returns whether engine and oracle agree."""
    case = random_case(seed)
    found, recount = compare(case, schedules_of(seed, schedules))
    if found:
        print(failure_text(seed, found))
        wanted = schedules_of(seed, schedules)
        case = shrink.shrunk(case, lambda smaller: _fails_alike(smaller, wanted, found))
        print("\nThe same, as small as it goes:\n")
        show_case(case)
        for text in compare(case, wanted)[0][:SHOWN]:
            print(text)
    else:
        print(f"seed {seed}: no difference in {len(recount.rows)} rows of {len(case.log)} records")
    if keep:
        print("written to", *engine.write_case(case, keep))
    return not found


def main(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", default="0:1000", metavar="FIRST:END")
    parser.add_argument("--schedules", type=int, default=3, help="runs of each pipeline (3)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--keep", metavar="DIR")
    parser.add_argument("--most", type=int, default=5, help="end after so many failures (5)")
    arguments = parser.parse_args(argv)
    engine.check_built()
    if arguments.seed is not None:
        return 0 if show_seed(arguments.seed, arguments.schedules, arguments.keep) else 1
    first, end = map(int, arguments.seeds.split(":"))
    began, failed, rows, records, done = time.monotonic(), [], 0, 0, 0
    for seed, found, row_count, record_count in compare_seeds(
            range(first, end), arguments.schedules, arguments.jobs):
        done, rows, records = done + 1, rows + row_count, records + record_count
        if found:
            print(failure_text(seed, found), flush=True)
            failed.append(seed)
            if len(failed) >= arguments.most:
                break
    print(f"{done} pipelines, {records} records, {rows} rows, {arguments.schedules} runs each, "
          f"{time.monotonic() - began:.0f} s: {len(failed)} differ {failed or ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
