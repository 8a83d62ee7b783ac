"""Static tables change while the pipeline runs: by their file, by RPC, and over a crash."""

import json
import os
import unittest

from tests.e2e.system import PIPELINE, PIPELINE_FILE, PIPELINE_ID, PIPELINES, SOURCE_TOPIC, System
from tests.e2e.waiting import wait_until

TABLE = "radio-codes"
# Beside the shipped views: one that takes only what the table knows.
INNER_VIEW = """
views {
  id: "known"
  window { tumbling { size { seconds: 600 } } }
  group_by: "disposition"
  aggregates { name: "count" count {} }
  join { table: "radio-codes" field: "disposition" type: TYPE_INNER columns: "description" }
}
"""
SECONDS = 30


class Tables(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.system = System(self)
        self.file = self.system.directory / "codes.csv"
        self.write(self.file, {"ADM": "Admonished"})
        text = PIPELINE_FILE.read_text().replace("../radio_codes.json", self.file.name)
        self.system.pipeline_file = self.system.directory / "pipeline.textproto"
        self.system.pipeline_file.write_text(text + INNER_VIEW)
        self.system.start(services=("aggregator", "query"), partitions=2)
        self.sent = {}

    def write(self, path, codes):
        """Replaces a CSV file at once, as an editor does."""
        lines = ["disposition_code,description"]
        lines += [f'{code},"{text}"' for code, text in codes.items()]
        new = path.with_suffix(".new")
        new.write_text("\n".join(lines) + "\n")
        os.replace(new, path)

    def send(self, code, partition=0):
        # All at one time: nothing is late.
        self.sent[code] = self.sent.get(code, 0) + 1
        self.system.kafka.produce(SOURCE_TOPIC, partition, [json.dumps({
            "call_date_time": "2018-12-31T10:00:00.000", "original_crime_type_name": "x",
            "disposition": code}).encode()])

    def rows(self, view):
        """Disposition to (count, description) in the window that begins at 10:00."""
        directory = self.system.directory / "export"
        if self.system.cli("results", "export", "--dir", str(directory), check=False).returncode:
            return {}  # There are no results yet.
        with open(directory / f"{view}.ndjson", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        return {row["disposition"]: (row["count"], row["description"]) for row in rows
                if row["window_start"].startswith("2018-12-31T10:00:00")}

    def wait_for(self, view, expected):
        def there():
            rows = self.rows(view)
            return all(rows.get(code) == row for code, row in expected.items()) or (False, rows)

        wait_until(f"{expected} in {view}", there, SECONDS, self.system.any_ended)

    def pipeline(self):
        return self.system.rpc["aggregator"].call(
            PIPELINES + "GetPipeline", {"name": PIPELINE})["pipeline"]

    def wait_for_generation_after(self, generation):
        def changed():
            now = int(self.pipeline()["plan_generation"])
            return now > generation and now or (False, now)

        return wait_until(f"tables after {generation}", changed, SECONDS, self.system.any_ended)

    def positions(self):
        """Source partition to its position as of the last commit."""
        return {source["position"]["source_partition"]: source["position"]
                for worker in self.system.progress()["workers"] for source in worker["status"]["sources"]}

    def wait_in_force(self, generation, partition=0):
        """Sends records until one was counted with the tables of this generation."""
        def in_force():
            self.send("FILL", partition)
            position = self.positions().get(partition, {})
            return int(position.get("plan_generation", 0)) >= generation or (False, position)

        wait_until(f"tables {generation} in force", in_force, SECONDS, self.system.any_ended)

    def test_change_by_file_by_rpc_and_over_a_crash(self):
        self.send("ADM")
        self.send("HAN")
        self.wait_for("calls-by-disposition", {"ADM": (1, "Admonished"), "HAN": (1, None)})
        self.assertEqual(self.rows("known"), {"ADM": (1, "Admonished")})
        self.assertEqual(int(self.pipeline()["plan_generation"]), 0)

        # By its file: rows that change from then on are joined anew, the others stay.
        self.write(self.file, {"HAN": "Handled", "ADM": "Let off, \"\"kindly\"\""})
        by_file = self.wait_for_generation_after(0)
        self.wait_in_force(by_file)
        self.send("HAN")
        self.wait_for("calls-by-disposition", {"ADM": (1, "Admonished"), "HAN": (2, "Handled")})
        self.wait_for("known", {"ADM": (1, "Admonished"), "HAN": (1, "Handled")})

        # A crash: the same tables, nothing proposed again.
        self.system.kill9("aggregator")
        self.system.restart("aggregator")
        self.send("ADM")
        self.wait_for("calls-by-disposition", {"ADM": (2, 'Let off, "kindly"')})
        self.assertEqual(int(self.pipeline()["plan_generation"]), by_file)

        # By RPC: the file's rows do not come back with the next start.
        other = self.system.directory / "other.json"
        other.write_text(json.dumps([{"disposition_code": "ADM", "description": "By hand"}]))
        said = json.loads(self.system.cli(
            "tables", "update", PIPELINE_ID, TABLE, str(other)).stdout)
        by_rpc = self.wait_for_generation_after(by_file)
        self.assertEqual(said["plan_generation"], by_rpc)
        self.assertEqual(self.system.stop_service("aggregator")[0], 0)
        self.system.restart("aggregator")
        self.send("ADM")
        self.send("HAN")
        self.wait_for("calls-by-disposition", {"ADM": (3, "By hand"), "HAN": (3, None)})
        # HAN is not in the table any more: its row in the inner view stays as it was.
        self.wait_for("known", {"ADM": (3, "By hand"), "HAN": (1, "Handled")})
        self.assertEqual(int(self.pipeline()["plan_generation"]), by_rpc)

        # A wrong file changes nothing; the next right one does, also one that the log knows.
        self.file.write_text("disposition_code,description\nADM\n")
        wait_until("a word about the wrong file",
                   lambda: b"has 1 values" in self.system.stack.processes["aggregator"]
                   .last_words(1 << 20).encode(), SECONDS, self.system.any_ended)
        self.assertEqual(int(self.pipeline()["plan_generation"]), by_rpc)
        self.write(self.file, {"HAN": "Handled again"})
        last = self.wait_for_generation_after(by_rpc)
        self.wait_in_force(last)
        self.send("HAN")
        self.wait_for("calls-by-disposition", {"HAN": (4, "Handled again")})

        # Every record is accounted for, whatever the table was when it was read.
        def counted():
            position = self.positions()[0]
            return int(position["counters"]["read"]) == sum(self.sent.values()) and position

        counters = wait_until("all records", counted, SECONDS)["counters"]
        known = counters["views"][2]
        inner = sum(count for count, _ in self.rows("known").values())
        self.assertEqual(int(known["accepted"]), inner)
        self.assertEqual(int(known["accepted"]) + int(known.get("unmatched_join", 0)),
                         sum(self.sent.values()))

    def test_refusals(self):
        for content, why in (("disposition_code,text\nADM,x\n", "description"),
                             ("code,description\nADM,x\n", "key_column"),
                             ("disposition_code,description\nADM\n", "line 2")):
            file = self.system.directory / "wrong.csv"
            file.write_text(content)
            done = self.system.cli("tables", "update", PIPELINE_ID, TABLE, str(file), check=False)
            self.assertEqual(done.returncode, 67, done.stdout)  # INVALID_ARGUMENT
            self.assertIn(why, done.stderr)
        done = self.system.cli("tables", "update", PIPELINE_ID, TABLE, "x.txt", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(".csv", done.stderr)
        self.assertEqual(int(self.pipeline()["plan_generation"]), 0)


if __name__ == "__main__":
    unittest.main()
