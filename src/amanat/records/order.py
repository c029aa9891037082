"""What both boards sign for the count: order, decisions, exclusions, lots.  Clauses T-2, T-5, M-6."""

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final

from amanat.records.cbor import refuse
from amanat.records.identifiers import identifier
from amanat.records.shape import Bytes32, Bytes64, Record, is_ascending
from amanat.rules import tally


class Reason(IntEnum):
    """Why a ballot stands or does not, everywhere in the record."""

    STANDS = 0
    DUPLICATE = 1
    PAPER = 2
    ANNULLED = 3
    LATE = 4


REASONS: Final = tuple(reason.name.lower() for reason in Reason)
"""Their names in summaries and result.json, by number."""


class DecisionKind(IntEnum):
    """What a decision refers to: ph, ballot id, ID("device"), SHA-256(E)."""

    PERMIT = 0
    BALLOT = 1
    DEVICE = 2
    EXCLUSION = 3


class DeviceStatus(IntEnum):
    """How a device ended; the reference is its closing sheet's ID, its head, null, null, or a decision's ID."""

    CLOSED = 0
    CARRIED = 1
    MISSING = 2
    UNUSED = 3
    APART = 4


@dataclass(frozen=True, slots=True)
class Decision(Record):
    """A ruling of both boards; `text_digest` is SHA-256 of the minutes' text."""

    VERSION: ClassVar[int] = 1

    kind: DecisionKind
    reference: Bytes32
    reason: Reason
    text_digest: Bytes32


@dataclass(frozen=True, slots=True)
class Exclusion(Record):
    """A person whose ballots are not counted: E (fresh r), reason paper (with its station) or annulled (with none)."""

    VERSION: ClassVar[int] = 1

    credential: Bytes64
    reason: Reason
    station: int | None

    def require_sound(self) -> None:
        """A station where, and only where, the person voted on paper."""
        allowed = {(Reason.PAPER, True), (Reason.ANNULLED, False)}
        if (self.reason, self.station is not None) not in allowed:
            refuse("exclusion")

    @property
    def digest(self) -> bytes:
        """SHA-256(E): the reference of the decision that made it."""
        return hashlib.sha256(self.credential).digest()

    @property
    def item_digest(self) -> bytes:
        """SHA-256 of the item: the reference of a ballot set aside by it."""
        return hashlib.sha256(self.encode()).digest()


@dataclass(frozen=True, slots=True)
class DeviceEnd(Record):
    """How one device ended."""

    device: int
    status: DeviceStatus
    reference: Bytes32 | None


@dataclass(frozen=True, slots=True)
class TreeHead(Record):
    """The bulletin that the order stands on."""

    size: int
    root: Bytes32


@dataclass(frozen=True, slots=True)
class Order(Record):
    """O: what is counted, by hashes of files; mixers are manifest indices, `apart` the stations kept apart."""

    VERSION: ClassVar[int] = 1

    session: int
    tree: TreeHead
    ballots_digest: Bytes32
    exclusions_digest: Bytes32
    decisions_digest: Bytes32
    devices: tuple[DeviceEnd, ...]
    mixers: tuple[int, ...]
    apart: tuple[int, ...]

    def require_sound(self) -> None:
        """Devices, mixers and stations ascending, none twice."""
        if not all(map(is_ascending, (tuple(end.device for end in self.devices), self.mixers, self.apart))):
            refuse("order")


@dataclass(frozen=True, slots=True)
class Lot(Record):
    """A drawing of lots as it is signed: contest index, what for, among whom, who was drawn, SHA-256 of the minutes."""

    VERSION: ClassVar[int] = 1

    contest: int
    purpose: tally.Purpose
    tied: tuple[str, ...]
    drawn: tuple[str, ...]
    text_digest: Bytes32

    def require_sound(self) -> None:
        """The tied ascending."""
        if not is_ascending(self.tied):
            refuse("lot")

    def rule(self) -> tally.Lot:
        """As the rules take it."""
        return tally.Lot(self.purpose, self.tied, self.drawn)


def order_id(eh: bytes, order: bytes) -> bytes:
    """oh = ID("order", O)."""
    return identifier("order", eh, order)


def decision_id(eh: bytes, decision: bytes) -> bytes:
    """ID("decision", decision)."""
    return identifier("decision", eh, decision)


def lot_id(eh: bytes, lot: bytes) -> bytes:
    """ID("lot", lot)."""
    return identifier("lot", eh, lot)
