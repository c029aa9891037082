"""Names by hash, signatures and trees (E-3, E-6, J-6)."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import amanat_crypto
from amanat.records.identifiers import identifier, is_signed, merkle_root, sign

EH = bytes(32)
SEED = b"s" * 32


def test_an_identifier_is_the_hash_that_the_protocol_says() -> None:
    """SHA-256 of label, domain, zero byte, election hash and data."""
    assert identifier("permit", EH, b"data") == hashlib.sha256(b"amanat/v1/permit\0" + EH + b"data").digest()


def test_domains_elections_and_data_are_apart() -> None:
    """No two of them share a name."""
    names = {identifier(d, eh, b) for d in ("permit", "ballot") for eh in (EH, b"1" * 32) for b in (b"", b"x")}
    assert len(names) == 8


def test_a_signature_is_bound_to_domain_election_and_digest() -> None:
    """It holds where it was made and nowhere else."""
    key, digest = amanat_crypto.public_key(SEED), b"d" * 32
    signature = sign(SEED, "cast", EH, digest)
    assert is_signed(key, "cast", EH, digest, signature)
    assert not is_signed(key, "tested", EH, digest, signature)
    assert not is_signed(key, "cast", b"1" * 32, digest, signature)
    assert not is_signed(key, "cast", EH, b"e" * 32, signature)
    assert not is_signed(amanat_crypto.public_key(b"t" * 32), "cast", EH, digest, signature)
    assert not is_signed(key, "cast", EH, digest, signature[:-1] + bytes([signature[-1] ^ 1]))


def slow_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if len(leaves) < 2:
        return hashlib.sha256(b"\0" + leaves[0] if leaves else b"").digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + slow_root(leaves[:k]) + slow_root(leaves[k:])).digest()


@given(st.lists(st.binary(max_size=32), max_size=70))
def test_the_root_is_that_of_rfc_6962(leaves: list[bytes]) -> None:
    """For every number of leaves."""
    assert merkle_root(leaves) == slow_root(leaves)


@pytest.mark.parametrize(
    ("leaves", "root"),
    [
        ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ([b""], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        ([b"", b"\0", b"\x10", b" !"], "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ],
)
def test_known_roots(leaves: list[bytes], root: str) -> None:
    """Values published with Certificate Transparency's implementations."""
    assert merkle_root(leaves).hex() == root
