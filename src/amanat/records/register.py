"""The register of voters: an immutable file that is looked into in place, its deltas, and both together.  R-1, R-2.

Layout after `MAGIC` and the header's length: header; index (first id of each block of 128 persons, where its gaps
begin); gaps between ids (seven bits a byte, lowest first, top bit: go on); flag combinations (four bits a person, eight
if there are more than 16); names (ten bytes a person: year of birth, three words of the dictionary); dictionary.  About
1.6 bytes a person, 11.6 with names.  With a register key each name stands under a key derived from it and the id;
without one names are plain.  The file names election, round, day and version, never eh; its SHA-256 is in the manifest
and is its signature.
"""

import hashlib
import struct
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from mmap import mmap
from typing import Annotated, ClassVar, Final

from amanat.errors import BadInput, PeerFault
from amanat.records.cbor import Encodable, Malformed, Value, as_uint, refuse
from amanat.records.identifiers import identifier
from amanat.records.permit import as_national_id
from amanat.records.shape import Check, Record
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import NationalId

MAGIC: Final = b"amanat-register-1\n"
_START: Final = len(MAGIC) + 4
_INDEX: Final = struct.Struct(">II")  # the first nine digits of a block's first id; where its gaps begin
_NAME: Final = 10
_YEAR_ZERO: Final = 1200
_MORE: Final = 0x80
BLOCK: Final = 128
"""Persons a block: a look-up reads so many gaps at most, and the index is small beside them."""


def _as_flags(value: Value, what: str) -> Flags:
    return Flags.from_bits(as_uint(value, what, below=64))


@dataclass(frozen=True, slots=True)
class Person(Record):
    """One line of the register; `birth_year` is Jalali, 0 where names are left out."""

    national_id: Annotated[NationalId, Check(as_national_id)]
    name_fa: str
    birth_year: int
    flags: Annotated[Flags, Check(_as_flags)]

    def fields(self) -> list[Encodable]:
        """As it stands in a delta."""
        return [self.national_id, self.name_fa, self.birth_year, self.flags.bits()]


@dataclass(frozen=True, slots=True)
class _Header(Record):
    VERSION: ClassVar[int] = 1

    election_id: str
    round: int
    day: str
    version: int
    count: int
    combinations: tuple[Annotated[Flags, Check(_as_flags)], ...]
    sizes: tuple[int, ...]

    def fields(self) -> list[Encodable]:
        combinations = [flags.bits() for flags in self.combinations]
        head: list[Encodable] = [1, self.election_id, self.round, self.day, self.version, self.count]
        return [*head, combinations, self.sizes]


def build(
    people: Iterable[Person],
    *,
    election_id: str,
    round: int,
    day: str,
    version: int,
    key: bytes = b"",
    names: bool = True,
) -> bytes:
    """The file of these people, in any order; BadInput if two have one id or a year of birth is not Jalali.

    With a register key names are hidden; without `names` they and the years are left out.
    """
    rows = sorted(people, key=lambda person: person.national_id)
    for before, after in pairwise(rows):
        if before.national_id == after.national_id:
            raise BadInput("register-id-twice", id=after.national_id)
    for person in rows:
        if names and not 0 <= person.birth_year - _YEAR_ZERO < 256:
            raise BadInput("register-birth-year", id=person.national_id, year=person.birth_year)
    combinations = sorted({person.flags.bits() for person in rows})
    dictionary = _dictionary(rows) if names else {}
    sections = [
        *_ids(rows),
        _packed([combinations.index(person.flags.bits()) for person in rows], wide=len(combinations) > 16),
        b"".join(_name(person, dictionary, key) for person in rows) if names else b"",
        *_words(dictionary),
    ]
    kept, sizes = tuple(map(Flags.from_bits, combinations)), tuple(map(len, sections))
    header = _Header(election_id, round, day, version, len(rows), kept, sizes).encode()
    return b"".join([MAGIC, struct.pack(">I", len(header)), header, *sections])


def _ids(rows: Sequence[Person]) -> tuple[bytes, bytes]:
    """The index of blocks, and the gaps to each id from the one before within its block."""
    index, gaps, last = bytearray(), bytearray(), 0
    for ordinal, person in enumerate(rows):
        nine = int(person.national_id[:9])
        if ordinal % BLOCK == 0:
            index += _INDEX.pack(nine, len(gaps))
        else:
            gap = nine - last - 1
            while gap >= _MORE:
                gaps.append(_MORE | gap & _MORE - 1)
                gap >>= 7
            gaps.append(gap)
        last = nine
    return bytes(index), bytes(gaps)


def _packed(values: Sequence[int], *, wide: bool) -> bytes:
    if wide:
        return bytes(values)
    return bytes(low | high << 4 for low, high in zip(values[::2], [*values[1::2], 0], strict=False))


def _parts(name: str) -> list[str]:
    return name.split(" ", 2)


def _dictionary(rows: Iterable[Person]) -> dict[str, int]:
    words = {word for person in rows for word in _parts(person.name_fa)} - {""}
    return {word: number for number, word in enumerate(sorted(words), 1)}


def _words(dictionary: Iterable[str]) -> tuple[bytes, bytes]:
    encoded = [word.encode("utf-8") for word in dictionary]
    offsets = [0]
    for word in encoded:
        offsets.append(offsets[-1] + len(word))
    return struct.pack(f">{len(offsets)}I", *offsets), b"".join(encoded)


