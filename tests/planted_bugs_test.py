"""The bugs of tests/planted can be planted: planting them takes an hour, so that nobody would notice
that the code has moved away from under one."""

import pathlib
import unittest

from tests.planted.bugs import BUGS

ROOT = pathlib.Path(__file__).resolve().parents[1]


class PlantedBugs(unittest.TestCase):
    def test_each_text_to_break_stands_in_one_place(self):
        for bug in BUGS:
            for name, old, _ in bug.edits:
                with self.subTest(bug=bug.name, file=name):
                    self.assertEqual((ROOT / name).read_text(encoding="utf-8").count(old), 1, old)


if __name__ == "__main__":
    unittest.main()
