"""The device's key: made on the device, sealed under a passphrase that two officers type at opening (K-8)."""

import os
from pathlib import Path

import amanat_crypto
from amanat.errors import BadInput
from amanat.records import sealed_key
from amanat.station.medium_file import write_whole

FILE = "device.key"


def read_passphrase(path: Path) -> str:
    """The passphrase that a file holds, without the end of its line.

    Raises:
        BadInput: no such file, or nothing in it.
    """
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as cause:
        raise BadInput("passphrase-missing", file=str(path)) from cause
    if not text:
        raise BadInput("passphrase-missing", file=str(path))
    return text


def create(home: Path, passphrase: str) -> bytes:
    """Make the key of a new device and keep it sealed in HOME; its public key, 32 bytes.

    Raises:
        BadInput: there is a key already; a device has one key for ever.
    """
    path = home / FILE
    if path.exists():
        raise BadInput("device-enrolled-already", file=str(path))
    seed = os.urandom(32)
    sealed = sealed_key.seal(seed, passphrase, salt=os.urandom(16), nonce=os.urandom(12))
    write_whole(path, sealed)
    return amanat_crypto.public_key(seed)


def unseal(home: Path, passphrase: str) -> bytes:
    """The key's 32-byte seed.

    Raises:
        BadInput: no key here, or the passphrase is another.
    """
    try:
        sealed = (home / FILE).read_bytes()
    except OSError as cause:
        raise BadInput("device-not-enrolled", file=str(home / FILE)) from cause
    return sealed_key.unseal(sealed, passphrase, file=str(home / FILE))
