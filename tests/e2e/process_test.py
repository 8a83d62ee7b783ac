"""The programs as processes: how they start, refuse to start, explain themselves, and end."""

import os
import re
import signal
import subprocess
import unittest

from tests.e2e.system import SERVICES, System, binary, generator, random_seed
from tests.e2e.verdict import assert_rows
from tests.e2e.waiting import wait_until

QUICK_SECONDS = 20
COMMON_FLAGS = ("--kafka", "--listen", "--log_format")


def run(name, *arguments):
    return subprocess.run(
        [binary(name), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=QUICK_SECONDS,
    )


class CommandLine(unittest.TestCase):
    def test_help_explains_every_flag(self):
        for name in SERVICES:
            with self.subTest(name):
                done = run(name, "--help")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.check_flags(done.stdout)

    def check_flags(self, text):
        """Each flag with its default on a line, and what it is for on the next."""
        lines = text.split("\n")
        flags = {}
        for line, explanation in zip(lines, lines[1:]):
            match = re.match(r"  (--\w+)( \(default: .*\))?$", line)
            if match:
                self.assertRegex(explanation, r"^      \S.*\w", match[1])
                flags[match[1]] = match[2]
        for flag in COMMON_FLAGS:
            self.assertIn(flag, flags)
        without = {flag for flag, default in flags.items() if default is None}
        self.assertEqual(without, {"--help", "--version"}, "flags without a default")

    def test_help_of_the_cli(self):
        done = run("windrow", "--help")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("topics", done.stdout)

    def test_a_wrong_command_line_is_one_clear_line_and_exit_code_2(self):
        wrong = {name: ["--no_such_flag", "--listen", "stray", "--log_format=xml"]
                 for name in SERVICES}
        wrong["windrow"] = ["--no-such-flag", "nonsense", "topics"]
        for name, arguments in wrong.items():
            for argument in arguments:
                with self.subTest(name, argument=argument):
                    done = run(name, argument)
                    self.assertEqual(done.returncode, 2, done.stderr)
                    self.assertEqual(done.stdout, "")
                    lines = done.stderr.strip().split("\n")
                    self.assertEqual(len(lines), 1, done.stderr)
                    self.assertIn(name, lines[0])

    def test_a_wrong_value_names_itself(self):
        for name in SERVICES:
            with self.subTest(name):
                done = run(name, "--listen=nonsense")
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("nonsense", done.stderr)

    def test_a_wrong_pipeline_file(self):
        done = run("aggregator", "--pipeline_file=/no/such/file")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("/no/such/file", done.stderr)


class Termination(unittest.TestCase):
    def test_sigterm_while_working(self):
        """Each service ends in order while it has work, and what comes out is still exact."""
        seed = random_seed(self)
        system = System(self)
        system.start()
        system.start_replay(generator(60_000, seed), records_per_second=5_000)
        system.wait_until_sent(5_000)
        system.wait_until_processing()
        for name in ("aggregator", "query"):
            code, _ = system.stop_service(name)
            self.assertEqual(code, 0, name)
            system.restart(name)
        system.set_pace(None)
        system.finish_replay()
        system.drain()
        assert_rows(self, system, system.recount())
        system.start_replay(generator(1_000_000, seed), records_per_second=5_000)
        system.wait_until_sent(1_000)
        for name in SERVICES:
            code, seconds = system.stop_service(name)
            self.assertEqual(code, 0, name)
            print(f"         {name} ended after {seconds:.2f} s", flush=True)

    def test_sigterm_without_a_broker(self):
        """A service that cannot reach Kafka says so, and still ends in order."""
        system = System(self)
        system.start()
        system.broker.kill9()
        for name in SERVICES:
            code, _ = system.stop_service(name)
            self.assertIn(code, (0, 1), name)

    def test_sigint_is_the_same(self):
        system = System(self)
        system.start(services=("producer",))
        process = system.stack.processes.pop("producer")
        os.kill(process.pid, signal.SIGINT)
        wait_until("the producer to end", lambda: process.exit_code() is not None, 10)
        self.assertEqual(process.exit_code(), 0)

    def test_a_taken_port_is_one_clear_line(self):
        system = System(self)
        system.start()
        for name in SERVICES:
            with self.subTest(name):
                # Of the two stores named, the last counts: the first is in use.
                other = [f"--store_dir={system.directory}/store-2"] if name == "query" else []
                done = run(
                    name, f"--kafka={system.broker.address}",
                    f"--listen={system.stack.address(name)}", *system.service_arguments(name), *other,
                )
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(system.stack.address(name).split(":")[1], done.stderr)


if __name__ == "__main__":
    unittest.main()
