"""Reads topics with kcat, a Kafka client that is not ours."""

import collections
import json
import subprocess

TIMEOUT_SECONDS = 120

# Partition, offset, timestamp, length and headers, then the value: any byte may stand in it.
FRAME = "%p %o %T %S %h\\n%s\\n"

# Stands in no record.
DELIMITER = b"<<<next record>>>"

Record = collections.namedtuple("Record", "partition offset timestamp_ms headers value")


def parse_headers(text):
    """Headers as kcat prints them: name=value, separated by commas."""
    headers = {}
    name = None
    for part in text.split(",") if text else []:
        if "=" in part and part.split("=")[0].startswith(("windrow-", "traceparent")):
            name, value = part.split("=", 1)
            if name in headers:
                raise AssertionError(f"header {name} twice in {text}")
            headers[name] = value
        elif name is not None:
            headers[name] += "," + part
    return headers


def parse_frames(data):
    records = []
    at = 0
    while at < len(data):
        line_end = data.index(b"\n", at)
        partition, offset, timestamp_ms, length, headers = data[at:line_end].split(b" ", 4)
        begin = line_end + 1
        end = begin + max(int(length), 0)
        if data[end:end + 1] != b"\n":
            raise AssertionError(f"kcat's output is torn at {partition}:{offset}")
        records.append(
            Record(
                int(partition), int(offset), int(timestamp_ms), parse_headers(headers.decode()),
                None if int(length) < 0 else data[begin:end],
            )
        )
        at = end + 1
    return records


class KafkaTopics:
    """The topics of one broker."""

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap

    def _kcat(self, *arguments, stdin=b""):
        done = subprocess.run(
            ["kcat", "-b", self.bootstrap, *arguments], input=stdin, capture_output=True,
            timeout=TIMEOUT_SECONDS,
        )
        if done.returncode != 0:
            raise AssertionError(f"kcat {' '.join(arguments)} failed: {done.stderr.decode()}")
        return done.stdout

    def partitions(self, topic):
        """Number of partitions; 0 when the topic does not exist."""
        metadata = json.loads(self._kcat("-L", "-J", "-t", topic))
        return sum(len(t["partitions"]) for t in metadata["topics"] if t["topic"] == topic)

    def end_offsets(self, topic):
        """Offset after the last record of each partition."""
        asked = [f"{topic}:{p}:-1" for p in range(self.partitions(topic))]
        if not asked:
            raise AssertionError(f"there is no topic {topic}")
        lines = self._kcat("-Q", *(word for a in asked for word in ("-t", a))).decode().split("\n")
        # "calls [0] offset 1234"
        return {int(line.split("[")[1].split("]")[0]): int(line.split()[-1])
                for line in lines if line.strip()}

    def produce(self, topic, partition, values):
        """Appends values to a partition. None of them is empty."""
        if values:
            self._kcat("-P", "-t", topic, "-p", str(partition), "-D", DELIMITER.decode(),
                       stdin=DELIMITER.join(values) + DELIMITER)

    def records(self, topic):
        """All committed records now in the topic."""
        return parse_frames(
            self._kcat(
                "-C", "-e", "-q", "-t", topic, "-o", "beginning", "-f", FRAME,
                "-X", "isolation.level=read_committed", "-X", "check.crcs=true",
            )
        )
