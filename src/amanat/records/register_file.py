"""The register's file: what stands where, and under which keys (clauses R-1, R-4).

    page 0       `MAGIC`, length of the header, header, zeros up to `PAGE`
    names        `NAME` bytes a person, in the order of ids: one read from disk a look-up
    opening part index, gaps, flags, offsets of words, words: enciphered in chunks, read into memory at opening

Index: first nine digits of each block of `BLOCK` persons, and where its gaps begin.  Gaps between ids: seven bits a
byte, lowest first, top bit: go on.  Flags: four bits a person, the number of a combination in the header (eight bits if
there are more than 16).  A name: year of birth, three words of the dictionary, two bytes that check them.

Keys come by HKDF-SHA-256 from the register key and the file's salt.  A chunk is under AES-256-GCM, its number the
nonce, the root what it is bound to.  A name stands under AES-256(names key, nine digits) and is checked by
AES-256(check key, nine digits and record): AES as a pseudorandom function, one block a person, used once a file (for
61 million of 2^128 blocks the switching lemma costs 2^-77).  A register without a key has the same form under the
empty key: anybody can read it.
"""

import hashlib
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from amanat.records.cbor import Encodable, Value, as_uint
from amanat.records.permit import as_national_id
from amanat.records.shape import Bit, Bytes16, Bytes32, Check, Record
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import NationalId

MAGIC: Final = b"amanat-register-2\n"
PAGE: Final = 4096
BLOCK: Final = 256
"""Persons a block: a look-up reads so many gaps at most, and the index is small beside them."""
INDEX: Final = 8
NAME: Final = 12
YEAR_ZERO: Final = 1200
CHUNK: Final = 4 << 20
TAG: Final = 16
KEY: Final = 32


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
class Header(Record):
    """What the register is, and the digests of its parts; its SHA-256 is the root (R-1)."""

    VERSION: ClassVar[int] = 2

    election_id: str
    round: int
    day: str
    version: int
    made: str
    """The day whose data these are, Gregorian ISO text."""
    count: int
    combinations: tuple[Annotated[Flags, Check(_as_flags)], ...]
    sizes: tuple[int, ...]
    """Bytes of index, gaps, flags, offsets, words; then of names."""
    keyed: Bit
    salt: Bytes16
    opening_digest: Bytes32
    """SHA-256 of the opening part in clear."""
    names_digest: Bytes32
    """SHA-256 of the names as they stand in the file."""

    @property
    def root(self) -> bytes:
        """SHA-256 of the header, which names the digests of both parts: what the manifest names."""
        return hashlib.sha256(self.encode()).digest()

    def fields(self) -> list[Encodable]:
        """As it is encoded."""
        combinations = [flags.bits() for flags in self.combinations]
        head: list[Encodable] = [2, self.election_id, self.round, self.day, self.version, self.made, self.count]
        digests: list[Encodable] = [self.salt, self.opening_digest, self.names_digest]
        return [*head, combinations, self.sizes, self.keyed, *digests]


class Keys:
    """The keys of one file, from the register key (empty: none) and the file's salt."""

    def __init__(self, key: bytes, salt: bytes) -> None:
        assert len(key) in (0, KEY)
        info = b"amanat/v1/register"
        drawn = HKDF(SHA256(), length=4 * KEY, salt=salt, info=info).derive(key)
        self.chunks = AESGCM(drawn[:KEY])
        self._names = Cipher(AES(drawn[KEY : 2 * KEY]), ECB())
        self._checks = Cipher(AES(drawn[2 * KEY : 3 * KEY]), ECB())
        self.changes = AESGCM(drawn[3 * KEY :])

    def masks(self, blocks: bytes) -> bytes:
        """For blocks of nine digits as four bytes and twelve zeros: what hides the names, in the first `NAME` bytes."""
        return self._names.encryptor().update(blocks)

    def checks(self, blocks: bytes) -> bytes:
        """For blocks of nine digits, ten bytes of a name and two zeros: the check, in the first two bytes."""
        return self._checks.encryptor().update(blocks)


def chunk_sizes(length: int) -> list[int]:
    """How many bytes of the opening part each chunk holds."""
    return [min(CHUNK, length - start) for start in range(0, length, CHUNK)]


def nonce(number: int) -> bytes:
    """Of a chunk; the key is of this file alone, so a number is enough."""
    return number.to_bytes(12, "big")
