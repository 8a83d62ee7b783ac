"""The parts of ./run: its flags, what it reads of a pipeline file, and the processes it keeps."""

import contextlib
import io
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from dev import broker, build, run
from dev.stack import REPO, Ports, Stack, StackError, check_ports
from tests.e2e.waiting import wait_until

PATIENCE_SECONDS = 20


class Flags(unittest.TestCase):
    def test_a_live_run_has_a_pace_that_shows_something(self):
        self.assertEqual(run.parse_arguments([]).speedup, 300)
        options = run.parse_arguments(["--dataset", __file__])
        self.assertEqual((options.rate, options.speedup), (200, None))

    def test_the_own_pace_is_the_only_one(self):
        options = run.parse_arguments(["--rate", "7"])
        self.assertEqual((options.rate, options.speedup), (7, None))
        options = run.parse_arguments(["--max-speed"])
        self.assertEqual((options.rate, options.speedup), (None, None))

    def test_to_the_end_is_as_fast_as_possible(self):
        options = run.parse_arguments(["--until-done"])
        self.assertEqual((options.rate, options.speedup), (None, None))

    def test_wrong_lines_end_with_two_and_one_line(self):
        for words in (["--nonsense"], ["--rate", "0"], ["--rate", "1", "--speedup", "1"],
                      ["--kafka", "nowhere"], ["--query-port", "70000"], ["--export", "x"],
                      ["--dataset", "/no/such/file"]):
            said = io.StringIO()
            with self.subTest(words), contextlib.redirect_stderr(said):
                with self.assertRaises(SystemExit) as end:
                    run.parse_arguments(words)
                self.assertEqual(end.exception.code, 2)
                self.assertEqual(said.getvalue().count("\n"), 1, said.getvalue())


