"""The register key travels sealed for each check-in terminal (R-5)."""

import hashlib
import os

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

import amanat_crypto
from amanat.errors import Rejected
from amanat.records import cbor, register_key
from amanat.records.cbor import Malformed

KEY, EH, ROOT = b"k" * 32, b"e" * 32, b"r" * 32


@pytest.mark.parametrize("seed", [bytes(32), b"\xff" * 32, hashlib.sha256(b"device").digest()])
def test_the_device_that_it_is_for_opens_it(seed: bytes) -> None:
    """Sealed by the public key of the certificate, opened by the seed; no other seed, device, root or election."""
    sealed = register_key.seal(KEY, eh=EH, root=ROOT, device=7, public=amanat_crypto.public_key(seed))
    assert register_key.unseal(sealed, eh=EH, root=ROOT, device=7, seed=seed) == KEY
    good = {"eh": EH, "root": ROOT, "device": 7, "seed": seed}
    for wrong in ({"eh": ROOT}, {"root": EH}, {"device": 8}, {"seed": b"other seed of a device 32 bytes!"}):
        with pytest.raises(Rejected, match="not for this terminal"):
            register_key.unseal(sealed, **good | wrong)  # type: ignore[arg-type]
    for damaged in (b"", sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(Rejected, match="not for this terminal"):
            register_key.unseal(damaged, **good)  # type: ignore[arg-type]


def test_the_map_from_one_curve_to_the_other() -> None:
    """The Montgomery point of the public key is the X25519 key of the hashed seed, for a thousand seeds (RFC 7748)."""
    for number in range(1000):
        seed = hashlib.sha256(b"%d" % number).digest()
        y = int.from_bytes(amanat_crypto.public_key(seed), "little") & (1 << 255) - 1
        u = (1 + y) * pow(1 - y, -1, 2**255 - 19) % (2**255 - 19)
        private = X25519PrivateKey.from_private_bytes(hashlib.sha512(seed).digest()[:32])
        assert private.public_key().public_bytes_raw() == u.to_bytes(32, "little")


def test_the_file_of_sealed_keys() -> None:
    """One row a device; anything else is no such file."""
    rows: list[cbor.Encodable] = [[7, b"sealed"], [9, os.urandom(80)]]
    assert list(register_key.read_sealed(cbor.encode_seq(rows))) == [7, 9]
    for wrong in ([[7]], [[b"7", b""]], [7], [[7, "text"]]):
        with pytest.raises(Malformed):
            register_key.read_sealed(cbor.encode_seq(wrong))  # type: ignore[arg-type]
