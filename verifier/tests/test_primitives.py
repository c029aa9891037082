"""Vectors of the protocol and of the standards it names, and what must be refused."""

from __future__ import annotations

import hashlib
import os
from fractions import Fraction
from itertools import combinations

import pytest
from nacl import bindings
from prover import embed, rank

from amanat_verifier.bulletin import Bulletin, _tile_name, leaf_hash, root_of
from amanat_verifier.cbor import Malformed, decode, encode, sequence
from amanat_verifier.codes import BadText, ballot_code, base32, read_ballot_code, unbase32
from amanat_verifier.group import L, generators, hash_to_group, is_point, is_sound, scalar
from amanat_verifier.hashes import is_ed25519_key, is_signed, lagrange
from amanat_verifier.notes import Checkpoint
from amanat_verifier.ranks import bound, choices, limb, limbs
from amanat_verifier.rules import RUNOFF, SEAT, Rule, decide, read_rule

TORSION = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")  # order 8


@pytest.mark.parametrize(
    "data",
    [
        "1800", "190017", "1a0000ffff", "1b00000000ffffffff", "5800", "9f00ff", "5f4100ff", "20", "f4", "f7", "f90000",
        "c000", "a0", "61ff", "0000", "", "82", "8200", "41", "1c", "fb0000000000000000", "9b00ffffffffffffff",
    ],
)  # fmt: skip
def test_cbor_refuses(data: str) -> None:
    with pytest.raises(Malformed):
        decode(bytes.fromhex(data))


def test_cbor_reads_what_it_writes() -> None:
    value = [0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1, b"", b"x" * 300, "سلام", None, [[], [1]]]
    assert decode(encode(value)) == value
    assert sequence(encode(1) + encode([2])) == [1, [2]]
    with pytest.raises(Malformed):
        decode(bytes([0x81]) * 100_000 + b"\0")


def test_limbs_are_those_of_the_protocol() -> None:
    assert embed(0).hex() == "04" + "00" * 31
    assert embed(1).hex() == "0002" + "00" * 30
    assert embed(2**246 - 1).hex() == "08fe" + "ff" * 29 + "7f"
    assert [limb(embed(n)) for n in (0, 1, 2**246 - 1)] == [0, 1, 2**246 - 1]
    assert limb(embed(1, skip=1)) is None
    assert limb(bytes(32)) is None


def test_ranks_are_a_bijection() -> None:
    every = [tuple(c) for m in range(4) for c in combinations(range(7), m)]
    assert [choices(r, 7, 3) for r in range(bound(7, 3))] == sorted(every, key=lambda c: rank(list(c), 7))
    assert choices(bound(7, 3), 7, 3) is None
    assert limbs(3545, 30) == 1
    assert choices(bound(3545, 30) - 1, 3545, 30) == tuple(range(3515, 3545))


def test_hash_to_group_is_that_of_the_published_values() -> None:
    eh = hashlib.sha256(b"test").digest()
    assert hash_to_group("credential", eh + b"0000000001").hex() == CREDENTIAL
    assert [h.hex() for h in generators(1)] == GENERATORS


CREDENTIAL = "caa43588f66a947bb0d143d62bea0c1fbe7a1766f9f58e3db358156d2f1f2954"
GENERATORS = [
    "f867d61a327f061ec0bb271fc5badda7f6c644723d353058fa0b1bc6433b2c76",
    "1ea40afebbbb8f54fc160d0c59a13312a6f477040d96a3ef88b7d035abf7d22b",
]


def test_encodings_that_are_no_points_or_scalars() -> None:
    assert is_point(bytes(32))
    assert not is_sound(bytes(32))
    assert not is_point(b"\1" + bytes(31))
    assert not is_point(b"\xff" * 32)
    assert not is_point(bytes(31))
    assert scalar((L - 1).to_bytes(32, "little")) == L - 1
    assert scalar(L.to_bytes(32, "little")) is None


