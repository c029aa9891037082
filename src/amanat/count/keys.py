"""Keys on a machine's disk (K-9): sealed under the passphrase of a file; who the machine is stands open beside them.

`identity.json` is what may be told to everyone; `machine.json` names the passphrase file; `*.sealed` are the secrets.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

import amanat_crypto as crypto
from amanat.count.exchange import dump, load, write_whole
from amanat.errors import BadInput
from amanat.records import sealed_key


@dataclass(frozen=True)
class Keys:
    """The secrets of one machine or authority, in its folder."""

    home: Path

    @property
    def identity(self) -> dict[str, Any]:
        """Role, index, name and public keys.  Raises BadInput."""
        return load(self.home / "identity.json")

    @property
    def signing_seed(self) -> bytes:
        """The Ed25519 seed.  Raises BadInput, and what `sealed_key.unseal` raises."""
        return self.read("signing")

    @property
    def hpke(self) -> X25519PrivateKey:
        """A trustee's X25519 key."""
        return X25519PrivateKey.from_private_bytes(self.read("hpke"))

    def has(self, name: str) -> bool:
        """Whether there is a secret of this name."""
        return (self.home / f"{name}.sealed").exists()

    def read(self, name: str) -> bytes:
        """A secret.  Raises BadInput, and what `sealed_key.unseal` raises."""
        path = self.home / f"{name}.sealed"
        try:
            return sealed_key.unseal(path.read_bytes(), passphrase=self._passphrase(), file=str(path))
        except OSError as cause:
            raise BadInput("key-unreadable", file=str(path)) from cause

    def write(self, name: str, secret: bytes) -> None:
        """Seals a secret; one of the same name is replaced whole."""
        sealed = sealed_key.seal(secret, passphrase=self._passphrase(), salt=os.urandom(16), nonce=os.urandom(12))
        write_whole(self.home / f"{name}.sealed", sealed, private=True)

    def forget(self, name: str) -> None:
        """Removes a secret that has done its work."""
        (self.home / f"{name}.sealed").unlink(missing_ok=True)

    def _passphrase(self) -> str:
        path = Path(str(load(self.home / "machine.json").get("passphrase")))
        try:
            passphrase = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as cause:
            raise BadInput("passphrase-unreadable", file=str(path)) from cause
        if not passphrase:
            raise BadInput("passphrase-unreadable", file=str(path))
        return passphrase


def create(home: Path, passphrase: Path, *, hpke: bool = False, **identity: str | int) -> Keys:
    """Makes a folder with new keys; `identity` goes to identity.json with the public keys.  Raises BadInput."""
    if (home / "identity.json").exists():
        raise BadInput("keys-exist", file=str(home))
    home.mkdir(parents=True, exist_ok=True)
    write_whole(home / "machine.json", dump({"passphrase": str(passphrase.resolve())}))
    keys = Keys(home)
    seed = os.urandom(32)
    keys.write("signing", seed)
    public: dict[str, Any] = {**identity, "signing_key": crypto.public_key(seed).hex()}
    if hpke:
        private = X25519PrivateKey.generate()
        keys.write("hpke", private.private_bytes_raw())
        public["hpke_key"] = private.public_key().public_bytes_raw().hex()
    write_whole(home / "identity.json", dump(public))
    return keys
