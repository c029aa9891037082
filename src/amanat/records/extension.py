"""An extension of voting hours: an order that a station can check with no network (clause J-10).

The law lets the minister extend by three hours; more needs the Council's approval (art. 11 note 2).  The governor's key
stands for the first, the supervisory board's beside it for the second.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from amanat.errors import Rejected
from amanat.records import base32
from amanat.records.cbor import refuse
from amanat.records.identifiers import identifier, is_signed, sign
from amanat.records.manifest import Authority
from amanat.records.shape import Bytes64, Record, is_ascending

SLIP: Final = "AE1"
DOMAIN: Final = "extension"
MINISTERS_MS: Final = 3 * 3_600_000
GOVERNOR: Final = "governor"
SUPERVISORY_BOARD: Final = "supervisory-board"


@dataclass(frozen=True, slots=True)
class ExtensionOrder(Record):
    """Order `number` (from 1, higher replaces lower) for these stations, none meaning all; wall times in ms.

    `base_ms` is the legal end that it extends; the hours that need one signature or two count from there.
    """

    VERSION: ClassVar[int] = 1

    number: int
    stations: tuple[int, ...]
    until_ms: int
    base_ms: int

    def require_sound(self) -> None:
        """Numbered, stations ascending, and later than the end that it extends."""
        if self.number < 1 or not is_ascending(self.stations) or self.until_ms <= self.base_ms:
            refuse("extension order")

    @property
    def roles(self) -> tuple[str, ...]:
        """The authorities whose signatures it needs."""
        beyond = self.until_ms - self.base_ms > MINISTERS_MS
        return (GOVERNOR, SUPERVISORY_BOARD) if beyond else (GOVERNOR,)


@dataclass(frozen=True, slots=True)
class RoleSignature(Record):
    """One authority's signature."""

    role: str
    signature: Bytes64


@dataclass(frozen=True, slots=True)
class SignedExtension(Record):
    """What is printed, scanned and kept in journals: the order's bytes and who signed them."""

    order: bytes
    signatures: tuple[RoleSignature, ...]

    @property
    def decoded(self) -> ExtensionOrder:
        """The order; Malformed."""
        return ExtensionOrder.decode(self.order)

    def slip(self) -> str:
        """The QR's text."""
        return SLIP + base32.encode(self.encode())


def read_slip(text: str) -> SignedExtension:
    """The reverse of `SignedExtension.slip`; Malformed."""
    signed = SignedExtension.from_value(base32.decode_slip(SLIP, text))
    ExtensionOrder.decode(signed.order)
    return signed


def order_id(eh: bytes, order: bytes) -> bytes:
    """ID("extension", order)."""
    return identifier(DOMAIN, eh, order)


def make(order: ExtensionOrder, *, eh: bytes, seeds: Mapping[str, bytes]) -> SignedExtension:
    """The order signed by those whose signatures it needs; `seeds` by role.  Rejected where one is missing."""
    encoded = order.encode()
    missing = [role for role in order.roles if role not in seeds]
    if missing:
        raise Rejected("extension-needs", role=missing[0])
    digest = order_id(eh, encoded)
    signed = tuple(RoleSignature(role, sign(seeds[role], DOMAIN, eh, digest)) for role in order.roles)
    return SignedExtension(encoded, signed)


def require_signed(signed: SignedExtension, *, eh: bytes, authorities: Iterable[Authority]) -> ExtensionOrder:
    """The order, if whom it needs signed it in this election; a signature too many must hold as well.

    Raises:
        Rejected: ``extension-not-signed``, or ``extension-needs`` with the role that is missing.
    """
    order, digest = signed.decoded, order_id(eh, signed.order)
    keys = {authority.role: authority.key for authority in authorities}
    for each in signed.signatures:
        if each.role not in keys or not is_signed(keys[each.role], DOMAIN, eh, digest, each.signature):
            raise Rejected("extension-not-signed")
    missing = set(order.roles) - {each.role for each in signed.signatures}
    if missing:
        raise Rejected("extension-needs", role=min(missing))
    return order
