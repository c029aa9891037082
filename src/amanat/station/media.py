"""One journal on two media: append to A, sync, append to B, sync (clauses J-2, J-3).

**A slow medium** is waited for as long as it is the only one that may still do it.  Once the other has, within
`PATIENCE_SECONDS`, the slow one is given up; where both are slow, the second gets as long again as the first took.  So
no medium is given up before another holds the same bytes, and never both.

This module knows bytes only: no entry, no signature, no clock.  LIMIT: reads come through the page cache, so rot under
a page that is still cached is seen when the page has left it.  LIMIT: the very last frame, rotten on every medium,
reads as a torn write; peers, headquarters and the last printed sheet know the head and contradict it.
"""

import errno
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from amanat.errors import BadInput, MediumLost, Rejected
from amanat.station.frames import (
    FIRST,
    FRAME_BYTES_MAX,
    HEADER_BYTES,
    OWNER_BYTES,
    content_end,
    frame,
    frame_at,
    preamble,
    require_own,
    sound_frame_after,
)
from amanat.station.patience import AtOnce, Hands

GROWTH = 256 << 10  # media grow by whole steps, so that an append changes no file's size
SLOW_SECONDS = 1.0  # a write and sync that takes longer is told to people
PATIENCE_SECONDS = 5.0  # a medium that takes longer is given up, once another one holds the same
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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

    def free(self) -> int:
        """Bytes by which the file may still grow."""


class OpenMedium(Medium, Protocol):
    """A medium that somebody opened."""

    def close(self) -> None:
        """Let it go."""


