"""How old the register on this terminal is: the day on which its newest part came here, as people read it."""

from datetime import UTC, datetime
from pathlib import Path

from amanat.records.journal import Entry
from amanat.rules import persian
from amanat.station.journal import Journal


class RegisterAge:
    """The day of the last delta in the journal, or else of the package's register file."""

    def __init__(self, journal: Journal, file: Path) -> None:
        self._journal = journal
        self._loaded_ms = int(file.stat().st_mtime * 1000) if file.exists() else None
        self._deltas = 0
        self._delta_ms: int | None = None

    def day(self) -> str | None:
        """ISO text, Iran's day; None where nobody knows."""
        deltas = self._journal.state.entries["register-delta"]
        if deltas != self._deltas:
            self._deltas = deltas
            decoded = (Entry.decode(signed.entry) for signed in reversed(self._journal.entries))
            self._delta_ms = next(entry.wall_ms for entry in decoded if entry.kind == "register-delta")
        ms = self._loaded_ms if self._delta_ms is None else self._delta_ms
        return None if ms is None else (datetime.fromtimestamp(ms / 1000, UTC) + persian.IRAN).date().isoformat()
