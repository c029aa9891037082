"""Builds a register of any size in bounded memory: sorted runs on disk, then one range of ids after another (R-1, R-4).

In memory: one run, the opening part (1.53 bytes a person: what a terminal holds too), the dictionary.  The runs lie in
an unnamed file under a key that is never written: a build that is cut leaves nothing to read and is begun again.
"""

import hashlib
import io
import struct
from array import array
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from numpy.typing import NDArray

from amanat.errors import BadInput
from amanat.records.register_file import BLOCK, CHUNK, KEY, MAGIC, NAME, PAGE, YEAR_ZERO, Header, Keys, Person, nonce
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import check_digit

RUN: Final = 1 << 20
RANGE_BITS: Final = 20  # ids of one range: at most a million rows at once
RANGES: Final = (10**9 >> RANGE_BITS) + 1
ROW: Final = np.dtype([("nine", "<u4"), ("words", "<u4", 3), ("flags", "u1"), ("year", "u1")])
WORDS_MAX: Final = (1 << 24) - 1
Rows = NDArray[Any]
Progress = Callable[[str, int], None]
"""Told what is done ("read" or "written") and how many persons."""


class Of(NamedTuple):
    """What a register is of; `made` is the day whose data it has, the polling day if empty."""

    election_id: str
    round: int
    day: str
    version: int
    made: str = ""


