"""What observers' pads approved, as delivered journals have it.  Clauses C-9, D-1, J-6."""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from amanat.hq import home
from amanat.hq.writing import rows_of
from amanat.records.device import ROLE_APPROVE, Certificate
from amanat.records.identifiers import is_signed
from amanat.records.journal import Entry


class Approval(NamedTuple):
    """A pad's signature over a permit, and whether the pad's own journal has it."""

    ph: bytes
    pad: int
    signature: bytes
    own: bool


def approvals() -> Iterator[Approval]:
    """Every approval that a pad truly signed, once by pad and permit, its own journal's first.

    One with another's signature would make the record refused (V13): it is not here.
    """
    certificates = rows_of("SELECT device, certificate FROM devices_device")
    known = {device: Certificate.decode(bytes(certificate)) for device, certificate in certificates}
    eh = home.current().eh
    found: dict[tuple[bytes, int], Approval] = {}
    for (data,) in rows_of("SELECT entry FROM intake_entry WHERE kind = 'approval'"):
        entry = Entry.decode(bytes(data))
        match entry.body:
            case [bytes(ph), int(number), bytes(signature)] if len(ph) == 32 and len(signature) == 64:
                pad, own = known.get(number), entry.device == number
                if pad is None or not pad.has(ROLE_APPROVE) or ((ph, number) in found and not own):
                    continue
                if is_signed(pad.key, "approve", eh, ph, signature):
                    found[ph, number] = Approval(ph, number, signature, own)
    yield from found.values()


def pads() -> dict[int, int]:
    """The station of each pad that is enrolled."""
    rows = rows_of("SELECT device, station, roles FROM devices_device ORDER BY device")
    return {device: station for device, station, roles in rows if roles & ROLE_APPROVE}


def by_pad() -> Counter[int]:
    """How many permits each pad approved, by its own journal: what its sheet must count."""
    return Counter(approval.pad for approval in approvals() if approval.own)


def published(closed: Collection[int]) -> list[Approval]:
    """What approvals.seq lists, by permit: of a closed pad what its own journal has, since its sheet is over that."""
    return sorted(approval for approval in approvals() if approval.own or approval.pad not in closed)
