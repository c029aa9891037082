"""Each ballot by itself: checks V6 (permit), V7 (form and signature), V8 (proofs), V12 (not tested), V13 (approvals).

A ballot that fails one of them must be annulled in public (T-4); the check then holds, and V16 sees that it was.
"""

from collections.abc import Callable

from amanat_verifier.ballots import Ballot, Failures, approvals, ballots, by_session, permits, tested
from amanat_verifier.bulletin import BALLOT, bulletin
from amanat_verifier.devices import APPROVER, CHECK_IN, TERMINAL, Device, devices
from amanat_verifier.group import add, base, is_sound, scalar, times
from amanat_verifier.hashes import challenge, has_signed
from amanat_verifier.manifest import manifest
from amanat_verifier.orders import OF_BALLOT, OF_PERMIT, decisions
from amanat_verifier.pool import pieces, spread
from amanat_verifier.record import Record, once
from amanat_verifier.shapes import Fault, require_ascending
from amanat_verifier.sheets import CLOSED, UNUSED, closed, statuses

CHUNK_MIN = 64  # ballots, so that a child's start is paid for
PAIR = 64  # bytes of (A, B) or of (R, s)


def _device(record: Record, number: int, role: int, station: int) -> Device | None:
    """The device, if it exists, has the role and belongs to the station."""
    device = devices(record).get(number)
    return device if device and device.roles & role and device.station == station else None


def _permit_fault(record: Record, ballot: Ballot) -> str:
    """V6 for one ballot; an empty text if all is well."""
    permit = ballot.permit
    if permit is None:
        return f"permit of wrong form ({ballot.malformed})"
    found = manifest(record)
    if permit.mask >> len(found.contests) or not permit.mask or permit.station >= len(found.stations):
        return "permit for a contest or station that does not exist"
    if not (is_sound(permit.e[:32]) and is_sound(permit.e[32:])):
        return "permit: E is not two points other than the identity"
    issuer = _device(record, permit.issuer, CHECK_IN, permit.station)
    if issuer is None:
        return "permit: its issuer is no check-in device of the station"
    if (ballot.ph, permit.issuer) not in _listed_permits(record):
        return "permit: not in permits.seq under its issuer"
    if not has_signed(issuer.key, found.eh, "permit", ballot.ph, ballot.permit_signature):
        return "permit: the issuer's signature does not hold"
    return ""


def _form_fault(record: Record, ballot: Ballot) -> str:
    """V7 for one ballot."""
    permit = ballot.permit
    if permit is None:
        return f"ballot of wrong form ({ballot.malformed})"
    found = manifest(record)
    widths = [found.contests[i].width for i in permit.contests() if i < len(found.contests)]
    sizes = [PAIR * width for width in widths]
    if list(map(len, ballot.ciphertexts)) != sizes or list(map(len, ballot.proofs)) != sizes:
        return "ballot: its parts are not those of the permit's contests"
    joined = b"".join(ballot.ciphertexts)
    if not all(is_sound(joined[i : i + 32]) for i in range(0, len(joined), 32)):
        return "ballot: A or B is no point, or is the identity"
    terminal = _device(record, permit.terminal, TERMINAL, permit.station)
    if terminal is None:
        return "ballot: the terminal named is no ballot terminal of the station"
    if not has_signed(terminal.key, found.eh, "cast", ballot.id, ballot.cast):
        return "ballot: the terminal's signature does not hold"
    return ""


def _proof_fault(record: Record, ballot: Ballot) -> str:
    """V8 for one ballot; what has no parts was named by V7."""
    if ballot.permit is None:
        return ""
    found = manifest(record)
    key = found.keys["K"][0]
    for contest, pairs, proofs in zip(ballot.permit.contests(), ballot.ciphertexts, ballot.proofs, strict=False):
        for limb, at in enumerate(range(0, min(len(pairs), len(proofs)), PAIR)):
            a, b = pairs[at : at + 32], pairs[at + 32 : at + PAIR]
            r, s = proofs[at : at + 32], scalar(proofs[at + 32 : at + PAIR])
            if s is None or not (is_sound(r) and is_sound(a)):
                return f"ballot: proof of contest {contest}, limb {limb}: not canonical"
            c = challenge(found.eh, "pok", ballot.ph, contest, limb, key, a, b, r)
            if base(s) != add(r, times(c, a)):
                return f"ballot: proof of contest {contest}, limb {limb} does not hold"
    return ""