class PipelineFiles(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "p.textproto"
            path.write_text(text)
            return run.PipelineFile(path)

    def test_the_shipped_one(self):
        pipeline = run.PipelineFile(run.PIPELINE_FILE)
        self.assertEqual((pipeline.id, pipeline.source_topic, pipeline.event_time_field),
                         ("sf-calls", "calls", "call_date_time"))

    def test_comments_do_not_count(self):
        pipeline = self.read('# name: "pipelines/wrong"\nname: "pipelines/mine"\n'
                             'event_time: { format: FORMAT_ISO_8601 field: "at" }\nsource_topic: "t"')
        self.assertEqual((pipeline.id, pipeline.source_topic, pipeline.event_time_field),
                         ("mine", "t", "at"))

    def test_topics_that_are_its_own(self):
        pipeline = run.PipelineFile(run.PIPELINE_FILE)
        self.assertTrue(pipeline.owns("calls"))
        self.assertTrue(pipeline.owns("sf-calls.results"))
        self.assertFalse(pipeline.owns("sf-calls-2.results"))
        self.assertFalse(pipeline.owns("windrow.control"))

    def test_what_is_missing_is_named(self):
        with self.assertRaisesRegex(run.RunError, "source_topic"):
            self.read('name: "pipelines/mine"\nevent_time { field: "at" }')
        with self.assertRaisesRegex(run.RunError, "cannot read"):
            run.PipelineFile("/no/such/file")


class Stalls(unittest.TestCase):
    def stall(self, positions):
        """Whether a run that is asked at each check time sees these positions gives up."""
        clock = iter(range(0, 100_000, run.STALL_CHECK_SECONDS))
        with mock.patch.object(run.time, "monotonic", lambda: next(clock)):
            stall = run.Stall(iter(positions).__next__)
            try:
                for _ in positions:
                    stall.check()
            except run.RunError:
                return True
        return False

    def test_progress_goes_on(self):
        self.assertFalse(self.stall(range(100)))

    def test_no_progress_gives_up(self):
        self.assertTrue(self.stall([1] * 100))

    def test_services_that_do_not_answer_are_no_progress(self):
        self.assertTrue(self.stall([None] * 100))


class Builds(unittest.TestCase):
    def test_the_stamp_follows_sources_and_programs(self):
        with tempfile.TemporaryDirectory() as folder:
            repo = pathlib.Path(folder)
            (repo / "proto/a").mkdir(parents=True)
            source, program = repo / "proto/a/a.proto", repo / "program"
            source.write_text("1")
            with mock.patch.object(build, "REPO", repo), \
                    mock.patch.object(build, "BINARIES", {"program": program}):
                self.assertIsNone(build.stamp(), "without the program")
                program.write_text("1")
                first = build.stamp()
                self.assertEqual(build.stamp(), first)
                source.write_text("22")
                second = build.stamp()
                self.assertNotEqual(second, first)
                program.write_text("22")
                self.assertNotEqual(build.stamp(), second)

    def test_all_sources_are_looked_at(self):
        for folder in build.SOURCES:
            self.assertTrue((REPO / folder).is_dir(), folder)


class FetchLibrdkafka(unittest.TestCase):
    """dev/fetch-librdkafka, from a mirror in a folder."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.state = self.folder / "state"
        (self.folder / "sources").write_text(f"deb file:{self.folder}/mirror bookworm main\n")
        self.settings = self.folder / "apt.conf"
        self.settings.write_text(
            f'Dir::Etc::sourcelist "{self.folder}/sources";\nDir::Etc::sourceparts "-";\n')

    @staticmethod
    def fetch(**environment):
        return subprocess.run([REPO / "dev/fetch-librdkafka"], env={**os.environ, **environment},
                              capture_output=True, text=True, timeout=60)

    def offer(self, content):
        pool = self.folder / "mirror/pool/main/libr/librdkafka"
        pool.mkdir(parents=True)
        (pool / "librdkafka_2.8.0.orig.tar.gz").write_bytes(content)

    def fetch_from_the_folder(self):
        return self.fetch(WINDROW_STATE_DIR=str(self.state), APT_CONFIG=str(self.settings))

    def test_what_is_pinned_is_taken_and_kept(self):
        content = pathlib.Path(self.fetch().stdout.strip()).read_bytes()
        self.offer(content)
        for _ in range(2):
            done = self.fetch_from_the_folder()
            self.assertEqual(done.returncode, 0, done.stderr)
            kept = pathlib.Path(done.stdout.strip())
            shutil.rmtree(self.folder / "mirror", ignore_errors=True)
            self.assertEqual(kept.read_bytes(), content)

    def test_another_file_is_refused(self):
        self.offer(b"something else")
        self.refused()

    def test_without_a_mirror_it_says_what_to_do(self):
        self.refused()

    def refused(self):
        done = self.fetch_from_the_folder()
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("put librdkafka's source", done.stderr)
        self.assertEqual(list(self.state.glob("librdkafka/*.tar.gz")), [])


class FreePorts(unittest.TestCase):
    def test_none_is_given_twice(self):
        first = broker.free_port()
        second = broker.free_port()
        # Nobody listens on them yet.
        numbers = [first, second, *range(20000, 20100)]
        with mock.patch("dev.broker.random.randrange", side_effect=numbers):
            self.assertNotIn(broker.free_port(), (first, second))


class Processes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def stack(self, script):
        """A stack whose services are all this shell script."""
        program = self.folder / "program"
        program.write_text(f"#!/bin/bash\n{script}\n")
        program.chmod(0o755)
        names = ("producer", "aggregator", "query", "windrow")
        return Stack(self.folder / "state", Ports(), kafka="127.0.0.1:1",
                     binaries={name: program for name in names})

    def test_they_end_in_the_order_of_the_flow(self):
        ended = self.folder / "ended"
        stack = self.stack(f'trap \'echo "$3" >> {ended}; exit\' TERM; echo ready\n'
                           "while :; do sleep 0.01; done")
        for name in ("query", "aggregator", "producer"):
            stack.start_service(name, [name])
        logs = [stack.state_dir / "logs" / f"{name}.log" for name in ("query", "aggregator", "producer")]
        wait_until("the traps", lambda: all("ready" in log.read_text() for log in logs),
                   PATIENCE_SECONDS)
        self.assertEqual(stack.stop(), [])
        self.assertEqual(ended.read_text().split(), ["producer", "aggregator", "query"])

    def test_who_does_not_end_is_killed_and_named(self):
        stack = self.stack("trap '' TERM; echo ready; while :; do sleep 0.01; done")
        stack.start_service("query")
        wait_until("the trap", lambda: "ready" in (stack.state_dir / "logs/query.log").read_text(),
                   PATIENCE_SECONDS)
        self.assertEqual(stack.stop(timeout=0.2), ["query"])

    def test_who_ends_by_itself_is_reported_with_its_last_words(self):
        stack = self.stack("echo no such luck; exit 3")
        self.addCleanup(stack.stop)
        stack.start_service("query")

        def reported():
            try:
                stack.check_running()
            except StackError as error:
                return str(error)
            return None

        text = wait_until("the report", reported, PATIENCE_SECONDS)
        self.assertRegex(text, r"(?s)query ended with code 3.*no such luck")

    def test_they_die_with_us(self):
        program = self.folder / "program"
        program.write_text("#!/bin/sh\nexec sleep 1000\n")
        program.chmod(0o755)
        parent = subprocess.Popen(
            [sys.executable, "-c",
             "import sys, time; from dev.stack import *\n"
             "stack = Stack(sys.argv[1], Ports(), kafka='x:1', binaries={'query': sys.argv[2]})\n"
             "stack.start_service('query'); print(stack.processes['query'].pid, flush=True)\n"
             "time.sleep(1000)", str(self.folder / "state"), str(program)],
            cwd=REPO, stdout=subprocess.PIPE, text=True)
        with parent:
            child = int(parent.stdout.readline())
            os.kill(parent.pid, signal.SIGKILL)

        def gone():
            try:
                return pathlib.Path(f"/proc/{child}/stat").read_text().split()[2] == "Z"
            except OSError:
                return True

        wait_until("the child to die", gone, PATIENCE_SECONDS)

    def test_taken_ports_are_named_with_their_flag(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with self.assertRaisesRegex(
                    StackError, rf"port {port} is in use by process {os.getpid()} .*--query-port"):
                check_ports({"--query-port": port})
        with self.assertRaisesRegex(StackError, "same port"):
            check_ports({"--a": 1, "--b": 1})


if __name__ == "__main__":
    unittest.main()