def _name(person: Person, dictionary: dict[str, int], key: bytes) -> bytes:
    numbers = [dictionary[word] for word in _parts(person.name_fa) if word]
    words = b"".join(number.to_bytes(3, "big") for number in [*numbers, 0, 0, 0][:3])
    return _hidden(bytes([person.birth_year - _YEAR_ZERO]) + words, person.national_id, key)


def _hidden(record: bytes, national_id: NationalId, key: bytes) -> bytes:
    """Under the key of this person, which hides and shows alike; one record is written under it once a version."""
    if not key:
        return record
    stream = hashlib.sha256(b"amanat/v1/register-name\0" + key + national_id.encode("ascii")).digest()
    return bytes(a ^ b for a, b in zip(record, stream, strict=False))


class Register:
    """A register in place: `buffer` is its file, read or memory-mapped; nothing is copied but what is asked for."""

    def __init__(self, buffer: bytes | mmap, *, key: bytes = b"") -> None:
        """Malformed if this is no register; its root is for the caller to compare with the manifest."""
        view = memoryview(buffer)
        if len(view) < _START or bytes(view[: len(MAGIC)]) != MAGIC:
            raise Malformed("register")
        end = _START + struct.unpack_from(">I", view, len(MAGIC))[0]
        self._header = _Header.decode(bytes(view[_START:end]))
        sizes = self._header.sizes
        if (
            len(sizes) != 6
            or end + sum(sizes) != len(view)
            or sizes[0] != -(-self._header.count // BLOCK) * _INDEX.size
        ):
            raise Malformed("register")
        starts = [end + sum(sizes[:place]) for place in range(7)]
        self._sections = [view[start:stop] for start, stop in pairwise(starts)]
        self._index, self._gaps, self._flags, self._names, self._offsets, self._words = self._sections
        self._view, self._key = view, key

    def close(self) -> None:
        """Let go of the buffer, so that a memory map can be closed; nothing can be looked up afterwards."""
        for view in (*self._sections, self._view):
            view.release()

    @property
    def root(self) -> bytes:
        """SHA-256 of the file."""
        return hashlib.sha256(self._view).digest()

    @property
    def election_id(self) -> str:
        """The election it was made for."""
        return self._header.election_id

    @property
    def round(self) -> int:
        """The round whose day its ages are of."""
        return self._header.round

    @property
    def day(self) -> str:
        """Polling day, Gregorian ISO text."""
        return self._header.day

    @property
    def version(self) -> int:
        """The version that deltas follow."""
        return self._header.version

    @property
    def count(self) -> int:
        """How many persons it has."""
        return self._header.count

    def look(self, national_id: NationalId) -> Person | None:
        """The person of this id, or None; reads one block."""
        nine = int(national_id[:9])
        block = bisect_right(range(len(self._index) // _INDEX.size), nine, key=lambda at: self._block(at)[0]) - 1
        if block < 0:
            return None
        found, start = self._block(block)
        stop = self._block(block + 1)[1] if (block + 1) * BLOCK < self.count else len(self._gaps)
        ordinal, gap, shift = block * BLOCK, 0, 0
        for byte in self._gaps[start:stop]:
            if found >= nine:
                break
            gap |= (byte & _MORE - 1) << shift
            shift += 7
            if byte < _MORE:
                found, ordinal, gap, shift = found + gap + 1, ordinal + 1, 0, 0
        return self._person(national_id, ordinal) if found == nine else None

    def _block(self, number: int) -> tuple[int, int]:
        first, start = _INDEX.unpack_from(self._index, number * _INDEX.size)
        return first, start

    def _person(self, national_id: NationalId, ordinal: int) -> Person:
        combinations = self._header.combinations
        if len(combinations) > 16:
            flags = combinations[self._flags[ordinal]]
        else:
            flags = combinations[self._flags[ordinal // 2] >> 4 * (ordinal % 2) & 15]
        if not self._names:
            return Person(national_id, "", 0, flags)
        record = bytes(self._names[ordinal * _NAME : (ordinal + 1) * _NAME])
        record = _hidden(record, national_id, self._key)
        numbers = [int.from_bytes(record[at : at + 3], "big") for at in (1, 4, 7)]
        return Person(national_id, " ".join(map(self._word, filter(None, numbers))), record[0] + _YEAR_ZERO, flags)

    def _word(self, number: int) -> str:
        if number * 4 + 4 > len(self._offsets):
            refuse("register name")  # a wrong register key
        start, stop = struct.unpack_from(">II", self._offsets, number * 4 - 4)
        return bytes(self._words[start:stop]).decode("utf-8")


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
    """A register with its deltas, as check-in sees it."""

    def __init__(self, register: Register, deltas: Iterable[Delta] = ()) -> None:
        self.register = register
        self.version = register.version
        self._changed: dict[NationalId, Person] = {}
        for delta in deltas:
            self.apply(delta)

    def apply(self, delta: Delta) -> None:
        """Take the next delta; PeerFault("register-delta-order") for another, and nothing is changed."""
        if delta.version != self.version + 1:
            raise PeerFault("register-delta-order", expected=self.version + 1, version=delta.version)
        self._changed.update({person.national_id: person for person in delta.changes})
        self.version = delta.version

    def look(self, national_id: NationalId) -> Person | None:
        """The person of this id as of the last delta, or None."""
        return self._changed.get(national_id) or self.register.look(national_id)
