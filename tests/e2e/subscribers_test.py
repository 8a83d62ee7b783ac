"""Many subscribers of one replica, some of which do not read: the others miss nothing, and the
replica's memory is bounded. The long form is bench/subscribers."""

import json
import pathlib
import re
import subprocess
import unittest

from tests.e2e.system import ROOT, System

FANOUT = ROOT / "bazel-bin/bench/fanout/fanout"
PIPELINE = "fanout"
READERS = 180
STALLED = 20
# A subscriber takes some 50 KB of gRPC's, whether it reads or not, and one message at most.
MEGABYTES_FOR_ALL = 60
FANOUT_SECONDS = 120


def resident_megabytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1_000


class Subscribers(unittest.TestCase):
    def test_those_who_do_not_read_harm_nobody(self):
        system = System(self)
        system.start(services=())
        system.stack.start_service("query", [
            f"--store_dir={system.store_directory}", f"--pipeline={PIPELINE}",
            "--subscriber_patience=2s"])
        process = system.stack.processes["query"]
        first = self.fanout(system, readers=1, stalled=0, seconds=1)
        before = resident_megabytes(process.pid)
        said = self.fanout(system, READERS, STALLED, seconds=6)
        after = resident_megabytes(process.pid)
        print(f"         {said}, resident {before:.0f} MB before, {after:.0f} MB after", flush=True)
        self.assertGreater(first["rows"], 0)
        # Each reader got the newest version of each row: else fanout would have failed.
        self.assertEqual(said["subscribers"], READERS)
        self.assertGreater(said["messages"], READERS * 20)
        self.assertEqual(said["open"], READERS, "who does not read is cut off")
        self.assertLess(after - before, MEGABYTES_FOR_ALL)

    def fanout(self, system, readers, stalled, seconds):
        done = subprocess.run(
            [FANOUT, f"--kafka={system.broker.address}", f"--query={system.stack.address('query')}",
             f"--pipeline={PIPELINE}", f"--subscribers={readers}", f"--stalled={stalled}",
             f"--duration={seconds}s", "--updates_per_second=400", "--cut_off_within=30s"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=FANOUT_SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return json.loads(done.stdout)


if __name__ == "__main__":
    unittest.main()
