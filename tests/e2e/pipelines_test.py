"""More than one pipeline in one aggregator: a broken one, or a slow one, does not stop the others."""

import unittest

from tests.e2e.system import PIPELINE_FILE, RADIO_CODES, System, generator, random_seed
from tests.e2e.verdict import assert_rows
from tests.e2e.waiting import wait_until

RECORDS = 20_000
OTHERS = ("nowhere", "slow", "torn")


class Pipelines(unittest.TestCase):
    def write_pipelines(self, system):
        """The shipped pipeline, and others that read another topic, slowly, or nothing at all."""
        text = PIPELINE_FILE.read_text(encoding="utf-8").replace("../radio_codes.json",
                                                                 str(RADIO_CODES))
        files = [PIPELINE_FILE]
        for name in OTHERS:
            other = text.replace('"pipelines/sf-calls"', f'"pipelines/{name}"')
            if name == "nowhere":
                other = other.replace('source_topic: "calls"', 'source_topic: "no-such-topic"')
            if name == "slow":
                other += "\nsettings { records_per_second_per_partition: 10 parallelism: 2 }\n"
            path = system.directory / f"{name}.textproto"
            path.write_text(other, encoding="utf-8")
            files.append(path)
        return ",".join(str(file) for file in files)

    def progress(self, system, name):
        answer = system.rpc["aggregator"].call_ok(
            "windrow.aggregator.v1.PipelineService/GetProgress", {"name": f"pipelines/{name}"})
        return answer and answer["progress"]

    def states(self, system, name):
        progress = self.progress(system, name) or {"workers": []}
        return {worker["status"]["state"] for worker in progress["workers"]}

    def test_are_independent(self):
        seed = random_seed(self)
        system = System(self)
        system.pipeline_file = self.write_pipelines(system)
        system.start()
        # No frame, where the merge stage of one pipeline looks for frames.
        wait_until("the topics of the pipeline to be there",
                   lambda: self.states(system, "torn") == {"STATE_RUNNING"}, 30, system.any_ended)
        for partition in range(4):
            system.kafka.produce("torn.partials", partition, [b"torn"])
        system.replay_all(generator(RECORDS, seed))
        wait_until("the torn pipeline to fail",
                   lambda: self.states(system, "torn") == {"STATE_FAILED"}, 30, system.any_ended)
        error = self.progress(system, "torn")["workers"][0]["status"]["error"]
        self.assertIn("torn.partials", error)

        system.drain()
        expected = system.recount()
        self.assertEqual(expected.summary()["read"], RECORDS)
        assert_rows(self, system, expected)
        slow = self.progress(system, "slow")
        self.assertEqual(len(slow["workers"]), 2)
        self.assertLess(int(slow["rows_processed"]), RECORDS, "the slow one has limits of its own")
        self.assertGreater(int(slow["rows_processed"]), 0)
        self.assertEqual(self.states(system, "nowhere"), set())


if __name__ == "__main__":
    unittest.main()
