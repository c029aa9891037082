"""One journal on two media: append to A, sync, append to B, sync (clauses J-2, J-3).

A medium holds a preamble of 64 bytes that names the owner, then frames, then zeros (the space is written beforehand).
A frame is its length (4 bytes), checksum (16), position (8) and payload; the checksum covers all of them under the
owner's hash as key.  So a torn, a misdirected, a rotten and another device's frame are all seen as *no frame*.

This module knows bytes only: no entry, no signature, no clock.  LIMIT: reads come through the page cache, so rot under
a page that is still cached is seen when the page has left it.  LIMIT: the very last frame, rotten on every medium,
reads as a torn write; peers, headquarters and the last printed sheet know the head and contradict it.
"""

import errno
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from amanat.errors import MediumLost, Rejected

OWNER_BYTES = 32
FRAME_BYTES_MAX = 1 << 20  # a payload; the largest entry is a ballot of a few kilobytes
GROWTH = 256 << 10  # media grow by whole steps, so that an append changes no file's size
SLOW_SECONDS = 2.0  # a write and sync that takes longer is told to people

_MAGIC = b"amanat/v1/media\n"
_FRAME = struct.Struct(">I16sQ")
FIRST = len(_MAGIC) + OWNER_BYTES + 16  # where the first frame begins


class Medium(Protocol):
    """One storage device with one file of bytes.  Everything may raise ``OSError``.

    Promise of `sync`: what `write` was given before is on the medium when it returns.  Nothing is promised about what
    was written when `write` or `sync` raised, or when power went.
    """

    @property
    def name(self) -> str:
        """What people call it."""

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``; fewer only at the end."""

    def write(self, offset: int, data: bytes) -> None:
        """Put all of ``data`` at ``offset``."""

    def sync(self) -> None:
        """Make everything written durable."""

    def size(self) -> int:
        """Bytes in the file."""


def _checksum(owner: bytes, position: int, payload: bytes) -> bytes:
    head = struct.pack(">IQ", len(payload), position)
    return blake2b(head + payload, digest_size=16, key=owner).digest()


def frame(owner: bytes, position: int, payload: bytes) -> bytes:
    """The bytes of one frame at ``position``."""
    return _FRAME.pack(len(payload), _checksum(owner, position, payload), position) + payload


def frame_at(owner: bytes, data: bytes, position: int, *, base: int = 0) -> bytes | None:
    """The payload of the sound frame at ``position`` of a medium whose bytes from ``base`` on are ``data``, or None."""
    if len(data) < position - base + _FRAME.size:
        return None
    length, checksum, stated = _FRAME.unpack_from(data, position - base)
    start = position - base + _FRAME.size
    if stated != position or not 0 < length <= FRAME_BYTES_MAX or len(data) < start + length:
        return None
    payload = data[start : start + length]
    return payload if _checksum(owner, position, payload) == checksum else None


def preamble(owner: bytes) -> bytes:
    """The first 64 bytes of every medium of this owner."""
    return _MAGIC + owner + blake2b(_MAGIC + owner, digest_size=16).digest()


def _require_own(owner: bytes, data: bytes, name: str) -> None:
    """Refuse the sound journal of another device: it would be overwritten."""
    head, other = data[:FIRST], data[len(_MAGIC) : len(_MAGIC) + OWNER_BYTES]
    if len(other) == OWNER_BYTES and other != owner and head == preamble(other):
        raise Rejected("journal-of-another", medium=name)


def _sound_frame_after(owner: bytes, data: bytes, end: int) -> bool:
    """Whether a sound frame stands beyond ``end``: then the gap is rot, not a torn tail."""
    last = len(data.rstrip(b"\0"))
    return any(frame_at(owner, data, at) is not None for at in range(end + 1, last - _FRAME.size))


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What one look of the scrubber found at ``position``: media repaired there; ``lost`` if no medium holds it."""

    position: int
    repaired: tuple[str, ...]
    lost: bool


