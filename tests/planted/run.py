"""Breaks the engine in known ways, one at a time, and shows that the tests notice each.

    python3 -m tests.planted.run                # all of them; writes docs/planted-bugs.md
    python3 -m tests.planted.run seeded-hash    # some of them; writes nothing

Works on a copy of the last commit; the tree is not touched. Takes a minute or so for each bug. Tests over Kafka
get a broker.
"""

import argparse
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from dev import broker as kafka_broker
from tests.planted.bugs import BUGS

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs/planted-bugs.md"
TIMEOUT_SECONDS = 1_200

HEAD = """# Planted bugs

What the tests are worth: `python3 -m tests.planted.run` breaks the engine in each of these ways, and writes
down here which of its tests noticed. A bug that none notices makes it fail. The edits are in
[tests/planted/bugs.py](../tests/planted/bugs.py).

| bug | what goes wrong | noticed by |
| --- | --- | --- |
"""


class Copy:
    """A copy of the last commit, with a Bazel server of its own."""

    def __init__(self, directory):
        self.tree = directory / "tree"
        self.bazel = ["bazel", f"--output_base={directory / 'bazel'}"]
        subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(self.tree)], check=True)

    def close(self):
        subprocess.run(self.bazel + ["shutdown"], cwd=self.tree, capture_output=True, check=False)
        # What Bazel wrote is read-only.
        subprocess.run(["chmod", "-R", "u+w", str(self.tree.parent / "bazel")], check=False)

    def failing(self, tests):
        """The tests that fail; raises when they cannot be built."""
        done = subprocess.run(
            self.bazel + ["test", "--keep_going", "--test_output=errors", "--symlink_prefix=/",
                          "--test_env=WINDROW_TEST_KAFKA", *tests],
            cwd=self.tree, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
        if done.returncode not in (0, 3):
            raise RuntimeError(f"does not build:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return re.findall(r"^(//\S+)\s+(?:FAILED|TIMEOUT)", done.stdout + done.stderr, re.MULTILINE)

    def plant(self, bug):
        for name, old, new in bug.edits:
            path = self.tree / name
            text = path.read_text(encoding="utf-8")
            if text.count(old) != 1:
                raise RuntimeError(f"{bug.name}: {text.count(old)} places in {name} have {old!r}")
            path.write_text(text.replace(old, new), encoding="utf-8")

    def restore(self):
        subprocess.run(["git", "checkout", "--quiet", "."], cwd=self.tree, check=True)


def try_bug(copy, bug):
    copy.plant(bug)
    try:
        return copy.failing(bug.tests)
    finally:
        copy.restore()


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="BUG")
    names = parser.parse_args(arguments).names
    unknown = set(names) - {bug.name for bug in BUGS}
    if unknown:
        parser.error("no such bug: " + ", ".join(sorted(unknown)))
    chosen = [bug for bug in BUGS if not names or bug.name in names]
    rows, unnoticed = [], []
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="windrow-planted-"))
        if any("/kafka:" in test for bug in chosen for test in bug.tests):
            broker = stack.enter_context(
                kafka_broker.Broker(pathlib.Path(directory) / "broker", kafka_broker.free_port()))
            os.environ["WINDROW_TEST_KAFKA"] = broker.address
        copy = Copy(pathlib.Path(directory))
        try:
            sound = copy.failing(sorted({test for bug in chosen for test in bug.tests}))
            if sound:
                sys.exit("fails without any bug: " + ", ".join(sound))
            for bug in chosen:
                begin = time.monotonic()
                failing = try_bug(copy, bug)
                if not failing:
                    unnoticed.append(bug.name)
                print(f"{bug.name:30} {time.monotonic() - begin:5.0f} s  "
                      + (", ".join(failing) or "NOT NOTICED"), flush=True)
                rows.append(f"| {bug.name} | {bug.story} | "
                            + (", ".join(f"`{name.split(':')[1]}`" for name in failing) or "nothing")
                            + " |\n")
        finally:
            copy.close()
    if not names:
        TABLE.write_text(HEAD + "".join(rows), encoding="utf-8")
    print(f"{len(chosen) - len(unnoticed)} passed, {len(unnoticed)} failed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
