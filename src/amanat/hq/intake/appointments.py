"""When those who are declined come again: one after another, no faster than pushes are served.  Clause S-9.

Integers, no clock and no randomness of its own: the return of a nation is rehearsed with this very class.
"""

from collections.abc import Callable
from typing import Final

AFTER_MAX: Final = 300
"""Seconds: nobody is told to wait longer."""
SECOND_US: Final = 1_000_000
FIRST_US: Final = 10_000  # that a push takes, before one was measured


class Appointments:
    """One intake process's; times are microseconds of one clock, whichever."""

    def __init__(self) -> None:
        self._each_us = FIRST_US
        self._next_us = 0

    def served(self, pushes: int, us: int) -> None:
        """A commit of so many pushes took so long."""
        self._each_us += (us // pushes - self._each_us) // 8

    def within(self, us: int) -> int:
        """How many pushes are served in such a time, at the pace of late."""
        return us // max(1, self._each_us)

    def give(self, now_us: int, draw: Callable[[int], int]) -> int:
        """Whole seconds, 1 to AFTER_MAX, for one more of those who are declined.

        ``draw(n)``: a number below n, by lot.
        """
        step = max(1, self._each_us * 3 // 4)  # a station adds up to half as long of its own
        self._next_us = min(max(self._next_us, now_us) + step, now_us + AFTER_MAX * SECOND_US)
        wait = self._next_us - now_us
        spread = wait * 3 // 4 + draw(wait // 2 + 1) + draw(SECOND_US)
        return max(1, min(AFTER_MAX, (spread + SECOND_US // 2) // SECOND_US))
