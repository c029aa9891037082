"""V10 and V11: every device accounted for, and its ballots and permits under the root on its closing sheet (J-6)."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from amanat.count.checks.ballots import Ballots, Summaries
from amanat.count.checks.election import Election, require, require_signatures
from amanat.count.exchange import Files
from amanat.records import cbor
from amanat.records import election_record as paths
from amanat.records.cbor import as_bytes, as_list
from amanat.records.device import ROLE_APPROVE, Certificate
from amanat.records.identifiers import merkle_root
from amanat.records.order import Decision, DecisionKind, DeviceStatus, Order, Reason
from amanat.records.sheet import CLOSING, Sheet, sheet_id


def read_sheets(files: Files, election: Election) -> dict[bytes, Sheet]:
    """The closing sheets by ID("sheet"), signed by their devices, sorted, one a device.  Raises Rejected."""
    rows = [as_list(row, "sheet", size=2) for row in cbor.decode_seq(files.read(paths.SHEETS))]
    sheets = [Sheet.decode(as_bytes(data, "sheet")) for data, _ in rows]
    ids = [sheet_id(election.eh, as_bytes(data, "sheet")) for data, _ in rows]
    devices = [sheet.device for sheet in sheets]
    known = set(devices) <= set(election.devices) and len(set(devices)) == len(devices)
    require("V10", paths.SHEETS, known and ids == sorted(set(ids)) and all(sheet.kind == CLOSING for sheet in sheets))
    keys = [election.devices[device].key for device in devices]
    signatures = [as_bytes(signature, "signature", size=64) for _, signature in rows]
    require_signatures("V10", paths.SHEETS, "sheet", election.eh, keys, ids, signatures)
    return dict(zip(ids, sheets, strict=True))


def require_devices(
    order: Order, decisions: dict[bytes, Decision], sheets: dict[bytes, Sheet], election: Election,
    ballots: Ballots, summaries: Summaries,
) -> None:  # fmt: skip
    """V11, and V10 for every device that is *closed*.  Raises Rejected naming the device."""
    require("V11", "order", [end.device for end in order.devices] == sorted(election.devices))
    boxes: dict[int, list[bytes]] = defaultdict(list)
    tested = Counter(device for _, device in summaries.tested)
    approved = _approved(summaries)
    used = set(summaries.permits) | set(tested) | set(approved)
    for at, permit in enumerate(ballots.permits):
        if permit is not None:
            boxes[permit.ballot_device].append(ballots.ids[at])
            used |= {permit.ballot_device, permit.check_in_device}
    _require_listed(order, election, ballots, summaries)
    for end in order.devices:
        device, reference = end.device, end.reference
        where = f"order: device {device}"
        match end.status:
            case DeviceStatus.CLOSED:
                sheet = sheets.get(reference or b"")
                require("V11", where, sheet is not None and sheet.device == device)
                assert sheet is not None
                permits = _permits_of(election.devices[device], summaries, approved[device])
                _require_sheet(sheet, boxes[device], permits, tested[device], where=f"sheet of device {device}")
            case DeviceStatus.CARRIED:
                require("V11", where, reference is not None)
            case DeviceStatus.MISSING:
                require("V11", where, reference is None)
            case DeviceStatus.UNUSED:
                require("V11", where, reference is None and device not in used)
            case DeviceStatus.APART:
                decision = decisions.get(reference or b"")
                holds = decision is not None and decision.kind is DecisionKind.DEVICE
                require("V11", where, holds)
                assert decision is not None
                fits = decision.reason in (Reason.STANDS, Reason.ANNULLED)
                require("V11", where, fits and decision.reference == election.certificates[device])


def _approved(summaries: Summaries) -> defaultdict[int, list[bytes]]:
    """The permits that each pad approved, ascending."""
    approved: defaultdict[int, list[bytes]] = defaultdict(list)
    for ph, pads in sorted(summaries.approvals.items()):
        for pad in pads:
            approved[pad].append(ph)
    return approved


def _permits_of(device: Certificate, summaries: Summaries, approved: Sequence[bytes]) -> Sequence[bytes]:
    """What permit_root is over: the permits that the device issued or, if it is a pad, approved (C-9, J-6)."""
    issued = summaries.permits.get(device.device, ())
    if not device.has(ROLE_APPROVE):
        return issued
    require("V10", f"sheet of device {device.device}: a pad issues no permit", not issued)
    return approved


def _require_listed(order: Order, election: Election, ballots: Ballots, summaries: Summaries) -> None:
    """V6: where the issuer is enrolled and not *closed*, no sheet says which permits it issued: each is in permits.seq.

    Or headquarters could take any ballot of such a device away by leaving its permit out, and nobody could count anew.
    """
    closed = {end.device for end in order.devices if end.status is DeviceStatus.CLOSED}
    listed = {(ph, device) for device, hashes in summaries.permits.items() for ph in hashes}
    for ballot, permit, ph in zip(ballots.ids, ballots.permits, ballots.permit_hashes, strict=True):
        if permit is not None and permit.check_in_device in election.devices and permit.check_in_device not in closed:
            require("V6", f"{paths.PERMITS}: ballot {ballot.hex()}", (ph, permit.check_in_device) in listed)


def _require_sheet(sheet: Sheet, box: Sequence[bytes], permits: Sequence[bytes], tested: int, *, where: str) -> None:
    """V10 and V11 of one closing sheet; `box` and `permits` ascending."""
    require("V10", f"{where}: permits", sheet.permits == len(permits))
    require("V10", f"{where}: permit_root", sheet.permit_root == merkle_root(permits))
    require("V11", f"{where}: cast", sheet.cast == len(box))
    require("V10", f"{where}: box_root", sheet.box_root == merkle_root(box))
    require("V10", f"{where}: tested", sheet.tested == tested)
    require("V10", f"{where}: prepared", sheet.prepared == sheet.cast + sheet.tested + sheet.dropped)
