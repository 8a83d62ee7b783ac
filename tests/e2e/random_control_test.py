"""Two writers turn everything at once while replicas crash: no change is lost, none applied twice."""

import concurrent.futures
import random
import re
import unittest

from tests.e2e.grpcurl import RpcError
from tests.e2e.second_replica import SecondReplica
from tests.e2e.system import PIPELINE, PIPELINES, System, generator, random_seed
from tests.e2e.verdict import assert_no_fault, assert_rows, decode
from tests.e2e.waiting import wait_until

RECORDS = 80_000
CALLS_PER_WRITER = 100
CRASHES = 4
ANSWER_SECONDS = 90
CONTROL_TOPIC = "windrow.control"
# What tells whether the outcome of a call is not known.
UNKNOWN = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED")


class Writer:
    """Makes random calls to random replicas, and remembers how they ended."""

    def __init__(self, name, seed, replicas, system):
        self.name = name
        self.chance = random.Random(f"{seed}-{name}")
        self.replicas = replicas
        self.system = system
        # Request id to the generation it was accepted with, or None when it was refused.
        self.outcomes = {}

    def call(self, method, request):
        """The answer; the call is repeated, at any replica, until there is one."""
        def answered():
            try:
                return self.chance.choice(self.replicas).call(PIPELINES + method, request)
            except RpcError as error:
                if error.code not in UNKNOWN:
                    return error
                return (False, str(error))

        return wait_until(f"{method} to be answered", answered, ANSWER_SECONDS,
                          self.system.any_ended)

    def settings(self):
        return self.chance.choice([
            {"parallelism": self.chance.randint(1, 3)},
            {"records_per_second_per_partition": self.chance.choice([400, 1000, 4000])},
            {"records_per_second": self.chance.choice([2000, 8000])},
            {"commit_interval": self.chance.choice(["0.010s", "0.050s", "0.200s"])},
            {"parallelism": self.chance.randint(1, 3), "commit_interval": "0.020s"},
        ])

    def step(self, number):
        request = {"name": PIPELINE, "request_id": f"{self.name}-{number}"}
        method = self.chance.choices(["Reconfigure", "PausePipeline", "ResumePipeline"],
                                     [8, 1, 2])[0]
        if method == "Reconfigure":
            request["settings"] = self.settings()
        if self.chance.random() < 0.6:
            seen = self.call("GetPipeline", {"name": PIPELINE})
            request["etag"] = seen["pipeline"]["etag"]
        answer = self.call(method, request)
        if not isinstance(answer, RpcError):
            self.outcomes[request["request_id"]] = int(answer["pipeline"]["generation"])
            return
        # A loser is told the etag to go on from.
        if answer.code != "ABORTED" or answer.error_info()["reason"] != "ETAG_MISMATCH":
            raise answer
        current = answer.error_info()["metadata"]["etag"]
        if current == request.get("etag"):
            raise AssertionError(f"refused with the etag that it has: {request}")
        self.outcomes[request["request_id"]] = None

    def run(self):
        for number in range(CALLS_PER_WRITER):
            self.step(number)


def replay_log(records):
    """Generation to request id, by nothing but the rules of the contract."""
    generation, accepted, seen = 0, {}, set()
    for record in records:
        text = decode(record.value, "windrow/control/v1/control.proto", "Proposal")
        request = re.search(r'^request_id: "(.*)"$', text, re.M).group(1)
        expected = re.search(r"^expected_generation: (\d+)$", text, re.M)
        if request in seen:
            continue
        seen.add(request)
        if int(expected.group(1) if expected else 0) == generation:
            generation += 1
            accepted[generation] = request
    return accepted


class RandomControl(unittest.TestCase):
    maxDiff = 4000

    def crash(self, seed, writers):
        """Kills one replica or the other now and then, until the writers are done."""
        chance = random.Random(seed)
        for number in range(CRASHES):
            calls = (number + 1) * 2 * CALLS_PER_WRITER // (CRASHES + 2)
            wait_until("calls to be made",
                       lambda: sum(len(w.outcomes) for w in writers) >= calls,  # noqa: B023
                       300, self.system.any_ended)
            name = chance.choice(["aggregator", self.second.name])
            print(f"         {name} is killed after {calls} calls", flush=True)
            self.system.kill9(name)
            if name == "aggregator":
                self.system.restart(name)
            else:
                self.second.start()

    def test_no_change_is_lost(self):
        seed = random_seed(self)
        self.system = System(self)
        self.system.start()
        self.second = SecondReplica(self.system)
        self.second.start()
        self.system.start_replay(generator(RECORDS, seed, max_disorder_seconds=5_400),
                                 records_per_second=1500)
        replicas = [self.system.rpc["aggregator"], self.second.rpc]
        writers = [Writer(name, seed, replicas, self.system) for name in ("a", "b")]
        with concurrent.futures.ThreadPoolExecutor() as threads:
            running = [threads.submit(writer.run) for writer in writers]
            self.crash(seed, writers)
            for one in running:
                one.result()

        outcomes = {**writers[0].outcomes, **writers[1].outcomes}
        self.assertEqual(len(outcomes), 2 * CALLS_PER_WRITER)
        accepted = replay_log(self.system.kafka.records(CONTROL_TOPIC))
        self.assert_all_accounted_for(outcomes, accepted)
        for replica in replicas:
            resource = replica.call(PIPELINES + "GetPipeline", {"name": PIPELINE})["pipeline"]
            self.assertEqual(int(resource["generation"]), max(accepted))

        self.system.rpc["aggregator"].call(PIPELINES + "ResumePipeline", {"name": PIPELINE})
        self.system.cli("settings", "set", "--rate", "0", "--total-rate", "0")
        self.system.finish_replay()
        self.system.drain()
        expected = self.system.recount()
        self.assertEqual(expected.summary()["read"], RECORDS)
        assert_rows(self, self.system, expected)
        assert_no_fault(self, self.system)

    def assert_all_accounted_for(self, outcomes, accepted):
        """Who was told yes is in the log once, at that generation; who was told no is not in it."""
        # A change that named no etag and was overtaken goes on under "id#1" and so on.
        by_request = {}
        for generation, request in accepted.items():
            by_request.setdefault(request.split("#")[0], []).append(generation)
        changes = lost = 0
        for request, generation in outcomes.items():
            in_log = by_request.get(request, [])
            self.assertLessEqual(len(in_log), 1, f"{request} was applied twice")
            if generation is None:
                lost += 1
                self.assertEqual(in_log, [], f"{request} was refused, and applied")
            elif in_log:
                changes += 1
                self.assertGreaterEqual(generation, in_log[0], request)
            else:
                # To pause what is paused changes nothing.
                self.assertRegex(request, r"^[ab]-\d+$")
        print(f"         {changes} changes, {lost} refused, "
              f"{len(outcomes) - changes - lost} without effect", flush=True)
        self.assertGreater(changes, CALLS_PER_WRITER / 2)
        self.assertGreater(lost, 0, "the writers never met")


if __name__ == "__main__":
    unittest.main()
