"""Secrets at rest (K-9)."""

import pytest

from amanat.errors import BadInput
from amanat.records.cbor import Malformed
from amanat.records.sealed_key import seal, unseal


def test_a_secret_opens_with_its_passphrase_only() -> None:
    """Another passphrase, or one bit of the file changed: told as one thing, naming the file."""
    sealed = seal(b"secret", "گذرواژه", salt=b"s" * 16, nonce=b"n" * 12)
    assert b"secret" not in sealed
    assert unseal(sealed, "گذرواژه") == b"secret"
    for data, passphrase in [(sealed, "other"), (sealed[:-1] + bytes([sealed[-1] ^ 1]), "گذرواژه")]:
        with pytest.raises(BadInput, match=r"trustee\.key"):
            unseal(data, passphrase, file="trustee.key")


def test_a_file_that_is_none_is_malformed() -> None:
    """Cut or empty."""
    for data in (b"", seal(b"x", "p", salt=b"s" * 16, nonce=b"n" * 12)[:-1]):
        with pytest.raises(Malformed):
            unseal(data, "p")
