"""What a power cut leaves of real files: what was synced, and of the rest any part, in any order, torn.

The shipped program runs with a library before the C library's (`unsynced.c`) that writes down its writes and syncs.
After the kill `cut` rebuilds each journal's file from that list as a disk would have it.
"""

import os
import random
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("unsynced.c")
HEAD: Final = struct.Struct("=qq")
SECTOR: Final = 512


@dataclass(frozen=True)
class Cut:
    """What one cut did to one file: writes that were not synced, and of them those that vanished or were torn."""

    unsynced: int
    dropped: int
    torn: int


def build(folder: Path) -> Path:
    """The library, compiled.  Raises CalledProcessError and OSError."""
    library = folder / "unsynced.so"
    words = ["cc", "-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(words, check=True, timeout=60, stdin=subprocess.DEVNULL)
    return library


def begin(folder: Path) -> None:
    """Before a program starts: all of `folder`'s media are as durable as they stand."""
    for file in _journals(folder):
        (file.parent / f"{file.name}.base").write_bytes(file.read_bytes())
        (file.parent / f"{file.name}.ops").unlink(missing_ok=True)


def cut(folder: Path, draw: random.Random) -> list[Cut]:
    """After a kill: makes each journal below `folder` (a terminal's home) what its disk holds."""
    return [_cut(file, draw) for file in _journals(folder)]


def _journals(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("medium-*/*") if path.suffix not in (".ops", ".base", ".new"))


def _cut(file: Path, draw: random.Random) -> Cut:
    base, log = file.with_name(f"{file.name}.base"), file.with_name(f"{file.name}.ops")
    surface = bytearray(base.read_bytes() if base.exists() else b"")
    waiting: list[tuple[int, bytes]] = []
    for act in _acts(log.read_bytes() if log.exists() else b""):
        if act is not None:
            waiting.append(act)
            continue
        for offset, data in waiting:
            _put(surface, offset, data)
        waiting = []
    dropped = torn = 0
    for offset, data in draw.sample(waiting, len(waiting)):
        fate = draw.randrange(3)
        if fate == 0:
            dropped += 1
        elif fate == 1 and len(data) > 1:
            torn += 1
            _tear(surface, offset, data, draw)
        else:
            _put(surface, offset, data)
    descriptor = os.open(file, os.O_WRONLY | os.O_TRUNC)
    with os.fdopen(descriptor, "wb") as out:
        out.write(surface)
    return Cut(len(waiting), dropped, torn)


def _acts(log: bytes) -> Iterator[tuple[int, bytes] | None]:
    """Writes as (offset, bytes), a sync as None; a list that the kill cut short ends before its last act."""
    at = 0
    while at < len(log):
        if log[at : at + 1] == b"S":
            yield None
            at += 1
            continue
        if len(log) < at + 1 + HEAD.size:
            return
        offset, length = HEAD.unpack_from(log, at + 1)
        at += 1 + HEAD.size
        yield offset, log[at : at + length]
        at += length


def _put(surface: bytearray, offset: int, data: bytes) -> None:
    surface.extend(bytes(max(0, offset + len(data) - len(surface))))
    surface[offset : offset + len(data)] = data


def _tear(surface: bytearray, offset: int, data: bytes, draw: random.Random) -> None:
    """Each sector of the write arrives or does not; a write within one sector arrives up to some byte."""
    if len(data) <= SECTOR:
        _put(surface, offset, data[: draw.randrange(1, len(data))])
        return
    for start in range(0, len(data), SECTOR):
        if draw.randrange(2):
            _put(surface, offset + start, data[start : start + SECTOR])
