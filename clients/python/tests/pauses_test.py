"""Pauses grow, but not for ever."""

import unittest

from windrow.pauses import Pauses


class PausesTest(unittest.TestCase):
    def test_they_double_to_the_longest(self):
        pauses = Pauses()
        for longest in (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0):
            seconds = pauses.next()
            self.assertGreaterEqual(seconds, longest / 2)
            self.assertLessEqual(seconds, longest)

    def test_they_begin_anew(self):
        pauses = Pauses()
        for _ in range(5):
            pauses.next()
        pauses.reset()
        self.assertLessEqual(pauses.next(), 0.1)

    def test_readers_do_not_come_back_together(self):
        self.assertGreater(len({Pauses().next() for _ in range(20)}), 1)


if __name__ == "__main__":
    unittest.main()
