"""USB sticks between stations and headquarters: carried at once, late, twice, in the wrong order, or lost (S-6).

What is on a stick is what `station.usb.to_carry` gives; its seal is HPKE's business, and not simulated.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from amanat.records.cbor import Value
from amanat.records.journal import SignedEntry
from amanat.rehearsal.simulation.draw import Draw
from amanat.rehearsal.simulation.events import Note
from amanat.rehearsal.simulation.swarm import Swarm
from amanat.sync.messages import ENTRIES_MAX, triple

ROAD_MS: Final = (600_000, 7_200_000)
LATE_MS: Final = (7_200_000, 43_200_000)
TRIES_MS: Final = 60_000
COMPONENT: Final = "stick"


class Sticks:
    """Everybody who carries; ``take`` is headquarters' program that reads a stick, and raises while it is down."""

    def __init__(self, draw: Draw, swarm: Swarm, *, note: Note, take: Callable[[Sequence[Value]], None]) -> None:
        self._draw = draw
        self._swarm = swarm
        self._note = note
        self._take = take
        self._carried: set[asyncio.Task[None]] = set()
        self._is_healed = False
        self.under_way = 0

    def write(self, station: str, entries: Sequence[SignedEntry]) -> None:
        """Somebody pulls a stick out of a terminal of this station and goes."""
        content = [triple(entry) for entry in entries]
        if not content:
            return
        self._note("stick-written", station, entries=len(content))
        if self._happens("stick-lost", station):
            return
        self._go(station, content, self._road(station))
        if self._happens("stick-twice", station):
            self._go(station, content, self._road(station))

    def heal(self) -> None:
        """From now on no stick is lost or late."""
        self._is_healed = True

    def _road(self, station: str) -> int:
        late = self._happens("stick-late", station)
        return self._draw.between(*(LATE_MS if late else ROAD_MS))

    def _go(self, station: str, content: list[Value], road_ms: int) -> None:
        task = asyncio.get_running_loop().create_task(self._carry(station, content, road_ms))
        self._carried.add(task)
        self.under_way += 1
        task.add_done_callback(self._carried.discard)

    async def _carry(self, station: str, content: list[Value], road_ms: int) -> None:
        await asyncio.sleep(road_ms / 1000)
        parts = [content[at : at + ENTRIES_MAX] for at in range(0, len(content), ENTRIES_MAX)]
        if len(parts) > 1 and self._happens("stick-swapped", station):
            parts = self._draw.shuffled(parts)
        for part in parts:
            await self._read(part)
        self.under_way -= 1
        self._note("stick-read", station, entries=len(content))

    async def _read(self, part: Sequence[Value]) -> None:
        while True:
            try:
                return self._take(part)
            except ConnectionError:  # headquarters is down, or died while it read: it is read again
                await asyncio.sleep(TRIES_MS / 1000)

    def _happens(self, fault: str, station: str) -> bool:
        if not self._is_healed and self._draw.chance(self._swarm.rate(fault)):
            self._note("fault", station, which=fault, component=COMPONENT)
            return True
        return False