@once
def _listed_permits(record: Record) -> set[tuple[bytes, int]]:
    return set(permits(record))


def _scan(record: Record, task: tuple[Callable[[Record, Ballot], str], range]) -> list[tuple[bytes, str]]:
    fault_of, part = task
    all_of_them = ballots(record)
    return [(all_of_them[i].id, why) for i in part if (why := fault_of(record, all_of_them[i]))]


def _failures(record: Record, fault_of: Callable[[Record, Ballot], str]) -> Failures:
    manifest(record), devices(record), _listed_permits(record)  # found once, before children inherit them
    parts = pieces(len(ballots(record)), record.jobs, at_least=CHUNK_MIN)
    found = spread(record.jobs, record, _scan, [(fault_of, part) for part in parts])
    return Failures({ballot: why for rows in found for ballot, why in rows})


@once
def bad_permits(record: Record) -> Failures:
    """Ballots that fail V6."""
    return _failures(record, _permit_fault)


@once
def bad_forms(record: Record) -> Failures:
    """Ballots that fail V7, later copies of a ciphertext included (later by session, then by id)."""
    failures = _failures(record, _form_fault)
    seen: set[bytes] = set()
    for ballot in ballots(record):
        joined = b"".join(ballot.ciphertexts)
        pairs = {joined[i : i + PAIR] for i in range(0, len(joined), PAIR)}
        if pairs & seen or len(pairs) * PAIR != len(joined):
            failures.why.setdefault(ballot.id, "ballot: a ciphertext of it is in the record already")
        seen |= pairs
    return failures


@once
def bad_proofs(record: Record) -> Failures:
    """Ballots that fail V8."""
    return _failures(record, _proof_fault)


@once
def cast_though_tested(record: Record) -> Failures:
    """Ballots that fail V12: their own terminal says that it was tested; another terminal's word annuls nothing."""
    said = {(own, number) for own, number, _ in tested(record)}
    why = "ballot: it was tested, so it is void"
    return Failures({b.id: why for b in ballots(record) if b.permit and (b.id, b.permit.terminal) in said})


def _approval_fault(record: Record, ballot: Ballot) -> str:
    permit, stations = ballot.permit, manifest(record).stations
    if permit is None or permit.station >= len(stations) or not stations[permit.station].approvals:
        return ""
    if any(_device(record, number, APPROVER, permit.station) for number in _approvers(record).get(ballot.ph, ())):
        return ""
    return "permit: no second approval by a pad of the station"


@once
def _approvers(record: Record) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = {}
    for ph, number, _ in approvals(record):
        found.setdefault(ph, []).append(number)
    return found


@once
def _without_approval(record: Record) -> list[Ballot]:
    return [ballot for ballot in ballots(record) if _approval_fault(record, ballot)]


@once
def _open_ended(record: Record) -> set[int]:
    """Stations with a pad that did not close: no sheet says what it approved."""
    ended = statuses(record)
    return {
        device.station
        for device in devices(record).values()
        if device.roles & APPROVER and ended.get(device.number, (None,))[0] not in (CLOSED, UNUSED)
    }


@once
def unapproved(record: Record) -> Failures:
    """Ballots that fail V13: the sheets of all pads of the station prove that there is no approval.  The approvals' own
    signatures are checked by V13 itself."""
    lacking, unknown = _without_approval(record), _open_ended(record)
    proved = [b for b in lacking if b.permit is not None and b.permit.station not in unknown]
    return Failures({ballot.id: _approval_fault(record, ballot) for ballot in proved})


@once
def _failing_else(record: Record) -> dict[bytes, str]:
    whole: dict[bytes, str] = {}
    for found in (bad_permits, bad_forms, bad_proofs, cast_though_tested):
        whole = {**found(record).why, **whole}
    return whole


