"""What deltas changed, small in memory and quick to look into, and how a delta is read in slices (clauses R-2, R-4).

A change is one person's flags (a byte), year of birth (two bytes) and name, kept by the first nine digits in `SHARDS`
parts, so that no step over a part is long.  A part is a dict while changes come, and packed when they have come: its
ids ascending, where each change ends, the changes.  Numbers have four bytes, big-endian.
"""

import io
import struct
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import cbor2

from amanat.records import cbor
from amanat.records.cbor import refuse
from amanat.records.register_file import Person
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import NationalId

SHARDS: Final = 4096
SLICE: Final = 32
"""Changes read in one slice, and parts gone over: some 0.3 ms."""
_ENTRY: Final = struct.Struct(">BH")
_PART: Final = struct.Struct(">II")
_YEAR_END: Final = 1 << 16


class Packed(NamedTuple):
    """Changes at rest, by ascending ids: 4 bytes an id, 4 bytes an end, the changes."""

    ids: memoryview
    ends: memoryview
    data: memoryview

    @classmethod
    def read(cls, data: memoryview) -> "Packed":
        """What `pack` wrote, in place; Malformed for bytes that are not."""
        if len(data) < _PART.size:
            refuse("register changes")
        count, size = _PART.unpack_from(data)
        ids = _PART.size
        ends, start = ids + 4 * count, ids + 8 * count
        if len(data) != start + size:
            refuse("register changes")
        return cls(data[ids:ends], data[ends:start], data[start:])

    def get(self, nine: int) -> bytes | None:
        """The change of the person with these nine digits."""
        count = len(self.ids) // 4
        place = bisect_left(range(count), nine, key=lambda at: _number(self.ids, at))
        if place == count or _number(self.ids, place) != nine:
            return None
        return self._change(place)

    def _change(self, place: int) -> bytes:
        return bytes(self.data[_number(self.ends, place - 1) if place else 0 : _number(self.ends, place)])

    def items(self) -> Iterator[tuple[int, bytes]]:
        """All, by ascending ids."""
        return ((_number(self.ids, place), self._change(place)) for place in range(len(self.ids) // 4))


def _number(table: memoryview, place: int) -> int:
    return int.from_bytes(table[4 * place : 4 * place + 4], "big")


_EMPTY: Final = Packed(memoryview(b""), memoryview(b""), memoryview(b""))


def _change(person: Person) -> tuple[int, bytes]:
    year = min(person.birth_year, _YEAR_END - 1)
    return int(person.national_id[:9]), _ENTRY.pack(person.flags.bits(), year) + person.name_fa.encode("utf-8")


def person_of(national_id: NationalId, change: bytes) -> Person:
    """The person as changed."""
    bits, year = _ENTRY.unpack_from(change)
    return Person(national_id, change[_ENTRY.size :].decode("utf-8"), year, Flags.from_bits(bits))


class Changes:
    """All changes, the newest of each person."""

    def __init__(self) -> None:
        self._new: defaultdict[int, dict[int, bytes]] = defaultdict(dict)
        self._packed = [_EMPTY] * SHARDS

    def put(self, person: Person) -> None:
        """Take a change."""
        nine, change = _change(person)
        self._new[nine % SHARDS][nine] = change

    def get(self, national_id: NationalId) -> Person | None:
        """The changed person, or None."""
        nine = int(national_id[:9])
        shard = nine % SHARDS
        change = self._new.get(shard, {}).get(nine) or self._packed[shard].get(nine)
        return None if change is None else person_of(national_id, change)

    def absorb(self, newer: Mapping[int, bytes] | Packed) -> Iterator[None]:
        """Take what `read_delta` read, slice by slice."""
        for number, (nine, change) in enumerate(newer.items()):
            self._new[nine % SHARDS][nine] = change
            if number % (2 * SLICE) == 0:
                yield

    def parts(self) -> Iterator[bytes]:
        """The whole as bytes, part by part, for `read`; each part is packed on the way."""
        for shard in range(SHARDS):
            if new := self._new.pop(shard, None):
                whole = pack(dict(self._packed[shard].items()) | new)
                self._packed[shard] = Packed.read(memoryview(whole))
            packed = self._packed[shard]
            yield b"".join([_PART.pack(len(packed.ids) // 4, len(packed.data)), *packed])

    @classmethod
    def read(cls, data: bytes) -> "Changes":
        """The reverse of `parts`; Malformed for bytes that are none."""
        made, view, at = cls(), memoryview(data), 0
        for shard in range(SHARDS):
            if at + _PART.size > len(view):
                refuse("register changes")
            count, size = _PART.unpack_from(view, at)
            ids = at + _PART.size
            ends, start = ids + 4 * count, ids + 8 * count
            at = start + size
            made._packed[shard] = Packed(view[ids:ends], view[ends:start], view[start:at])
        if at != len(view):
            refuse("register changes")
        return made


def pack(changes: Mapping[int, bytes]) -> bytes:
    """Changes as `Packed` has them, their number and size before them."""
    rows = sorted(changes.items())
    ends, end = [], 0
    for _, change in rows:
        end += len(change)
        ends.append(end)
    ids = struct.pack(f">{len(rows)}I", *(nine for nine, _ in rows))
    tables = ids, struct.pack(f">{len(ends)}I", *ends)
    return b"".join([_PART.pack(len(rows), end), *tables, *(change for _, change in rows)])


def read_delta(data: bytes, into: dict[int, bytes]) -> Iterator[int]:
    """Read a delta's changes into ``into``, `SLICE` persons at each step; every step gives the delta's version.

    What `Delta.decode` does at once, for a delta of any size.  Malformed for bytes that are none.
    """
    at = _require_head(data, 0, 4, what="delta")[1]
    one, at = _require_head(data, at, 0, what="delta version")
    version, at = _require_head(data, at, 0, what="version")
    count, at = _require_head(data, at, 4, what="changes")
    if data[:1] != b"\x83" or one != 1:
        refuse("delta")
    stream = io.BytesIO(data)
    stream.seek(at)
    decoder = cbor2.CBORDecoder(stream, max_depth=cbor.DEPTH_MAX, allow_indefinite=False)
    for number in range(count):
        before = stream.tell()
        try:
            value = decoder.decode()
        except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, MemoryError):
            refuse("cbor")
        if cbor.encode(value) != data[before : stream.tell()]:
            refuse("encoding")
        nine, change = _change(Person.from_value(value))
        into[nine] = change
        if number % SLICE == SLICE - 1:
            yield version
    if stream.tell() != len(data):
        refuse("encoding")
    yield version


def _require_head(data: bytes, at: int, major: int, *, what: str) -> tuple[int, int]:
    """The number in a CBOR head of this major type, in its shortest form, and where it ends."""
    if at >= len(data) or data[at] >> 5 != major:
        refuse(what)
    low = data[at] & 31
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(low, 0)
    if low > 27 or at + 1 + size > len(data):
        refuse(what)
    number = int.from_bytes(data[at + 1 : at + 1 + size], "big") if size else low
    if size and number < {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}[size]:
        refuse("encoding")
    return number, at + 1 + size
