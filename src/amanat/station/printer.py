"""The slip printer as a port: it takes a slip's content and acknowledges it; drawing happens behind it (B-6, B-7).

Promise of `print`: when it returns, the slip is in the voter's hand (or in the stand-in's); when it raises, nobody
knows, so the same slip printed again is marked as a duplicate.
"""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs

from amanat.errors import AmanatError, Usage
from amanat.station import slip_drawing

ANSWER_SECONDS_MAX = 20.0


class PrinterFault(AmanatError):
    """The slip was not acknowledged; what the slip says is unaffected."""


@dataclass(frozen=True, slots=True)
class Slip:
    """What a paper says: its kind (permit, prepared, cast, test, zero, hourly, closing), fields by name, QR text."""

    kind: str
    device: int
    fields: dict[str, str]
    qr: str | None = None
    duplicate: bool = False

    def to_json(self) -> str:
        """One line of JSON."""
        content = {"device": self.device, "kind": self.kind, "fields": self.fields, "qr": self.qr}
        return json.dumps(content | {"duplicate": self.duplicate}, ensure_ascii=False)


class Printer(Protocol):
    """See the module's promise."""

    async def print(self, slip: Slip) -> None:
        """Print one slip; raises PrinterFault."""


@dataclass
class FolderPrinter:
    """Keeps each slip as ``<device>-<number>-<kind>.json``; draws one in ``draw`` as a picture beside it (0: none)."""

    folder: Path
    draw: int = 1
    _printed: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._printed = sum(1 for _ in self.folder.glob("*.json"))

    async def print(self, slip: Slip) -> None:
        """See `Printer`."""
        name = f"{slip.device}-{self._printed:06}-{slip.kind}"
        self._printed += 1
        try:
            (self.folder / f"{name}.json").write_text(slip.to_json() + "\n", encoding="utf-8")
            if self.draw and (self._printed - 1) % self.draw == 0:
                picture = await asyncio.to_thread(slip_drawing.draw, slip.kind, slip.fields, slip.qr, slip.duplicate)
                (self.folder / f"{name}.png").write_bytes(picture)
        except OSError as cause:
            raise PrinterFault("slip-not-printed", kind=slip.kind) from cause


@dataclass
class SocketPrinter:
    """Sends each slip as a line of JSON to a Unix socket and waits for the line ``ok``."""

    path: Path
    _stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None, init=False)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def print(self, slip: Slip) -> None:
        """See `Printer`."""
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(ANSWER_SECONDS_MAX):
                    answer = await self._ask(slip.to_json().encode() + b"\n")
            except (OSError, TimeoutError) as cause:
                self._hang_up()
                raise PrinterFault("slip-not-printed", kind=slip.kind) from cause
            if answer != b"ok\n":
                self._hang_up()
                raise PrinterFault("slip-not-printed", kind=slip.kind)

    async def _ask(self, line: bytes) -> bytes:
        if self._stream is None or self._stream[0].at_eof():
            self._hang_up()
            self._stream = await asyncio.open_unix_connection(self.path)
        reader, writer = self._stream
        writer.write(line)
        await writer.drain()
        return await reader.readline()

    def _hang_up(self) -> None:
        if self._stream is not None:
            self._stream[1].close()
        self._stream = None


def open_printer(text: str) -> Printer:
    """The printer of ``folder:DIR[?draw=N]`` or ``socket:PATH``.

    Raises:
        Usage: another text.
    """
    kind, _, rest = text.partition(":")
    place, _, query = rest.partition("?")
    if kind == "socket" and place:
        return SocketPrinter(Path(place))
    draw = parse_qs(query).get("draw", ["1"])[0]
    if kind == "folder" and place and draw.isdigit():
        return FolderPrinter(Path(place), int(draw))
    raise Usage("printer-unknown", printer=text)
