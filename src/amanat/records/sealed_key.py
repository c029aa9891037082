"""Secrets at rest, under a passphrase: scrypt and ChaCha20-Poly1305.  Clause K-9.

File: CBOR([1, salt 16, nonce 12, ciphertext]).  Salt and nonce are drawn by the caller, fresh for each file.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from amanat.errors import BadInput
from amanat.records.cbor import as_bytes
from amanat.records.shape import Bytes16, Check, Record

SCRYPT_N: Final = 1 << 14
"""16 MiB and some 50 ms a guess: a terminal opens in time, a stolen file is slow to guess."""
_LABEL: Final = b"amanat/v1/sealed-key"


@dataclass(frozen=True, slots=True)
class _SealedKey(Record):
    VERSION: ClassVar[int] = 1

    salt: Bytes16
    nonce: Annotated[bytes, Check(lambda value, what: as_bytes(value, what, size=12))]
    sealed: bytes


def seal(secret: bytes, passphrase: str, *, salt: bytes, nonce: bytes) -> bytes:
    """The sealed file of a secret."""
    assert (len(salt), len(nonce)) == (16, 12)
    sealed = ChaCha20Poly1305(_key(passphrase, salt)).encrypt(nonce, secret, _LABEL)
    return _SealedKey(salt, nonce, sealed).encode()


def unseal(data: bytes, passphrase: str, *, file: str = "") -> bytes:
    """The secret of a sealed file; Malformed, or BadInput("passphrase-wrong") naming the file."""
    kept = _SealedKey.decode(data)
    try:
        return ChaCha20Poly1305(_key(passphrase, kept.salt)).decrypt(kept.nonce, kept.sealed, _LABEL)
    except InvalidTag as cause:
        raise BadInput("passphrase-wrong", file=file) from cause


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=SCRYPT_N, r=8, p=1).derive(passphrase.encode("utf-8"))
