"""How old the register on this terminal is, as people read it: the day of its data, or of the newest delta taken."""

from datetime import UTC, datetime

from amanat.records.journal import Entry
from amanat.rules import persian
from amanat.station.journal import Journal


class RegisterAge:
    """``made``: the day, ISO text, whose data the register of the package has."""

    def __init__(self, journal: Journal, made: str) -> None:
        self._journal = journal
        self._day = made
        self._deltas = 0

    def day(self) -> str:
        """ISO text, Iran's day."""
        deltas = self._journal.state.entries["register-delta"]
        if deltas != self._deltas:
            self._deltas = deltas
            decoded = (Entry.decode(signed.entry) for signed in reversed(self._journal.entries))
            moment = next(entry.wall_ms for entry in decoded if entry.kind == "register-delta") / 1000
            self._day = (datetime.fromtimestamp(moment, UTC) + persian.IRAN).date().isoformat()
        return self._day
