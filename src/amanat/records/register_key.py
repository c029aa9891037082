"""The register key on its way to a check-in terminal: sealed for the key that its certificate names (clause R-5).

HPKE (RFC 9180 base mode, X25519, HKDF-SHA-256, ChaCha20-Poly1305) to the device's Ed25519 key, carried over to X25519
by the map of RFC 7748 §4.1, so that a device needs no second key and no second certificate.  That one key may serve
signature and such a KEM together is proven in E. Thormarker, *On using the same key pair for Ed25519 and an X25519
based KEM*, ePrint 2021/509.
"""

import hashlib
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from amanat.errors import BadInput, Rejected
from amanat.records import cbor
from amanat.records.cbor import as_bytes, as_list, as_uint
from amanat.records.identifiers import identifier
from amanat.records.register_file import KEY

FILE: Final = "register-keys.seq"
_P: Final = 2**255 - 19
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def seal(key: bytes, *, eh: bytes, root: bytes, device: int, public: bytes) -> bytes:
    """The register key for one device, by its certificate's Ed25519 key (a sound one)."""
    y = int.from_bytes(public, "little") & (1 << 255) - 1
    u = (1 + y) * pow(1 - y, -1, _P) % _P
    recipient = X25519PublicKey.from_public_bytes(u.to_bytes(32, "little"))
    return _SUITE.encrypt(key, recipient, info=_info(eh, root, device))


def unseal(sealed: bytes, *, eh: bytes, root: bytes, device: int, seed: bytes) -> bytes:
    """The reverse, by the device's seed.  Raises Rejected("register-key-sealed") for what is not for this device."""
    private = X25519PrivateKey.from_private_bytes(hashlib.sha512(seed).digest()[:32])
    try:
        return _SUITE.decrypt(sealed, private, info=_info(eh, root, device))
    except (InvalidTag, ValueError) as cause:
        raise Rejected("register-key-sealed") from cause


def _info(eh: bytes, root: bytes, device: int) -> bytes:
    return identifier("register-key", eh, cbor.encode([root, device]))


def read_sealed(data: bytes) -> dict[int, bytes]:
    """The content of `FILE`, [device, sealed key] each, by device.  Malformed."""
    rows = [as_list(item, "register key", size=2) for item in cbor.decode_seq(data)]
    return {as_uint(row[0], "device"): as_bytes(row[1], "register key") for row in rows}


def read_file(path: Path) -> bytes:
    """The register key in a file of 64 hexadecimal digits.  Raises BadInput."""
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as cause:
        raise BadInput("register-key-file", file=str(path)) from cause
    if len(key) != KEY:
        raise BadInput("register-key-file", file=str(path))
    return key
