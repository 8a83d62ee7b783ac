"""The comparison on which the end-to-end tests rest finds every kind of difference."""

import unittest

from tests.e2e import comparison


def row(start, group, count, revision=0, final=True):
    return {
        "window_start": start, "window_end": "z", "disposition": group, "description": "d",
        "count": count, "final": final, "revision": revision,
    }


EXPECTED = [row("1", None, 1), row("1", "A", 2), row("1", "a", 3), row("2", "A", 4)]


class Differences(unittest.TestCase):
    def found(self, actual, **options):
        return [text.split(":")[0].split()[0] for text in
                comparison.differences(EXPECTED, actual, **options)]

    def test_same(self):
        self.assertEqual(self.found(list(EXPECTED)), [])
        self.assertEqual(self.found(EXPECTED[:3] + [row("2", "A", 4, revision=7)]), [])

    def test_values(self):
        self.assertEqual(self.found(EXPECTED[:3] + [row("2", "A", 5)]), ["expected"])
        self.assertEqual(self.found(EXPECTED[:3] + [row("2", "A", 4, final=False)]), ["expected"])
        self.assertEqual(
            self.found(EXPECTED[:3] + [row("2", "A", 4, revision=7)], ignore=()), ["expected"]
        )
        wrong = dict(EXPECTED[3], description=None)
        self.assertEqual(self.found(EXPECTED[:3] + [wrong]), ["expected"])
        self.assertEqual(
            self.found(EXPECTED[:3] + [dict(EXPECTED[3], extra=1)]), ["missing", "not"]
        )

    def test_rows(self):
        self.assertEqual(self.found(EXPECTED[1:]), ["missing"])
        self.assertEqual(self.found(EXPECTED + [row("3", "A", 1)]), ["not"])
        self.assertEqual(self.found(EXPECTED + [EXPECTED[3]]), ["twice", "not"])

    def test_order(self):
        self.assertEqual(self.found([EXPECTED[1], EXPECTED[0]] + EXPECTED[2:]), ["not"])

    def test_nothing_compared_is_a_failure(self):
        with self.assertRaises(AssertionError):
            comparison.assert_same(self, [], [], "nothing")


if __name__ == "__main__":
    unittest.main()
