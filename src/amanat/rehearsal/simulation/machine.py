"""A machine of the simulation: its disks, folder, clock, printer and wires, and the shipped terminal that runs in it.

The machine outlives its programs: `start` begins one, `stop` ends it at once, as kill -9 does, and `kill_after` at any
step of its own.  Whoever asks it meanwhile gets `PowerGone`.
"""

import asyncio
import contextvars
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from amanat.errors import AmanatError
from amanat.records.device import ROLE_CHECK_IN
from amanat.rehearsal.simulation.boot import Boot, Killed, outside
from amanat.rehearsal.simulation.disk import Disk
from amanat.rehearsal.simulation.draw import Draw
from amanat.rehearsal.simulation.events import Note
from amanat.rehearsal.simulation.hands import HeldDisk, MachineClock, NoKey, Tray, VirtualHands
from amanat.rehearsal.simulation.loop import VirtualLoop
from amanat.rehearsal.simulation.visit import PowerGone
from amanat.rules import persian
from amanat.station import acts, take_over
from amanat.station.config import Address, Settings
from amanat.station.journal import Journal
from amanat.station.lan import SIGNATURE
from amanat.station.package import Identity
from amanat.station.parts import Parts
from amanat.station.ports import Ports
from amanat.station.printer import SlipPrinter
from amanat.station.slips import Slip
from amanat.station.terminal import Terminal

Screen = dict[str, Any]
Answer = tuple[Mapping[str, str], bytes]
Post = Callable[[bytes], Awaitable[bytes]]
"""A push to headquarters' answer; raises OSError, TimeoutError, PeerFault, Declined."""
Call = Callable[[int, str, bytes, dict[str, str]], Awaitable[Answer]]
"""(device, path, body, headers) to a colleague's headers and content; raises OSError, TimeoutError."""
Get = Callable[[int, str], Awaitable[bytes]]
"""(device, path) to what is on a colleague's screen; raises OSError, TimeoutError."""
SHM: Final = Path("/dev/shm")  # files in memory, where there is one
LOOK_SECONDS: Final = 60.0
NAMES: Final = ("a", "b")  # of a terminal's media


async def _nowhere(*_: object) -> Any:
    raise ConnectionRefusedError("no wire")


