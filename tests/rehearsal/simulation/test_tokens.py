"""Tokens have the lengths and refusals of the real cryptography, so that records look and fail alike."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import amanat_crypto
from amanat.rehearsal.simulation import tokens

SEED, EH, DIGEST = b"s" * 32, b"e" * 32, b"d" * 32


def test_a_token_signature_is_refused_as_a_signature_is() -> None:
    """Another key, domain, election, digest or byte: refused, at its row."""
    for crypto in (tokens, amanat_crypto):
        key = crypto.public_key(SEED)
        signature = crypto.sign(seed=SEED, domain="journal", eh=EH, digest=DIGEST)
        assert (len(key), len(signature)) == (32, 64)

        given = {"domain": "journal", "eh": EH, "keys": key, "digests": DIGEST, "signatures": signature}

        def bad(crypto: Any = crypto, given: dict[str, Any] = given, **changed: object) -> Any:
            return crypto.verify_signatures(**(given | changed))

        assert bad() == []
        other = crypto.public_key(b"t" * 32)
        for changed in (
            {"domain": "cast"},
            {"eh": b"f" * 32},
            {"keys": other},
            {"digests": b"x" * 32},
            {"signatures": bytes(64)},
        ):
            assert bad(**changed) == [0]
        assert bad(keys=key + other, digests=2 * DIGEST, signatures=2 * signature) == [1]


def test_lengths_are_the_real_ones() -> None:
    """A token ballot is as long as a real one, and no two are the same."""
    point, scalar = amanat_crypto.base_mul(b"\1" + bytes(31)), b"\2" + bytes(31)
    of = {"eh": EH, "key": point, "context": DIGEST, "contest": 0, "limbs": [5, 7], "secret": SEED}
    for crypto in (tokens, amanat_crypto):
        sealed, again = crypto.seal(**of), crypto.seal(**of)
        assert [len(part) for part in (sealed.ciphertexts, sealed.proofs, sealed.randomness)] == [128, 128, 64]
        assert sealed.ciphertexts != again.ciphertexts
        assert len(crypto.scalar_from_hash(b"x")) == len(crypto.hash_to_group("credential", b"x")) == 32
        assert len(crypto.elgamal(base=point, key=point, messages=point, randomness=scalar)) == 64


def test_tokens_never_replace_the_real_ones_in_use() -> None:
    """A process that has imported cryptography keeps it; a fresh one gets tokens, whole."""
    with pytest.raises(RuntimeError):
        tokens.install()
    assert not tokens.are_installed()
    code = "from amanat.rehearsal.simulation import tokens; tokens.install(); import amanat_crypto; " + (
        "assert tokens.are_installed() and amanat_crypto is tokens"
    )
    source = str(Path(tokens.__file__).parents[3])
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, env={"PYTHONPATH": source})
