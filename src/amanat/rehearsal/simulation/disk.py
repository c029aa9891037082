"""A storage device in memory that fails as devices do.  It keeps the promise of `station.media.Medium`, or breaks it
in a way that has a name in `DiskFaults`.

What was written and not synced stands in the cache: a crash of the program keeps it, a power cut keeps any part of it,
in any order, each write whole, torn or not at all.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from amanat.rehearsal.simulation.draw import MILLION, Draw

SECTOR: Final = 512  # what a device writes whole or not at all, unless it is torn in the middle
SLOW_MS: Final = (1_500, 60_000)  # a slow write and sync takes so long
FREE_BYTES: Final = 1 << 40
Tell = Callable[[str, str], None]
"""(fault, detail): a fault was injected."""


@dataclass(frozen=True, slots=True)
class DiskFaults:
    """How often in a million acts each thing goes wrong, by its name in `docs/faults.md`."""

    failed_write: int = 0  # an error, and nothing of it is there
    failed_but_persisted: int = 0  # an error, and all of it is there
    torn_write: int = 0  # an error, and a part of it is there
    misdirected: int = 0  # no error, and it stands elsewhere
    failed_sync: int = 0  # an error, and the cache forgets that it was not written
    failed_sync_persisted: int = 0  # an error, and all of it is there
    lying_sync: int = 0  # no error, and nothing was made durable
    slow: int = 0
    rot: int = 0  # a bit of what is there flips, cache and device
    failed_read: int = 0


HONEST: Final = DiskFaults()


def _nobody(fault: str, detail: str) -> None:
    """Who does not listen."""


class Disk:
    """One device with one file of bytes; see `Medium`.  `spent_ms` is how long its last act would have taken.

    ``tell`` hears of each fault.  `full`, `read_only`, `removed` last until they are set back.
    """

    def __init__(self, name: str, draw: Draw, *, faults: DiskFaults = HONEST, tell: Tell = _nobody) -> None:
        self.name = name
        self.faults = faults
        self.full = self.read_only = self.removed = False
        self.spent_ms = 0
        self.tell = tell
        self._draw = draw
        self._cache = bytearray()
        self._durable = bytearray()
        self._found = 0  # where `is_durable` looks first
        self._pending: list[tuple[int, bytes]] = []  # in the cache only, in the order of writing

    # What a terminal sees

    def read(self, offset: int, length: int) -> bytes:
        """See `Medium`."""
        self._require_there()
        if self._happens("failed_read", self.faults.failed_read):
            raise OSError(errno.EIO, "unreadable")
        return bytes(self._cache[offset : offset + length])

    def write(self, offset: int, data: bytes) -> None:
        """See `Medium`."""
        self._require_there()
        if self.read_only:
            raise OSError(errno.EROFS, "read-only")
        if self.full and offset + len(data) > len(self._cache):
            raise OSError(errno.ENOSPC, "full")
        self._take_time()
        faults = self.faults
        if faults is HONEST:
            self._put(offset, data)
        elif self._happens("failed_write", faults.failed_write):
            raise OSError(errno.EIO, "not written")
        elif self._happens("failed_but_persisted", faults.failed_but_persisted):
            self._put(offset, data)
            self._flush()
            raise OSError(errno.EIO, "written after all")
        elif self._happens("torn_write", faults.torn_write):
            self._put(offset, data[: self._draw.below(len(data) + 1)])
            raise OSError(errno.EIO, "a part was written")
        elif self._happens("misdirected", faults.misdirected):
            self._put(self._draw.below(max(1, len(self._cache) // SECTOR)) * SECTOR, data)
        else:
            self._put(offset, data)

    def sync(self) -> None:
        """See `Medium`."""
        self._require_there()
        self._take_time()
        faults = self.faults
        if faults is HONEST:
            self._flush()
        elif self._happens("failed_sync", faults.failed_sync):
            self._pending.clear()  # clean pages: the next sync would say that all is well
            raise OSError(errno.EIO, "not synced")
        elif self._happens("failed_sync_persisted", faults.failed_sync_persisted):
            self._flush()
            raise OSError(errno.EIO, "synced after all")
        elif not self._happens("lying_sync", faults.lying_sync):
            self._flush()
        if self._happens("rot", faults.rot):
            self.rot()

    def size(self) -> int:
        """See `Medium`."""
        self._require_there()
        return len(self._cache)

    def free(self) -> int:
        """See `Medium`."""
        self._require_there()
        return 0 if self.full else FREE_BYTES

    def close(self) -> None:
        """The program let it go; what it wrote stays in the cache."""

    # What the world does to it

    def power_cut(self) -> str:
        """The cache is gone but for what the device happened to write; what became of it, in words."""
        pending, self._pending = self._pending, []
        fates = []
        for offset, data in self._draw.shuffled(pending):
            fate = self._draw.below(3)
            part = data if fate == 0 else b"" if fate == 1 else data[: self._draw.below(len(data) + 1)]
            _lay(self._durable, offset, part)
            fates.append(("kept", "dropped", "torn")[fate])
        self._cache = bytearray(self._durable)
        return " ".join(fates)

    def rot(self) -> None:
        """One bit of the content flips."""
        used = len(self._cache.rstrip(b"\0"))
        if used:
            at, bit = self._draw.below(used), 1 << self._draw.below(8)
            for content in (self._cache, self._durable):
                if at < len(content):
                    content[at] ^= bit

    def image(self) -> bytes:
        """What a copier of a switched-off device gets."""
        return bytes(self._durable)

    def is_durable(self, data: bytes) -> bool:
        """Whether this stands on the device itself; what is asked for in the order of writing is found at once."""
        at = self._durable.find(data, self._found)
        if at < 0:
            at = self._durable.find(data)
        self._found = max(at, 0)
        return at >= 0

    def become(self, image: bytes) -> None:
        """The device holds these bytes from now on: an image of yesterday, a clone, or nothing."""
        self._cache, self._durable, self._pending = bytearray(image), bytearray(image), []

    def heal(self) -> None:
        """From now on it keeps its promise; what is broken on it stays."""
        self.faults = HONEST
        self.full = self.read_only = False

    @property
    def unsynced(self) -> int:
        """Writes that a power cut may take."""
        return len(self._pending)

    def _require_there(self) -> None:
        if self.removed:
            raise OSError(errno.ENODEV, "removed")

    def _take_time(self) -> None:
        self.spent_ms = 0
        if self._happens("slow", self.faults.slow):
            self.spent_ms = self._draw.between(*SLOW_MS)

    def _happens(self, fault: str, per_million: int) -> bool:
        if per_million and self._draw.below(MILLION) < per_million:
            self.tell(fault.replace("_", "-"), self.name)
            return True
        return False

    def _put(self, offset: int, data: bytes) -> None:
        _lay(self._cache, offset, data)
        self._pending.append((offset, data))

    def _flush(self) -> None:
        for offset, data in self._pending:
            _lay(self._durable, offset, data)
        self._pending.clear()


def _lay(content: bytearray, offset: int, data: bytes) -> None:
    if offset > len(content):
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data
