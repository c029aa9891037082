"""Choices on their way from the booth's page to its terminal, enciphered under a key of this one visit (P-2).

The browser's other processes carry the request; they shall hold nothing that tells a choice.  ECDH on P-256, which
every browser has, HKDF-SHA-256 (RFC 5869, salt: our public key), AES-256-GCM; spaces pad all choices to one length.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from amanat.station.refusal import Refused

CURVE: Final = ec.SECP256R1()
INFO: Final = b"amanat/v1/choices"


class VisitKey:
    """The terminal's half of one visit's key."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(CURVE)
        self._public = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def shown(self) -> str:
        """What the page is told: the public key, base64."""
        return base64.b64encode(self._public).decode()

    def open(self, sealed: Mapping[str, Any]) -> Mapping[str, Any]:
        """Choices by contest id.

        Raises:
            Refused: not enciphered for this visit, or no object.
        """
        try:
            key, iv, data = (base64.b64decode(sealed[name], validate=True) for name in ("key", "iv", "data"))
            secret = self._private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, key))
            derived = HKDF(hashes.SHA256(), 32, salt=self._public, info=INFO).derive(secret)
            choices = json.loads(AESGCM(derived).decrypt(iv, data, None))
        except (KeyError, TypeError, ValueError, InvalidTag) as cause:
            raise Refused("request-field", field="sealed") from cause
        if not isinstance(choices, dict):
            raise Refused("request-field", field="sealed")
        return choices
