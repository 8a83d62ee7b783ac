"""What is turned by RPC while it runs: on two replicas, under load, at once, and without a loss."""

import datetime
import time
import unittest

from tests.e2e.group_members import group_members
from tests.e2e.grpcurl import RpcError
from tests.e2e.second_replica import SecondReplica
from tests.e2e.system import (
    PIPELINE, PIPELINE_FILE, PIPELINE_ID, PIPELINES, PROGRESS_SECONDS, RADIO_CODES,
    SOURCE_PARTITIONS, SOURCE_TOPIC, System, generator, random_seed,
)
from tests.e2e.verdict import assert_rows
from tests.e2e.waiting import wait_until

REPLICAS = ("aggregator", "aggregator-1")
# The promise of the design.
EFFECT_SECONDS = 1.0
MEASURED_SECONDS = 10.0
TOLERANCE = 0.05
UNLIMITED = {"settings": {}, "update_mask": {"paths": [
    "records_per_second", "bytes_per_second", "records_per_second_per_partition"]}}


class TwoReplicas(System):
    """A system whose aggregator has two replicas."""

    def start(self, *arguments, **more):
        super().start(*arguments, **more)
        second = SecondReplica(self)
        second.start()
        self.rpc[second.name] = second.rpc
        self.wait_for_workers(1)

    def own_progress(self, replica):
        """Progress of one replica."""
        return self.rpc[replica].call(
            PIPELINES + "GetProgress", {"name": PIPELINE, "replica": "-"})["progress"]

    def workers(self, replica):
        return [worker["status"] for worker in self.own_progress(replica)["workers"]]

    def wait_for_workers(self, parallelism, timeout_seconds=60):
        """Waits until both replicas have so many workers, and these all partitions."""
        def there():
            sources = []
            for replica in REPLICAS:
                workers = self.workers(replica)
                if len(workers) != parallelism or any(
                        worker["state"] != "STATE_RUNNING" for worker in workers):
                    return (False, workers)
                for worker in workers:
                    sources += [s["position"]["source_partition"] for s in worker["sources"]]
            return sorted(sources) == list(range(SOURCE_PARTITIONS)) or (False, sources)

        wait_until(f"{parallelism} workers in each replica", there, timeout_seconds,
                   self.any_ended)

    def read_by(self, replica):
        """When its report changed, and the committed end of each partition that it reads."""
        ends = {}
        for worker in self.workers(replica):
            for source in worker["sources"]:
                position = source["position"]
                ends[position["source_partition"]] = int(position["end_offset"])
        return time.monotonic(), ends

    def next_read_by(self, replica, timeout_seconds=20):
        """The same as soon as there is a new report."""
        before = self.read_by(replica)[1]

        def changed():
            now = self.read_by(replica)
            return now[1] != before and now

        return wait_until("records to pass", changed, timeout_seconds, self.any_ended)

    def total_read(self):
        """Records of all partitions together, with the time."""
        ends = {}
        for replica in REPLICAS:
            for partition, end in self.read_by(replica)[1].items():
                ends[partition] = max(ends.get(partition, 0), end)
        return time.monotonic(), ends

    def change(self, replica, request):
        """Reconfigure by one replica."""
        return self.rpc[replica].call(PIPELINES + "Reconfigure", dict(request, name=PIPELINE))


