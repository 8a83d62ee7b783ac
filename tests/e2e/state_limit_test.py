"""A pipeline whose state outgrows its limit waits, and goes on when the limit is raised: no window
is wrong or lost."""

import json
import unittest

from tests.e2e.system import PIPELINE_FILE, RADIO_CODES, System, generator, random_seed
from tests.e2e.verdict import assert_rows
from tests.e2e.waiting import wait_until

RECORDS = 60_000


class StateLimit(unittest.TestCase):
    def write_pipeline(self, system):
        """The shipped pipeline, but for ten days in which every window can still change."""
        text = PIPELINE_FILE.read_text(encoding="utf-8")
        for old, new in (("watermark_delay { seconds: 3600 }", "watermark_delay { seconds: 864000 }"),
                         ("../radio_codes.json", str(RADIO_CODES))):
            self.assertIn(old, text)
            text = text.replace(old, new)
        path = system.directory / "patient.textproto"
        path.write_text(text, encoding="utf-8")
        return path

    def blocked(self, system):
        """The errors of blocked workers."""
        progress = system.progress() or {"workers": []}
        statuses = [worker["status"] for worker in progress["workers"]]
        return [status["error"] for status in statuses if status["state"] == "STATE_BLOCKED"]

    def test_blocks_and_goes_on(self):
        seed = random_seed(self)
        system = System(self)
        system.pipeline_file = self.write_pipeline(system)
        system.start()
        system.reconfigure({"state_limit_bytes": 1_000_000})
        system.replay_all(generator(RECORDS, seed, events_per_minute=8))
        errors = wait_until("the limit to be reached", lambda: self.blocked(system), 30,
                            system.any_ended)
        self.assertRegex(errors[0], "more than its share of state_limit_bytes: raise that")
        done = system.cli("settings", "set", "--state-limit-mb", "500", "--output", "json")
        self.assertEqual(json.loads(done.stdout)["state_limit_bytes"], "500000000")
        system.drain()
        self.assertEqual(self.blocked(system), [])
        expected = system.recount()
        self.assertEqual(expected.summary()["read"], RECORDS)
        assert_rows(self, system, expected)


if __name__ == "__main__":
    unittest.main()
