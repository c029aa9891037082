"""The account of all devices: closing sheets rebuilt from the record (J-6) and statuses (T-2); checks V10 and V11."""

from amanat_verifier.ballots import approvals, ballots, is_plain_annulment, permits, set_aside, tested
from amanat_verifier.bulletin import SHEET, bulletin, root_over
from amanat_verifier.devices import devices, is_pad
from amanat_verifier.hashes import has_signed
from amanat_verifier.manifest import manifest
from amanat_verifier.orders import OF_DEVICE, decisions, orders
from amanat_verifier.record import Record, once
from amanat_verifier.sealed import bad_forms, bad_permits, failing
from amanat_verifier.shapes import Fault, require_ascending
from amanat_verifier.sheets import (
    APART,
    CARRIED,
    CLOSED,
    CLOSING,
    FILE,
    MISSING,
    UNUSED,
    Sheet,
    closed,
    sheets,
    statuses,
)


@once
def _permits_by_device(record: Record) -> dict[int, set[bytes]]:
    found: dict[int, set[bytes]] = {}
    for ph, number in permits(record):
        found.setdefault(number, set()).add(ph)
    return found


@once
def _suspects(record: Record) -> tuple[set[bytes], set[bytes]]:
    """Permits of annulled ballots: those of sound ballots, which can only be missing on the issuer's sheet, and those
    of ballots that fail V6, which their issuer may never have seen."""
    annulled = {aside.id for rows in set_aside(record).values() for aside in rows if is_plain_annulment(aside)}
    failed, unsigned = failing(record), bad_permits(record).why
    kept = {ballot.ph for ballot in ballots(record) if ballot.id not in annulled}
    sound = {b.ph for b in ballots(record) if b.id in annulled and b.id not in failed} - kept
    return sound, {b.ph for b in ballots(record) if b.id in annulled and b.id in unsigned} - kept


@once
def absent(record: Record) -> dict[int, set[bytes]]:
    """For each closed device the permits of permits.seq that its closing sheet does not have.  Which they are, the
    record's own annulments suggest and the sheet's root proves."""
    found: dict[int, set[bytes]] = {}
    for number, sheet in closed(record).items():
        if is_pad(record, number):
            continue
        mine = _permits_by_device(record).get(number, set())
        if root_over(sorted(mine)) == sheet.permit_root:
            continue
        sound, unsigned = _suspects(record)
        for guess in (sound, unsigned, sound | unsigned):
            if root_over(sorted(mine - guess)) == sheet.permit_root:
                found[number] = mine & guess
                break
        else:
            raise Fault(f"{FILE}: device {number}: permit_root is not that of its {len(mine)} permits")
    return found


@once
def _boxes(record: Record) -> dict[int, list[tuple[bytes, bool]]]:
    """Ballots by terminal: id, and whether it fails V7."""
    found: dict[int, list[tuple[bytes, bool]]] = {}
    for ballot in ballots(record):
        if ballot.permit is not None:
            found.setdefault(ballot.permit.terminal, []).append((ballot.id, ballot.id in bad_forms(record).why))
    return found


def _box(record: Record, sheet: Sheet) -> list[bytes]:
    """The cast ids of a closed terminal; those whose form or cast signature fails count only if the sheet has them."""
    box = sorted(_boxes(record).get(sheet.device, []))
    everything = [ballot for ballot, _ in box]
    if len(everything) == sheet.cast:
        return everything
    return [ballot for ballot, fails in box if not fails]


