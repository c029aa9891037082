"""Ballots: choices as a rank, the sealed Core, its id, and the three slips.  Clauses B-1, B-2, B-5 to B-9.

An over-vote, a repeat or an unknown name has no rank, so no terminal can write one down.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import ClassVar, Final

import amanat_crypto
from amanat.records import base32, cbor
from amanat.records.cbor import Value, as_bytes, as_list, as_text
from amanat.records.identifiers import BallotId, identifier
from amanat.records.manifest import Manifest
from amanat.records.permit import Permit, permit_hash
from amanat.records.shape import Bytes64, Record

LIMB_BITS: Final = 246
SLIP: Final = "AS1"
TESTS_MAX: Final = 5
"""A permit bears so many tests (B-9)."""


@lru_cache(maxsize=32)
def _binomials(n: int, k: int) -> list[list[int]]:
    """rows[i][c] = C(c, i) for i ≤ k, c ≤ n: each row the running sum of the one above."""
    rows = [[1] * (n + 1)]
    for _ in range(k):
        rows.append([0, *accumulate(rows[-1][:n])])
    return rows


@lru_cache(maxsize=32)
def _firsts(n: int, k: int) -> list[int]:
    """Ranks at which the sets of 0, 1, … k+1 names begin; the last is B."""
    return [0, *accumulate(row[n] for row in _binomials(n, k))]


def rank_count(n: int, k: int) -> int:
    """B = Σ_{j≤k} C(n, j): how many different ballots there are."""
    return _firsts(n, k)[-1]


def rank(choices: Sequence[int], n: int) -> int:
    """The rank of distinct candidate numbers below n; blank is 0."""
    ordered = sorted(choices)
    assert len(set(ordered)) == len(ordered)
    assert not ordered or 0 <= ordered[0] <= ordered[-1] < n
    rows = _binomials(n, len(ordered))
    return _firsts(n, len(ordered))[len(ordered)] + sum(rows[i][c] for i, c in enumerate(ordered, 1))


def unrank(r: int, n: int, k: int) -> tuple[int, ...] | None:
    """The candidate numbers of a rank, ascending; None for a rank ≥ B, which is an unreadable ballot."""
    firsts = _firsts(n, k)
    if not 0 <= r < firsts[-1]:
        return None
    size = bisect_right(firsts, r) - 1
    rest = r - firsts[size]
    rows = _binomials(n, k)
    found = []
    for i in range(size, 0, -1):
        c = bisect_right(rows[i], rest, hi=n) - 1  # the largest c < n with C(c, i) ≤ rest
        rest -= rows[i][c]
        found.append(c)
    return tuple(reversed(found))


def limb_count(n: int, k: int) -> int:
    """m = max(1, ⌈bits(B-1)/246⌉): ciphertexts of a contest."""
    return max(1, -(-(rank_count(n, k) - 1).bit_length() // LIMB_BITS))


def to_limbs(r: int, m: int) -> list[int]:
    """A rank cut into m limbs of 246 bits, lowest first."""
    assert 0 <= r < 1 << LIMB_BITS * m
    return [r >> LIMB_BITS * place & (1 << LIMB_BITS) - 1 for place in range(m)]


def from_limbs(limbs: Sequence[int]) -> int:
    """The reverse of ``to_limbs``."""
    return sum(limb << LIMB_BITS * place for place, limb in enumerate(limbs))


@dataclass(frozen=True, slots=True)
class Core(Record):
    """A sealed ballot: P, its signature, and per contest of the mask (ascending) m ciphertexts and m proofs, joined.

    Its encoding's ID("ballot", …) is the ballot's id.  Sizes, points and proofs are V7's and V8's to say.
    """

    VERSION: ClassVar[int] = 1

    permit: bytes
    permit_signature: Bytes64
    ciphertexts: tuple[bytes, ...]
    proofs: tuple[bytes, ...]

    @classmethod
    @lru_cache(maxsize=128)
    def decode(cls, data: bytes) -> "Core":
        """See `Record`; the last ones are remembered."""
        return cls.from_value(cbor.decode(data))

    def require_sound(self) -> None:
        """A proof for each ciphertext."""
        if len(self.ciphertexts) != len(self.proofs):
            cbor.refuse("proofs")


def ballot_id(eh: bytes, core: bytes) -> BallotId:
    """id = ID("ballot", Core)."""
    return BallotId(identifier("ballot", eh, core))


@dataclass(frozen=True, slots=True)
class SealedBallot:
    """What the terminal holds between review and cast; `randomness` (m scalars a contest) only serves a test."""

    core: bytes
    id: BallotId
    randomness: tuple[bytes, ...]


def seal(
    *,
    manifest: Manifest,
    eh: bytes,
    permit: bytes,
    permit_signature: bytes,
    choices: Mapping[int, Sequence[int]],
    secret: bytes,
) -> SealedBallot:
    """Seal candidate numbers by contest index, one entry for each contest of the permit's mask.

    Encryption and proof are `amanat_crypto`'s (B-3, B-4); `secret` is the device's, mixed into each nonce (E-7).
    Over-votes are our own bug: the pages cannot make one.
    """
    indices = manifest.contest_indices(Permit.decode(permit).mask)
    assert sorted(choices) == indices
    ph = permit_hash(eh, permit)
    sealed = []
    for index in indices:
        contest = manifest.contests[index]
        n, k = len(contest.candidates), contest.max_choices
        assert len(choices[index]) <= k
        limbs = to_limbs(rank(choices[index], n), limb_count(n, k))
        sealed.append(
            amanat_crypto.seal(eh=eh, key=manifest.vote_key, context=ph, contest=index, limbs=limbs, secret=secret)
        )
    core = Core(
        permit, permit_signature, tuple(s.ciphertexts for s in sealed), tuple(s.proofs for s in sealed)
    ).encode()
    return SealedBallot(core, ballot_id(eh, core), tuple(s.randomness for s in sealed))


@dataclass(frozen=True, slots=True)
class PreparedSlip:
    """Slip 1 (B-6): the sealed ballot, before the voter says cast or test."""

    core: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class CastSlip:
    """Slip 2 (B-7): the ballot is cast."""

    id: BallotId
    signature: bytes


@dataclass(frozen=True, slots=True)
class TestSlip:
    """The opening of a tested, void ballot (B-9): sorted codes and m scalars per contest of the mask."""

    __test__ = False  # not a test class, whatever its name says to pytest

    id: BallotId
    signature: bytes
    core: bytes
    choices: tuple[tuple[str, ...], ...]
    randomness: tuple[bytes, ...]


BallotSlip = PreparedSlip | CastSlip | TestSlip


def prepared_slip(core: bytes, signature: bytes) -> str:
    """Slip 1's QR: Core and Sign("prepared", id)."""
    return SLIP + base32.encode(cbor.encode([1, core, signature]))