def wall_time(text):
    """Seconds since 1970 of an RFC 3339 text."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def seconds_until_applied(system, answer):
    """From the proposal of the last change until all replicas had applied it, as they say."""
    began = max(record.timestamp_ms for record in system.kafka.records("windrow.control")) / 1000
    times = {one["replica"]: wall_time(one["apply_time"])
             for one in answer["acknowledgements"]}
    if len(times) != len(REPLICAS):
        raise AssertionError(f"{answer['missing_replicas']} did not apply it in time: {times}")
    return max(times.values()) - began


def wait_seconds(seconds):
    begun = time.monotonic()
    wait_until(f"{seconds} s to pass", lambda: time.monotonic() - begun >= seconds, seconds + 5)


class Control(unittest.TestCase):
    alone = True  # it measures rates

    def start(self):
        self.seed = random_seed(self)
        system = TwoReplicas(self)
        system.start()
        return system

    def assert_results(self, system, records):
        system.drain()
        expected = system.recount()
        self.assertEqual(expected.summary()["read"], records)
        assert_rows(self, system, expected)

    def assert_total_rate(self, system, limit, meanwhile=lambda: None):
        """Measures from one report to another of each replica; `meanwhile` is done in between."""
        begins = {replica: system.next_read_by(replica) for replica in REPLICAS}
        meanwhile()
        wait_seconds(MEASURED_SECONDS - (time.monotonic() - max(b[0] for b in begins.values())))
        ends = {replica: system.next_read_by(replica) for replica in REPLICAS}
        begin_ends = {p: end for _, read in begins.values() for p, end in read.items()}
        end_ends = {p: end for _, read in ends.values() for p, end in read.items()}
        self.assertEqual(len(begin_ends), SOURCE_PARTITIONS)
        self.assertEqual(len(end_ends), SOURCE_PARTITIONS)
        if all(begins[r][1].keys() == ends[r][1].keys() for r in REPLICAS):
            rate = sum(
                (ends[r][1][p] - begins[r][1][p]) / (ends[r][0] - begins[r][0])
                for r in REPLICAS for p in begins[r][1])
        else:
            seconds = (sum(e[0] for e in ends.values()) - sum(b[0] for b in begins.values())) / 2
            rate = (sum(end_ends.values()) - sum(begin_ends.values())) / seconds
        print(f"         limit {limit}/s in all: {rate:.1f}/s", flush=True)
        self.assertAlmostEqual(rate, limit, delta=TOLERANCE * limit)

    def test_parallelism_and_rates_under_load(self):
        system = self.start()
        records = 60_000
        system.start_replay(generator(records, self.seed), records_per_second=3_000)
        system.wait_until_sent(3_000)
        # A machine that is busy with something else may take its time now and then.
        seconds = {}
        changes = [(4, 0), (2, 500), (1, 700)] * 3
        for i, (parallelism, rate) in enumerate(changes):
            answer = system.change(REPLICAS[i % 2], {
                "settings": {"parallelism": parallelism, "recordsPerSecondPerPartition": rate},
                "update_mask": {"paths": ["parallelism", "records_per_second_per_partition"]}})
            taken = seconds_until_applied(system, answer)
            pauses = ", ".join(one["pause"] for one in answer["acknowledgements"])
            print(f"         parallelism {parallelism}, {rate}/s: applied after {taken:.2f} s, "
                  f"without partitions for {pauses}", flush=True)
            seconds[parallelism] = min(taken, seconds.get(parallelism, taken))
            system.wait_for_workers(parallelism)
        for parallelism, taken in seconds.items():
            self.assertLessEqual(taken, EFFECT_SECONDS, f"parallelism {parallelism}")
        system.change("aggregator", UNLIMITED)
        system.finish_replay()
        self.assert_results(system, records)

    def test_a_limit_of_the_whole_topic(self):
        system = self.start()
        records = 250_000
        system.change("aggregator", {"settings": {"recordsPerSecond": 100}})
        system.replay_all(generator(records, self.seed))
        self.assert_total_rate(system, 100)
        system.change("aggregator-1", {"settings": {"recordsPerSecond": 4_000}})
        wait_seconds(EFFECT_SECONDS)
        self.assert_total_rate(system, 4_000)
        self.assert_total_rate(
            system, 4_000,
            lambda: system.change("aggregator", {"settings": {"parallelism": 2}}))
        began, before = system.total_read()
        system.change("aggregator-1", UNLIMITED)

        def at_full_speed():
            now, ends = system.total_read()
            rate = (sum(ends.values()) - sum(before.values())) / (now - began)
            return rate > 15_000 or (False, rate)

        wait_until("full speed", at_full_speed, EFFECT_SECONDS, system.any_ended)
        self.assert_results(system, records)

    def test_bytes_of_the_whole_topic(self):
        system = self.start()
        records = 100_000
        system.change("aggregator", {"settings": {"bytesPerSecond": 300_000}})
        system.replay_all(generator(records, self.seed))
        sizes = {}
        for record in system.kafka.records(SOURCE_TOPIC):
            sizes.setdefault(record.partition, []).append(len(record.value))
        mean = sum(map(sum, sizes.values())) / records
        self.assert_total_rate(system, 300_000 / mean)
        system.change("aggregator", UNLIMITED)
        self.assert_results(system, records)

    def test_a_pause(self):
        system = self.start()
        records = 40_000
        system.start_replay(generator(records, self.seed), records_per_second=2_000)
        system.wait_until_sent(4_000)
        system.wait_until_processing()
        group = f"windrow.{PIPELINE_ID}"
        state, members = group_members(system.broker, group)
        self.assertEqual((state, len(members)), ("Stable", len(REPLICAS)))
        taken_up = self.times_taken_up(system)
        paused = system.rpc["aggregator-1"].call(
            PIPELINES + "PausePipeline", {"name": PIPELINE})["pipeline"]
        self.assertTrue(paused["paused"])
        wait_seconds(EFFECT_SECONDS)
        _, before = system.total_read()
        sent = int(system.replay()["records_acknowledged"])
        system.wait_until_sent(min(sent + 8_000, records))
        self.assertEqual(system.total_read()[1], before, "something was read")
        wait_until(
            "the lag to grow",
            lambda: sum(int(system.own_progress(r)["lag_records"]) for r in REPLICAS) > 7_000,
            10, system.any_ended)
        self.assertTrue(system.own_progress("aggregator")["paused"])
        explanation = system.rpc["aggregator"].call(
            PIPELINES + "ExplainPipeline", {"name": PIPELINE})["explanation"]
        causes = {hold["cause"] for hold in explanation["holding_partitions"]}
        self.assertLessEqual(causes, {"CAUSE_PAUSED", "CAUSE_READ_ELSEWHERE"})
        # A drain waits.
        drain = int(system.rpc["aggregator"].call(
            PIPELINES + "DrainPipeline", {"name": PIPELINE})["drain_generation"])
        # Beyond the session timeout, and that which closes the last windows.
        wait_seconds(8)
        self.assertLess(int(system.query_status()["drain_generation"]), drain)
        self.assertEqual(group_members(system.broker, group), (state, members))
        self.assertEqual(self.times_taken_up(system), taken_up, "a rebalance")
        # Again changes nothing, and a stale etag is refused.
        again = system.rpc["aggregator"].call(PIPELINES + "PausePipeline", {"name": PIPELINE})
        self.assertEqual(int(again["pipeline"]["generation"]), drain)
        with self.assertRaises(RpcError) as raised:
            system.rpc["aggregator"].call(
                PIPELINES + "ResumePipeline", {"name": PIPELINE, "etag": paused["etag"]})
        self.assertEqual(raised.exception.code, "ABORTED")
        system.cli("pipelines", "resume")
        wait_until("records to be read again", lambda: system.total_read()[1] != before,
                   EFFECT_SECONDS, system.any_ended)
        system.finish_replay()
        self.assert_results(system, records)
        self.assertEqual(group_members(system.broker, group), (state, members))

    def times_taken_up(self, system):
        """How often workers have taken up partitions."""
        return sum(
            system.stack.processes[replica].log_path.read_text(encoding="utf-8").count(
                "partitions taken up")
            for replica in REPLICAS)

    def test_watermark_delay_and_idle_policy(self):
        system = self.start()
        records = 20_000
        system.change("aggregator", {"settings": {"idlePolicy": {
            "allIdle": "ALL_IDLE_WAIT", "idleTimeout": "2s"}}})
        system.replay_all(generator(records, self.seed))
        wait_until("everything to be read",
                   lambda: sum(system.total_read()[1].values()) >= records, 60, system.any_ended)
        wait_seconds(6)
        status = system.query_status()
        before = self.closed_through(system)
        # What is idle hears of the policy, too.
        system.change("aggregator-1", {
            "settings": {"idlePolicy": {"allIdle": "ALL_IDLE_CLOSE_AFTER", "closeAfter": "3s"}},
            "update_mask": {"paths": ["idle_policy.all_idle", "idle_policy.close_after"]}})
        settings = system.rpc["aggregator"].call(
            PIPELINES + "GetPipeline", {"name": PIPELINE})["pipeline"]["pipeline"]["settings"]
        self.assertEqual(settings["idle_policy"]["idle_timeout"], "2s", "not named, so it stays")
        self.assertEqual(settings["watermark_delay"], "3600s", "as the pipeline declares")
        wait_until("the last windows to close",
                   lambda: self.closed_through(system) > before or (False, status), 30,
                   system.any_ended)
        expected = system.recount()
        assert_rows(self, system, expected)
        # From here on nothing is late.
        system.change("aggregator", {"settings": {"watermarkDelay": "86400s"}})
        positions = wait_until("the delay to be known",
                               lambda: self.positions_with_delay(system, 0), 5, system.any_ended)
        self.assertEqual(len(positions), SOURCE_PARTITIONS)
        system.replay_all(generator(400, self.seed + 1))
        wait_until("records to be counted with the new delay",
                   lambda: len(self.positions_with_delay(system, 86_400_000_000))
                   == SOURCE_PARTITIONS, 30, system.any_ended)

    def closed_through(self, system):
        """The latest time, microseconds, through which any merge partition is closed."""
        return max(
            [int(merge["closed_through_us"]) for replica in REPLICAS
             for worker in system.workers(replica) for merge in worker["merges"]
             if merge.get("closed_through_us") is not None] or [0])

    def positions_with_delay(self, system, delay_us):
        """Positions whose last records were counted with at least this delay."""
        return [source["position"] for replica in REPLICAS for worker in system.workers(replica)
                for source in worker["sources"]
                if int(source["position"]["watermark_delay_us"]) >= delay_us]

    def test_memory_of_fetched_records(self):
        system = self.start()
        records = 30_000
        system.start_replay(generator(records, self.seed), records_per_second=3_000)
        system.wait_until_sent(3_000)
        taken_up = self.times_taken_up(system)
        system.change("aggregator-1", {"settings": {"fetchMemoryBytes": 8_000_000}})
        wait_until("the workers to be replaced",
                   lambda: self.times_taken_up(system) > taken_up, 20, system.any_ended)
        system.wait_for_workers(1)
        system.finish_replay()
        self.assert_results(system, records)


class Automatic(unittest.TestCase):
    alone = True  # it measures load

    # More than one worker reads soon: each takes some 0.1 ms of processor time.
    RECORDS = 250_000
    # Views that keep a worker busy without making much to write.
    VIEW = """