def endedcode(fault: OSError) -> str:
    """Why a medium was given up: the code of the sentence that people read."""
    if isinstance(fault, TimeoutError):
        return "medium-given-up"
    if fault.errno in FULL:
        return "medium-full"
    if fault.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return "medium-read-only"
    if fault.errno in (
        errno.ENODEV,
        errno.ENXIO,
        errno.ENOENT,
        errno.ESTALE,
        errno.ENOTDIR,
        errno.ENODATA,
        errno.EEXIST,
    ):
        return "medium-pulled"
    return "medium-failed"


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What one look of the scrubber found at ``position``: media repaired there; ``lost`` if no medium holds it."""

    position: int
    repaired: tuple[str, ...]
    lost: bool


class TwoMedia:
    """The journal's bytes.  `recover` first; then `append`; after `MediumLost` only `recover` again.

    One caller at a time; ``hands`` wait for the media.
    """

    def __init__(
        self,
        media: Sequence[Medium],
        *,
        owner: bytes,
        timer: Callable[[], float] = time.monotonic,
        hands: Hands | None = None,
    ) -> None:
        assert len(owner) == OWNER_BYTES
        self._media = tuple(media)
        self._owner = owner
        self._timer = timer
        self._hands = hands or AtOnce()
        self._alive: list[Medium] = []
        self._slow: set[str] = set()
        self._lost: dict[str, str] = {}  # why, by the medium's name
        self._index: list[tuple[int, int]] = []  # position and payload length of each frame
        self._end = FIRST
        self._capacity = 0
        self._scrubbed = 0
        self.filled: tuple[str, ...] = ()

    def recover(self) -> list[bytes]:
        """All payloads in order, each durable on every medium that is left (J-3).

        A torn tail is dropped: it was never acknowledged.  Each medium is written again from its own last frame on,
        by `_put` as every append is, because a frame that a crashed or failed sync left behind may stand in the cache
        only.  A power cut anywhere here leaves each frame on the medium that it was read from.  `filled` then names
        the media that were blank beside one that was not.

        Raises:
            MediumLost: no medium can be read or written.
            Rejected: media that contradict each other, rot in the middle on all of them, another device's journal.
        """
        self._alive, self._lost = list(self._media), {}
        readings: dict[str, bytes] = {}

        def read(medium: Medium) -> None:
            readings[medium.name] = medium.read(0, medium.size())

        self._lose(self._each(read))
        readings = {medium.name: readings[medium.name] for medium in self._alive}
        for name, data in readings.items():
            require_own(self._owner, data, name)
        payloads = self._merge(list(readings.values()))
        self._capacity = 0
        if not self._grow(self._end):
            self._capacity = min(len(readings[medium.name]) for medium in self._alive)
        self._put({medium: self._missing(readings[medium.name], payloads) for medium in self._alive})
        self._require_alive()
        self.filled = tuple(m.name for m in self._alive if payloads and not readings[m.name][:FIRST].strip(b"\0"))
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
        if any(sound_frame_after(self._owner, data, self._end) for data in readings):
            raise Rejected("journal-rotten", position=self._end)
        return payloads

    def _missing(self, data: bytes, payloads: Sequence[bytes]) -> list[tuple[int, bytes]]:
        """What a medium with these bytes lacks, its own last frame, and zeros over a torn tail."""
        pieces = [] if data[:FIRST] == preamble(self._owner) else [(0, preamble(self._owner))]
        own_last: tuple[int, bytes] | None = None
        for (position, _), payload in zip(self._index, payloads, strict=True):
            whole = frame(self._owner, position, payload)
            if data[position : position + len(whole)] == whole:
                own_last = position, whole
            else:
                pieces.append((position, whole))
        torn = content_end(data, self._end) - self._end
        if torn > 0:
            pieces.append((self._end, bytes(torn)))
        return pieces + ([own_last] if own_last else [])

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
        self._put({medium: [(position, whole)] for medium in self._alive})  # cut after A: recover copies it to B
        self._require_alive()
        self._enter(payload)
        return position

    def _each(self, act: Callable[[Medium], None], media: Sequence[Medium] | None = None) -> dict[Medium, OSError]:
        """Let each (living) medium do it, the second when the first has; what ended each that did not.

        Only where the first is slow do two work at once.
        """
        began = self._timer()
        failed: dict[Medium, OSError] = {}
        late: dict[Future[object], Medium] = {}
        done = 0
        for medium in tuple(self._alive) if media is None else media:
            try:
                future = self._hands.within(PATIENCE_SECONDS, partial(self._timed, act, medium))
            except OSError as fault:
                failed[medium] = fault
                continue
            if future is None:
                done += 1
            else:
                self._slow.add(medium.name)
                late[future] = medium
        more = 0.0  # the others were in time: no more waiting
        while late:
            ready = self._hands.first(late, more if done else None)
            for future in ready:
                medium, ended = late.pop(future), future.exception()
                if isinstance(ended, OSError):
                    failed[medium] = ended
                else:
                    future.result()
                    done += 1
            more = max(PATIENCE_SECONDS, self._timer() - began)
            if not ready:
                failed.update((medium, TimeoutError("slow")) for medium in late.values())
                break
        return failed

    def _timed(self, act: Callable[[Medium], None], medium: Medium) -> None:
        began = self._timer()
        act(medium)
        if self._timer() - began > SLOW_SECONDS:
            self._slow.add(medium.name)

    def _lose(self, failed: Mapping[Medium, OSError]) -> None:
        """A failure ends a medium: no second try, no reading back."""
        for medium, fault in failed.items():
            self._alive.remove(medium)
            self._lost[medium.name] = endedcode(fault)

    def _put(self, pieces: Mapping[Medium, Sequence[tuple[int, bytes]]]) -> None:
        """Write and sync, each medium its pieces."""

        def put(medium: Medium) -> None:
            self._require_content(medium)
            for offset, data in pieces[medium]:
                medium.write(offset, data)
            medium.sync()

        self._lose(self._each(put, tuple(pieces)))

    def _require_content(self, medium: Medium) -> None:
        """A file that is shorter than it was has lost its content: that medium is dead."""
        if medium.size() < self._capacity:
            raise OSError(errno.ENODATA, "what was on the medium is gone")

    def _enter(self, payload: bytes) -> None:
        self._index.append((self._end, len(payload)))
        self._end += HEADER_BYTES + len(payload)

    def _require_alive(self) -> None:
        if not self._alive:
            raise MediumLost("media-lost")

    def reserve(self, *lengths: int) -> bool:
        """Whether payloads of these lengths will all fit, making the space now if need be."""
        wanted = self._end + sum(length + HEADER_BYTES for length in lengths)
        return wanted <= self._capacity or self._grow(wanted)

    def _grow(self, wanted: int) -> bool:
        """Write zeros up to a whole step above ``wanted`` on all living media; False if every one of them is full.

        A medium that is full while the other is not is given up: voters do not go away because one device is small.
        """
        size = -(-wanted // GROWTH) * GROWTH

        def grow(medium: Medium) -> None:
            self._require_content(medium)
            have = medium.size()
            if have < size:
                medium.write(have, bytes(size - have))
                medium.sync()

        failed = self._each(grow)
        full = {medium for medium, fault in failed.items() if fault.errno in FULL}
        if full and full | failed.keys() >= set(self._alive):
            self._lose({medium: fault for medium, fault in failed.items() if medium not in full})
            return False
        self._lose(failed)
        self._capacity = max(self._capacity, size)
        return True

    def room(self) -> int:
        """Payload and frame bytes that the living media will all still take, by what they say of their free space."""
        try:
            free = min((medium.free() for medium in self._alive), default=0)
        except OSError:  # the next write tells which medium, and why
            free = 0
        return self._capacity + free // GROWTH * GROWTH - self._end if self._alive else 0

    def replace(self, medium: Medium) -> None:
        """Put a medium in the place of the lost one of the same name, and fill it from one that lives (J-3).

        Raises:
            BadInput: none of that name is lost, or the new one does not take it all; nothing has changed.
            Rejected: the new one holds another device's journal, or another story.
            MediumLost: none lives to fill it from.
        """
        self._require_alive()
        if medium.name not in self._lost:
            raise BadInput("medium-not-lost", medium=medium.name)
        try:
            data = medium.read(0, medium.size())
        except OSError as cause:
            raise BadInput("medium-not-filled", medium=medium.name) from cause
        if sound_frame_after(self._owner, data, self._end - 1):
            raise Rejected("journal-diverged", position=self._end)
        new = TwoMedia((*self._alive, medium), owner=self._owner, timer=self._timer, hands=self._hands)
        new.recover()
        new._grow(self._capacity)  # as large as the others, or it would seem to have lost something
        self._lost |= {name: why for name, why in new._lost.items() if name != medium.name}
        self._alive = [old for old in self._alive if old in new._alive]
        if medium not in new._alive:
            raise BadInput("medium-not-filled", medium=medium.name)
        self._media = tuple(medium if old.name == medium.name else old for old in self._media)
        self._alive = [old for old in self._media if old in new._alive]
        self._capacity = max(self._capacity, new._capacity)
        del self._lost[medium.name]
        self._slow.discard(medium.name)

    def scrub(self) -> Scrubbed | None:
        """Read the next frame back from each living medium and repair it from the other; None when there is none."""
        if not self._index:
            return None
        self._scrubbed %= len(self._index)
        position, length = self._index[self._scrubbed]
        self._scrubbed += 1
        found: dict[Medium, bytes | None] = {}

        def look(medium: Medium) -> None:
            whole = medium.read(position, HEADER_BYTES + length)
            found[medium] = frame_at(self._owner, whole, position, base=position)

        self._lose(self._each(look))
        sound = next((payload for payload in found.values() if payload is not None), None)
        bad = [medium for medium in self._alive if found.get(medium) is None]
        if sound is None:
            return Scrubbed(position, (), lost=bool(bad))
        if bad:
            self._put({medium: [(position, frame(self._owner, position, sound))] for medium in bad})
        return Scrubbed(position, tuple(m.name for m in bad if m in self._alive), lost=False)

    def health(self) -> dict[str, str]:
        """``good``, ``slow`` or ``dead`` by the medium's name."""
        return {m.name: self._words(m) for m in self._media}

    def reasons(self) -> dict[str, str]:
        """The code of the sentence for each medium that is not good, by its name."""
        return {m.name: "medium-slow" for m in self._alive if m.name in self._slow} | self._lost

    def _words(self, medium: Medium) -> str:
        if medium.name in self._lost or medium not in self._alive:
            return "dead"
        return "slow" if medium.name in self._slow else "good"
