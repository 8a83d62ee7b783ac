"""Members of a consumer group, asked of the broker in Kafka's own protocol."""

import socket
import struct

from dev import broker as kafka_broker

DESCRIBE_GROUPS = 15


class _Reader:
    def __init__(self, data):
        self.data = data

    def take(self, size):
        part, self.data = self.data[:size], self.data[size:]
        return part

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self):
        return self.take(self.number(">h")).decode()

    def blob(self):
        return self.take(self.number(">i"))


def group_members(broker, group):
    """State of the group, and each member's id to its assignment as the broker keeps it."""
    name = group.encode()
    body = struct.pack(">ih", 1, len(name)) + name
    with socket.create_connection(("127.0.0.1", broker.port), timeout=5) as sock:
        answer = _Reader(kafka_broker.request(sock, DESCRIBE_GROUPS, 0, body))
    if answer.number(">i") != 1 or answer.number(">h") != 0:
        raise AssertionError(f"the broker does not describe {group}")
    answer.text()  # The group.
    state = answer.text()
    answer.text()  # The kind of protocol.
    answer.text()  # The protocol.
    members = {}
    for _ in range(answer.number(">i")):
        member = answer.text()
        answer.text()  # Client id.
        answer.text()  # Host.
        answer.blob()  # Its subscription.
        members[member] = answer.blob()
    return state, members
