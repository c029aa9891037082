"""A terminal whose every step that leaves the program passes one port: writes, syncs, prints, replies.

`Trace` counts and names the steps; at one of them its plan strikes.  The media are `Disk`s, which know what a power cut
leaves; the printer is a tray; the page is an ASGI caller.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.faults.test_media_steps import Disk, PowerCut
from tests.station.conftest import CHOICES, MARYAM, OFFICERS, StandingClock

from amanat.records.journal import genesis
from amanat.station import parts, upkeep
from amanat.station.api import Application
from amanat.station.journal import Journal
from amanat.station.media import TwoMedia
from amanat.station.printer import PrinterFault, Slip
from amanat.station.terminal import Terminal

Screen = dict[str, Any]
CAST_STEPS = ["write a", "sync a", "write b", "sync b", "print cast", "reply"]
"""What the port saw of a cast; a kernel's trace of the shipped program is held against it elsewhere."""
KINDS = ("fails", "fails-but-persisted", "torn-head", "torn-tail", "power-before", "power-after")


@dataclass
class Trace:
    """The steps since `watch`; ``kind`` strikes at the ``at``-th."""

    steps: list[str] = field(default_factory=list)
    at: int = -1
    kind: str = ""
    watching: bool = False

    def now(self, name: str) -> str | None:
        if not self.watching:
            return None
        self.steps.append(name)
        return self.kind if len(self.steps) - 1 == self.at else None

    @contextmanager
    def watch(self, at: int = -1, kind: str = "") -> Iterator[None]:
        self.steps, self.at, self.kind, self.watching = [], at, kind, True
        try:
            yield
        finally:
            self.watching = False


@dataclass
class _Step:
    """Stands where a `Disk` has its plan."""

    trace: Trace
    name: str

    def now(self) -> str | None:
        return self.trace.now(self.name)


@dataclass(eq=False)
class TracedDisk(Disk):
    trace: Trace = field(default_factory=Trace)

    def write(self, offset: int, data: bytes) -> None:
        self.plan = _Step(self.trace, f"write {self.name}")  # type: ignore[assignment]
        super().write(offset, data)

    def sync(self) -> None:
        self.plan = _Step(self.trace, f"sync {self.name}")  # type: ignore[assignment]
        super().sync()

    def close(self) -> None:
        pass

    def copy(self) -> "TracedDisk":
        return TracedDisk(self.name, bytearray(self.cache), bytearray(self.surface), list(self.dirty), trace=self.trace)


@dataclass
class Paper:
    """The printer; what is in ``slips`` is in somebody's hand."""

    trace: Trace
    slips: list[Slip] = field(default_factory=list)
    state: str = "good"

    async def check(self) -> str:
        return "good"

    async def print(self, slip: Slip) -> None:
        fault = self.trace.now(f"print {slip.kind}")
        if fault == "power-before":
            raise PowerCut
        if fault in ("fails", "torn-head", "torn-tail"):
            raise PrinterFault("slip-not-printed", kind=slip.kind)
        self.slips.append(slip)
        if fault == "power-after":
            raise PowerCut
        if fault is not None:
            raise PrinterFault("slip-not-printed", kind=slip.kind)

    def of(self, kind: str) -> list[Slip]:
        return [slip for slip in self.slips if slip.kind == kind]


class World:
    """One terminal that is desk and booth, its disks and paper, and what its page was told."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.trace = Trace()
        self.disks = [TracedDisk(name, trace=self.trace) for name in "ab"]
        self.paper = Paper(self.trace)
        self.terminal: Terminal | None = None
        monkeypatch.setattr(upkeep, "open_media", lambda *_: list(self.disks))
        monkeypatch.setattr(parts, "open_printer", lambda *_, **__: self.paper)

    def start(self) -> Terminal:
        """Raises PowerCut, or what a start that fails raises."""
        assert self.terminal is None
        self.terminal = Terminal(self.home, StandingClock())
        return self.terminal

    async def stop(self) -> None:
        if self.terminal is not None:
            stopped, self.terminal = self.terminal, None
            await stopped.close()

    async def power_cut(self) -> None:
        """The process is gone, and what no sync carried over."""
        await self.stop()
        for disk in self.disks:
            disk.power_back()

    async def press(self, path: str, **body: object) -> Screen | None:
        """What the page sees; None if no answer comes.  Raises PowerCut."""
        assert self.terminal is not None
        shown: list[Screen] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] != "http.response.body":
                return
            fault = self.trace.now("reply")
            if fault == "power-before":
                raise PowerCut
            if fault not in ("fails", "torn-head", "torn-tail"):
                shown.append(json.loads(message["body"]))
            if fault == "power-after":
                raise PowerCut
            if fault is not None:
                raise ConnectionResetError(path)

        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
        with suppress(ConnectionResetError):
            await Application(self.terminal)(scope, receive, send)  # type: ignore[arg-type]
        return shown[0] if shown else None

    async def done(self, path: str, **body: object) -> Screen:
        """Press, and it must go well."""
        screen = await self.press(path, **body)
        assert screen is not None, path
        assert screen["ok"], screen
        return screen

    def snapshot(self) -> list[TracedDisk]:
        return [disk.copy() for disk in self.disks]

    def restore(self, disks: list[TracedDisk]) -> None:
        self.disks = [disk.copy() for disk in disks]
        self.paper.slips = []


async def go_open(world: World) -> None:
    await world.done("/api/open", officers=OFFICERS)


async def go_permit(world: World) -> str:
    """Maryam has a permit; the slip's text."""
    await go_open(world)
    await world.done("/api/desk/look", national_id=MARYAM)
    await world.done("/api/desk/issue", national_id=MARYAM)
    qr = world.paper.of("permit")[-1].qr
    assert qr is not None
    return qr


async def go_sealed(world: World, slip: str) -> None:
    await world.done("/api/booth/permit", slip=slip)
    await world.done("/api/booth/seal", choices=CHOICES)


def require_media_agree(world: World) -> None:
    """Both media hold the same bytes, and each alone, after a power cut, gives back the journal, chained and signed."""
    assert world.terminal is not None
    assert world.disks[0].cache == world.disks[1].cache
    identity = world.terminal.identity
    certificate = identity.package.certificates[identity.device]
    for disk in world.disks:
        alone = disk.copy()
        alone.power_back()
        media = TwoMedia([alone], owner=genesis(identity.eh, certificate))
        journal = Journal(media, eh=identity.eh, certificate=certificate, seed=identity.seed, clock=StandingClock())
        journal.recover()
        assert journal.entries == world.terminal.journal.entries
        assert not journal.state.oddities
