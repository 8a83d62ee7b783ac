"""Checks the contracts with buf: their style, and that nothing released is broken.

The style is buf's STANDARD and COMMENTS (proto/buf.yaml). What was released is proto/released.binpb,
a descriptor set that dev/release-contracts writes; so a clone without history knows it, too.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[1]
STATE = pathlib.Path(os.environ.get("WINDROW_STATE_DIR", ROOT / ".run"))
RELEASED = ROOT / "proto/released.binpb"
QUERY = "windrow/query/v1/query_service.proto"


def buf(*arguments):
    """Exit code and output: 0 is clean, 100 means that something was found."""
    program = STATE / "bin/buf"
    if not program.exists():
        raise AssertionError(f"{program} is missing: run dev/fetch-buf")
    done = subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def lint(folder):
    return buf("lint", folder)


def breaking(folder):
    return buf("breaking", folder, "--against", RELEASED)


class Contracts(unittest.TestCase):
    def test_style(self):
        self.assertEqual(lint(ROOT / "proto"), (0, ""))

    def test_nothing_released_is_broken(self):
        self.assertEqual(breaking(ROOT / "proto"), (0, ""))


class TheChecksThemselves(unittest.TestCase):
    """What is planted into a copy of the contracts is found."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.proto = pathlib.Path(folder.name) / "proto"
        shutil.copytree(ROOT / "proto", self.proto)

    def change(self, before, after):
        path = self.proto / QUERY
        text = path.read_text(encoding="utf-8")
        self.assertIn(before, text)
        path.write_text(text.replace(before, after, 1), encoding="utf-8")

    def test_a_field_without_comment(self):
        self.change("message Confirmation {}", "message Confirmation {\n  string x = 1;\n}")
        code, said = lint(self.proto)
        self.assertEqual(code, 100, said)
        self.assertIn('Field "x" should have a non-empty comment', said)

    def test_a_name_out_of_style(self):
        self.change("  string resume_token = 3;", "  string resumeToken = 3;")
        code, said = lint(self.proto)
        self.assertEqual(code, 100, said)
        self.assertIn("resumeToken", said)

    def test_changes_of_what_was_released(self):
        for before, after in (
            ("  string resume_token = 3;", ""),
            ("  string resume_token = 3;", "  bytes resume_token = 3;"),
            ("  string resume_token = 3;", "  string token = 3;"),
            ("  rpc GetStatus(GetStatusRequest) returns (GetStatusResponse);", ""),
            ("STATE_DISK_FULL = 3", "STATE_DISK_FULL = 4"),
        ):
            with self.subTest(after=after, before=before):
                self.setUp()
                self.change(before, after)
                code, said = breaking(self.proto)
                self.assertEqual(code, 100, said)
                self.assertIn(QUERY, said)

    def test_additions_break_nothing(self):
        self.change("message Confirmation {}",
                    "message Confirmation {\n  // Something new.\n  string x = 1;\n}")
        self.assertEqual(lint(self.proto), (0, ""))
        self.assertEqual(breaking(self.proto), (0, ""))


if __name__ == "__main__":
    unittest.main()
