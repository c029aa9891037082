"""A thermal printer as a test sees one: takes ESC/POS bytes, answers questions, gives the paper back as a picture."""

import contextlib
import os
import threading
import tty
from dataclasses import dataclass, field

import zxingcpp
from PIL import Image

ANSWER = 0b0001_0010


def paper_of(data: bytes) -> Image.Image:
    """The picture on the paper, from the bytes alone; ValueError for a byte that is no command we know."""
    at, bands = 0, []
    while at < len(data):
        rest = data[at:]
        if rest.startswith(b"\x1dv0\x00"):
            width, height = int.from_bytes(rest[4:6], "little"), int.from_bytes(rest[6:8], "little")
            bits = rest[8 : 8 + width * height]
            if len(bits) < width * height:
                raise ValueError("a band is cut")
            bands.append(Image.frombytes("1", (8 * width, height), bits).point(lambda level: 255 - level))
            at += 8 + width * height
        elif rest.startswith(b"\x1b@"):
            at += 2
        elif rest.startswith((b"\x1bd", b"\x1dr")):
            at += 3
        elif rest.startswith(b"\x1dV\x42"):
            at += 4
        else:
            raise ValueError(f"unknown command at {at}: {rest[:4]!r}")
    page = Image.new("L", (max(b.width for b in bands), sum(b.height for b in bands)), 255)
    y = 0
    for band in bands:
        page.paste(band.convert("L"), (0, y))
        y += band.height
    return page


def scanned(page: Image.Image) -> list[str]:
    """What a telephone reads on the paper."""
    return [code.text for code in zxingcpp.read_barcodes(page)]


@dataclass
class Thermal:
    """A printer at the other end of a pseudo-terminal.  ``says`` adds bits to the answer of DLE EOT n; ``dies_after``
    makes it silent after so many bytes."""

    says: dict[int, int] = field(default_factory=dict)
    dies_after: int | None = None
    got: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self._end, self._device_end = os.openpty()
        tty.setraw(self._device_end)
        self.path = os.ttyname(self._device_end)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # the test is over and has closed our end
            while data := os.read(self._end, 4096):
                for byte in data:
                    self._take(byte)

    def _take(self, byte: int) -> None:
        if self.dies_after is not None and len(self.got) >= self.dies_after:
            return
        self.got.append(byte)
        if self.got[-3:-1] == b"\x10\x04":
            question = self.got[-1]
            del self.got[-3:]  # real-time commands are no part of the page
            os.write(self._end, bytes([ANSWER | self.says.get(question, 0)]))
        elif self.got.endswith(b"\x1dV\x42\x00\x1dr\x01"):
            os.write(self._end, b"\x00")

    def close(self) -> None:
        """Unplug it."""
        os.close(self._device_end)
        os.close(self._end)
        self._thread.join(5)
