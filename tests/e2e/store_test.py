"""The query's store is damaged, wiped, and on a full disk: answers are right, or there are none."""

import os
import pathlib
import random
import shutil
import subprocess
import unittest

from tests.e2e.grpcurl import RpcError
from tests.e2e.system import PIPELINE, QUERY, System, VIEWS, generator, random_seed
from tests.e2e.verdict import assert_rows
from tests.e2e.waiting import wait_until

RECORDS = 20_000
FLIPS = 6
ANSWER_SECONDS = 60
VIEW = f"{PIPELINE}/views/{VIEWS[0]}"


def flip_bit(directory, chance):
    """Changes one bit of a file that RocksDB reads; returns where."""
    files = [path for path in pathlib.Path(directory).rglob("*")
             if path.is_file() and path.stat().st_size > 0 and not path.name.startswith("LOG")]
    path = chance.choice(sorted(files))
    place = chance.randrange(path.stat().st_size)
    with open(path, "r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ (1 << chance.randrange(8))]))
    return f"{path.name} at {place}"


class Store(unittest.TestCase):
    maxDiff = 2000

    def state(self, system):
        status = system.rpc["query"].call_ok(QUERY + "GetStatus")
        return status and status["state"]

    def wait_for_state(self, system, state):
        wait_until(state, lambda: self.state(system) == state or (False, self.state(system)),
                   ANSWER_SECONDS, system.any_ended)

    def rows(self, system):
        """All rows of all views; None while the replica refuses to answer."""
        rows = {}
        for view in VIEWS:
            rows[view], token = [], ""
            while True:
                try:
                    page = system.rpc["query"].call(
                        QUERY + "ListResults", {"parent": f"{PIPELINE}/views/{view}",
                                                "page_size": 5000, "page_token": token})
                except RpcError as error:
                    self.assertEqual(error.code, "UNAVAILABLE", error)
                    return None
                rows[view] += page["results"]
                token = page["next_page_token"]
                if not token:
                    break
        return rows

    def answered(self, system):
        return wait_until("an answer", lambda: self.rows(system) or (False, self.state(system)),
                          ANSWER_SECONDS, system.any_ended)

    def test_damage_and_loss(self):
        seed = random_seed(self)
        chance = random.Random(seed)
        system = System(self)
        system.start()
        system.replay_all(generator(RECORDS, seed))
        system.drain()
        assert_rows(self, system, system.recount())
        before = self.answered(system)
        for flip in range(FLIPS):
            system.kill9("query")
            print(f"         flipped {flip_bit(system.store_directory, chance)}", flush=True)
            system.restart("query")
            self.assertEqual(self.answered(system), before)
        # While it runs: what is gone from the disk is noticed at the latest when it is read.
        shutil.rmtree(system.store_directory)
        self.assertEqual(self.answered(system), before)
        system.kill9("query")
        shutil.rmtree(system.store_directory, ignore_errors=True)
        system.restart("query")
        self.assertEqual(self.answered(system), before)
        self.wait_for_state(system, "STATE_SERVING")

    def small_disk(self, megabytes):
        """A System whose store is on a disk of its own."""
        mounted = []
        self.addCleanup(lambda: [subprocess.run(["umount", path], check=True) for path in mounted])
        system = System(self)
        system.store_directory.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", system.store_directory],
            capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"no tmpfs can be mounted here: {done.stderr.strip()}")
        mounted.append(system.store_directory)
        return system

    def test_full_disk(self):
        seed = random_seed(self)
        system = self.small_disk(megabytes=96)
        system.start()
        system.replay_all(generator(RECORDS // 4, seed))
        system.drain()
        before = self.answered(system)
        filler = system.store_directory / "filler"
        with open(filler, "wb", buffering=0) as file:
            block = bytes(1 << 16)
            try:
                while True:
                    file.write(block)
            except OSError:
                pass
        # What comes after the time of the first records is in time.
        system.replay_all(generator(2 * RECORDS, seed + 1))
        self.wait_for_state(system, "STATE_DISK_FULL")
        self.assertIsNotNone(self.rows(system), "reads go on")
        health = system.rpc["query"].call("grpc.health.v1.Health/Check", {})
        self.assertEqual(health["status"], "SERVING")
        os.unlink(filler)
        self.wait_for_state(system, "STATE_SERVING")
        system.drain()
        assert_rows(self, system, system.recount())
        self.assertNotEqual(self.answered(system), before)


if __name__ == "__main__":
    unittest.main()