class _Scratch:
    """The runs on disk: a file without a name, enciphered under a key of this build alone."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        self._file = file
        self._key = AES(key)
        self._end = 0
        self._runs: list[tuple[int, list[int]]] = []

    def add(self, rows: Rows) -> None:
        """Keep a sorted run, and where each range of ids begins in it."""
        bounds = np.searchsorted(rows["nine"], np.arange(RANGES + 1, dtype=np.uint64) << np.uint64(RANGE_BITS))
        self._runs.append((self._end, bounds.tolist()))
        self._file.seek(self._end)
        self._file.write(self._cipher(self._end, rows.tobytes()))
        self._end += rows.nbytes

    def rows(self, number: int) -> Rows:
        """The rows of a range, of every run."""
        parts = []
        for start, bounds in self._runs:
            first, last = start + bounds[number] * ROW.itemsize, start + bounds[number + 1] * ROW.itemsize
            if first < last:
                self._file.seek(first)
                parts.append(self._cipher(first, self._file.read(last - first)))
        return np.frombuffer(b"".join(parts), ROW)

    def _cipher(self, at: int, data: bytes) -> bytes:
        stream = Cipher(self._key, CTR((at // 16).to_bytes(16, "big"))).encryptor()
        stream.update(bytes(at % 16))
        return stream.update(data)

    def close(self) -> None:
        self._file.close()


class Builder:
    """Takes people in any order and writes their register into `out`, a file that can seek.

    With a register key the file is enciphered, and `salt` must be fresh (16 random bytes); without `names` they and the
    years are left out.  More than one run of people needs ``scratch``, an unnamed file on disk, and a random
    ``scratch_key``; in memory without them.
    """

    def __init__(
        self,
        out: BinaryIO,
        of: Of,
        *,
        key: bytes = b"",
        salt: bytes = bytes(16),
        names: bool = True,
        progress: Progress = lambda _what, _count: None,
        scratch: Callable[[], BinaryIO] = io.BytesIO,
        scratch_key: bytes = bytes(KEY),
    ) -> None:
        assert not key or any(salt)
        self._out, self._of, self._names, self._progress = out, of, names, progress
        self._keyed, self._salt, self._keys = int(bool(key)), salt, Keys(key, salt)
        self._open_scratch: Callable[[], _Scratch] = lambda: _Scratch(scratch(), scratch_key)
        self._scratch: _Scratch | None = None
        self._numbers = {"": 0}
        self._run: list[Rows] = []
        self._waiting = (array("I"), array("I"), bytearray(), bytearray())
        self._seen = np.zeros(64, bool)
        self._count = self._in_run = 0

    def add(self, person: Person) -> None:
        """One more person.  Raises BadInput if the year of birth is not Jalali."""
        nines, words, flags, years = self._waiting
        year = person.birth_year - YEAR_ZERO if self._names else 0
        if not 0 <= year < 256:
            raise BadInput("register-birth-year", id=person.national_id, year=person.birth_year)
        nines.append(int(person.national_id[:9]))
        words.extend(self.words_of(person.name_fa) if self._names else (0, 0, 0))
        flags.append(person.flags.bits())
        years.append(year)
        if len(nines) >= RUN:
            self._flush()

    def words_of(self, name: str) -> list[int]:
        """A name as three numbers of words; the third word is all that is left."""
        numbers = [self._number(word) for word in name.split(" ", 2) if word]
        return [*numbers, 0, 0, 0][:3]

    def _number(self, word: str) -> int:
        number = self._numbers.setdefault(word, len(self._numbers))
        if number > WORDS_MAX:
            raise BadInput("register-words", most=WORDS_MAX)
        return number

    def add_rows(self, rows: Rows) -> None:
        """Many people at once, as `ROW`s whose words are numbers of `words_of`."""
        self._run.append(rows)
        self._in_run += len(rows)
        self._count += len(rows)
        self._seen[np.unique(rows["flags"])] = True
        self._progress("read", self._count)
        if self._in_run >= RUN:
            self._scratch = self._scratch or self._open_scratch()
            self._scratch.add(self._take_run())

    def _flush(self) -> None:
        nines, words, flags, years = self._waiting
        if nines:
            rows = np.empty(len(nines), ROW)
            rows["nine"], rows["words"] = nines, np.asarray(words, np.uint32).reshape(-1, 3)
            rows["flags"], rows["year"] = np.frombuffer(flags, np.uint8), np.frombuffer(years, np.uint8)
            self._waiting = (array("I"), array("I"), bytearray(), bytearray())
            self.add_rows(rows)

    def _take_run(self) -> Rows:
        rows = np.concatenate(self._run) if self._run else np.empty(0, ROW)
        self._run, self._in_run = [], 0
        return rows[np.argsort(rows["nine"], kind="stable")]

    def finish(self) -> Header:
        """Write the file.  Raises BadInput if two have one id; `out` then holds nothing that could be read as one."""
        self._flush()
        last = self._take_run()
        try:
            return self._write(last)
        finally:
            if self._scratch is not None:
                self._scratch.close()

    def _write(self, last: Rows) -> Header:
        words = sorted(self._numbers)
        rank = np.zeros(len(words), np.uint32)
        rank[[self._numbers[word] for word in words]] = np.arange(len(words), dtype=np.uint32)
        writer = _Writer(self._out, self._keys, np.flatnonzero(self._seen), rank, names=self._names)
        self._out.seek(PAGE)
        if self._scratch is None:
            writer.write(last)
        else:
            self._scratch.add(last)
            for number in range(RANGES):
                rows = self._scratch.rows(number)
                writer.write(rows[np.argsort(rows["nine"], kind="stable")])
                self._progress("written", writer.count)
        opening = [writer.index, writer.gaps, writer.packed_flags(), *_dictionary(words[1:] if self._names else [])]
        header = Header(
            election_id=self._of.election_id,
            round=self._of.round,
            day=self._of.day,
            version=self._of.version,
            made=self._of.made or self._of.day,
            count=writer.count,
            combinations=tuple(Flags.from_bits(int(bits)) for bits in np.flatnonzero(self._seen)),
            sizes=(*map(len, opening), writer.count * NAME if self._names else 0),
            keyed=self._keyed,
            salt=self._salt,
            opening_digest=_digest(opening),
            names_digest=writer.digest.digest(),
        )
        self._seal(header, opening)
        return header

    def _seal(self, header: Header, opening: list[bytearray]) -> None:
        """The opening part in chunks, then the first page, without which there is no register."""
        encoded = header.encode()
        root = hashlib.sha256(encoded).digest()
        whole = memoryview(b"".join(opening))
        for number, start in enumerate(range(0, len(whole), CHUNK)):
            self._out.write(self._keys.chunks.encrypt(nonce(number), whole[start : start + CHUNK], root))
        page = MAGIC + struct.pack(">I", len(encoded)) + encoded
        assert len(page) <= PAGE
        self._out.seek(0)
        self._out.write(page.ljust(PAGE, b"\0"))


class _Writer:
    """Writes sorted rows, range by range: names to the file at once, the rest kept for the opening part."""

    def __init__(self, out: BinaryIO, keys: Keys, seen: Rows, rank: Rows, *, names: bool) -> None:
        self.index, self.gaps = bytearray(), bytearray()
        self.count = 0
        self.digest = hashlib.sha256()
        self._out, self._keys, self._rank, self._names = out, keys, rank, names
        self._flags = bytearray()
        self._last = -1
        self._wide = len(seen) > 16
        self._combination = np.zeros(64, np.uint8)
        self._combination[seen] = np.arange(len(seen), dtype=np.uint8)
        self._odd: int | None = None

    def write(self, rows: Rows) -> None:
        if not len(rows):
            return
        nine = rows["nine"].astype(np.int64)
        before = np.concatenate(([self._last], nine[:-1]))
        twice = np.flatnonzero(nine == before)
        if len(twice):
            digits = f"{int(nine[twice[0]]):09}"
            raise BadInput("register-id-twice", id=digits + check_digit(digits))
        self._write_gaps(nine, nine - before - 1)
        self._write_flags(self._combination[rows["flags"]])
        if self._names:
            data = self._hidden(rows)
            self.digest.update(data)
            self._out.write(data)
        self.count += len(rows)
        self._last = int(nine[-1])

    def _write_gaps(self, nine: Rows, gap: Rows) -> None:
        is_first = (np.arange(self.count, self.count + len(nine)) % BLOCK) == 0
        sizes = np.ones(len(gap), np.int64)
        for place in range(1, 5):
            sizes += gap >> 7 * place > 0
        sizes[is_first] = 0
        ends = np.cumsum(sizes)
        starts = ends - sizes
        data = np.zeros(int(ends[-1]), np.uint8)
        for place in range(5):
            chosen = sizes > place
            more = (sizes > place + 1)[chosen]
            data[starts[chosen] + place] = (gap[chosen] >> 7 * place & 127) | more << 7
        table = np.empty((int(is_first.sum()), 2), ">u4")
        table[:, 0], table[:, 1] = nine[is_first], starts[is_first] + len(self.gaps)
        self.index += table.tobytes()
        self.gaps += data.tobytes()

    def _write_flags(self, numbers: Rows) -> None:
        if self._wide:
            self._flags += numbers.tobytes()
            return
        if self._odd is not None:
            numbers = np.concatenate((np.array([self._odd], np.uint8), numbers))
        even = len(numbers) // 2 * 2
        self._flags += (numbers[:even:2] | numbers[1:even:2] << 4).tobytes()
        self._odd = int(numbers[-1]) if len(numbers) % 2 else None

    def packed_flags(self) -> bytearray:
        return self._flags if self._odd is None else self._flags + bytes([self._odd])

    def _hidden(self, rows: Rows) -> bytes:
        count = len(rows)
        block = np.zeros((count, 16), np.uint8)
        block[:, :4] = rows["nine"].astype(">u4").view(np.uint8).reshape(count, 4)
        mask = np.frombuffer(self._keys.masks(block.tobytes()), np.uint8).reshape(count, 16)
        block[:, 4] = rows["year"]
        words = self._rank[rows["words"]].astype(">u4").view(np.uint8).reshape(count, 3, 4)
        block[:, 5:14] = words[:, :, 1:].reshape(count, 9)
        check = np.frombuffer(self._keys.checks(block.tobytes()), np.uint8).reshape(count, 16)
        record = np.concatenate((block[:, 4:14], check[:, :2]), axis=1)
        return (record ^ mask[:, :NAME]).tobytes()


def _dictionary(words: list[str]) -> tuple[bytearray, bytearray]:
    encoded = [word.encode("utf-8") for word in words]
    offsets = np.concatenate(([0], np.cumsum([len(word) for word in encoded]))).astype(">u4")
    return bytearray(offsets.tobytes()), bytearray(b"".join(encoded))


def _digest(parts: Iterable[bytearray]) -> bytes:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part)
    return whole.digest()


def build(
    people: Iterable[Person],
    *,
    election_id: str,
    round: int,
    day: str,
    version: int,
    made: str = "",
    key: bytes = b"",
    salt: bytes = bytes(16),
    names: bool = True,
) -> bytes:
    """The file of a few people, in memory; see `Builder`.  BadInput as there."""
    out = io.BytesIO()
    builder = Builder(out, Of(election_id, round, day, version, made), key=key, salt=salt, names=names)
    for person in people:
        builder.add(person)
    builder.finish()
    return out.getvalue()
