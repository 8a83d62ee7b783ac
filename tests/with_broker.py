#!/usr/bin/env python3
"""Runs a command beside a fresh Kafka broker, whose address is in WINDROW_TEST_KAFKA.

usage: python3 -m tests.with_broker COMMAND [ARGUMENT...]
"""

import os
import subprocess
import sys
import tempfile

from dev import broker as kafka_broker


def main(command):
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="windrow-test-broker.") as state_dir:
        with kafka_broker.Broker(state_dir, kafka_broker.free_port()) as broker:
            environment = dict(os.environ, WINDROW_TEST_KAFKA=broker.address)
            return subprocess.call(command, env=environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
