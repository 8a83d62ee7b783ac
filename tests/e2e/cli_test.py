"""The command line client as people and scripts use it: formats, profiles, exit codes, terminals,
completion, and following a view over a restart of the query service."""

import csv
import fcntl
import io
import json
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import termios
import threading

import unittest

import yaml

from tests.e2e.system import PIPELINE_ID, SOURCE_TOPIC, VIEWS, System, generator, random_seed
from tests.e2e.waiting import wait_until

RECORDS = 2_000
QUICK_SECONDS = 30
# Of docs/cli.md.
USAGE, INVALID, NOT_FOUND, ABORTED, UNAVAILABLE, INTERRUPTED, PIPE_CLOSED = 2, 67, 69, 74, 78, 130, 141
# Each prints rows that hardly change once the pipeline is drained.
LISTS = (
    ("topics", "list"), ("topics", "describe", SOURCE_TOPIC), ("groups", "list"),
    ("topics", "tail", SOURCE_TOPIC, "--from", "beginning", "--count", "50", "--partition", "0"),
    ("views", "list"), ("windows", "list", VIEWS[0], "--limit", "7"),
    ("results", "list", VIEWS[1], "--limit", "40"), ("pipelines", "list"),
)
RECORD_COMMANDS = (
    ("windows", "get", VIEWS[0]), ("settings", "get"), ("pipelines", "get"),
    ("pipelines", "status"), ("producer", "status"),
)


class Terminal:
    """A command on a terminal of its own; what it prints is collected."""

    def __init__(self, command, environment, rows=40, columns=120):
        self._main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=side, stderr=side, env=environment)
        os.close(side)
        self._text = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while True:
            try:
                block = os.read(self._main, 65536)
            except OSError:  # The command has ended.
                return
            if not block:
                return
            self._text += block

    def text(self):
        return self._text.decode(errors="replace")

    def last_frame(self):
        """The lines of the last table that was drawn whole, without colours."""
        frames = self.text().replace("\r\n", "\n").split("\x1b[J")
        lines = re.sub(r"\x1b\[\??[0-9;]*[A-Za-z]|\r", "", frames[-2] if len(frames) > 1 else "")
        return [line for line in lines.split("\n") if line.strip()]

    def finish(self, number=None):
        if number is not None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(QUICK_SECONDS)
        finally:
            self.close()
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)
        if self._main >= 0:
            os.close(self._main)
            self._main = -1


RT_SIGTIMEDWAIT = "128"  # The number of the call on x86-64.


def blocks(pid, number):
    """Whether a process has blocked a signal, to wait for it. While it waits, the mask is lifted."""
    process = pathlib.Path("/proc") / str(pid)
    if (process / "syscall").read_text(encoding="ascii").split()[0] == RT_SIGTIMEDWAIT:
        return True
    mask = re.search(r"^SigBlk:\s*([0-9a-f]+)$", (process / "status").read_text(), re.M)[1]
    return bool(int(mask, 16) >> (number - 1) & 1)