class TwoMedia:
    """The journal's bytes.  `recover` first; then `append`; after `MediumLost` only `recover` again."""

    def __init__(self, media: Sequence[Medium], *, owner: bytes, timer: Callable[[], float] = time.monotonic) -> None:
        assert len(owner) == OWNER_BYTES
        self._media = tuple(media)
        self._owner = owner
        self._timer = timer
        self._alive: list[Medium] = []
        self._slow: set[str] = set()
        self._index: list[tuple[int, int]] = []  # position and payload length of each frame
        self._end = FIRST
        self._capacity = 0
        self._scrubbed = 0

    def recover(self) -> list[bytes]:
        """All payloads in order, each durable on every medium that is left (J-3).

        A torn tail is dropped: it was never acknowledged.  Each medium is written again from its own last frame on,
        by `_put` as every append is, because a frame that a crashed or failed sync left behind may stand in the cache
        only.  A power cut anywhere here leaves each frame on the medium that it was read from.

        Raises:
            MediumLost: no medium can be read or written.
            Rejected: media that contradict each other, rot in the middle on all of them, another device's journal.
        """
        self._alive = list(self._media)
        readings: dict[str, bytes] = {}
        for medium in self._media:
            try:
                readings[medium.name] = medium.read(0, medium.size())
            except OSError:
                self._alive.remove(medium)
        for name, data in readings.items():
            _require_own(self._owner, data, name)
        payloads = self._merge(list(readings.values()))
        self._capacity = 0
        if not self._grow(self._end):
            self._capacity = min(len(readings[medium.name]) for medium in self._alive)
        for medium in tuple(self._alive):  # cut between: the first medium is whole, the second as it was
            self._settle(medium, readings[medium.name], payloads)
        self._require_alive()
        return payloads

    def _merge(self, readings: Sequence[bytes]) -> list[bytes]:
        """Follow the frames from the first, each taken from any medium that holds it sound."""
        self._index, self._end, payloads = [], FIRST, []
        while found := {p for data in readings if (p := frame_at(self._owner, data, self._end)) is not None}:
            if len(found) > 1:
                raise Rejected("journal-diverged", position=self._end)
            payload = found.pop()
            payloads.append(payload)
            self._enter(payload)
        if any(_sound_frame_after(self._owner, data, self._end) for data in readings):
            raise Rejected("journal-rotten", position=self._end)
        return payloads

    def _settle(self, medium: Medium, data: bytes, payloads: Sequence[bytes]) -> None:
        """Write on one medium what it lacks, its own last frame, and zeros over a torn tail; then sync."""
        pieces = [] if data[:FIRST] == preamble(self._owner) else [(0, preamble(self._owner))]
        own_last: tuple[int, bytes] | None = None
        for (position, _), payload in zip(self._index, payloads, strict=True):
            whole = frame(self._owner, position, payload)
            if data[position : position + len(whole)] == whole:
                own_last = position, whole
            else:
                pieces.append((position, whole))
        torn = len(data.rstrip(b"\0")) - self._end
        if torn > 0:
            pieces.append((self._end, bytes(torn)))
        self._put(medium, pieces + ([own_last] if own_last else []))

    def append(self, payload: bytes) -> int:
        """Make one payload durable on every living medium; its position.

        Raises:
            MediumLost: ``media-full``: nothing was written.  ``media-lost``: no medium is left and the payload is
                *unknown*, not *undone*; only `recover` may follow.
        """
        assert 0 < len(payload) <= FRAME_BYTES_MAX
        self._require_alive()
        if not self.reserve(len(payload)):
            raise MediumLost("media-full")
        position = self._end
        whole = frame(self._owner, position, payload)
        for medium in tuple(self._alive):
            self._put(medium, [(position, whole)])  # cut after A: recover copies it to B
        self._require_alive()
        self._enter(payload)
        return position

    def _put(self, medium: Medium, pieces: Sequence[tuple[int, bytes]]) -> None:
        """Write and sync; a failure ends this medium: no second try, no reading back."""
        began = self._timer()
        try:
            if medium.size() < self._capacity:
                raise OSError(errno.EIO, "what was on the medium is gone")
            for offset, data in pieces:
                medium.write(offset, data)
            medium.sync()
        except OSError:
            self._alive.remove(medium)
            return
        if self._timer() - began > SLOW_SECONDS:
            self._slow.add(medium.name)

    def _enter(self, payload: bytes) -> None:
        self._index.append((self._end, len(payload)))
        self._end += _FRAME.size + len(payload)

    def _require_alive(self) -> None:
        if not self._alive:
            raise MediumLost("media-lost")

    def reserve(self, *lengths: int) -> bool:
        """Whether payloads of these lengths will all fit, making the space now if need be."""
        wanted = self._end + sum(length + _FRAME.size for length in lengths)
        return wanted <= self._capacity or self._grow(wanted)

    def _grow(self, wanted: int) -> bool:
        """Write zeros up to a whole step above ``wanted`` on all living media; False if one is full.

        A file that is shorter than it was has lost its content: that medium is dead.
        """
        size = -(-wanted // GROWTH) * GROWTH
        for medium in tuple(self._alive):
            try:
                have = medium.size()
                if have < self._capacity:
                    raise OSError(errno.EIO, "what was on the medium is gone")
                if have < size:
                    medium.write(have, bytes(size - have))
                    medium.sync()
            except OSError as fault:
                if fault.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    return False
                self._alive.remove(medium)
        self._capacity = max(self._capacity, size)
        return True

    def scrub(self) -> Scrubbed | None:
        """Read the next frame back from each living medium and repair it from the other; None when there is none."""
        if not self._index:
            return None
        self._scrubbed %= len(self._index)
        position, length = self._index[self._scrubbed]
        self._scrubbed += 1
        sound: bytes | None = None
        bad: list[Medium] = []
        for medium in tuple(self._alive):
            try:
                whole = medium.read(position, _FRAME.size + length)
            except OSError:
                self._alive.remove(medium)
                continue
            payload = frame_at(self._owner, whole, position, base=position)
            if payload is None:
                bad.append(medium)
            else:
                sound = payload
        if sound is None:
            return Scrubbed(position, (), lost=bool(bad))
        for medium in bad:
            self._put(medium, [(position, frame(self._owner, position, sound))])
        return Scrubbed(position, tuple(m.name for m in bad if m in self._alive), lost=False)

    def health(self) -> dict[str, str]:
        """``good``, ``slow`` or ``dead`` by the medium's name."""
        return {m.name: self._words(m) for m in self._media}

    def _words(self, medium: Medium) -> str:
        if medium not in self._alive:
            return "dead"
        return "slow" if medium.name in self._slow else "good"
