"""Hashes and signatures of clauses E-3, E-6 and K-7; `eh` is the election hash (in the ceremony: its own hash)."""

import hashlib
from collections.abc import Sequence

from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign_open
from nacl.exceptions import BadSignatureError

from amanat_verifier.cbor import Value, encode
from amanat_verifier.group import L


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def digest(points: bytes) -> bytes:
    """D(points), the encodings joined already."""
    return hashlib.sha512(points).digest()


def identify(eh: bytes, domain: str, data: bytes) -> bytes:
    """ID(domain, data)."""
    return sha256(b"amanat/v1/" + domain.encode() + b"\0" + eh + data)


def h512(eh: bytes, domain: str, *items: Value) -> bytes:
    """H512(domain, items…), 64 bytes."""
    return hashlib.sha512(encode(["amanat/v1/" + domain, eh, *items])).digest()


def challenge(eh: bytes, domain: str, *items: Value) -> int:
    """Hs(domain, items…), a scalar."""
    return int.from_bytes(h512(eh, domain, *items), "little") % L


def expand(seed: bytes, count: int) -> list[int]:
    """X(seed, 0) … X(seed, count - 1)."""
    start = hashlib.sha512(b"amanat/v1/expand" + seed)
    numbers = []
    for i in range(count):
        state = start.copy()
        state.update(i.to_bytes(8, "little"))
        numbers.append(int.from_bytes(state.digest(), "little") % L)
    return numbers


def is_ed25519_key(key: bytes) -> bool:
    """Canonical and of the prime order: libsodium checks both, and refuses small order."""
    return len(key) == 32 and bool(crypto_core_ed25519_is_valid_point(key))


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Plain Ed25519.  libsodium is cofactorless here, compares R as bytes and refuses S >= l, small R and small keys;
    a test holds a vector for each of these."""
    if len(signature) != 64 or len(key) != 32:
        return False
    try:
        crypto_sign_open(signature + message, key)
    except BadSignatureError:
        return False
    return True


def has_signed(key: bytes, eh: bytes, domain: str, what: bytes, signature: bytes) -> bool:
    """Whether `signature` is Sign(key, domain, what), `what` of 32 bytes."""
    return is_signed(key, b"amanat/v1/sign/" + domain.encode() + b"\0" + eh + what, signature)


def lagrange(j: int, who: Sequence[int]) -> int:
    """λ_j for the set `who` of trustees."""
    above = below = 1
    for i in who:
        if i != j:
            above = above * i % L
            below = below * (i - j) % L
    return above * pow(below, -1, L) % L
