"""Tokens instead of cryptography: the functions of `amanat_crypto` that a simulated day calls, as keyed hashes.

Lengths, determinism and refusals are the same; secrecy and hardness are not: whoever reads this file can forge.  So it
is installed into a process of the simulation only, before anything of ours imports the real one.
"""

import sys
from collections.abc import Sequence
from hashlib import blake2b, sha256, sha512
from types import ModuleType
from typing import Final, NamedTuple

NAME: Final = "amanat_crypto"
POINT_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
_PUBLIC: Final = b"token public key"
_SIGNED: Final = b"token signature"


class CryptoFault(Exception):
    """See the real one."""


class BadEncoding(CryptoFault):
    """See the real one; tokens have no bad encodings."""


class Sealed(NamedTuple):
    """See the real one."""

    ciphertexts: bytes
    proofs: bytes
    randomness: bytes


def public_key(seed: bytes) -> bytes:
    """The key of a seed: its hash."""
    return sha256(_PUBLIC + seed).digest()


def sign(*, seed: bytes, domain: str, eh: bytes, digest: bytes) -> bytes:
    """A hash under the public key, which everybody can make and nobody here does."""
    return _signature(public_key(seed), domain, eh, digest)


def _signature(key: bytes, domain: str, eh: bytes, digest: bytes) -> bytes:
    return blake2b(_SIGNED + domain.encode("ascii") + b"\0" + eh + digest, key=key, digest_size=64).digest()


def verify_signatures(*, domain: str, eh: bytes, keys: bytes, digests: bytes, signatures: bytes) -> list[int]:
    """The rows whose signature is refused."""
    count = len(keys) // POINT_BYTES
    if (len(keys), len(digests), len(signatures)) != (32 * count, 32 * count, 64 * count):
        raise ValueError("columns of different lengths")
    return [
        at
        for at in range(count)
        if _signature(keys[32 * at : 32 * at + 32], domain, eh, digests[32 * at : 32 * at + 32])
        != signatures[64 * at : 64 * at + 64]
    ]


def require_signing_key(key: bytes) -> None:
    """Every key is one."""


def base_mul(scalars: bytes) -> bytes:
    """A token for each scalar."""
    return b"".join(_token(b"base", scalars[at : at + 32]) for at in range(0, len(scalars), POINT_BYTES))


def scalar_from_hash(preimage: bytes) -> bytes:
    """As the real one but for the modulus."""
    return sha512(preimage).digest()[:31] + b"\0"


def hash_to_group(domain: str, data: bytes) -> bytes:
    """A token of the data."""
    return _token(b"point " + domain.encode("ascii"), data)


def elgamal(*, base: bytes, key: bytes, messages: bytes, randomness: bytes) -> bytes:
    """A‖B of each message: two tokens."""
    found = b""
    for at in range(0, len(messages), POINT_BYTES):
        head = _token(b"A", base + randomness)
        found += head + _token(b"B", head + key + messages[at : at + POINT_BYTES] + randomness)
    return found


def require_points(points: bytes, *, identity_allowed: bool = False) -> None:
    """Every token is a point."""


def seal(*, eh: bytes, key: bytes, context: bytes, contest: int, limbs: Sequence[int], secret: bytes) -> Sealed:
    """Ciphertexts, proofs and randomness of the right lengths; two ballots are never the same one."""
    global _sealed
    _sealed += 1
    ciphertexts, proofs, randomness = b"", b"", b""
    for number, limb in enumerate(limbs):
        what = b"%d %d %d %d" % (contest, number, limb, _sealed) + context + secret
        ciphertexts += _token(b"c1", what) + _token(b"c2", what)
        proofs += _token(b"p1", what) + _token(b"p2", what)
        randomness += _token(b"r", what)
    return Sealed(ciphertexts, proofs, randomness)


_sealed = 0
"""Counts what was sealed in this process since `begin`: the real one's random bytes."""


def begin() -> None:
    """A new world begins: what it seals does not hang on the worlds before it."""
    global _sealed
    _sealed = 0


def _token(what: bytes, data: bytes) -> bytes:
    return sha256(what + b"\0" + data).digest()


def install() -> None:
    """Be `amanat_crypto` in this process.  Refuses where the real one is in use already."""
    here = sys.modules[__name__]
    if sys.modules.get(NAME, here) is not here:
        raise RuntimeError("amanat_crypto was imported before the tokens")
    assert isinstance(here, ModuleType)
    sys.modules[NAME] = here


def are_installed() -> bool:
    """Whether this process has tokens instead of cryptography."""
    return sys.modules.get(NAME) is sys.modules[__name__]
