"""Sheets: what a device did so far, signed and printed, zero, hourly and at closing.  Clause J-6.

A sheet in an observer's hand contradicts any later removal, addition or exchange; it shows no order and no time.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from amanat.records import base32, cbor
from amanat.records.cbor import as_bytes, as_list, as_uint
from amanat.records.identifiers import identifier
from amanat.records.shape import Bytes32, Check, Record

ZERO: Final = 0
HOURLY: Final = 1
CLOSING: Final = 2
SLIP: Final = "AH1"


@dataclass(frozen=True, slots=True)
class Sheet(Record):
    """Counts and roots of one device up to the entry `seq` whose hash is `head`; both roots are of sorted leaves."""

    VERSION: ClassVar[int] = 1

    kind: Annotated[int, Check(lambda value, what: as_uint(value, what, below=3))]
    device: int
    seq: int
    head: Bytes32
    permits: int
    refused: int
    prepared: int
    cast: int
    tested: int
    dropped: int
    permit_root: Bytes32
    box_root: Bytes32


def sheet_id(eh: bytes, sheet: bytes) -> bytes:
    """ID("sheet", sheet), which the device signs."""
    return identifier("sheet", eh, sheet)


def slip(sheet: bytes, signature: bytes) -> str:
    """The printed QR: `AH1` and base32 of CBOR([sheet, signature])."""
    return SLIP + base32.encode(cbor.encode([sheet, signature]))


def read_slip(text: str) -> tuple[bytes, bytes]:
    """(sheet bytes, signature) of a photographed slip; Malformed.  The signature is for the caller to check."""
    sheet, signature = as_list(base32.decode_slip(SLIP, text), "sheet slip", size=2)
    return as_bytes(sheet, "sheet"), as_bytes(signature, "signature", size=64)
