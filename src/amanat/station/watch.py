"""Battery, plug and clock, looked at in the background: told on the screens and in the journal, deciding nothing.

Clauses J-5, J-9.  An entry is written between two acts, never inside one, so no commit waits or is disturbed.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from amanat.errors import MediumLost
from amanat.records.cbor import Value
from amanat.records.journal import Entry
from amanat.station import power
from amanat.station.clock import Clock
from amanat.station.journal import Journal
from amanat.station.power import Power

EVERY_SECONDS: Final = 5.0
STEP_MS: Final = 5_000  # a clock that is corrected smoothly moves less between two looks


class Watch:
    """One terminal's; ``may_write`` says whether the journal takes entries now, ``wrote`` is told after one."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        folder: Path | None,
        *,
        may_write: Callable[[], bool],
        wrote: Callable[[], None],
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._folder = folder
        self._may_write = may_write
        self._wrote = wrote
        self._every_seconds = every_seconds
        self.power: Power | None = None
        self.step_ms = 0  # of the last step, backwards negative
        self._told = ""
        self._offset_ms = self._offset()
        self._steps = self._step_since_last_entry()

    def _offset(self) -> int:
        return self._clock.now_ms() - self._clock.monotonic_ms()

    def _step_since_last_entry(self) -> list[int]:
        """At a start: a clock below the last entry's was set back while we were away."""
        if not self._journal.entries:
            return []
        behind = Entry.decode(self._journal.entries[-1].entry).wall_ms - self._clock.now_ms()
        return [-behind] if behind >= STEP_MS else []

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await self._clock.sleep(self._every_seconds)

    async def look(self) -> None:
        """Once: read the power in a thread, since a battery's controller may take its time, then note what is new."""
        if self._folder is not None:
            self.power = await asyncio.to_thread(power.read, self._folder)
        offset = self._offset()
        if abs(offset - self._offset_ms) >= STEP_MS:
            self._steps.append(offset - self._offset_ms)
        self._offset_ms = offset
        self._note()

    def _note(self) -> None:
        if self._steps:
            self.step_ms = self._steps[-1]
        if not self._may_write():
            return
        fresh: list[tuple[str, list[Value]]] = [
            ("clock-step", [abs(step), "forward" if step > 0 else "back"]) for step in self._steps
        ]
        kind = self.power.words.partition(" ")[0] if self.power else self._told
        if self.power is not None and kind != (self._told or "mains"):
            fresh.append(("incident", ["power", self.power.words]))
        try:
            for name, body in fresh:
                self._journal.write(name, body)
        except MediumLost:
            return  # the screens say it; the next look tries again
        self._told = kind
        self._steps = []
        if fresh:
            self._wrote()

    def status(self) -> dict[str, Any]:
        """Its part of a terminal's status."""
        now = self.power
        shown = None if now is None else {"on_battery": now.on_battery, "percent": now.percent}
        return {"power": shown, "clock": {"step_ms": self.step_ms}}