@once
def failing(record: Record) -> dict[bytes, str]:
    """Whoever fails V6, V7, V8, V12 or V13: annulled by T-4."""
    return {**unapproved(record).why, **_failing_else(record)}


def _count(record: Record) -> int:
    """Ballots in the files; an empty file passes only if the bulletin has no ballot either."""
    count = len(ballots(record))
    if not count and bulletin(record).kind(BALLOT):
        raise Fault("ballots/: no ballot, though the bulletin has some")
    return count


def check_permits(record: Record) -> int:
    """V6.  That a permit is not in permits.seq annuls a ballot only where its issuer's closing sheet shows the same, or
    its issuer does not exist; else headquarters could take any ballot away by leaving its permit out."""
    bad_permits(record).require_annulled(record)
    lists = devices(record).keys() - closed(record)
    for ballot in ballots(record):
        permit = ballot.permit
        if permit and permit.issuer in lists and (ballot.ph, permit.issuer) not in _listed_permits(record):
            raise Fault(f"{ballot.at}: its permit is not in permits.seq, as every ballot's must be")
    for i, (ph, number) in enumerate(permits(record), 1):
        device = devices(record).get(number)
        if device is None:
            raise Fault(f"journal-summaries/permits.seq: item {i} ({ph.hex()}): no such device")
    return _count(record)


def check_forms(record: Record) -> int:
    """V7."""
    for s, rows in by_session(record).items():
        require_ascending([ballot.id for ballot in rows], f"ballots/{s}.seq")
    bad_forms(record).require_annulled(record)
    return _count(record)


def check_proofs(record: Record) -> int:
    """V8."""
    bad_proofs(record).require_annulled(record)
    return _count(record)


def _bad_signatures(record: Record, task: tuple[str, int, list[tuple[bytes, int, bytes]], range]) -> list[int]:
    domain, role, rows, part = task
    eh, enrolled = manifest(record).eh, devices(record)
    bad = []
    for i in part:
        what, number, signature = rows[i]
        device = enrolled.get(number)
        if device is None or not device.roles & role or not has_signed(device.key, eh, domain, what, signature):
            bad.append(i)
    return bad


def _require_signed(record: Record, rows: list[tuple[bytes, int, bytes]], domain: str, role: int, where: str) -> None:
    """Each item of [hash, device, signature] is signed by a device with that role; a fault of the record if not."""
    manifest(record), devices(record)
    tasks = [(domain, role, rows, part) for part in pieces(len(rows), record.jobs, at_least=CHUNK_MIN)]
    for bad in spread(record.jobs, record, _bad_signatures, tasks):
        if bad:
            raise Fault(f"{where.replace('#', str(bad[0] + 1))}'s signature")


def check_tested(record: Record) -> int:
    """V12: tested ids are signed by terminals, and none was cast on the terminal that signed it."""
    _require_signed(record, tested(record), "tested", TERMINAL, "journal-summaries/tested.seq: item #: no terminal")
    cast_though_tested(record).require_annulled(record)
    return len(tested(record))


def check_approvals(record: Record) -> int:
    """V13: every approval is an approver's signature, and stands beside each permit that needs one.  Where it does not
    and a pad of the station did not close, the boards decide on the ballot or its permit: else headquarters could take
    any ballot away by leaving its approval out."""
    where = "journal-summaries/approvals.seq: item #: no approver"
    _require_signed(record, approvals(record), "approve", APPROVER, where)
    unapproved(record).require_annulled(record)
    decided = {(d.kind, d.reference) for rows in decisions(record).values() for d in rows}
    known = unapproved(record).why.keys() | _failing_else(record).keys()
    for ballot in _without_approval(record):
        if ballot.id not in known and not {(OF_BALLOT, ballot.id), (OF_PERMIT, ballot.ph)} & decided:
            raise Fault(f"{ballot.at}: no second approval, a pad that did not close, and no decision on it")
    return len(approvals(record))
