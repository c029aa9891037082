"""Register deltas on a terminal: checked, kept enciphered, entered in the journal, applied in slices (R-2, R-4).

No step holds the terminal for more than a few milliseconds, so that decisions go on while a large delta comes in.
`HOME/deltas` has one file a delta, and one of all changes up to a version, from which a restart takes them up at once:
that one is a convenience, and is made anew from the deltas where it cannot be read.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from amanat.errors import AmanatError, PeerFault
from amanat.records.identifiers import is_signed
from amanat.records.register import RegisterView, delta_id
from amanat.records.register_changes import SLICE, Packed, read_delta
from amanat.station.delta_reader import Unavailable, read_elsewhere
from amanat.station.journal import Journal
from amanat.station.medium_file import write_whole
from amanat.station.package import Identity
from amanat.sync.messages import SignedDelta

ALL: Final = "all"
PART_BYTES: Final = 1 << 10
"""A part of so many changes takes a fraction of a millisecond to pack: the next one waits."""
DELTA: Final = b"amanat/v1/delta"
CHANGES: Final = b"amanat/v1/changes"
TIDY_BYTES: Final = 256 << 10
"""Deltas of so many bytes since the last file of all changes: a restart would feel them."""

REST_SECONDS: Final = 0.001
"""After each slice of a large delta: the processor is the voters' first."""


def _rest(size: int) -> float:
    return REST_SECONDS if size >= TIDY_BYTES // 4 else 0.0


class Deltas:
    """The register deltas that this terminal has taken, kept beside the journal that names them."""

    def __init__(self, folder: Path, identity: Identity) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._identity = identity
        self._untidy = 0

    def view(self, version: int) -> RegisterView:
        """The register up to this version, as far as its deltas are here and whole; the rest comes again."""
        view = RegisterView(self._identity.package.register)
        if view.register.is_open:
            self._take_up(view, version)
            while view.version < version and self._take_up_next(view):
                pass
        return view

    def _take_up_next(self, view: RegisterView) -> bool:
        changes: dict[int, bytes] = {}
        try:
            content = self._show(self._path(view.version + 1), DELTA)
            read = [*read_delta(content, changes)][-1]
            for _ in view.apply_in_slices(read, changes):
                pass
        except (AmanatError, FileNotFoundError):
            return False
        self._untidy += len(content)
        return True

    def _take_up(self, view: RegisterView, version: int) -> None:
        path = self._folder / ALL
        try:
            content = self._show(path, CHANGES)
            kept = int.from_bytes(content[:8], "big")
            if kept <= version:  # of a journal that was rolled back it would say too much
                view.resume(kept, content[8:])
        except (AmanatError, FileNotFoundError):
            path.unlink(missing_ok=True)  # the deltas say the same

    def _path(self, version: int) -> Path:
        return self._folder / f"{version:08}.delta"

    def _show(self, path: Path, what: bytes) -> bytes:
        return self._identity.package.register.show(path.read_bytes(), what=what + self._identity.eh)

    def _keep(self, path: Path, what: bytes, data: bytes) -> None:
        hidden = self._identity.package.register.hide(
            data, number=self._identity.random(12), what=what + self._identity.eh
        )
        write_whole(path, hidden)

    async def take(self, signed: SignedDelta, view: RegisterView, journal: Journal) -> None:
        """Check, keep, enter in the journal, apply; in this order, so that what the journal names is here.

        Raises:
            PeerFault: not signed by headquarters; or not the next, which changes nothing.  Malformed: no delta.
        """
        digest = await asyncio.to_thread(delta_id, self._identity.eh, signed.delta)
        key = self._identity.manifest.hq_key
        if not is_signed(key, "register-delta", self._identity.eh, digest, signed.signature):
            raise PeerFault("register-delta-signature")
        rest = _rest(len(signed.delta))
        version, changes = await self._read(signed.delta, rest)
        if version <= view.version:
            return
        if version != view.version + 1:
            raise PeerFault("register-delta-order", expected=view.version + 1, version=version)
        await asyncio.to_thread(self._keep, self._path(version), DELTA, signed.delta)
        journal.settle()
        if journal.state.closed:
            return  # closed while it was read: nothing is signed any more, and nobody is decided on
        await journal.commit("register-delta", [version, digest])
        self._untidy += len(signed.delta)
        for _ in view.apply_in_slices(version, changes):
            await asyncio.sleep(rest)

    async def _read(self, delta: bytes, rest: float) -> tuple[int, Mapping[int, bytes] | Packed]:
        """Elsewhere if it is large, and here in slices if it is small or there is no elsewhere.  Malformed."""
        if rest:
            with contextlib.suppress(Unavailable):
                return await read_elsewhere(delta)
        changes: dict[int, bytes] = {}
        reading = read_delta(delta, changes)
        version = next(reading)
        for version in reading:  # noqa: B007 - the same at every step
            await asyncio.sleep(rest)
        return version, changes

    async def tidy(self, view: RegisterView) -> None:
        """Put all changes into one file, if there are many that it has not; called when no more come for now."""
        if self._untidy < TIDY_BYTES:
            return
        self._untidy = 0
        parts = [view.version.to_bytes(8, "big")]
        for number, part in enumerate(view.parts()):
            parts.append(part)
            await asyncio.sleep(REST_SECONDS if len(part) > PART_BYTES or not number % SLICE else 0)
        await asyncio.to_thread(self._keep, self._folder / ALL, CHANGES, b"".join(parts))
