"""Permits: a check-in without a name in it, and the private part that headquarters can check.  Clauses C-2 to C-4, C-8.

Nobody can open the credential; t trustees get the person's tag from it in one step.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar, Final

import amanat_crypto
from amanat.records import base32, cbor
from amanat.records.cbor import Value, as_bytes, as_list, as_text, as_uint
from amanat.records.identifiers import PermitHash, identifier, sign
from amanat.records.manifest import Manifest
from amanat.records.shape import Bytes16, Bytes32, Bytes64, Check, Record
from amanat.rules.national_id import NationalId, parse

SLIP: Final = "AP1"


def as_national_id(value: Value, what: str) -> NationalId:
    """Ten ASCII digits that are a national id, in no other spelling; Malformed."""
    text = as_text(value, what)
    found = parse(text)
    return found if found is not None and found == text else cbor.refuse(what)


@dataclass(frozen=True, slots=True)
class Permit(Record):
    """One voter's right to one ballot at one terminal; `mask` has a bit per contest, `replaces` the first serial.

    P is its encoding, ph = ID("permit", P).  Whether the credential's points are sound is V6's to say.
    """

    VERSION: ClassVar[int] = 1

    serial: Bytes16
    station: int
    check_in_device: int
    ballot_device: int
    mask: int
    replaces: Bytes16 | None
    credential: Bytes64

    @classmethod
    @lru_cache(maxsize=512)
    def decode(cls, data: bytes) -> "Permit":
        """See `Record`.  The last ones are remembered: desk, booth, fold and headquarters each read the same."""
        return cls.from_value(cbor.decode(data))


@dataclass(frozen=True, slots=True)
class PrivatePart(Record):
    """V: who it is, and the randomness that makes the credential repeatable; goes to headquarters only (C-4)."""

    salt: Bytes32
    national_id: Annotated[NationalId, Check(as_national_id)]
    seed: Bytes32
    register_version: int
    document: int


@dataclass(frozen=True, slots=True)
class IssuedPermit:
    """P, its signature, and V beside it."""

    permit: bytes
    signature: bytes
    private: bytes


def permit_hash(eh: bytes, permit: bytes) -> PermitHash:
    """ph = ID("permit", P)."""
    return PermitHash(identifier("permit", eh, permit))


def credential_point(eh: bytes, national_id: NationalId) -> bytes:
    """X = H2G("credential", eh ‖ ten ASCII digits): one point a person and election."""
    return amanat_crypto.hash_to_group("credential", eh + national_id.encode("ascii"))


def _credential(manifest: Manifest, eh: bytes, national_id: NationalId, seed: bytes, serial: bytes) -> bytes:
    """E = (r·Z, X + r·W), 64 bytes, with r = Hs("permit-r", seed, serial)."""
    r = amanat_crypto.scalar_from_hash(cbor.encode(["amanat/v1/permit-r", eh, seed, serial]))
    point = credential_point(eh, national_id)
    return amanat_crypto.elgamal(base=manifest.tag_key, key=manifest.tag_blind_key, messages=point, randomness=r)


def recompute_credential(*, manifest: Manifest, eh: bytes, serial: bytes, private: PrivatePart) -> bytes:
    """E again, from V (C-6): headquarters compares it with the permit's."""
    return _credential(manifest, eh, private.national_id, private.seed, serial)


def issue(
    *,
    manifest: Manifest,
    eh: bytes,
    national_id: NationalId,
    seed: bytes,
    salt: bytes,
    serial: bytes,
    station: int,
    check_in_device: int,
    ballot_device: int,
    mask: int,
    register_version: int,
    document: int,
    signing_seed: bytes,
    replaces: bytes | None = None,
) -> IssuedPermit:
    """A signed permit; `seed` and `salt` are 32 and `serial` 16 random bytes, drawn by the caller for this permit."""
    assert (len(seed), len(salt), len(serial)) == (32, 32, 16)
    private = PrivatePart(salt, national_id, seed, register_version, document)
    credential = _credential(manifest, eh, national_id, seed, serial)
    permit = Permit(serial, station, check_in_device, ballot_device, mask, replaces, credential).encode()
    return IssuedPermit(permit, sign(signing_seed, "permit", eh, permit_hash(eh, permit)), private.encode())


def slip(issued: IssuedPermit, approval: tuple[int, bytes] | None = None) -> str:
    """The permit's QR; `approval` is the second signer's (device, signature) where the station needs one (C-9)."""
    device, signature = approval or (None, None)
    return SLIP + base32.encode(cbor.encode([issued.permit, issued.signature, device, signature]))


def read_slip(text: str) -> tuple[bytes, bytes, int | None, bytes | None]:
    """(P, its signature, approver's device or None, approval or None); Malformed.  Signatures are not checked here."""
    permit, signature, device, approval = as_list(base32.decode_slip(SLIP, text), "permit slip", size=4)
    if (device is None) != (approval is None):
        cbor.refuse("approval")
    return (
        as_bytes(permit, "permit"),
        as_bytes(signature, "signature", size=64),
        None if device is None else as_uint(device, "approver"),
        None if approval is None else as_bytes(approval, "approval", size=64),
    )