class _Wires:
    """Wire and cable of one boot: what is sent goes its way, whether or not the sender lives on."""

    def __init__(self, boot: Boot, world: contextvars.Context, machine: "Machine") -> None:
        self._boot, self._world, self._machine = boot, world, machine

    async def _send(self, act: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        self._boot.step()
        return await outside(act, self._world)

    async def push(self, data: bytes) -> bytes:
        """See `Wire`."""

        async def act() -> bytes:
            return await self._machine.wire(data)

        return bytes(await self._send(act))

    async def post(self, address: Address, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """See `Cable`."""

        async def act() -> Answer:
            return await self._machine.cable(_device(address), path, body, dict(headers))

        told, content = await self._send(act)
        return told, content

    async def get(self, address: Address, path: str) -> bytes:
        """See `Cable`."""

        async def act() -> bytes:
            return await self._machine.get(_device(address), path)

        return bytes(await self._send(act))

    async def close(self) -> None:
        """Nothing is open."""


@lru_cache(maxsize=1024)
def _device(address: Address) -> int:
    return int(Path(address.path).name.removeprefix("D"))


class Machine:
    """See the module.  ``wire`` and ``cable`` may be given later; the times are the world's."""

    def __init__(
        self,
        identity: Identity,
        *,
        disks: tuple[Disk, Disk],
        draw: Draw,
        note: Note,
        now_ms: Callable[[], int],
        wire: Post = _nowhere,
        cable: Call = _nowhere,
        get: Get = _nowhere,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.identity = replace(identity, random=draw.fork("random").bytes)
        self.device = identity.device
        self.disks = disks
        self.wire, self.cable, self.get = wire, cable, get
        self.settings = self._plain_settings(settings or {})
        self.clock = MachineClock(now_ms)
        self.tray = Tray(draw.fork("printer"))
        self.starts = 0
        self.unknown: frozenset[str] = frozenset()  # paths of colleagues that an older program does not have
        self._draw = draw
        self._note = note
        self._now_ms = now_ms
        self._world = contextvars.copy_context()
        self._boot: Boot | None = None
        self._terminal: Terminal | None = None
        self._past: list[Boot] = []
        self._home: Path | None = None

    def _plain_settings(self, changed: Mapping[str, Any]) -> Settings:
        identity = self.identity
        others = [c.device for c in identity.colleagues if c.device != identity.device]
        plain = Settings(
            station=identity.place.id,
            terminal=identity.number(identity.device),
            passphrase="-",  # noqa: S106 - its key is given
            device=identity.device,
            roles=identity.certificate.roles,
            link_url="simulated" if identity.certificate.roles & ROLE_CHECK_IN else "",
            peers=tuple(f"unix:D{device}" for device in others),
        )
        return replace(plain, **changed)

    @property
    def name(self) -> str:
        """As the log calls it."""
        return f"D{self.device}"

    @property
    def home(self) -> Path:
        """Its folder: copies and notes, which may be lost."""
        if self._home is None:
            self._home = Path(tempfile.mkdtemp(prefix="amanat-", dir=SHM if SHM.is_dir() else None))
        return self._home

    @property
    def is_on(self) -> bool:
        """Whether a program runs, or is held."""
        return self._boot is not None

    @property
    def running(self) -> Terminal | None:
        """The program, if one has started."""
        return self._terminal

    @property
    def terminal(self) -> Terminal:
        """The program; PowerGone where none has started."""
        if self._boot is None or self._terminal is None:
            raise PowerGone(self.name)
        return self._terminal

    @property
    def journal(self) -> Journal:
        """Its journal; PowerGone where none runs."""
        return self.terminal.journal

    async def start(self) -> None:
        """Begin a program: recover, then work in the background.

        Raises:
            AmanatError: it cannot start.  PowerGone: it was killed in its recovery.
        """
        assert self._boot is None
        boot = self._boot = Boot()
        self.starts += 1
        self.clock.boot(self._draw.bytes(16))
        self._note("start", self.name, starts=self.starts)

        async def begin() -> Terminal:
            terminal = Terminal(self.home, self.clock, parts=self._parts(boot))
            terminal.start()
            return terminal

        try:
            self._terminal = await self._in(boot, begin)
        except AmanatError as fault:
            self._end(boot)
            self._note("stopped", self.name, code=fault.code)
            raise
        self._note("recovered", self.name, entries=len(self._terminal.journal.entries))

    def _parts(self, boot: Boot) -> Parts:
        wires = _Wires(boot, self._world, self)
        hands = VirtualHands(boot, self._draw.fork(f"hands {self.starts}"))

        def timer() -> float:
            return (self._now_ms() + boot.spent_ms) / 1000

        ports = Ports(
            random=self.identity.random,
            hands=hands,  # type: ignore[arg-type]  # `Work` has what is used of a Future
            timer=timer,
            wire=wires,
            cable=wires,
            visit_key=NoKey,
            look_seconds=LOOK_SECONDS,
        )
        media = [HeldDisk(disk, name, boot) for disk, name in zip(self.disks, NAMES, strict=True)]
        day = persian.jalali(date.fromisoformat(self.identity.manifest.polling_day))
        printer = SlipPrinter(self.tray, self.identity.training, day)
        return Parts(self.home, self.settings, self.identity, printer, media, ports)

    def configure(self, **changed: Any) -> None:
        """Somebody changes its settings, rightly or wrongly; the next start reads them."""
        self.settings = replace(self.settings, **changed)

    def take_over(self, medium: bytes) -> int:
        """A spare that is off gets a medium of a dead terminal of its station, and its wire if it had one; its number.

        Raises:
            BadInput, Rejected: see `take_over.take_over`.
        """
        assert not self.is_on
        package = self.identity.package
        dead = take_over.take_up(self.home, package, self.device, medium, file="medium").device
        if package.devices[dead].has(ROLE_CHECK_IN):
            self.settings = replace(self.settings, link_url="simulated")
        return dead

    def stop(self) -> None:
        """kill -9: nothing more is done, in no `finally`; the disks keep what they were given."""
        if self._boot is not None:
            self._end(self._boot)

    def kill_after(self, steps: int, then: Callable[[], None] = lambda: None) -> None:
        """Stop it so many steps from now, wherever that is; `then` is called at that very step (a power cut, say)."""
        boot = self._boot
        if boot is not None:

            def ended() -> None:
                self._end(boot)
                then()

            boot.doom(steps, ended)

    def pause(self, on: bool) -> None:
        """Let it stand still (SIGSTOP), or go on; its time passes."""
        boot = self._boot
        if boot is None:
            return
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        if on and not boot.is_stopped:
            boot.pauses += 1
        elif boot.is_stopped and not on:
            loop.resume(boot)
        boot.is_stopped = on

    def _end(self, boot: Boot) -> None:
        if self._boot is boot and self._terminal is not None:
            self._note("ends", self.name)  # whoever looks on sees its journal for the last time
        boot.die()
        if self._boot is boot:
            self._past.append(boot)
            terminal, self._boot, self._terminal = self._terminal, None, None
            if terminal is not None:
                _let_go(terminal)

    async def _in(self, boot: Boot, act: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        try:
            return await boot.call(act)
        except Killed:
            raise PowerGone(self.name) from None

    async def _ask(self, act: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        if self._boot is None or self._terminal is None:
            raise PowerGone(self.name)
        return await self._in(self._boot, act)

    async def post(self, path: str, /, **body: object) -> Screen:
        """A key pressed, or a field filled in; the screen that follows.  Raises PowerGone."""

        async def read() -> dict[str, object]:
            return body

        async def act() -> Screen:
            return await acts.press(self.terminal, "POST", path, read)

        began_ms = self._now_ms()
        screen = dict(await self._ask(act))
        self._note("acted", self.name, path=path, ms=self._now_ms() - began_ms)
        if screen.get("code") == "fault-of-ours":
            self._note("own-fault", self.name, path=path)
        return screen

    async def lan(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """What it answers a colleague; raises ConnectionError where it is off, or goes off meanwhile."""

        async def read() -> bytes:
            return body

        async def act() -> Answer:
            content, signature = await acts.lan_press(self.terminal, path, headers, read)
            return {SIGNATURE: signature}, content

        if path in self.unknown:
            return {}, b"404"
        try:
            told, content = await self._ask(act)
        except PowerGone as cause:
            raise ConnectionResetError(self.name) from cause
        return told, content

    async def look(self, path: str) -> bytes:
        """A screen as a colleague reads it; raises ConnectionError where it is off, or goes off meanwhile."""

        async def act() -> bytes:
            return acts.encode(await acts.press(self.terminal, "GET", path, _nowhere))

        try:
            return bytes(await self._ask(act))
        except PowerGone as cause:
            raise ConnectionResetError(self.name) from cause

    def has(self, kind: str, ballot: str) -> bool:
        """Whether the slip of this kind about this ballot lies in its tray."""
        return any(slip.kind == kind and slip.fields.get("ballot") == ballot for slip in self.tray.slips)

    def take(self, kind: str) -> Slip | None:
        """The last slip of this kind that lies in its tray; it lies there no more."""
        return self.tray.take(kind)

    def lose_notes(self) -> str:
        """A power cut takes any part of the ends of the small files, which nobody synced; what became of them."""
        fates = []
        for path in sorted(self.home.glob("**/*")) if self._home is not None else []:
            if path.is_file() and path.suffix in (".notes", ".journal") and self._draw.below(4) == 0:
                size = path.stat().st_size
                keep = self._draw.below(size + 1)
                with path.open("r+b") as file:
                    file.truncate(keep)
                fates.append(f"{path.name}:{keep}/{size}")
        return " ".join(fates)

    def close(self) -> None:
        """The day is over: nothing runs, and its folder is gone."""
        self.stop()
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
        self._home = None


async def _nothing() -> dict[str, object]:
    return {}


def _let_go(terminal: Terminal) -> None:
    """What the operating system does with a dead program's files."""
    terminal.news.close()
    for copies in terminal.lan.copies.values():
        copies.close()
    if terminal._list is not None:
        terminal._list.close()
