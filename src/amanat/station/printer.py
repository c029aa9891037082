"""The slip printer as a port: it takes a slip's content and acknowledges it; drawing happens behind it (B-6, B-7).

Promise of `print`: when it returns, the slip is in the voter's hand (or in the stand-in's); when it raises, nobody
knows, so the same slip printed again is marked as a duplicate (unless the fault says that nothing was sent).
"""

import asyncio
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs

from amanat.errors import Usage
from amanat.station.clock import Clock
from amanat.station.escpos import EscposPrinter
from amanat.station.slips import FAILED, GOOD, SENT, PrinterFault, Slip

__all__ = ["FAILED", "GOOD", "FolderPrinter", "Printer", "PrinterFault", "Slip", "SlipPrinter", "SocketPrinter"]

ANSWER_SECONDS_MAX = 20.0
WATCH_SECONDS = 60.0


class Printer(Protocol):
    """See the module's promise.  `state` is what we last heard: good, paper-low or failed."""

    state: str

    async def print(self, slip: Slip) -> None:
        """Print one slip; raises PrinterFault."""

    async def check(self) -> str:
        """Ask the printer now; the new `state`."""


@dataclass
class SlipPrinter:
    """What a terminal prints with: marks papers of an exercise, and what may have come out before as a duplicate."""

    port: Printer
    training: bool
    day: str
    _unknown: set[bytes] = field(default_factory=set, init=False)

    @property
    def state(self) -> str:
        """See `Printer`."""
        return self.port.state

    @state.setter
    def state(self, said: str) -> None:
        self.port.state = said

    async def check(self) -> str:
        """See `Printer`."""
        return await self.port.check()

    async def watch(self, clock: Clock) -> None:
        """Ask a printer of paper every minute, so that an empty roll is seen before a voter waits for it."""
        while isinstance(self.port, EscposPrinter):
            await clock.sleep(WATCH_SECONDS)
            await self.port.check()

    async def print(self, slip: Slip) -> None:
        """See `Printer`."""
        name = sha256(f"{slip.kind}\n{slip.device}\n{slip.qr}\n{slip.fields}".encode()).digest()  # keeps no content
        duplicate = slip.duplicate or name in self._unknown
        try:
            await self.port.print(replace(slip, duplicate=duplicate, training=self.training, day=self.day))
        except PrinterFault as fault:
            if fault.code == SENT:
                self._unknown.add(name)
            raise
        self._unknown.discard(name)


@dataclass
class FolderPrinter:
    """Keeps each slip as ``<device>-<number>-<kind>.json``; draws one in ``draw`` as a picture beside it (0: none)."""

    folder: Path
    draw: int = 1
    state: str = GOOD
    _printed: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._printed = sum(1 for _ in self.folder.glob("*.json"))

    async def check(self) -> str:
        """See `Printer`."""
        return self.state

    async def print(self, slip: Slip) -> None:
        """See `Printer`."""
        name = f"{slip.device}-{self._printed:06}-{slip.kind}"
        self._printed += 1
        try:
            (self.folder / f"{name}.json").write_text(slip.to_json() + "\n", encoding="utf-8")
            if self.draw and (self._printed - 1) % self.draw == 0:
                (self.folder / f"{name}.png").write_bytes(await asyncio.to_thread(_drawn, slip))
        except OSError as cause:
            self.state = FAILED
            raise PrinterFault(SENT, kind=slip.kind) from cause
        self.state = GOOD


def _drawn(slip: Slip) -> bytes:
    from amanat.station import slip_drawing  # with its fonts: not while a terminal starts

    return slip_drawing.draw(slip.kind, slip.fields, slip.qr, slip.duplicate, training=slip.training, day=slip.day)


@dataclass
class SocketPrinter:
    """Sends each slip as a line of JSON to a Unix socket and waits for the line ``ok``."""

    path: Path
    state: str = GOOD
    _stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None, init=False)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def check(self) -> str:
        """See `Printer`."""
        return self.state

    async def print(self, slip: Slip) -> None:
        """See `Printer`."""
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(ANSWER_SECONDS_MAX):
                    answer = await self._ask(slip.to_json().encode() + b"\n")
            except (OSError, TimeoutError) as cause:
                self._hang_up()
                raise PrinterFault(SENT, kind=slip.kind) from cause
            if answer != b"ok\n":
                self._hang_up()
                raise PrinterFault(SENT, kind=slip.kind)
            self.state = GOOD

    async def _ask(self, line: bytes) -> bytes:
        if self._stream is None or self._stream[0].at_eof():
            self._hang_up()
            self._stream = await asyncio.open_unix_connection(self.path)
        reader, writer = self._stream
        writer.write(line)
        await writer.drain()
        return await reader.readline()

    def _hang_up(self) -> None:
        self.state = FAILED
        if self._stream is not None:
            self._stream[1].close()
        self._stream = None


def open_printer(text: str, *, home: Path = Path()) -> Printer:
    """The printer of ``folder:DIR[?draw=N]``, ``socket:PATH``, ``escpos:DEVICE``, ``escpos-tcp:HOST:PORT`` or
    ``escpos-file:DIR``; paths may be relative to ``home``.

    Raises:
        Usage: another text.
    """
    kind, _, rest = text.partition(":")
    place, _, query = rest.partition("?")
    if kind == "socket" and place:
        return SocketPrinter(home / place)
    draw = parse_qs(query).get("draw", ["1"])[0]
    if kind == "folder" and place and draw.isdigit():
        return FolderPrinter(home / place, int(draw))
    if kind in {"escpos", "escpos-file"} and rest:
        return EscposPrinter(kind, str(home / rest))
    host, _, port = rest.rpartition(":")
    if kind == "escpos-tcp" and host and port.isdigit() and int(port) < 1 << 16:
        return EscposPrinter(kind, rest)
    raise Usage("printer-unknown", printer=text)
