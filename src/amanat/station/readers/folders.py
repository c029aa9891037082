"""Readers made of a folder: for exercises, for tests, and as the smallest example of the port."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amanat.rules.national_id import parse
from amanat.station.readers.port import BIOMETRIC, CARD, Reading

CARD_BYTES_MAX: Final = 4096
SAMPLE_BYTES_MAX: Final = 64 << 10
ALIKE: Final = 0.9  # of the bits of two templates of one length


@dataclass
class CardFolder:
    """A card is a file ``*.card`` that is put into the folder; its first line is the national id."""

    folder: Path
    kind: str = CARD
    tries: int = 1

    def is_there(self) -> bool:
        """See `Reader`."""
        return next(self.folder.glob("*.card"), None) is not None

    async def read(self, national_id: str = "") -> Reading:
        """See `Reader`; two cards at once are none."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Reading:
        try:
            cards = list(self.folder.glob("*.card"))
            if len(cards) != 1:
                return Reading("nothing")
            with cards[0].open("rb") as card:
                line = card.read(CARD_BYTES_MAX).decode("utf-8").partition("\n")[0]
        except (OSError, UnicodeDecodeError):
            return Reading("failed")
        found = parse(line)
        return Reading("nothing") if found is None else Reading("read", found)


@dataclass
class FingerFolder:
    """Compares ``finger.sample`` with ``<national id>.template``, bit by bit; a stand-in for a sensor's own matcher."""

    folder: Path
    tries: int = 3
    kind: str = BIOMETRIC

    def is_there(self) -> bool:
        """See `Reader`."""
        return (self.folder / "finger.sample").exists()

    async def read(self, national_id: str = "") -> Reading:
        """See `Reader`."""
        return await asyncio.to_thread(self._compare, national_id)

    def _compare(self, national_id: str) -> Reading:
        reference, sample = self.folder / f"{national_id}.template", self.folder / "finger.sample"
        if not self.folder.is_dir():
            return Reading("failed")
        try:
            pair = [path.read_bytes()[:SAMPLE_BYTES_MAX] for path in (reference, sample)]
        except FileNotFoundError:
            return Reading("nothing")
        except OSError:
            return Reading("failed")
        return Reading("matched" if _alike(*pair) >= ALIKE else "not-matched")


def _alike(one: bytes, other: bytes) -> float:
    """The share of equal bits; 0 for templates of different or no length."""
    if not one or len(one) != len(other):
        return 0.0
    different = sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))
    return 1 - different / (8 * len(one))
