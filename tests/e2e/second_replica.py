"""A second replica of the aggregator beside the one of a System."""

import signal

from dev.broker import free_port
from tests.e2e.grpcurl import Grpcurl
from tests.e2e.system import PIPELINE, PIPELINES, START_SECONDS
from tests.e2e.waiting import wait_until

NAME = "aggregator-1"


class SecondReplica:
    """The replica "aggregator-1"; `rpc` calls it."""

    name = NAME

    def __init__(self, system):
        self.system = system
        self.address = f"127.0.0.1:{free_port()}"
        self.rpc = Grpcurl(self.address)

    def start(self):
        self.system.stack.start_service(
            NAME, [f"--replica={NAME}", f"--listen={self.address}"], binary="aggregator")

        wait_until(f"{NAME} to be SERVING", self.rpc.serves, START_SECONDS, self.system.any_ended)

    def signal(self, number):
        self.system.stack.processes[NAME].signal(number)

    def freeze(self):
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)


def replicas(rpc):
    """Name to Replica, as the replica that is asked knows them."""
    answer = rpc.call(PIPELINES + "ListReplicas", {})
    return {replica["status"]["replica"]: replica for replica in answer.get("replicas", [])}


def workers(replica, pipeline=PIPELINE):
    """The workers of a pipeline in a Replica."""
    return [worker for status in replica["status"].get("pipelines", [])
            if status["pipeline"] == pipeline for worker in status.get("workers", [])]


def wait_until_shared(system, rpc, count=2, running=2, partitions=4):
    """Waits until so many replicas run so many workers, and each partition is read by one."""
    def shared():
        known = {name: one for name, one in replicas(rpc).items() if one.get("alive")}
        all_workers = [worker for one in known.values() for worker in workers(one)]
        read = sorted(source["position"].get("source_partition", 0)
                      for worker in all_workers for source in worker.get("sources", []))
        states = [worker["state"] for worker in all_workers]
        done = (len(known) == count and states == ["STATE_RUNNING"] * running
                and read == list(range(partitions)))
        return done and known or (False, (sorted(known), states, read))

    return wait_until("the partitions to be shared", shared, START_SECONDS, system.any_ended)
