"""Ports of a simulated program: media it waits for, paper, a clock; no step of a dead program goes through them."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from amanat.rehearsal.simulation.boot import Boot, Killed
from amanat.rehearsal.simulation.disk import Disk
from amanat.rehearsal.simulation.draw import Draw
from amanat.station.private_choices import VisitKey
from amanat.station.slips import GOOD, SENT, PrinterFault, Slip

BEGIN_MS: Final = 3  # until a thread begins with a medium
PRINT_MS: Final = (300, 2_500)


class HeldDisk:
    """A disk as one boot holds it: no step of a dead program touches it."""

    def __init__(self, disk: Disk, name: str, boot: Boot) -> None:
        self.name = name
        self._disk = disk
        self._boot = boot

    def _spend(self) -> None:
        self._boot.spent_ms += self._disk.spent_ms
        self._disk.spent_ms = 0

    def read(self, offset: int, length: int) -> bytes:
        """See `Medium`."""
        self._boot.step()
        return self._disk.read(offset, length)

    def write(self, offset: int, data: bytes) -> None:
        """See `Medium`."""
        self._boot.step()
        try:
            self._disk.write(offset, data)
        finally:
            self._spend()
        self._boot.step()

    def sync(self) -> None:
        """See `Medium`."""
        self._boot.step()
        try:
            self._disk.sync()
        finally:
            self._spend()
        self._boot.step()

    def size(self) -> int:
        """See `Medium`."""
        return self._disk.size()

    def free(self) -> int:
        """See `Medium`."""
        return self._disk.free()

    def close(self) -> None:
        """The program let it go."""


class Work:
    """A thread's act on the media, as `concurrent.futures.Future` shows it; who cannot wait has it done at once."""

    def __init__(self, act: Callable[[], object], boot: Boot) -> None:
        self._act = act
        self._boot = boot
        self._done = self._told = False
        self._found: object = None
        self._fault: BaseException | None = None
        self._listeners: list[Callable[[Work], object]] = []

    def begin(self) -> None:
        """Do it, and tell when the media have taken their time."""
        if not self._done:
            before, self._boot.spent_ms = self._boot.spent_ms, 0
            self._do()
            took, self._boot.spent_ms = self._boot.spent_ms, before
            asyncio.get_running_loop().call_later(took / 1000, self._tell)

    def _do(self) -> None:
        self._done = True
        try:
            self._found = self._act()
        except BaseException as fault:  # carried to whoever waits, whatever it is
            self._fault = fault
            if isinstance(fault, Killed):
                raise

    def _tell(self) -> None:
        self._told = True
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(self)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """See `Future`; the program stands still meanwhile."""
        if not self._done:
            self._do()
            self._tell()
        return self._fault

    def result(self, timeout: float | None = None) -> object:
        """See `Future`."""
        fault = self.exception()
        if fault is not None:
            raise fault
        return self._found

    def done(self) -> bool:
        """See `Future`."""
        return self._done

    def add_done_callback(self, listener: "Callable[[Work], object]") -> None:
        """See `Future`."""
        if self._told:
            listener(self)
        else:
            self._listeners.append(listener)


@dataclass(eq=False)
class Late:
    """An act that outlasted its patience, and how much longer it takes."""

    left_ms: int
    found: object
    fault: Exception | None

    def exception(self) -> Exception | None:
        """See `Future`."""
        return self.fault

    def result(self) -> object:
        """See `Future`."""
        if self.fault is not None:
            raise self.fault
        return self.found


class VirtualHands:
    """See `Hands`: threads of one boot, in virtual time."""

    def __init__(self, boot: Boot, draw: Draw) -> None:
        self._boot = boot
        self._draw = draw

    def within(self, seconds: float, act: Callable[[], object]) -> "Late | None":
        """See `Hands`; how long it took stands in the boot's `spent_ms`."""
        before, fault, found = self._boot.spent_ms, None, None
        try:
            found = act()
        except Exception as raised:  # carried to whoever waits, whatever it is
            fault = raised
        patience = before + round(seconds * 1000)
        if self._boot.spent_ms > patience:
            late = Late(self._boot.spent_ms - patience, found, fault)
            self._boot.spent_ms = patience
            return late
        if fault is not None:
            raise fault
        return None

    def first(self, under_way: "Collection[Late]", seconds: float | None) -> "list[Late]":
        """See `Hands`."""
        least = min(late.left_ms for late in under_way)
        waited = least if seconds is None else min(least, round(seconds * 1000))
        self._boot.spent_ms += waited
        for late in under_way:
            late.left_ms -= waited
        return [late for late in under_way if late.left_ms <= 0]

    def start(self, act: Callable[[], object]) -> Work:
        """A little later in virtual time."""
        work = Work(act, self._boot)
        asyncio.get_running_loop().call_later(self._draw.below(BEGIN_MS) / 1000, work.begin)
        return work


class MachineClock:
    """A clock on the wall of one machine, which people or a server may set, and the time since this boot."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._world_ms = now_ms
        self._ahead_ms = 0
        self._began_ms = now_ms()
        self.boot_id = bytes(16)

    def boot(self, boot_id: bytes) -> None:
        """The machine starts."""
        self.boot_id, self._began_ms = boot_id, self._world_ms()

    def step(self, ms: int) -> None:
        """It is set so much forward, or back."""
        self._ahead_ms += ms

    def now_ms(self) -> int:
        """See `Clock`."""
        return self._world_ms() + self._ahead_ms

    def monotonic_ms(self) -> int:
        """See `Clock`."""
        return self._world_ms() - self._began_ms

    async def sleep(self, seconds: float) -> None:
        """See `Clock`."""
        await asyncio.sleep(seconds)


@dataclass(eq=False)
class Tray:
    """A printer whose papers lie there until somebody takes them; it outlives the program.

    ``jams``: nothing comes out.  ``mute``: the paper comes out, and the printer does not say so.
    """

    draw: Draw
    state: str = GOOD
    jams: bool = False
    mute: bool = False
    slips: list[Slip] = field(default_factory=list)

    async def check(self) -> str:
        """See `Printer`."""
        return self.state

    async def print(self, slip: Slip) -> None:
        """See `Printer`."""
        early = self.draw.below(2)
        if early and not self.jams:
            self.slips.append(slip)
        await asyncio.sleep(self.draw.between(*PRINT_MS) / 1000)
        if not early and not self.jams:
            self.slips.append(slip)
        if self.jams or self.mute:
            raise PrinterFault(SENT, kind=slip.kind)

    def take(self, kind: str) -> Slip | None:
        """The last paper of this kind, and all of that kind are taken away."""
        found = [slip for slip in self.slips if slip.kind == kind]
        self.slips = [slip for slip in self.slips if slip.kind != kind]
        return found[-1] if found else None


class NoKey(VisitKey):
    """Nobody reads along in a simulated booth: choices come as they are."""

    def __init__(self) -> None:
        """There is nothing to draw."""

    def shown(self) -> str:
        """No key."""
        return ""
