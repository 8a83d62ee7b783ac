"""A second replica of the query service beside the one of a System."""

from dev.broker import free_port
from tests.e2e.grpcurl import Grpcurl
from tests.e2e.system import START_SECONDS
from tests.e2e.waiting import wait_until

NAME = "query-1"


class SecondQuery:
    """The replica "query-1", with a store of its own; `rpc` calls it."""

    name = NAME

    def __init__(self, system):
        self.system = system
        self.address = f"127.0.0.1:{free_port()}"
        self.rpc = Grpcurl(self.address)

    def start(self):
        self.system.stack.start_service(
            NAME, [f"--listen={self.address}", f"--store_dir={self.system.directory}/store-1"],
            binary="query")

    def wait_until_serving(self):
        wait_until(f"{NAME} to be SERVING", self.rpc.serves, START_SECONDS, self.system.any_ended)