def test_ed25519_is_cofactorless_and_strict() -> None:
    """A signature that a cofactored check would take; small R; S + l; a key of small or mixed order."""
    message = b"message"
    a = int.from_bytes(os.urandom(32), "little") % L
    key = bindings.crypto_scalarmult_ed25519_base_noclamp(a.to_bytes(32, "little"))
    plain = bindings.crypto_scalarmult_ed25519_base_noclamp((12345).to_bytes(32, "little"))

    def sign(r_point: bytes, r: int) -> bytes:
        h = int.from_bytes(hashlib.sha512(r_point + key + message).digest(), "little") % L
        return r_point + ((r + h * a) % L).to_bytes(32, "little")

    good = sign(plain, 12345)
    assert is_signed(key, message, good)
    assert not is_signed(key, message, sign(bindings.crypto_core_ed25519_add(plain, TORSION), 12345))
    assert not is_signed(key, message, sign(b"\1" + bytes(31), 0))
    larger = int.from_bytes(good[32:], "little") + L
    assert not is_signed(key, message, good[:32] + larger.to_bytes(32, "little"))
    assert is_ed25519_key(key)
    assert not is_ed25519_key(TORSION)
    assert not is_ed25519_key(bindings.crypto_core_ed25519_add(key, TORSION))


def test_codes_and_base32() -> None:
    ballot = hashlib.sha256(b"ballot").digest()
    code = ballot_code(ballot)
    assert read_ballot_code(code.lower().replace("1", "l").replace("0", "o")) == int.from_bytes(ballot, "big") >> 156
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    with pytest.raises(BadText):
        read_ballot_code(wrong)
    for size in range(20):
        assert unbase32(base32(ballot[:size])) == ballot[:size]
    with pytest.raises(BadText):
        unbase32("01")


def test_tiles_are_named_and_cut_as_static_logs_are() -> None:
    entries = [bytes([2]) + i.to_bytes(32, "big") for i in range(600)]
    files = Bulletin(entries, [leaf_hash(e) for e in entries], Checkpoint(600, b"", frozenset()), {}).files()
    assert sorted(files) == [
        "tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2",
        "tile/entries/000", "tile/entries/001", "tile/entries/002.p/88",
    ]  # fmt: skip
    assert _tile_name(1_234_067) == "x001/x234/067"
    assert root_of([]) == hashlib.sha256(b"").digest()
    assert root_of([leaf_hash(b""), leaf_hash(b"\0")]).hex() == RFC_6962_ROOT_OF_TWO


RFC_6962_ROOT_OF_TWO = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"  # certificate-transparency


def test_lagrange_coefficients_join_shares() -> None:
    shares = {j: (7 + 3 * j + 5 * j * j) % L for j in (1, 2, 4)}
    assert sum(lagrange(j, [1, 2, 4]) * share for j, share in shares.items()) % L == 7


SHARE = Rule(Fraction(1, 5), 2, True)
PLURALITY = Rule(None, 0, False)


@pytest.mark.parametrize(
    ("votes", "seats", "drawn", "elected", "runoff", "tied"),
    [
        ({"a": 50, "b": 30, "c": 20}, 1, {}, ["a"], [], []),
        ({"a": 19, "b": 18, "c": 17, "d": 0}, 1, {}, [], ["a", "b"], []),
        ({"a": 20, "b": 20, "c": 10}, 1, {}, [], [], ["a", "b"]),
        ({"a": 20, "b": 20, "c": 10}, 1, {SEAT: ("b",)}, ["b"], [], []),
        ({"a": 60, "b": 19, "c": 10, "d": 10, "e": 1}, 2, {}, ["a"], ["b"], ["c", "d"]),
        ({"a": 60, "b": 19, "c": 10, "d": 10, "e": 1}, 2, {RUNOFF: ("d",)}, ["a"], ["b", "d"], []),
        ({"a": 60, "b": 10, "c": 0}, 2, {}, ["a"], [], []),
    ],
)
def test_round_one(
    votes: dict[str, int], seats: int, drawn: dict[int, tuple[str, ...]], elected: list[str], runoff: list[str],
    tied: list[str],
) -> None:  # fmt: skip
    found = decide(SHARE, votes, valid=100, seats=seats, drawn=drawn)
    assert [list(found.elected), list(found.runoff), list(found.tied)] == [elected, runoff, tied]


def test_plurality_elects_the_best_and_never_one_without_a_vote() -> None:
    found = decide(PLURALITY, {"a": 2, "b": 1, "c": 0}, valid=3, seats=3, drawn={})
    assert found.elected == ("a", "b")


def test_an_unknown_rule_is_refused() -> None:
    assert read_rule(b'[round.1]\nmethod = "plurality"', 1) == PLURALITY
    for text in (b"", b'[round.1]\nmethod = "lottery"', b'[round.1]\nmethod = "share"', b"\xff"):
        with pytest.raises(Exception, match=r"rules\.toml"):
            read_rule(text, 1)
