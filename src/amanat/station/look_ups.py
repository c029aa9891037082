"""Look-ups that ended without a permit, counted over the last minutes (clause R-3).

A desk is no way to ask who is in the register or who has voted.  Each such look-up is an entry; many in a short time
are said in words on the desk's and the supervisor's page, and are an incident.  Nobody is refused for it: the next one
may be an honest voter.
"""

from collections import deque
from typing import Any, Final

from amanat.records.journal import Entry
from amanat.rules import persian
from amanat.station.clock import Clock
from amanat.station.journal import Journal

MOST: Final = 20
WINDOW_MS: Final = 600_000
FA: Final = "{n} جست‌وجو در ده دقیقه بی صدور تعرفه بود؛ ناظران ببینند چرا"
EN: Final = "{n} look-ups in ten minutes ended without a permit; observers should ask why"


class LookUps:
    """Reads the journal, so that a restart forgets nothing."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal, self._clock = journal, clock
        self._read = 0
        self._moments: deque[int] = deque()
        self._told = False

    def _count(self) -> int:
        """In the last ten minutes; by this device's clock, set back or not."""
        now = self._clock.now_ms()
        for signed in self._journal.entries[self._read :]:
            entry = Entry.decode(signed.entry)
            if entry.kind == "refused":
                self._moments.append(entry.wall_ms)
        self._read = len(self._journal.entries)
        while self._moments and self._moments[0] < now - WINDOW_MS:
            self._moments.popleft()
        return len(self._moments)

    def words(self) -> dict[str, Any] | None:
        """For the pages: how many and in words, while they are more than `MOST`; else None."""
        count = self._count()
        if count <= MOST:
            return None
        return {"count": count, "fa": FA.format(n=persian.number(count)), "en": EN.format(n=count)}

    def watch(self) -> None:
        """After an act: the alarm's beginning is an incident, once until it has ended."""
        many = self.words() is not None
        if many and not self._told and self._journal.stopped is None and not self._journal.state.closed:
            self._journal.write("incident", ["many-look-ups", f"{MOST + 1} in ten minutes"])
        self._told = many
