"""Tests of the runner of tests: what it counts, and what runs beside what."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[1]


class Runner(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def module(self, name, text):
        text = "import os, pathlib, time, unittest\n" + textwrap.dedent(text)
        (self.folder / f"{name}.py").write_text(text, encoding="utf-8")

    def run_modules(self, *arguments):
        environment = dict(os.environ, PYTHONPATH=str(self.folder), FOLDER=str(self.folder))
        ran = subprocess.run([sys.executable, "-m", "tests.run", *arguments], cwd=ROOT,
                             env=environment, capture_output=True, text=True, timeout=60,
                             check=False)
        lines = ran.stdout.splitlines()
        return ran.returncode, json.loads(lines[-1]), lines[:-1]

    def test_counts_are_the_same_with_lanes(self):
        self.module("mixed", """
            class A(unittest.TestCase):
                def test_good(self): pass
                def test_bad(self): self.fail("so it is")
            class B(unittest.TestCase):
                def test_good(self): pass
                @unittest.skip("not now")
                def test_skipped(self): pass
        """)
        for lanes in ("1", "2"):
            code, counts, lines = self.run_modules("--lanes", lanes, "mixed", "absent")
            self.assertEqual(code, 1)
            self.assertEqual(counts, {"passed": 2, "failed": 2, "skipped": 1})
            self.assertEqual(sum(line.startswith("[    OK]") for line in lines), 2, lines)
            self.assertTrue(any("so it is" in line for line in lines), lines)
            self.assertFalse(any(line.startswith('{"passed') for line in lines), lines)

    def test_a_process_that_dies_is_a_failure(self):
        self.module("dying", """
            class A(unittest.TestCase):
                def test_a(self): os._exit(0)
                def test_b(self): pass
            class B(unittest.TestCase):
                def test_good(self): pass
        """)
        code, counts, _ = self.run_modules("--lanes", "2", "dying")
        self.assertEqual((code, counts["passed"], counts["failed"]), (1, 1, 1))

    def test_side_by_side_but_for_those_alone(self):
        # A and B wait for each other, C for the end of both.
        self.module("waiting", """
            FOLDER = pathlib.Path(os.environ["FOLDER"])
            def there(name):
                end = time.monotonic() + 30
                while not (FOLDER / name).exists() and time.monotonic() < end: time.sleep(0.01)
                return (FOLDER / name).exists()
            class C(unittest.TestCase):
                alone = True
                def test_c(self):
                    self.assertTrue((FOLDER / "a-ended").exists() and (FOLDER / "b-ended").exists())
            class A(unittest.TestCase):
                def test_a(self):
                    (FOLDER / "a").touch()
                    self.assertTrue(there("b"))
                    (FOLDER / "a-ended").touch()
            class B(unittest.TestCase):
                def test_b(self):
                    (FOLDER / "b").touch()
                    self.assertTrue(there("a"))
                    (FOLDER / "b-ended").touch()
        """)
        _, counts, lines = self.run_modules("--lanes", "2", "waiting")
        self.assertEqual(counts, {"passed": 3, "failed": 0, "skipped": 0}, lines)

    def test_nothing_chosen_is_no_success(self):
        self.module("some", """
            class A(unittest.TestCase):
                def test_good(self): pass
        """)
        for lanes in ("1", "2"):
            code, counts, _ = self.run_modules("--lanes", lanes, "--only", "nowhere", "some")
            self.assertEqual((code, counts["passed"]), (1, 0))


if __name__ == "__main__":
    unittest.main()