def cast_slip(id: bytes, signature: bytes) -> str:
    """Slip 2's QR: id and Sign("cast", id)."""
    return SLIP + base32.encode(cbor.encode([2, id, signature]))


def test_slip(
    *, id: bytes, signature: bytes, core: bytes, choices: Sequence[Sequence[str]], randomness: Sequence[bytes]
) -> str:
    """The test opening's text, which stands after `#` in the public page's address; signature is Sign("tested", id)."""
    ordered = [sorted(codes) for codes in choices]
    return SLIP + base32.encode(cbor.encode([3, id, signature, core, ordered, list(randomness)]))


test_slip.__test__ = False  # type: ignore[attr-defined]


def read_slip(text: str) -> BallotSlip:
    """A slip that somebody holds; Malformed.  Signatures and openings are for the caller to check."""
    match as_list(base32.decode_slip(SLIP, text), "ballot slip"):
        case [1, core, signature]:
            return PreparedSlip(as_bytes(core, "ballot"), as_bytes(signature, "signature", size=64))
        case [2, id_, signature]:
            return CastSlip(BallotId(as_bytes(id_, "id", size=32)), as_bytes(signature, "signature", size=64))
        case [3, id_, signature, core, choices, randomness]:
            return TestSlip(
                BallotId(as_bytes(id_, "id", size=32)),
                as_bytes(signature, "signature", size=64),
                as_bytes(core, "ballot"),
                tuple(map(_sorted_codes, as_list(choices, "choices"))),
                tuple(as_bytes(r, "randomness") for r in as_list(randomness, "randomness")),
            )
    return cbor.refuse("ballot slip")


def _sorted_codes(value: Value) -> tuple[str, ...]:
    codes = tuple(as_text(code, "choice") for code in as_list(value, "choices"))
    return codes if list(codes) == sorted(set(codes)) else cbor.refuse("choices")
