"""The printed list of who is checked in already: the last fallback, kept current on paper while the machines live.

Every so many check-ins (or minutes) one page of the new ones is printed, with a running page number.  If all machines
of a station are lost, the pages and the permits handed out after the last of them are everybody who was served, and
the board goes on with the official list on paper.  A page is sorted by national id: inside it nobody's turn shows.
LIMIT: a desk lists whom it checked in itself; a station with two desks keeps two lists.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final

from amanat.errors import BadInput
from amanat.station.clock import Clock
from amanat.station.journal import Journal
from amanat.station.news import Notes
from amanat.station.package import Identity
from amanat.station.printer import Printer, PrinterFault, Slip

Screen = dict[str, Any]
LINES_MAX: Final = 40  # of one page: half an arm's length of paper
NOTES: Final = "checked-in-list.notes"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a page is due: after so many new check-ins, or after so many minutes with any; zeros: when asked only."""

    check_ins: int = 0
    minutes: int = 0

    @classmethod
    def read(cls, text: str, *, file: str) -> "Rhythm":
        """From ``every:N``, ``minutes:N`` or ``asked``; BadInput otherwise."""
        kind, _, number = text.partition(":")
        if text == "asked":
            return cls()
        if kind in {"every", "minutes"} and number.isdigit() and 0 < int(number) <= 1000:
            return cls(check_ins=int(number)) if kind == "every" else cls(minutes=int(number))
        raise BadInput("terminal-settings", file=file, field=f"checked_in_list ({text})")


class CheckedInList:
    """The pages of one desk.  What each page says follows from the journal and from where the pages end; only that is
    noted, before a page is printed and after."""

    def __init__(
        self, home: Path, identity: Identity, journal: Journal, printer: Printer, clock: Clock, rhythm: Rhythm
    ) -> None:
        self._identity = identity
        self._journal = journal
        self._printer = printer
        self._clock = clock
        self._rhythm = rhythm
        self._notes = Notes(home / NOTES)
        self._wrote = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._ends: list[int] = []  # persons at the end of each page that came out
        self._begun: int | None = None  # the end of a page of which nobody knows whether it came out
        for value in self._notes.held:
            match value:
                case [int(end), int(is_out)]:
                    self._note(end, is_out=bool(is_out))
        self._was_begun = self._begun is not None

    def _note(self, end: int, *, is_out: bool) -> None:
        self._begun = None if is_out else end
        if is_out:
            self._ends.append(end)

    def close(self) -> None:
        """Give the file back."""
        self._notes.close()

    @property
    def waiting(self) -> int:
        """Persons checked in and on no page yet."""
        return max(0, len(self._journal.state.checked_in) - (self._ends[-1] if self._ends else 0))

    def wrote(self) -> None:
        """Perhaps somebody was checked in; returns at once."""
        self._wrote.set()

    async def run(self) -> None:
        """Print what is due, all day.  A printer that fails is tried again with the next check-in."""
        while True:
            if self._rhythm.minutes:
                await self._clock.sleep(60 * self._rhythm.minutes)
            else:
                await self._wrote.wait()
                self._wrote.clear()
            try:
                while self._is_due():
                    await self.print_new()
            except PrinterFault:
                continue  # the strip shows the printer's state

    def _is_due(self) -> bool:
        if not self.waiting:
            return False
        return bool(self._rhythm.minutes) or self._journal.state.closed or self.waiting >= self._rhythm.check_ins > 0

    async def print_new(self) -> Screen:
        """The next page, if there is anybody new; raises PrinterFault."""
        async with self._one_at_a_time:
            if not self.waiting:
                return self._told()
            begin = self._ends[-1] if self._ends else 0
            end = self._begun or min(len(self._journal.state.checked_in), begin + LINES_MAX)
            self._begun = end
            self._notes.add([[end, 0]])
            await self._print(len(self._ends) + 1, begin, end, duplicate=self._was_begun)
            self._was_begun = False
            self._notes.add([[end, 1]])
            self._note(end, is_out=True)
        return self._told()

    async def print_all(self) -> Screen:
        """Everybody: what was printed before as duplicates, then what is new."""
        async with self._one_at_a_time:
            for page, (begin, end) in enumerate(pairwise([0, *self._ends]), 1):
                await self._print(page, begin, end, duplicate=True)
        while self.waiting:
            await self.print_new()
        return self._told()

    async def _print(self, page: int, begin: int, end: int, *, duplicate: bool) -> None:
        device = self._identity.device
        fields = {
            "station": self._identity.place_name,
            "device": str(self._identity.number(device)),
            "page": str(page),
            "persons": str(end),
            "rows": "\n".join(self._rows(begin, end)),
        }
        await self._printer.print(Slip("list", device, fields, None, duplicate))

    def _rows(self, begin: int, end: int) -> Iterator[str]:
        persons = sorted(islice(self._journal.state.checked_in, begin, end))
        return (f"{number} {person}" for number, person in enumerate(persons, begin + 1))

    def _told(self) -> Screen:
        return {"ok": True, "pages": len(self._ends), "persons": len(self._journal.state.checked_in)}
