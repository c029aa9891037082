"""Names of things by hash, and what is signed.  Clauses E-3, E-6; Merkle trees of RFC 6962 (J-6).

`eh` is the election hash (M-1); in the ceremony ch stands for it.
"""

import hashlib
from collections.abc import Sequence
from typing import NewType

import amanat_crypto

ElectionHash = NewType("ElectionHash", bytes)
PermitHash = NewType("PermitHash", bytes)
BallotId = NewType("BallotId", bytes)
DeviceIndex = NewType("DeviceIndex", int)
StationIndex = NewType("StationIndex", int)
ContestIndex = NewType("ContestIndex", int)


def identifier(domain: str, eh: bytes, data: bytes) -> bytes:
    """ID(d, b) = SHA-256("amanat/v1/" ‖ d ‖ 00 ‖ eh ‖ b), 32 bytes."""
    return hashlib.sha256(b"amanat/v1/" + domain.encode("ascii") + b"\0" + eh + data).digest()


def sign(seed: bytes, domain: str, eh: bytes, digest: bytes) -> bytes:
    """Sign(k, d, h): 64 bytes of Ed25519 by the key of a 32-byte seed."""
    return amanat_crypto.sign(seed=seed, domain=domain, eh=eh, digest=digest)


def is_signed(key: bytes, domain: str, eh: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether one signature holds by the strict rule of E-6; many at once are for `amanat_crypto`."""
    return not amanat_crypto.verify_signatures(domain=domain, eh=eh, keys=key, digests=digest, signatures=signature)


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The RFC 6962 root over leaves in the caller's order; of none it is SHA-256 of nothing."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        odd = level[len(level) & ~1 :]  # a last one without a partner goes up as it is
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs] + odd
    return level[0]
