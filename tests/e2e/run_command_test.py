"""`./run`, as a new user calls it."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import unittest

from dev.stack import Ports
from tests.e2e.comparison import assert_same
from tests.e2e.system import (ROOT, SOURCE_PARTITIONS, STATE, VIEWS, binary, radio_codes,
                              random_seed, read_export)
from tests.e2e.waiting import wait_until
from tests.recount import recount

RUN_SECONDS = 300
# Real calls, newest first. Not part of the repository.
REAL_CALLS = ROOT.parent / "shared/data/sf-calls-6802.json"


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class RunCommand(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.directory = STATE / "test" / "e2e" / self.id().split("tests.e2e.")[-1]
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self.ports = Ports.free()
        self.addCleanup(self.remove_data)

    def remove_data(self):
        for data in self.directory.glob("*/broker"):
            shutil.rmtree(data, ignore_errors=True)

    def command(self, *arguments):
        return [
            str(ROOT / "run"), "--state-dir", str(self.directory),
            "--kafka-port", str(self.ports.kafka), "--producer-port", str(self.ports.producer),
            "--aggregator-port", str(self.ports.aggregator), "--query-port", str(self.ports.query),
            *arguments,
        ]

    def run_to_end(self, *arguments):
        """Runs it and returns (exit code, what it printed)."""
        log = self.directory / "run.log"
        with open(log, "wb") as out:
            process = subprocess.Popen(
                self.command(*arguments), stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, cwd=ROOT)
            try:
                code = process.wait(timeout=RUN_SECONDS)
            except subprocess.TimeoutExpired:
                process.terminate()
                process.wait(timeout=60)
                self.fail(f"not done after {RUN_SECONDS} s; its output is in {log}")
        return code, log.read_text(errors="replace")

    def assert_nothing_is_left(self):
        self.assertEqual([port for port in vars(self.ports).values() if is_listening(port)], [])
        left = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            # The services name the broker's port, the broker its folder.
            if any(str(self.directory).encode() in word
                   or word == f"--kafka=127.0.0.1:{self.ports.kafka}".encode()
                   for word in command) and int(process.name) != os.getpid():
                left.append(b" ".join(command).decode())
        self.assertEqual(left, [], "processes left")

    def check_export(self, dataset, order="event-time"):
        export = self.directory / "export"
        code, said = self.run_to_end(
            "--dataset", str(dataset), "--order", order, "--until-done", "--export", str(export))
        self.assertEqual(code, 0, said[-3000:])
        self.assert_nothing_is_left()
        expected = recount.recount(
            recount.read_dataset(dataset.read_bytes(), order, SOURCE_PARTITIONS))
        rows = read_export(export)
        for view in VIEWS:
            assert_same(self, expected.rows(view, radio_codes()), rows[view], view)
        summary = expected.summary()
        self.assertEqual(self.number(said, "records read"), summary["read"])
        self.assertEqual(self.number(said, "dead-lettered"), summary["dead_lettered"])
        # A window of which only late records are known is one, too.
        windows = {start for start, _ in expected.cells[VIEWS[0]]} | set(expected.late[VIEWS[0]])
        self.assertEqual(self.number(said, "windows"), len(windows))
        self.assertEqual(self.number(said, "rows"), summary["rows"][VIEWS[0]])
        self.assertEqual(
            self.number(said, "late for all windows"), summary["late_everywhere"][VIEWS[0]])
        return expected

    def number(self, text, label):
        """The first number that stands behind a label in the summary."""
        match = re.search(rf"^ *{label} +([\d,]+)$", text, re.MULTILINE)
        self.assertIsNotNone(match, f"no '{label}' in:\n{text[-2000:]}")
        return int(match[1].replace(",", ""))

    def dataset_newest_first(self, form, *arguments):
        """Generated calls as the real file has them: the newest first."""
        done = subprocess.run([binary("generate_calls"), f"--seed={random_seed(self)}", *arguments],
                              capture_output=True, timeout=60, check=True)
        lines = done.stdout.splitlines()[::-1]
        path = self.directory / "calls.json"
        if form == "array":
            calls = [json.loads(line) for line in lines]
            path.write_text(json.dumps(calls, indent=4, ensure_ascii=False) + "\n")
        else:
            path.write_bytes(b"\n".join(lines))
        return path

    def test_an_array_newest_first(self):
        dataset = self.dataset_newest_first("array", "--records=5000", "--events_per_minute=5")
        expected = self.check_export(dataset)
        self.assertEqual(expected.summary()["late_everywhere"][VIEWS[0]], 0)
        self.assertGreater(expected.summary()["windows"][VIEWS[0]], 190)

    def test_lines_in_the_order_of_the_file(self):
        dataset = self.dataset_newest_first("lines", "--records=5000", "--broken_records=50")
        expected = self.check_export(dataset, order="file")
        self.assertGreater(expected.summary()["late_everywhere"][VIEWS[0]], 100)

    @unittest.skipUnless(REAL_CALLS.exists(), f"{REAL_CALLS} is not on this machine")
    def test_real_calls(self):
        self.check_export(REAL_CALLS)

    def test_live_until_ctrl_c(self):
        """Without a terminal: plain lines; a signal ends all of it in order."""
        log = self.directory / "run.log"
        with open(log, "wb") as out:
            process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                cwd=ROOT, start_new_session=True)
        try:
            ended = lambda: process.poll() is not None and log.read_text()[-2000:]
            text = lambda: log.read_text(errors="replace")
            wait_until("the addresses", lambda: "To try in another terminal" in text(), 120, ended)
            self.assertGreaterEqual(text().count("grpcurl -plaintext"), 3)
            wait_until("windows", lambda: "Traffic Stop" in text(), 60, ended)
            self.assertNotIn("\x1b", text(), "colours or cursor movements without a terminal")
            os.killpg(process.pid, signal.SIGINT)
            code = wait_until("the end", lambda: (process.poll(),)[0] is not None and [process.poll()],
                              30)[0]
            self.assertIn(code, (0, 130), text()[-2000:])
            self.assert_nothing_is_left()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=60)

    def test_wrong_command_lines(self):
        for arguments, word in (
            (("--no-such-flag",), "--no-such-flag"),
            (("--export", "/tmp/x"), "--until-done"),
            (("--dataset", "/no/such/file"), "/no/such/file"),
            (("--rate", "0"), "--rate"),
        ):
            with self.subTest(arguments):
                code, said = self.run_to_end(*arguments)
                self.assertEqual(code, 2, said)
                self.assertIn(word, said)
                self.assertEqual(len(said.strip().splitlines()), 1, said)

    def test_a_taken_port(self):
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", self.ports.query))
            taken.listen()
            code, said = self.run_to_end("--until-done", "--records", "10")
        self.assertEqual(code, 1, said)
        self.assertIn(f"port {self.ports.query} is in use", said)
        self.assertIn("--query-port", said)


if __name__ == "__main__":
    unittest.main()
