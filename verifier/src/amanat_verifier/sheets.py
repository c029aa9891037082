"""Sheets of devices (J-6) and how the orders say that each device ended (T-2)."""

from dataclasses import dataclass

from amanat_verifier.ballots import SUMMARIES
from amanat_verifier.hashes import identify
from amanat_verifier.manifest import manifest
from amanat_verifier.orders import orders
from amanat_verifier.record import Record, once
from amanat_verifier.shapes import Fault, blob, only, parse, raw, row, uint

FILE = f"{SUMMARIES}/sheets.seq"
SHEET_SHAPE = row(only(1), only(0, 1, 2), uint, uint, raw(32), uint, uint, uint, uint, uint, uint, raw(32), raw(32))
ZERO_SHEET, HOURLY, CLOSING = range(3)
CLOSED, CARRIED, MISSING, UNUSED, APART = range(5)  # a device's status


@dataclass(frozen=True)
class Sheet:
    """A sheet of one device; `id` is ID("sheet", bytes)."""

    id: bytes
    kind: int
    device: int
    counts: tuple[int, ...]  # permits, refused, prepared, cast, tested, dropped
    permit_root: bytes
    box_root: bytes
    signature: bytes

    @property
    def permits(self) -> int:
        """Permits that it issued."""
        return self.counts[0]

    @property
    def cast(self) -> int:
        """Ballots cast on it."""
        return self.counts[3]


COUNTED = ("permits", "refused", "prepared", "cast", "tested", "dropped")


def read_sheet(eh: bytes, body: bytes, signature: bytes, at: str) -> Sheet:
    """A sheet from its bytes."""
    _, kind, device, _, _, *counts, permit_root, box_root = parse(body, SHEET_SHAPE, at)
    own = identify(eh, "sheet", body)
    return Sheet(own, kind, device, tuple(counts), permit_root, box_root, signature)


@once
def sheets(record: Record) -> list[Sheet]:
    """The closing sheets in the file's order."""
    eh = manifest(record).eh
    rows = record.rows(FILE, row(blob, raw(64)))
    return [read_sheet(eh, body, signature, f"{FILE}: item {i}") for i, (body, signature) in enumerate(rows, 1)]


@once
def statuses(record: Record) -> dict[int, tuple[int, bytes | None]]:
    """Each device's status and reference; the last order that names it rules."""
    found: dict[int, tuple[int, bytes | None]] = {}
    for order in orders(record).values():
        found.update({number: (status, reference) for number, status, reference in order.devices})
    return found


@once
def closed(record: Record) -> dict[int, Sheet]:
    """The closing sheet of each device that is *closed*, as the order names it."""
    by_id = {sheet.id: sheet for sheet in sheets(record)}
    found: dict[int, Sheet] = {}
    for number, (status, reference) in statuses(record).items():
        if status != CLOSED:
            continue
        sheet = by_id.get(reference or b"")
        if sheet is None or sheet.device != number:
            raise Fault(f"{FILE}: the closing sheet of device {number}, named by the order, is missing")
        found[number] = sheet
    return found
