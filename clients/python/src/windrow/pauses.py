"""How long to wait before a new try."""

import random

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 5.0


class Pauses:
    """Pauses that double from `first` to `longest`, each shortened at random by up to half: so that readers whom
    the same break has ended do not all come back at once."""

    def __init__(self, first: float = FIRST_SECONDS, longest: float = LONGEST_SECONDS) -> None:
        self._first = first
        self._longest = longest
        self._seconds = first

    def next(self) -> float:
        """Seconds to wait now; the next pause is longer."""
        seconds = self._seconds * random.uniform(0.5, 1.0)
        self._seconds = min(2 * self._seconds, self._longest)
        return seconds

    def reset(self) -> None:
        """After a success: the next pause is the first again."""
        self._seconds = self._first
