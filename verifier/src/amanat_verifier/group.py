"""ristretto255 (RFC 9496) on libsodium, and hashing to it (RFC 9380): clauses E-1 and E-4.

libsodium's `add` answers 32 zero bytes, the identity, for an invalid encoding and masks the top bit of scalars.  So
every encoding that comes from a file passes `is_point` or `is_sound` first, and scalars are Python integers mod L.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator

import rbcl

L = 2**252 + 27742317777372353535851937790883648493  # the group's order
ZERO = bytes(32)  # the identity
WEIGHT_BITS = 128  # of this verifier's own batching weights, which are never published (E-5)


def is_point(data: bytes) -> bool:
    """A canonical encoding; the identity is one."""
    return len(data) == 32 and bool(rbcl.crypto_core_ristretto255_is_valid_point(data))


def is_sound(data: bytes) -> bool:
    """A canonical encoding that is not the identity: what keys, A, B, R and tags must be."""
    return data != ZERO and is_point(data)


def scalar(data: bytes) -> int | None:
    """A canonical scalar, or None."""
    number = int.from_bytes(data, "little")
    return number if len(data) == 32 and number < L else None


def base(number: int) -> bytes:
    """number·G."""
    return bytes(rbcl.crypto_scalarmult_ristretto255_base_allow_scalar_zero((number % L).to_bytes(32, "little")))


def times(number: int, point: bytes) -> bytes:
    """number·point, for a point that was checked."""
    return bytes(rbcl.crypto_scalarmult_ristretto255_allow_scalar_zero((number % L).to_bytes(32, "little"), point))


def add(p: bytes, q: bytes) -> bytes:
    """p + q, for points that were checked."""
    return bytes(rbcl.crypto_core_ristretto255_add(p, q))


def sub(p: bytes, q: bytes) -> bytes:
    """p - q, for points that were checked."""
    return bytes(rbcl.crypto_core_ristretto255_sub(p, q))


def total(points: Iterable[bytes]) -> bytes:
    """The sum of points that were checked; the identity for none."""
    result = ZERO
    for point in points:
        result = add(result, point)
    return result


def weight() -> int:
    """A fresh batching weight of this verifier's own."""
    return secrets.randbits(WEIGHT_BITS) | 1


class Sum:
    """A linear combination of points that should vanish.  Equal points share one multiplication, which is why several
    proofs over the same points are gathered in one Sum, each equation under its own weight."""

    def __init__(self) -> None:
        self._terms: dict[bytes, int] = {}
        self._base = 0

    def add(self, factor: int, point: bytes) -> None:
        """Adds factor·point."""
        self._terms[point] = self._terms.get(point, 0) + factor

    def add_base(self, factor: int) -> None:
        """Adds factor·G."""
        self._base += factor

    def terms(self) -> Iterator[tuple[int, bytes]]:
        """All terms, for one who wants to share out the work; the part of G is `at_base`."""
        return ((factor, point) for point, factor in self._terms.items())

    def at_base(self) -> bytes:
        """The part of G."""
        return base(self._base)

    def __len__(self) -> int:
        return len(self._terms)

    def vanishes(self) -> bool:
        """Whether the whole sum is the identity."""
        return add(self.at_base(), combine(self.terms())) == ZERO


def combine(terms: Iterable[tuple[int, bytes]]) -> bytes:
    """The sum of factor·point."""
    return total(times(factor, point) for factor, point in terms)


def expand_message_xmd(message: bytes, domain: bytes) -> bytes:
    """RFC 9380 section 5.3.1 with SHA-512 and an output of 64 bytes (one block)."""
    suffix = domain + bytes([len(domain)])
    first = hashlib.sha512(bytes(128) + message + (64).to_bytes(2, "big") + b"\0" + suffix).digest()
    return hashlib.sha512(first + b"\1" + suffix).digest()


def hash_to_group(domain: str, message: bytes) -> bytes:
    """H2G of clause E-4."""
    tag = b"amanat/v1/" + domain.encode() + b"/ristretto255_XMD:SHA-512_R255MAP_RO_"
    return bytes(rbcl.crypto_core_ristretto255_from_hash(expand_message_xmd(message, tag)))


_generators: list[bytes] = []


def generators(count: int) -> list[bytes]:
    """h_0 … h_count of the shuffle (T-8)."""
    for i in range(len(_generators), count + 1):
        _generators.append(hash_to_group("shuffle", i.to_bytes(8, "little")))
    return _generators[: count + 1]
