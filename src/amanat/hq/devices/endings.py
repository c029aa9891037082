"""How each device ended, for the order: closed, carried, missing, unused, apart.  Clauses T-2, J-6, J-7."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from amanat.hq import home
from amanat.hq.devices import approvals
from amanat.hq.writing import rows_of
from amanat.records.device import ROLE_BALLOT, Certificate
from amanat.records.identifiers import is_signed
from amanat.records.journal import Entry
from amanat.records.order import DeviceStatus
from amanat.records.sheet import Sheet


class Ending(NamedTuple):
    """A device's status and its reference; `branches` > 1 or a hand-over sets it apart, then reference is its ID."""

    device: int
    status: DeviceStatus
    reference: bytes | None
    branches: int


def endings() -> list[Ending]:
    """Every enrolled device, ascending.  A device apart has ID("device") for its reference: what a ruling names."""
    tips: dict[int, list[tuple[int, bytes]]] = {}
    for device, seq, hash in rows_of("SELECT device, seq, hash FROM intake_tip"):
        tips.setdefault(device, []).append((seq, bytes(hash)))
    handed = _handed_over()
    sheets = _closing_sheets()
    named = {device for (device,) in rows_of("SELECT device FROM intake_link")} | _named_by_permits()
    named |= {approval.pad for approval in approvals.approvals()}
    found = []
    for device, id_ in rows_of("SELECT device, certificate_id FROM devices_device ORDER BY device"):
        branches = tips.get(device, [])
        if len(branches) > 1 or device in handed:
            found.append(Ending(device, DeviceStatus.APART, bytes(id_), len(branches)))
        elif device in sheets:
            found.append(Ending(device, DeviceStatus.CLOSED, sheets[device], 1))
        elif branches:
            found.append(Ending(device, DeviceStatus.CARRIED, branches[0][1], 1))
        else:
            status = DeviceStatus.MISSING if device in named else DeviceStatus.UNUSED
            found.append(Ending(device, status, None, 0))
    return found


def closed() -> set[int]:
    """The devices whose closing sheet is held and who are not apart."""
    return {ending.device for ending in endings() if ending.status is DeviceStatus.CLOSED}


def _closing_sheets() -> dict[int, bytes]:
    """device -> ID of its closing sheet, where the ballots, permits and tests that the sheet counts are all here, or
    a pad's approvals.

    A sheet that counts more than came is no closing for the count: its device is carried, by its head.
    """
    tests = Counter(device for _, device, _ in tested())
    cast = dict(rows_of("SELECT device, COUNT(*) FROM intake_ballot GROUP BY device"))
    permits = dict(rows_of("SELECT device, COUNT(*) FROM intake_permit GROUP BY device"))
    pads, approved = approvals.pads(), approvals.by_pad()
    sheets: dict[int, bytes] = {}
    for device, id_, data in rows_of("SELECT device, id, sheet FROM intake_sheet"):
        sheet = Sheet.decode(bytes(data))
        came = device, cast.get(device, 0), permits.get(device, 0), tests[device]
        if device in pads and device not in permits:
            came = device, cast.get(device, 0), approved[device], tests[device]
        if (sheet.device, sheet.cast, sheet.permits, sheet.tested) == came:
            sheets[device] = bytes(id_)
    return sheets


def tested() -> Iterator[tuple[bytes, int, bytes]]:
    """(id, device, signature) of the tested ballots, each once, that a ballot terminal truly signed (B-9).

    An item that its device did not sign would make the record refused (V12): it is not listed, its sheet does not hold.
    """
    certificates = rows_of("SELECT device, certificate FROM devices_device")
    known = {device: Certificate.decode(bytes(certificate)) for device, certificate in certificates}
    eh = home.current().eh
    seen: set[tuple[bytes, int]] = set()
    for (data,) in rows_of("SELECT entry FROM intake_entry WHERE kind = 'ballot-tested'"):
        entry = Entry.decode(bytes(data))
        match entry.body:
            case [bytes(id_), bytes(signature)] if len(id_) == 32 and len(signature) == 64:
                device = known[entry.device]
                is_new = (id_, entry.device) not in seen and device.has(ROLE_BALLOT)
                if is_new and is_signed(device.key, "tested", eh, id_, signature):
                    seen.add((id_, entry.device))
                    yield id_, entry.device, signature


def _handed_over() -> set[int]:
    """Devices whose journal another device of the same station says that it carries on (J-8)."""
    station = dict(rows_of("SELECT device, station FROM devices_device"))
    handed = set()
    for (data,) in rows_of("SELECT entry FROM intake_entry WHERE kind = 'hand-over'"):
        match Entry.decode(bytes(data)):
            case Entry(device=by, body=[int(device), *_]) if by != device and station.get(by) == station.get(device):
                handed.add(device)
    return handed


def _named_by_permits() -> set[int]:
    """Devices that a permit sends its voter to, and devices whose permits came with somebody's ballot."""
    named = {terminal for (terminal,) in rows_of("SELECT DISTINCT terminal FROM intake_permit")}
    for device, issuer in rows_of("SELECT DISTINCT device, issuer FROM intake_ballot"):
        named |= {device, issuer}
    return named
