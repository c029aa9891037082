"""What /metrics says of pushes since headquarters began: a row of counters for each intake process, in one file."""

import struct
import threading
from mmap import mmap
from pathlib import Path
from typing import Final

FIELDS: Final = ("pushes", "refused", "declined", "repeated", "microseconds")
"""Answered; no push of ours; told to come again; transactions that were tried again; time from body to answer."""
ROW: Final = struct.Struct(f"<{len(FIELDS)}Q")


class Meter:
    """Counts of this process, and the sum over all that share its file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows = mmap(-1, ROW.size)
        self._at = 0

    def share(self, path: Path, row: int) -> None:
        """From here on this process counts in a row of a file; `make` made it."""
        with self._lock, path.open("r+b") as file:
            self._rows, self._at = mmap(file.fileno(), 0), row * ROW.size

    @staticmethod
    def make(path: Path, rows: int) -> None:
        """A file of zeros for so many processes."""
        path.write_bytes(bytes(rows * ROW.size))

    def add(self, *, seconds: float = 0.0, **counts: int) -> None:
        """Adds to some of FIELDS; ``seconds`` become microseconds."""
        counts["microseconds"] = int(seconds * 1e6)
        with self._lock:
            now = ROW.unpack_from(self._rows, self._at)
            ROW.pack_into(self._rows, self._at, *(n + counts.get(name, 0) for name, n in zip(FIELDS, now, strict=True)))

    def totals(self) -> dict[str, int]:
        """The sums by field."""
        rows = list(ROW.iter_unpack(self._rows[:]))
        return {name: sum(row[at] for row in rows) for at, name in enumerate(FIELDS)}


METER: Final = Meter()