def check_sheets(record: Record) -> int:
    """V10: each closing sheet signed; where its device is closed, logged, its equations true, both roots rebuilt."""
    eh, enrolled = manifest(record).eh, devices(record)
    require_ascending([sheet.id for sheet in sheets(record)], FILE)
    for i, sheet in enumerate(sheets(record), 1):
        at, device = f"{FILE}: item {i} (device {sheet.device})", enrolled.get(sheet.device)
        if sheet.kind != CLOSING:
            raise Fault(f"{at}: not a closing sheet")
        if device is None or not has_signed(device.key, eh, "sheet", sheet.id, sheet.signature):
            raise Fault(f"{at}: no such device, or its signature does not hold")
    tests: dict[int, int] = {}
    for _, number, _ in tested(record):
        tests[number] = tests.get(number, 0) + 1
    for number, sheet in closed(record).items():
        if sum(other.device == number for other in sheets(record)) > 1:
            raise Fault(f"{FILE}: device {number}: two closing sheets, though it is not set apart")
        _check_closed(record, sheet, tests.get(number, 0))
    for order in orders(record).values():
        for number, status, reference in order.devices:
            place = bulletin(record).place(SHEET, reference or b"")
            if status == CLOSED and (place is None or place >= order.size):
                raise Fault(f"{FILE}: device {number}: its closing sheet is not in the bulletin before the order")
    return len(sheets(record))


@once
def _approved_by(record: Record) -> dict[int, set[bytes]]:
    found: dict[int, set[bytes]] = {}
    for ph, number, _ in approvals(record):
        found.setdefault(number, set()).add(ph)
    return found


def _permits_of(record: Record, number: int) -> tuple[set[bytes], str]:
    """What a sheet's permit_root is over, and the file that has it: permits issued, or for a pad permits approved."""
    issued = _permits_by_device(record).get(number, set())
    if not is_pad(record, number):
        return issued - absent(record).get(number, set()), "permits.seq"
    if issued:
        raise Fault(f"{FILE}: device {number}: a pad issues no permits, but permits.seq has some of it")
    return _approved_by(record).get(number, set()), "approvals.seq"


def _check_closed(record: Record, sheet: Sheet, tests: int) -> None:
    at = f"{FILE}: device {sheet.device}"
    _, _, prepared, cast, void, dropped = sheet.counts
    if prepared != cast + void + dropped:
        raise Fault(f"{at}: prepared is not cast + tested + dropped")
    if void != tests:
        raise Fault(f"{at}: {void} tests on the sheet, {tests} in tested.seq")
    mine, file = _permits_of(record, sheet.device)
    if sheet.permits != len(mine) or sheet.permit_root != root_over(sorted(mine)):
        raise Fault(f"{at}: {sheet.permits} permits on the sheet, {len(mine)} in {file}, or others")
    if sheet.box_root != root_over(_box(record, sheet)):
        raise Fault(f"{at}: box_root is not that of its ballots in the record")


@once
def _named(record: Record) -> set[int]:
    """Devices that any ballot, permit, test, approval or sheet names."""
    named = {number for _, number in permits(record)} | {number for _, number, _ in tested(record)}
    named |= {number for _, number, _ in approvals(record)} | {sheet.device for sheet in sheets(record)}
    for ballot in ballots(record):
        if ballot.permit is not None:
            named |= {ballot.permit.issuer, ballot.permit.terminal}
    return named


def check_devices_accounted(record: Record) -> int:
    """V11: every device closed, carried, missing, unused or apart, with what that status asks for."""
    known, found = devices(record), statuses(record)
    for number in sorted(set(known) ^ set(found)):
        raise Fault(f"order/: device {number} is not accounted for, or not enrolled")
    apart = {d.id for rows in decisions(record).values() for d in rows if d.kind == OF_DEVICE and d.reason in (0, 3)}
    about = {d.id: d.reference for rows in decisions(record).values() for d in rows}
    for number, (status, reference) in found.items():
        at = f"order/: device {number}"
        if status in (MISSING, UNUSED) and reference is not None:
            raise Fault(f"{at}: a reference where none belongs")
        if status == CARRIED and reference is None:
            raise Fault(f"{at}: carried, but its head is not named")
        if status == UNUSED and number in _named(record):
            raise Fault(f"{at}: called unused, but the record names it")
        if status == APART and (reference not in apart or about[reference] != known[number].id):
            raise Fault(f"{at}: set apart without a decision about it")
    for number, sheet in closed(record).items():
        count = len(_box(record, sheet))
        if sheet.cast != count:
            raise Fault(f"{FILE}: device {number}: {sheet.cast} cast on its sheet, {count} ballots in the record")
    return len(found)
