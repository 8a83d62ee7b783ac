"""Partitions that lie months apart, read by different workers: few windows are open, and all is
counted."""

import json
import unittest

from tests.e2e.second_replica import SecondReplica, replicas, wait_until_shared, workers
from tests.e2e.system import PIPELINE, PIPELINES, SOURCE_TOPIC, System
from tests.e2e.verdict import assert_rows
from tests.e2e.waiting import wait_until

RECORDS = 4000
DAYS_PER_MONTH = 28
PER_SECOND = 800
# Of two views; a partition's own take a few dozen. Read side by side, it is up to 2 * RECORDS.
MOST_OPEN = RECORDS // 2


def calls(month):
    """One every ten minutes or so of the month."""
    step = DAYS_PER_MONTH * 24 * 60 / RECORDS
    for index in range(RECORDS):
        minute = int(index * step)
        day, hour = 1 + minute // 1440, minute // 60 % 24
        yield json.dumps({"call_date_time": f"2018-{month:02}-{day:02}T{hour:02}:{minute % 60:02}:00",
                          "original_crime_type_name": f"type {index % 5}",
                          "disposition": "ADM"}).encode()


class Alignment(unittest.TestCase):
    def fill(self, system):
        system.start(services=("aggregator", "query"), partitions=2)
        # Until each worker knows how far the other is.
        system.reconfigure({"records_per_second_per_partition": 1})
        system.kafka.produce(SOURCE_TOPIC, 0, list(calls(1)))
        system.kafka.produce(SOURCE_TOPIC, 1, list(calls(6)))

    def sources(self, rpc):
        """Partition to what its owner tells, all cells that are open, and their mergers."""
        sources, cells = {}, 0
        for one in replicas(rpc).values():
            for worker in workers(one):
                for source in worker.get("sources", []):
                    sources[source["position"].get("source_partition", 0)] = source
                for merge in worker.get("merges", []):
                    cells += int(merge.get("open_cells", 0))
        return sources, cells

    def watch(self, system, rpc):
        """Lets it run, and looks at what is open until the slower partition has been read."""
        def both_begun():
            sources, _ = self.sources(rpc)
            return all(int(sources.get(p, {"position": {}})["position"].get("end_offset", 0)) > 0
                       for p in (0, 1)) or (False, sources)

        wait_until("both to be begun", both_begun, 30, system.any_ended)
        system.reconfigure({"records_per_second_per_partition": PER_SECOND})
        seen = {"cells": 0, "waiting": False, "ahead": 0}

        def read():
            sources, cells = self.sources(rpc)
            offsets = {p: int(source["position"].get("end_offset", 0))
                       for p, source in sources.items()}
            if offsets.get(0, 0) >= RECORDS:
                return True
            seen["cells"] = max(seen["cells"], cells)
            seen["waiting"] = seen["waiting"] or bool(sources.get(1, {}).get("waiting"))
            seen["ahead"] = max(seen["ahead"], offsets.get(1, 0))
            return (False, (offsets, cells))

        wait_until("the slower partition to be read", read, 60, system.any_ended)
        print(f"         at most {seen['cells']} cells open; of the partition that is ahead "
              f"{seen['ahead']} records were read", flush=True)
        self.assertLess(seen["cells"], MOST_OPEN)
        self.assertTrue(seen["waiting"], "the partition that is ahead was never seen to wait")

        system.reconfigure({"records_per_second_per_partition": 100_000})
        system.drain()
        expected = system.recount()
        self.assertEqual(expected.summary()["read"], 2 * RECORDS)
        assert_rows(self, system, expected)

    def test_two_workers_of_a_replica(self):
        system = System(self)
        self.fill(system)
        rpc = system.rpc["aggregator"]
        rpc.call(PIPELINES + "Reconfigure", {"name": PIPELINE, "settings": {"parallelism": 2}})
        wait_until_shared(system, rpc, count=1, running=2, partitions=2)
        self.watch(system, rpc)

    def test_two_replicas(self):
        system = System(self)
        self.fill(system)
        second = SecondReplica(system)
        second.start()
        rpc = system.rpc["aggregator"]
        wait_until_shared(system, rpc, partitions=2)
        self.watch(system, rpc)


if __name__ == "__main__":
    unittest.main()
