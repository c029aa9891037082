"""Tries a storage medium before the day: writes, syncs, reads back, and says how many voters it holds (clause K-11)."""

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FRAME: Final = 64 << 10
FRAMES: Final = 64
SYNC_SECONDS_GOOD: Final = 0.1
SYNC_SECONDS_MOST: Final = 1.0  # slower than this a voter waits too long for the tick


@dataclass(frozen=True, slots=True)
class BurnIn:
    """What was found: whether all came back as written, seconds of a sync (95 of 100 are no longer), free bytes."""

    is_same: bool
    sync_seconds: float
    free_bytes: int


def burn_in(folder: Path) -> BurnIn:
    """Writes FRAMES frames into a file of its own in the folder, each synced, reads them from the disk, removes it.

    Raises:
        OSError: it cannot be written or read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "burn-in"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    took = []
    try:
        for number in range(FRAMES):
            os.pwrite(descriptor, _frame(number), number * FRAME)
            began = time.perf_counter()
            os.fdatasync(descriptor)
            took.append(time.perf_counter() - began)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # what is read now comes from the disk
        same = all(os.pread(descriptor, FRAME, number * FRAME) == _frame(number) for number in range(FRAMES))
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)
    space = os.statvfs(folder)
    return BurnIn(same, sorted(took)[FRAMES * 95 // 100], space.f_bavail * space.f_frsize)


def _frame(number: int) -> bytes:
    """Bytes that no disk can guess or pack, different in each frame."""
    return hashlib.shake_128(b"amanat burn-in" + number.to_bytes(4, "big")).digest(FRAME)
