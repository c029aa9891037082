"""What entries mean to headquarters: permits, refusals, ballots, closing sheets.  Clauses J-1, C-6, S-3.

An entry is kept whatever its body says; a body that cannot be read is an incident in the dead letters.  Ballots with a
bad proof are rows like others.  A permit or ballot in the journal of another device than it names is a row until its
own device tells it: who copies a stranger's ballot under a false signature must not get it annulled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from amanat.records import cbor, sheet
from amanat.records.ballot import Core, ballot_id
from amanat.records.cbor import Malformed, Value, as_bytes, as_list, as_text, as_uint
from amanat.records.identifiers import ElectionHash
from amanat.records.permit import Permit, PrivatePart, as_national_id, permit_hash
from amanat.records.sheet import Sheet
from amanat.sync.hq_side import STORED_END, Arrived, DeadLetter

Rows = list[tuple[int | bytes | str | bool | None, ...]]

PERMITS: Final = (
    "intake_permit",
    (
        "ph",
        "serial",
        "device",
        "station",
        "terminal",
        "replaces",
        "permit",
        "signature",
        "private",
        "person",
        "seconds",
        "wall_ms",
    ),
)
REFUSALS: Final = ("intake_refusal", ("device", "station", "reason", "detail", "person", "seconds", "wall_ms"))
BALLOTS: Final = ("intake_ballot", ("id", "core", "signature", "ph", "issuer", "device", "station", "wall_ms"))
SHEETS: Final = ("intake_sheet", ("id", "device", "sheet", "signature"))


@dataclass(slots=True)
class Projection:
    """Rows to add, by table, and the entries whose bodies could not be read."""

    eh: ElectionHash
    permits: Rows = field(default_factory=list)
    refusals: Rows = field(default_factory=list)
    ballots: Rows = field(default_factory=list)
    foreign_permits: Rows = field(default_factory=list)
    foreign_ballots: Rows = field(default_factory=list)
    sheets: Rows = field(default_factory=list)
    unread: list[DeadLetter] = field(default_factory=list)

    def add(self, one: Arrived) -> None:
        """Takes one new entry."""
        read = READERS.get(one.entry.kind)
        if read is None:
            return
        try:
            read(self, one)
        except Malformed:
            self.unread.append(DeadLetter(cbor.encode(one.signed.fields()), "body-unreadable", one.entry.device))


def _seconds(value: Value) -> int | None:
    return None if value is None else as_uint(value, "seconds", below=STORED_END)


def _permit(rows: Projection, one: Arrived) -> None:
    data, signature, seconds = as_list(one.entry.body, "permit", size=3)
    encoded = as_bytes(data, "permit")
    permit = Permit.decode(encoded)
    signed = as_bytes(signature, "signature", size=64)
    terminal = as_uint(permit.ballot_device, "ballot device", below=STORED_END)
    person = _person_of(one.signed.private)
    into = rows.permits if permit.check_in_device == one.entry.device else rows.foreign_permits
    into.append(
        (
            *(permit_hash(rows.eh, encoded), permit.serial, one.entry.device, one.station, terminal, permit.replaces),
            *(encoded, signed, one.signed.private, person, _seconds(seconds), one.entry.wall_ms),
        )
    )


def _person_of(private: bytes | None) -> str | None:
    """The national id of V; None without V, or where V names nobody (the recomputation of E then fails)."""
    try:
        return None if private is None else PrivatePart.decode(private).national_id
    except Malformed:
        return None


def _refused(rows: Projection, one: Arrived) -> None:
    reason, detail, seconds = as_list(one.entry.body, "refused", size=3)
    said = as_text(reason, "reason"), as_text(detail, "detail")
    if "\0" in "".join(said):
        cbor.refuse("reason")  # PostgreSQL holds no such text
    person = None
    if one.signed.private is not None:
        _, id_ = as_list(cbor.decode(one.signed.private), "private part", size=2)
        person = as_national_id(id_, "national id")
    rows.refusals.append((one.entry.device, one.station, *said, person, _seconds(seconds), one.entry.wall_ms))


def _cast(rows: Projection, one: Arrived) -> None:
    core, signature = as_list(one.entry.body, "ballot-cast", size=2)
    encoded = as_bytes(core, "ballot")
    signed = as_bytes(signature, "signature", size=64)
    row = ballot_row(rows.eh, encoded, signed, one.entry.device, one.station, one.entry.wall_ms)
    named = Permit.decode(Core.decode(encoded).permit).ballot_device
    (rows.ballots if named == one.entry.device else rows.foreign_ballots).append(row)


def ballot_row(
    eh: ElectionHash, core: bytes, signature: bytes, device: int, station: int, wall_ms: int
) -> tuple[int | bytes, ...]:
    """The row of a cast ballot, whatever its proofs say; Malformed if core or permit cannot be read."""
    permit = Core.decode(core).permit
    issuer = as_uint(Permit.decode(permit).check_in_device, "check-in device", below=STORED_END)
    return ballot_id(eh, core), core, signature, permit_hash(eh, permit), issuer, device, station, wall_ms


def _sheet(rows: Projection, one: Arrived) -> None:
    data, signature = as_list(one.entry.body, "sheet", size=2)
    encoded = as_bytes(data, "sheet")
    signed = as_bytes(signature, "signature", size=64)
    if Sheet.decode(encoded).kind == sheet.CLOSING:
        rows.sheets.append((sheet.sheet_id(rows.eh, encoded), one.entry.device, encoded, signed))


READERS: Final[Mapping[str, Callable[[Projection, Arrived], None]]] = {
    "permit": _permit,
    "refused": _refused,
    "ballot-cast": _cast,
    "sheet": _sheet,
}
"""By kind; other kinds are evidence and are read from the entries when somebody asks."""
