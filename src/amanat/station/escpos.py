"""ESC/POS: a picture as raster bytes for a thermal printer, and the printer's own word on what became of it.

Before a slip the printer is asked for its state (DLE EOT n, answered at once); after it GS r 1, which the printer
answers in turn, so that the answer means that everything before it was printed.  A printer that does not answer is
not good enough for a polling station.  Sources: Epson's ESC/POS reference (GS v 0, GS V, GS r, DLE EOT).
"""

import asyncio
import os
import select
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from amanat.station.slips import FAILED, GOOD, PAPER_LOW, SENT, PrinterFault, Slip

if TYPE_CHECKING:
    from PIL.Image import Image

INITIALISE: Final = b"\x1b@"
RASTER: Final = b"\x1dv0\x00"  # then width in bytes and height in dots, little-endian
FEED_AND_CUT: Final = b"\x1bd\x04\x1dV\x42\x00"
PAPER_IN_TURN: Final = b"\x1dr\x01"
BAND: Final = 256  # dots of height in one raster command: small buffers take it
CONNECT_SECONDS_MAX: Final = 5.0
STATE_SECONDS_MAX: Final = 3.0  # a printer answers DLE EOT at once
PRINT_SECONDS_MAX: Final = 20.0
CHUNK: Final = 4096
FIXED_BITS: Final = (0b1001_0011, 0b0001_0010)  # of every DLE EOT answer: which bits, and what they say
TROUBLES: Final = (  # question n, mask, what it means
    (2, 0b0000_0100, "cover-open"),
    (4, 0b0110_0000, "paper-out"),
    (2, 0b0010_0000, "paper-out"),
    (3, 0b0000_1000, "broken"),
    (3, 0b0010_0000, "broken"),
    (2, 0b0100_0000, "broken"),
    (1, 0b0000_1000, "broken"),
)
NEAR_END: Final = (4, 0b0000_1100)
QUESTIONS: Final = (1, 2, 3, 4)


def raster(image: "Image") -> bytes:
    """All that prints a picture of mode "1" and cuts the paper."""
    width = (image.width + 7) // 8
    parts = [INITIALISE]
    for top in range(0, image.height, BAND):
        band = image.crop((0, top, image.width, min(top + BAND, image.height)))
        ink = band.point(lambda level: 255 - level)  # a set bit is black
        parts.append(RASTER + width.to_bytes(2, "little") + band.height.to_bytes(2, "little") + ink.tobytes())
    return b"".join([*parts, FEED_AND_CUT])


def question(n: int) -> bytes:
    """DLE EOT n."""
    return bytes((0x10, 0x04, n))


def judge(answers: dict[int, int]) -> tuple[str, str]:
    """(state, trouble) of the answers by question: `good`, `paper-low`, or `failed` with what is wrong."""
    mask, fixed = FIXED_BITS
    if any(answer & mask != fixed for answer in answers.values()):
        return FAILED, "silent"
    for n, bits, trouble in TROUBLES:
        if answers[n] & bits:
            return FAILED, trouble
    return (PAPER_LOW if answers[NEAR_END[0]] & NEAR_END[1] else GOOD), ""


class Wire(Protocol):
    """Bytes to a printer and back; every method raises OSError (TimeoutError among them) and may block a thread."""

    def write(self, data: bytes, *, seconds: float) -> None:
        """All of it, within so many seconds."""

    def read_byte(self, *, seconds: float) -> int:
        """The next byte."""

    def forget_answers(self) -> None:
        """Drop what came and nobody asked for."""

    def close(self) -> None:
        """Let go."""


