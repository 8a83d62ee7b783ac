"""A caller's `traceparent` goes through Kafka's headers: into records, control records and dead letters, and into the
log lines of those who handle them."""

import json
import subprocess
import unittest

from tests.e2e.grpcurl import Grpcurl
from tests.e2e.system import PIPELINE, PIPELINES, PRODUCER, SOURCE_TOPIC, System, generator
from tests.e2e.verdict import DEAD_LETTER_TOPIC
from tests.e2e.waiting import wait_until

CONTROL_TOPIC = "windrow.control"
RECORDS = 500
BROKEN_RECORDS = 5
SECONDS = 60


def trace_of(trace_id):
    return f"00-{trace_id}-00f067aa0ba902b7-01"


class Traces(unittest.TestCase):
    def log_lines(self, service, event):
        path = self.system.stack.state_dir / "logs" / f"{service}.log"
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if line["event"] == event]

    def calls(self, service, traceparent):
        return Grpcurl(self.system.stack.address(service),
                       ("-plaintext", "-H", f"traceparent: {traceparent}"))

    def test_a_trace_goes_through_kafka(self):
        self.system = system = System(self)
        system.start()
        replay, change = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"

        # Of a replay: in each of its records, and in the dead letters that they become.
        self.calls("producer", trace_of(replay)).call(
            PRODUCER + "StartReplay",
            {"spec": generator(RECORDS, 5, broken_records=BROKEN_RECORDS)})
        system.finish_replay()
        system.replay_all(generator(RECORDS, 6, broken_records=BROKEN_RECORDS))
        system.drain()
        found = [record.headers.get("traceparent") for record in system.kafka.records(SOURCE_TOPIC)]
        self.assertEqual((found.count(trace_of(replay)), found.count(None)), (RECORDS, RECORDS))
        letters = system.kafka.records(DEAD_LETTER_TOPIC)
        traced = [letter for letter in letters if letter.headers.get("traceparent") == trace_of(replay)]
        self.assertEqual((len(traced), len(letters)), (BROKEN_RECORDS, 2 * BROKEN_RECORDS))
        for letter in letters:
            self.assertEqual(letter.headers["windrow-source-topic"], SOURCE_TOPIC)
        started = self.log_lines("producer", "replay started")
        self.assertEqual([line["trace_id"] for line in started], [replay, ""])

        # By hand.
        produced = trace_of("b7ad6b7169203331b7ad6b7169203331")
        subprocess.run(
            system.stack.windrow_command("topics", "produce", SOURCE_TOPIC, "--header",
                                         f"traceparent={produced}", "--header", "windrow-note=a=b"),
            input="{}\n", text=True, check=True, capture_output=True, timeout=60)
        self.assertEqual([record.headers for record in system.kafka.records(SOURCE_TOPIC)
                          if record.value == b"{}"],
                         [{"traceparent": produced, "windrow-note": "a=b"}])

        # Of a change: in its record of the control log, and where that is applied.
        self.calls("aggregator", trace_of(change)).call(PIPELINES + "PausePipeline", {"name": PIPELINE})
        self.calls("aggregator", "00-not-a-trace").call(PIPELINES + "ResumePipeline", {"name": PIPELINE})
        control = [record.headers for record in system.kafka.records(CONTROL_TOPIC)]
        self.assertEqual([headers for headers in control if headers], [{"traceparent": trace_of(change)}])
        self.assertGreater(len(control), 1)

        def applied():
            return [line["trace_id"] for line in self.log_lines("aggregator", "control record applied")]

        wait_until("the change to be logged where it is applied", applied, SECONDS, system.any_ended)
        self.assertEqual(applied(), [change])
        calls = {line["method"]: line["trace_id"] for line in self.log_lines("aggregator", "control call")}
        self.assertEqual((calls["PausePipeline"], calls["ResumePipeline"]), (change, ""))


if __name__ == "__main__":
    unittest.main()
