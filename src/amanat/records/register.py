"""The register of voters as a terminal looks into it, its deltas, and both together.  R-1, R-2, R-4.

`register_file` says what stands where, `register_build` makes one.  Opening deciphers the opening part into memory and
compares it with the header, whose SHA-256 is in the manifest; names stay on disk, each under its person's own key.
"""

import hashlib
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, pairwise
from mmap import MADV_RANDOM, mmap
from typing import Any, ClassVar, Final

from cryptography.exceptions import InvalidTag

from amanat.errors import BadInput, PeerFault, Rejected
from amanat.records.cbor import Malformed
from amanat.records.identifiers import identifier
from amanat.records.register_changes import Changes, Packed, person_of
from amanat.records.register_file import (
    BLOCK,
    INDEX,
    MAGIC,
    NAME,
    PAGE,
    TAG,
    YEAR_ZERO,
    Header,
    Keys,
    Person,
    chunk_sizes,
    nonce,
)
from amanat.records.shape import Record
from amanat.rules.national_id import NationalId, check_digit

__all__ = ["Delta", "Person", "Register", "RegisterView", "build", "delta_id", "require_of", "root_of"]

_START: Final = len(MAGIC) + 4
_MORE: Final = 0x80


class Register:
    """A register in its file: `buffer` is read or memory-mapped.  Names are read where they stand.

    A keyed one is locked until `open`; what it is of can be asked before.
    """

    def __init__(self, buffer: bytes | mmap, *, key: bytes = b"") -> None:
        """With a key, or where none is needed, it is opened at once.

        Raises:
            Malformed: this is no register, or its opening part is not the header's.  BadInput: another key's.
        """
        view = memoryview(buffer)
        if len(view) < PAGE or bytes(view[: len(MAGIC)]) != MAGIC:
            raise Malformed("register")
        end = _START + struct.unpack_from(">I", view, len(MAGIC))[0]
        encoded = bytes(view[_START:end])
        self.header = Header.decode(encoded)
        self.root = hashlib.sha256(encoded).digest()
        """SHA-256 of the header, which names the digests of both parts: what the manifest names."""
        if end > PAGE or any(view[end:PAGE]) or not _is_sound(self.header, len(view)):
            raise Malformed("register")
        self._view, self._map = view, buffer if isinstance(buffer, mmap) else None
        self._names = view[PAGE : PAGE + self.header.sizes[5]]
        self._sections: list[memoryview] = []
        if key or not self.header.keyed:
            self.open(key)

    def open(self, key: bytes) -> None:
        """Decipher the opening part into memory; `key` is the register key.

        Raises:
            BadInput: it is not this file's key, or the file was changed.  Malformed: the part is not the header's.
        """
        keys = Keys(key if self.header.keyed else b"", self.header.salt)
        whole = bytearray(sum(self.header.sizes[:5]))
        target, at, start = memoryview(whole), PAGE + self.header.sizes[5], 0
        try:
            for number, size in enumerate(chunk_sizes(len(whole))):
                sealed = self._view[at : at + size + TAG]
                keys.chunks.decrypt_into(nonce(number), sealed, self.root, target[start : start + size])
                at, start = at + size + TAG, start + size
        except InvalidTag as cause:
            raise BadInput("register-key-wrong") from cause
        if hashlib.sha256(whole).digest() != self.header.opening_digest:
            raise Malformed("register")
        ends = list(accumulate(self.header.sizes[:5], initial=0))
        self._sections = [target[first:last] for first, last in pairwise(ends)]
        self._index, self._gaps, self._flags, self._offsets, self._words = self._sections
        self._blocks, self._keys = len(self._index) // INDEX, keys
        if self._map is not None:
            self._map.madvise(MADV_RANDOM)  # from now on one name is read here, one there

    def hide(self, data: bytes, *, number: bytes, what: bytes) -> bytes:
        """Encipher what belongs to the register, such as its changes, for the disk; ``number`` are 12 random bytes."""
        self._require_open()
        return number + self._keys.changes.encrypt(number, data, what)

    def show(self, data: bytes, *, what: bytes) -> bytes:
        """The reverse of `hide`.  Malformed for what was not hidden so."""
        self._require_open()
        try:
            return self._keys.changes.decrypt(data[:12], data[12:], what)
        except (InvalidTag, ValueError) as cause:
            raise Malformed("register changes") from cause

    def _require_open(self) -> None:
        if not self.is_open:
            raise Rejected("register-locked")

    @property
    def is_open(self) -> bool:
        """Whether persons can be looked up."""
        return bool(self._sections)

    def require_names(self) -> None:
        """Read all names once and compare them with the header.  Raises Malformed."""
        if hashlib.sha256(self._names).digest() != self.header.names_digest:
            raise Malformed("register")

    def close(self) -> None:
        """Forget what was deciphered and let go of the buffer, so that a memory map can be closed."""
        for section in self._sections:
            section[:] = bytes(len(section))
            section.release()
        self._sections = []
        self._names.release()
        self._view.release()

    @property
    def election_id(self) -> str:
        """The election it was made for."""
        return self.header.election_id

    @property
    def round(self) -> int:
        """The round whose day its ages are of."""
        return self.header.round

    @property
    def day(self) -> str:
        """Polling day, Gregorian ISO text."""
        return self.header.day

    @property
    def version(self) -> int:
        """The version that deltas follow."""
        return self.header.version

    @property
    def count(self) -> int:
        """How many persons it has."""
        return self.header.count

    def look(self, national_id: NationalId) -> Person | None:
        """The person of this id, or None; reads one block, and one name.  Rejected("register-locked") before `open`."""
        self._require_open()
        nine = int(national_id[:9])
        block = bisect_right(range(self._blocks), nine, key=self._first) - 1
        if block < 0:
            return None
        sums = self._sums(block)
        place = bisect_left(range(len(sums)), nine, key=lambda at: sums[at] + at)
        if place == len(sums) or sums[place] + place != nine:
            return None
        return self._person(national_id, nine, block * BLOCK + place)

    def people(self) -> Iterator[Person]:
        """Everybody, in the order of ids: for headquarters, which keeps the key."""
        for block in range(self._blocks):
            for place, total in enumerate(self._sums(block)):
                digits = f"{total + place:09}"
                yield self._person(NationalId(digits + check_digit(digits)), total + place, block * BLOCK + place)

    def _first(self, block: int) -> int:
        return int.from_bytes(self._index[block * INDEX : block * INDEX + 4], "big")

    def _gaps_from(self, block: int) -> int:
        if block >= self._blocks:
            return len(self._gaps)
        return int.from_bytes(self._index[block * INDEX + 4 : block * INDEX + INDEX], "big")

    def _sums(self, block: int) -> list[int]:
        """For everybody in a block the first nine digits less their place in it: a running sum of gaps."""
        gaps = self._gaps[self._gaps_from(block) : self._gaps_from(block + 1)]
        if max(gaps, default=0) < _MORE:
            return list(accumulate(gaps, initial=self._first(block)))
        sums, gap, shift = [self._first(block)], 0, 0
        for byte in gaps:
            gap |= (byte & _MORE - 1) << shift
            shift += 7
            if byte < _MORE:
                sums.append(sums[-1] + gap)
                gap, shift = 0, 0
        return sums

    def _person(self, national_id: NationalId, nine: int, ordinal: int) -> Person:
        combinations = self.header.combinations
        if len(combinations) > 16:
            flags = combinations[self._flags[ordinal]]
        else:
            flags = combinations[self._flags[ordinal // 2] >> 4 * (ordinal % 2) & 15]
        if not self._names:
            return Person(national_id, "", 0, flags)
        digits = nine.to_bytes(4, "big")
        mask = self._keys.masks(digits + bytes(12))
        hidden = self._names[ordinal * NAME : (ordinal + 1) * NAME]
        record = bytes(a ^ b for a, b in zip(hidden, mask, strict=False))
        if self._keys.checks(digits + record[:10] + bytes(2))[:2] != record[10:]:
            return Person(national_id, "", 0, flags)  # the disk lost this name; who may vote is not in question
        numbers = [int.from_bytes(record[at : at + 3], "big") for at in (1, 4, 7)]
        return Person(national_id, " ".join(map(self._word, filter(None, numbers))), record[0] + YEAR_ZERO, flags)

    def _word(self, number: int) -> str:
        start, stop = struct.unpack_from(">II", self._offsets, number * 4 - 4)
        return bytes(self._words[start:stop]).decode("utf-8")


def require_of(header: Header, *, election_id: str, round: int, day: str, most_days: int, file: str) -> None:
    """Refuse yesterday's register, another round's, another county's, and one whose data is too old.

    Raises:
        Rejected: `register-of-another` naming both, or `register-too-old` naming its day.
    """
    found, wanted = (header.election_id, header.round, header.day), (election_id, round, day)
    if found != wanted:
        raise Rejected("register-of-another", file=file, found=_words(found), wanted=_words(wanted))
    if (date.fromisoformat(day) - date.fromisoformat(header.made)).days > most_days:
        raise Rejected("register-too-old", file=file, made=header.made, days=most_days)


def _words(of: tuple[str, int, str]) -> str:
    return " / ".join(map(str, of))


def _is_sound(header: Header, length: int) -> bool:
    """Whether the sizes are those of a register of so many persons, in a file of this length."""
    if len(header.sizes) != 6 or header.sizes[5] not in (0, header.count * NAME):
        return False
    opening = sum(header.sizes[:5])
    enciphered = opening + TAG * len(chunk_sizes(opening))
    return header.sizes[0] == -(-header.count // BLOCK) * INDEX and PAGE + header.sizes[5] + enciphered == length


def root_of(data: bytes) -> bytes:
    """The root of a register's bytes: what a manifest names.  Malformed."""
    return Register(data).root


@dataclass(frozen=True, slots=True)
class Delta(Record):
    """New or changed persons, each as a whole; `version` follows that of the register and the deltas before."""

    VERSION: ClassVar[int] = 1

    version: int
    changes: tuple[Person, ...]


def delta_id(eh: bytes, delta: bytes) -> bytes:
    """ID("register-delta", delta), which headquarters signs in the domain of the same name."""
    return identifier("register-delta", eh, delta)


class RegisterView:
    """A register with its deltas, as check-in sees it.  A delta becomes visible as a whole, however large it is."""

    def __init__(self, register: Register, deltas: Iterable[Delta] = ()) -> None:
        self.register = register
        self.version = register.version
        self._changes = Changes()
        self._newest: Mapping[int, bytes] | Packed = {}
        for delta in deltas:
            self.apply(delta)

    def apply(self, delta: Delta) -> None:
        """Take the next delta; PeerFault("register-delta-order") for another, and nothing is changed."""
        self._require_next(delta.version)
        for person in delta.changes:
            self._changes.put(person)
        self.version = delta.version

    def apply_in_slices(self, version: int, changes: Mapping[int, bytes] | Packed) -> Iterator[None]:
        """`apply` for a delta that `read_delta` read: it is visible after the first step; the others only tidy up.

        All steps must be taken before the next delta.
        """
        self._require_next(version)
        self._newest, self.version = changes, version
        yield
        yield from self._changes.absorb(changes)
        self._newest = {}

    def _require_next(self, version: int) -> None:
        if version != self.version + 1:
            raise PeerFault("register-delta-order", expected=self.version + 1, version=version)

    def parts(self) -> Iterator[bytes]:
        """All changes so far as bytes, part by part, for `resume`."""
        assert not self._newest
        return self._changes.parts()

    def resume(self, version: int, data: bytes) -> None:
        """Take up all changes up to a version at once.  Malformed."""
        self._changes, self.version = Changes.read(data), version

    def look(self, national_id: NationalId) -> Person | None:
        """The person of this id as of the last delta, or None."""
        newest = self._newest.get(int(national_id[:9]))
        if newest is not None:
            return person_of(national_id, newest)
        return self._changes.get(national_id) or self.register.look(national_id)


def build(people: Iterable[Person], **of: Any) -> bytes:
    """See `register_build.build`.  Imported here: a terminal builds none, and starts sooner without its arrays."""
    from amanat.records import register_build

    return register_build.build(people, **of)