class DescriptorWire:
    """A device file or a socket, by its file descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._fd = descriptor
        os.set_blocking(descriptor, False)

    def write(self, data: bytes, *, seconds: float) -> None:
        """See `Wire`."""
        until, view = time.monotonic() + seconds, memoryview(data)
        while view:
            self._wait(select.POLLOUT, until)
            try:
                view = view[os.write(self._fd, view[:CHUNK]) :]
            except BlockingIOError:
                continue

    def read_byte(self, *, seconds: float) -> int:
        """See `Wire`."""
        until = time.monotonic() + seconds
        while True:
            self._wait(select.POLLIN, until)
            try:
                answer = os.read(self._fd, 1)
            except BlockingIOError:
                continue
            if not answer:
                raise ConnectionResetError("the printer hung up")
            return answer[0]

    def forget_answers(self) -> None:
        """See `Wire`."""
        try:
            while os.read(self._fd, CHUNK):
                pass
        except BlockingIOError:
            return

    def _wait(self, event: int, until: float) -> None:
        poll = select.poll()
        poll.register(self._fd, event)
        left = until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError("the printer does not answer")

    def close(self) -> None:
        """See `Wire`."""
        os.close(self._fd)


class FolderWire:
    """Stands in for a printer in tests and exercises: keeps the bytes, answers as ``DIR/state`` says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bytes = b""
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, data: bytes, *, seconds: float) -> None:
        """See `Wire`; a slip is kept as one file of what a printer would have got."""
        del seconds
        self._bytes = data
        if data.endswith(PAPER_IN_TURN):
            number = sum(1 for _ in self._folder.glob("*.escpos"))
            (self._folder / f"{number:06}.escpos").write_bytes(data)
        if self._state() == "silent":
            raise TimeoutError("told to be silent")

    def _state(self) -> str:
        path = self._folder / "state"
        return path.read_text(encoding="ascii").strip() if path.is_file() else GOOD

    def read_byte(self, *, seconds: float) -> int:
        """See `Wire`."""
        del seconds
        if self._bytes.endswith(PAPER_IN_TURN):
            return 0
        said, asked, answer = self._state(), self._bytes[-1], FIXED_BITS[1]
        for n, bits, trouble in (*TROUBLES, (*NEAR_END, PAPER_LOW)):
            if n == asked and trouble == said:
                answer |= bits
        return answer

    def forget_answers(self) -> None:
        """See `Wire`."""

    def close(self) -> None:
        """See `Wire`."""


@dataclass
class EscposPrinter:
    """A thermal printer at ``address``: ``escpos:/dev/usb/lp0``, ``escpos-tcp:HOST:PORT`` or ``escpos-file:DIR``."""

    kind: str
    address: str
    state: str = GOOD
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def print(self, slip: Slip) -> None:
        """See `Printer`."""
        drawn = await asyncio.to_thread(_drawn, slip)
        async with self._one_at_a_time:
            await asyncio.to_thread(self._print, slip.kind, drawn)

    async def check(self) -> str:
        """See `Printer`."""
        async with self._one_at_a_time:
            try:
                await asyncio.to_thread(self._ask_once)
            except PrinterFault:
                return self.state
        return self.state

    def _ask_once(self) -> None:
        wire = self._open()
        try:
            self._require_ready(wire)
        finally:
            wire.close()

    def _print(self, kind: str, drawn: bytes) -> None:
        wire = self._open()
        try:
            self._require_ready(wire)
            try:
                wire.write(drawn + PAPER_IN_TURN, seconds=PRINT_SECONDS_MAX)
                is_out = wire.read_byte(seconds=PRINT_SECONDS_MAX) & 0b0000_1100
                after, _ = judge(_answers(wire))
            except OSError as cause:
                self.state = FAILED
                raise PrinterFault(SENT, kind=kind) from cause
            self.state = after
            if is_out or after == FAILED:  # it may have stopped in the middle: nobody knows what is on the paper
                self.state = FAILED
                raise PrinterFault(SENT, kind=kind)
        finally:
            wire.close()

    def _require_ready(self, wire: Wire) -> None:
        """Raises PrinterFault of a code other than SENT, before anything of a slip was sent."""
        try:
            wire.forget_answers()
            state, trouble = judge(_answers(wire))
        except OSError as cause:
            self.state = FAILED
            raise PrinterFault("printer-silent") from cause
        self.state = state
        if state == FAILED:
            raise PrinterFault(f"printer-{trouble}")

    def _open(self) -> Wire:
        try:
            if self.kind == "escpos-file":
                return FolderWire(Path(self.address))
            if self.kind == "escpos":
                return DescriptorWire(os.open(self.address, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC))
            host, _, port = self.address.rpartition(":")
            connection = socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS_MAX)
            return DescriptorWire(connection.detach())
        except OSError as cause:
            self.state = FAILED
            raise PrinterFault("printer-silent") from cause


def _drawn(slip: Slip) -> bytes:
    """In a thread; fonts and the drawing library are loaded there, not while a terminal starts."""
    from amanat.station.slip_drawing import picture

    return raster(picture(slip.kind, slip.fields, slip.qr, slip.duplicate, training=slip.training, day=slip.day))


def _answers(wire: Wire) -> dict[int, int]:
    found = {}
    for n in QUESTIONS:
        wire.write(question(n), seconds=STATE_SECONDS_MAX)
        found[n] = wire.read_byte(seconds=STATE_SECONDS_MAX)
    return found