views {{
  id: "busy-{i}"
  window {{ tumbling {{ size {{ seconds: 3600 }} }} }}
  aggregates {{ name: "calls" count {{}} }}
  aggregates {{ name: "types" top_k {{ field: "original_crime_type_name" k: 5 }} }}
  filter: "{filter}"
}}
"""

    def write_pipeline(self, system):
        text = PIPELINE_FILE.read_text(encoding="utf-8").replace("../radio_codes.json",
                                                                 str(RADIO_CODES))
        # Each comparison reads the field as a number again.
        condition = " and ".join(f"agency_id != {number}" for number in range(1000, 1180))
        for i in range(14):
            text += self.VIEW.format(i=i, filter=condition)
        text += "\nsettings { auto_parallelism { enabled: true max_workers: 3 } }\n"
        path = system.directory / "busy.textproto"
        path.write_text(text, encoding="utf-8")
        return path

    def test_workers_come_and_go_with_the_load(self):
        seed = random_seed(self)
        system = System(self)
        system.pipeline_file = self.write_pipeline(system)
        system.start()
        system.cli("pipelines", "pause")
        system.replay_all(generator(self.RECORDS, seed))
        wait_seconds(6)
        self.assertEqual(self.decisions(system), [], "nothing is decided while it is paused")
        system.cli("pipelines", "resume")
        decisions = wait_until("a second worker", lambda: self.decisions(system), 90,
                               system.any_ended)
        print(f"         {decisions[0]['reason']}", flush=True)
        self.assertEqual((decisions[0]["from_workers"], decisions[0]["to_workers"]), (1, 2))
        self.assertIn("records behind", decisions[0]["reason"])
        wait_until("all to be read",
                   lambda: (lambda p: int(p["lag_records"]) == 0 and int(p["rows_processed"])
                            >= self.RECORDS or (False, p["lag_records"]))(system.progress()),
                   PROGRESS_SECONDS, system.any_ended)

        def one_is_left():
            last = self.decisions(system)
            return (last and last[-1]["to_workers"] == 1 and last) or (False, last)

        decisions = wait_until("the workers to go", one_is_left, 120, system.any_ended)
        print(f"         {decisions[-1]['reason']}", flush=True)
        self.assertIn("not behind", decisions[-1]["reason"])
        times = [wall_time(decision["decide_time"]) for decision in decisions]
        for before, after in zip(times, times[1:]):
            self.assertGreaterEqual(after - before, 5)
        wait_until("one worker to be left", lambda: len(system.progress()["workers"]) == 1, 20,
                   system.any_ended)

    def decisions(self, system):
        progress = system.progress()
        return progress["decisions"] if progress else []


if __name__ == "__main__":
    unittest.main()