class CommandLineClient(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.system = System(self)
        self.home = self.system.directory / "home"
        self.home.mkdir()
        ours = ("WINDROW_", "NO_COLOR", "TERM", "XDG_CONFIG_HOME")
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(ours)}
        self.environment["XDG_CONFIG_HOME"] = str(self.home)

    def run_cli(self, *words, code=0, addresses=True, text=None, **variables):
        command = self.system.stack.windrow_command(*words) if addresses else [
            self.windrow, *words]
        # Bytes: Python would change the line ends.
        done = subprocess.run(
            command, input=(text or "").encode(), capture_output=True, timeout=60,
            env=dict(self.environment, **variables))
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout}{done.stderr}")
        return done

    @property
    def windrow(self):
        return self.system.stack.windrow_command()[0]

    def test_one_command_after_the_other(self):
        seed = random_seed(self)
        self.system.start()
        self.system.replay_all(generator(RECORDS, seed))
        self.system.drain()
        for check in (self.check_formats, self.check_numbers, self.check_producing,
                      self.check_groups, self.check_exporting, self.check_exit_codes,
                      self.check_profiles, self.check_colors, self.check_completion,
                      self.check_waiting, self.check_etags):
            with self.subTest(check.__name__):
                check()

    # Formats

    def check_formats(self):
        window = json.loads(self.run_cli(
            "windows", "list", VIEWS[0], "--limit", "1", "-o", "json").stdout)
        for words in LISTS:
            with self.subTest(words):
                self.assert_formats_agree(words, lambda records: records)
                self.assertIn("\n", self.run_cli(*words).stdout)
        for words in RECORD_COMMANDS:
            with self.subTest(words):
                if words[0] == "windows":
                    words += (window["start_time"],)
                self.assert_formats_agree(words, lambda records: records[0])
        self.assertEqual(self.run_cli("windows", "list", VIEWS[0], "--from", "2100-01-01",
                                      "-o", "yaml").stdout, "[]\n")
        empty = self.run_cli("windows", "list", VIEWS[0], "--from", "2100-01-01", "-o", "csv").stdout
        self.assertTrue(empty.startswith("name,start_time,"), empty)

    def assert_formats_agree(self, words, as_yaml):
        """A command prints the same as JSON, as YAML (`as_yaml` of the records) and as CSV, once
        nothing changes from one call to the next: the services are at work."""
        def agree():
            texts = {name: self.run_cli(*words, "-o", name).stdout
                     for name in ("json", "yaml", "csv")}
            records = [json.loads(line) for line in texts["json"].splitlines()]
            try:
                self.assertTrue(records)
                self.assertEqual(yaml.safe_load(texts["yaml"]), as_yaml(records))
                self.assert_csv(texts["csv"], records)
            except AssertionError as difference:
                return False, difference
            return True

        wait_until(f"{words} to say the same in each format", agree, QUICK_SECONDS)

    def assert_csv(self, text, records):
        """Every value of the records, at its path, stands in the table."""
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        self.assertTrue(text.endswith("\r\n"))
        self.assertEqual(len(lines), len(records) + 1)
        for line, record in zip(lines[1:], records):
            self.assertEqual(len(line), len(lines[0]))
            row = dict(zip(lines[0], line))
            for path, value in self.flat(record):
                self.assertIn(path, row)
                if isinstance(value, (list, dict)):
                    self.assertEqual(json.loads(row[path]), value)
                elif isinstance(value, bool) or value is None:
                    self.assertEqual(row[path], {True: "true", False: "false", None: ""}[value])
                elif isinstance(value, (int, float)):
                    self.assertEqual(float(row[path]), value)
                else:
                    self.assertEqual(row[path], value)

    def flat(self, record, prefix=""):
        for name, value in record.items():
            if isinstance(value, dict) and prefix + name not in ("headers", "value", "late",
                                                                 "late_everywhere"):
                yield from self.flat(value, f"{prefix}{name}.")
            else:
                yield prefix + name, value

    def check_numbers(self):
        """A series and the totals are those of the rows."""
        rows = [json.loads(line) for line in self.run_cli(
            "results", "list", VIEWS[0], "--limit", "0", "-o", "json").stdout.splitlines()]
        done = subprocess.run(
            self.system.stack.windrow_command("results", "totals", VIEWS[0], "--limit", "0",
                                              "-o", "json"),
            capture_output=True, text=True, timeout=60, env=self.environment)
        if "not a query service of this version" in done.stderr:
            self.skipTest("the query service has no totals yet")
        expected = {}
        for row in rows:
            expected[row["window_start"]] = expected.get(row["window_start"], 0) + row["count"]
        totals = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual({total["window_start"]: total["count"] for total in totals}, expected)
        points = list(csv.DictReader(io.StringIO(self.run_cli(
            "results", "series", VIEWS[0], "--limit", "0", "-o", "csv").stdout, newline="")))
        group = next(name for name in rows[0] if not name.startswith("window_"))
        self.assertEqual(sorted((point["window_start"], point[group], int(point["count"]))
                                for point in points),
                         sorted((row["window_start"], row[group] or "", row["count"])
                                for row in rows))

    # Kafka

    def check_producing(self):
        made = self.run_cli("topics", "create", "made", "--partitions", "3", "-o", "json")
        self.assertEqual(json.loads(made.stdout), {"topic": "made", "partitions": 3})
        done = self.run_cli("topics", "produce", "made", "--partition", "1",
                            text='{"a": 1}\n\n[2, "x"]\n')
        self.assertEqual(json.loads(done.stdout), {"topic": "made", "records": 2, "bytes": 16})
        keyed = self.system.directory / "keyed.txt"
        keyed.write_text("k\tone\nk\ttwo\tand more\n", encoding="utf-8")
        self.run_cli("topics", "produce", "made", "--input", "keyed", "--file", str(keyed),
                     "--rate", "50")
        records = [json.loads(line) for line in self.run_cli(
            "topics", "tail", "made", "--from", "beginning", "--exit-at-end", "-o",
            "json").stdout.splitlines()]
        self.assertEqual([record["value"] for record in records if record["key"] is None],
                         [{"a": 1}, [2, "x"]])
        self.assertEqual([record["value"] for record in records if record["key"] == "k"],
                         ["one", "two\tand more"])
        wrong = self.run_cli("topics", "produce", "made", text='{"a": 1}\n{"a": \n', code=INVALID)
        self.assertIn("line 2 is not JSON", wrong.stderr)
        self.assertEqual(json.loads(wrong.stdout)["records"], 1)
        large = "x" * 2_000_000
        wrong = self.run_cli("topics", "produce", "made", "--input", "text",
                             text=f"a\n{large}\n", code=INVALID)
        self.assertIn("line 2: ", wrong.stderr)
        self.run_cli("topics", "produce", "none", text="1\n", code=NOT_FOUND)

    def check_groups(self):
        groups = [json.loads(line)["group"] for line in self.run_cli(
            "groups", "list", "-o", "json").stdout.splitlines()]
        name = next(group for group in groups if PIPELINE_ID in group)
        group = json.loads(self.run_cli("groups", "describe", name, "-o", "json").stdout)
        self.assertEqual(group["state"], "Stable")
        mine = [partition for partition in group["partitions"]
                if partition["topic"] == SOURCE_TOPIC]
        self.assertEqual([partition["partition"] for partition in mine], [0, 1, 2, 3])
        self.assertEqual(sum(partition["end"] for partition in mine), RECORDS)
        self.assertEqual(sum(partition["committed"] for partition in mine), RECORDS)
        self.assertEqual([partition["lag"] for partition in mine], [0] * 4)
        members = {member["id"] for member in group["members"]}
        self.assertTrue(members)
        self.assertTrue(all(partition["member"] in members for partition in mine))
        self.run_cli("groups", "describe", "none", code=NOT_FOUND)

    def check_exporting(self):
        directory = self.system.directory / "export"
        text = self.run_cli("results", "export", "--dir", str(directory), "-o", "json").stdout
        files = [json.loads(line) for line in text.splitlines()]
        self.assertEqual(sorted(file["view"] for file in files), sorted(VIEWS))
        for file in files:
            rows = pathlib.Path(file["file"]).read_text(encoding="utf-8").splitlines()
            self.assertEqual(len(rows), file["rows"])
        table = self.run_cli("results", "export", "--dir", str(directory)).stdout
        self.assertEqual(len(table.splitlines()), 1 + len(VIEWS))

    # Changes of what was seen

    def check_etags(self):
        """Last: the replay and the pipeline are others afterwards."""
        started = self.replay("start", "--records", "1000000", "--rate", "100")
        stale = started["etag"]
        paused = self.replay("pause", "--etag", stale)
        self.assertEqual(paused["state"], "STATE_PAUSED")
        for words in (("pause",), ("resume",), ("stop",), ("rate", "--rate", "50")):
            with self.subTest(words):
                late = self.run_cli("producer", *words, "--etag", stale, code=ABORTED)
                self.assertIn("etag", late.stderr)
        resumed = self.replay("resume", "--etag", paused["etag"])
        slower = self.replay("rate", "--rate", "50", "--etag", resumed["etag"])
        self.assertEqual(self.replay("stop", "--etag", slower["etag"])["state"], "STATE_STOPPED")

        etag = json.loads(self.run_cli("pipelines", "get", "-o", "json").stdout)["etag"]
        delete = ("pipelines", "delete", PIPELINE_ID, "-o", "json")
        self.run_cli(*delete, "--etag", "stale", code=ABORTED)
        name = "pipelines/" + PIPELINE_ID
        self.assertEqual(json.loads(self.run_cli(*delete, "--validate-only").stdout),
                         {"name": name, "deleted": False})
        self.assertEqual(json.loads(self.run_cli(*delete, "--etag", etag).stdout),
                         {"name": name, "deleted": True})

    def replay(self, *words):
        return json.loads(self.run_cli("producer", *words, "-o", "json").stdout)

    # Manners

    def check_exit_codes(self):
        nobody = ("--query", "127.0.0.1:1")
        for words, code in (
                (("windows", "list", "none"), NOT_FOUND),
                (("results", "list", VIEWS[0], "--filter", "nonsense ("), INVALID),
                (("windows", "list", VIEWS[0], "--from", "soon"), USAGE),
                (("windows", "list", VIEWS[0], *nobody), UNAVAILABLE),
                (("results", "watch", VIEWS[0], *nobody), UNAVAILABLE),
                (("results", "watch", "none"), NOT_FOUND),
                (("health", "query", *nobody), UNAVAILABLE)):
            with self.subTest(words):
                done = self.run_cli(*words, code=code)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        command = self.system.stack.windrow_command(
            "topics", "tail", SOURCE_TOPIC, "--from", "beginning", "--exit-at-end")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=self.environment) as process:
            process.stdout.readline()
            process.stdout.close()
            self.assertEqual(process.wait(QUICK_SECONDS), PIPE_CLOSED)
            self.assertEqual(process.stderr.read(), b"")
        for words in (("watch",), ("progress", "--follow"), ("results", "watch", VIEWS[0]),
                      ("topics", "tail", SOURCE_TOPIC, "--from", "-1")):
            with self.subTest(words), subprocess.Popen(
                    self.system.stack.windrow_command(*words), stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL, env=self.environment) as process:
                # Before that it ends at once; or not at all, when who started us ignores the signal.
                wait_until("it to wait for signals", lambda: blocks(process.pid, signal.SIGINT),
                           QUICK_SECONDS)
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(QUICK_SECONDS), INTERRUPTED)
        version = self.run_cli("--version", addresses=False).stdout
        self.assertRegex(version, r"^windrow \(Windrow\) \d+\.\d+\.\d+\n$")

    def check_profiles(self):
        query = self.system.stack.address("query")
        run = lambda *words, **more: self.run_cli(*words, addresses=False, **more)
        run("profile", "set", "here", f"query={query}", "output=yaml")
        run("profile", "set", "there", "query=127.0.0.1:1")
        run("profile", "use", "here")
        self.assertIsInstance(yaml.safe_load(run("views", "list").stdout), list)
        self.assertTrue(run("views", "list", WINDROW_OUTPUT="csv").stdout.startswith("name,"))
        self.assertTrue(run("views", "list", "-o", "table").stdout.startswith("VIEW"))
        run("views", "list", "--profile", "there", code=UNAVAILABLE)
        run("views", "list", WINDROW_PROFILE="there", code=UNAVAILABLE)
        run("views", "list", "--profile", "there", "--query", query)
        run("views", "list", WINDROW_QUERY="127.0.0.1:1", code=UNAVAILABLE)
        shown = {row["setting"]: row for row in yaml.safe_load(run("profile", "show").stdout)}
        self.assertEqual(shown["query"], {"setting": "query", "value": query, "from": "profile here"})
        self.assertEqual(shown["kafka"]["from"], "default")
        self.assertIn("no profile \"none\"", run("views", "list", "--profile", "none",
                                                 code=USAGE).stderr)
        self.assertIn("not an address", run("profile", "set", "here", "kafka=x", code=USAGE).stderr)
        self.assertIn("here *", run("profile", "list", "-o", "table").stdout)
        run("profile", "use", "--none")
        self.assertTrue(run("views", "list", "--query", query).stdout.startswith("VIEW"))

    def check_colors(self):
        words = self.system.stack.windrow_command("windows", "list", "none")
        for variables, more, colored in (
                ({"TERM": "xterm"}, [], True), ({"TERM": "dumb"}, [], False), ({}, [], False),
                ({"TERM": "xterm", "NO_COLOR": "1"}, [], False),
                ({"TERM": "xterm", "NO_COLOR": "1"}, ["--color"], True),
                ({"TERM": "xterm"}, ["--no-color"], False)):
            with self.subTest(variables=variables, more=more):
                terminal = Terminal(words + more, dict(self.environment, **variables))
                self.assertEqual(terminal.finish(), NOT_FOUND)
                self.assertIn("none", terminal.text())
                self.assertEqual("\x1b[" in terminal.text(), colored, terminal.text())
        done = self.run_cli("windows", "list", "none", code=NOT_FOUND, TERM="xterm")
        self.assertNotIn("\x1b", done.stderr)

    def check_completion(self):
        """bash itself, with the function that it was given."""
        stack = self.system.stack
        for line, expected in (
                ("windrow pipel", {"pipelines"}),
                ("windrow windows list calls-by-type -o ", {"table", "json", "yaml", "csv"}),
                ("windrow settings set --commit", {"--commit-interval"}),
                ("windrow producer rate --et", {"--etag"}),
                (f"windrow --query {stack.address('query')} windows list ", set(VIEWS)),
                (f"windrow --aggregator {stack.address('aggregator')} settings get ",
                 {PIPELINE_ID}),
                (f"windrow --kafka {stack.kafka} topics describe ca", {SOURCE_TOPIC})):
            with self.subTest(line):
                words = line.split(" ")
                script = (
                    'PATH="$1:$PATH"; source <(windrow completion bash) || exit 1; shift; '
                    'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; '
                    'COMP_POINT=${#COMP_LINE}; '
                    '$(complete -p windrow | sed "s/.*-F \\([^ ]*\\) .*/\\1/"); '
                    'printf "%s\\n" "${COMPREPLY[@]}"')
                done = subprocess.run(
                    ["bash", "-c", script, "bash", os.path.dirname(self.windrow), *words],
                    capture_output=True, text=True, timeout=QUICK_SECONDS, env=self.environment)
                self.assertEqual(done.stderr, "")
                self.assertEqual(set(done.stdout.split()), expected)

    def check_waiting(self):
        """A restart that is waited for is served afterwards; its bar is seen on a terminal only."""
        words = ("pipelines", "restart", "--from", "earliest", "--wait", "60s")
        # So slow that there is something to see.
        terminal = Terminal(
            self.system.stack.windrow_command(*words, "--backfill-rate", str(RECORDS // 3)),
            dict(self.environment, TERM="xterm"))
        self.assertEqual(terminal.finish(), 0, terminal.text())
        self.assertRegex(terminal.text(), r"incarnation 2 catches up: \[#* *\] \d+ %")
        self.assertIn(f"{PIPELINE_ID} restarted", terminal.text())
        served = json.loads(self.run_cli("pipelines", "get", "-o", "json").stdout)
        self.assertEqual(served["served"]["number"], 2)
        self.assertNotIn("next", served)
        late = self.run_cli("pipelines", "restart", "--from", "earliest", "--wait", "1ms",
                            "--backfill-rate", "1", code=68)
        self.assertIn("has not caught up", late.stderr)
        self.assertNotIn("\x1b", late.stderr)

    # Following

    def test_following_a_view_over_a_restart(self):
        """Rows piped, and a table on a terminal: both go on, and nothing comes twice."""
        seed = random_seed(self)
        system = self.system
        system.start()
        rows_file = system.directory / "rows.ndjson"
        notes_file = system.directory / "notes.txt"
        with open(rows_file, "wb") as out, open(notes_file, "wb") as notes:
            rows = subprocess.Popen(
                system.stack.windrow_command("results", "watch", VIEWS[0], "--from-beginning", "-o",
                                             "json"),
                stdin=subprocess.DEVNULL, stdout=out, stderr=notes, env=self.environment)
        self.addCleanup(rows.kill)
        lines_file = system.directory / "lines.txt"
        with open(lines_file, "wb") as out:
            lines = subprocess.Popen(
                system.stack.windrow_command("watch", VIEWS[0]), stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.DEVNULL, env=self.environment)
        self.addCleanup(lines.kill)
        terminal = Terminal(system.stack.windrow_command("watch", VIEWS[0]),
                            dict(self.environment, TERM="xterm"))
        self.addCleanup(terminal.close)

        system.start_replay(generator(20_000, seed), records_per_second=4_000)
        wait_until("rows", lambda: rows_file.stat().st_size > 0 or (False, notes_file.read_text()),
                   QUICK_SECONDS, system.any_ended)
        system.stop_service("query")
        wait_until("the terminal to tell", lambda: "query service" in terminal.text(),
                   QUICK_SECONDS)
        before = rows_file.stat().st_size
        system.restart("query")
        system.finish_replay()
        system.drain()
        expected = self.listed()

        def complete():
            seen = self.last_versions(rows_file)
            return seen == expected or (False, f"{len(seen)} of {len(expected)} rows")

        wait_until("all rows", complete, QUICK_SECONDS, system.any_ended)
        self.assertGreater(rows_file.stat().st_size, before)
        newest = max(key[0] for key in expected)
        shown = newest.replace("T", " ")[:16]
        wait_until("the last window on the terminal",
                   lambda: any(shown in line and "final" in line for line in terminal.last_frame())
                   or (False, terminal.last_frame()), QUICK_SECONDS)
        frame = terminal.last_frame()
        self.assertFalse(any("query service" in line for line in frame), frame)
        groups = []
        for line in frame[2:]:
            if re.match(r"\d{4}-", line):
                groups = []
            name = re.sub(r"^.{25}", "", line)
            self.assertNotIn(name, groups, frame)
            groups.append(name)
        wait_until("the last window in the log", lambda: shown in lines_file.read_text(),
                   QUICK_SECONDS)
        self.assertNotIn("\x1b", lines_file.read_text())
        self.assertEqual(terminal.finish(signal.SIGINT), INTERRUPTED)
        for process in (rows, lines):
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(QUICK_SECONDS), INTERRUPTED)
        self.check_ends(expected)

    def check_ends(self, expected):
        """A filter takes its rows, --end-time ends, and a token goes on behind the last row."""
        group = next(name for _, name in sorted(expected, key=str) if name)
        newest = max(key[0] for key in expected)
        words = ("results", "watch", VIEWS[0], "--filter",
                 f'original_crime_type_name = "{group}"', "-o", "csv")
        view = json.loads(self.run_cli("views", "list", "-o", "json").stdout.splitlines()[0])
        end = ("--end-time", view["closed_through_time"])
        done = self.run_cli(*words, *end, "--from-beginning")
        rows = {row["window_start"]: int(row["count"])
                for row in csv.DictReader(io.StringIO(done.stdout, newline=""))}
        self.assertEqual(rows, {start: count for (start, name), count in expected.items()
                                if name == group})
        token = done.stderr.strip().rsplit(" ", 1)[-1]
        self.assertEqual(self.run_cli(*words, *end, "--resume-token", token).stdout, "")
        log = self.run_cli("watch", VIEWS[0], *end).stdout
        self.assertIn(newest.replace("T", " ")[:16], log)

    def listed(self):
        """(window, group) to count, by another command."""
        rows = [json.loads(line) for line in self.run_cli(
            "results", "list", VIEWS[0], "--limit", "0", "-o", "json").stdout.splitlines()]
        group = next(name for name in rows[0] if not name.startswith("window_"))
        return {(row["window_start"], row[group]): row["count"] for row in rows}

    def last_versions(self, path):
        """The same of a file of `results watch`; fails when a version comes twice or goes back."""
        versions, counts = {}, {}
        for text in path.read_text(encoding="utf-8").split("\n")[:-1]:
            row = json.loads(text)
            group = next(name for name in row if name != "change" and not name.startswith("window_"))
            key = (row["window_start"], row[group])
            version = (row["version"]["partition"], row["version"]["offset"])
            if key in versions:
                self.assertEqual(version[0], versions[key][0], text)
                self.assertGreater(version[1], versions[key][1], text)
            versions[key] = version
            counts[key] = row["count"]
        return counts


if __name__ == "__main__":
    unittest.main()
