"""Headquarters' part of the election record, and what goes privately to the count.  Clauses D-1, D-2, T-2, L-3.

Everything is sorted by hash: no time, sequence or journal order is in it.  The ballots of a session are those on the
bulletin, so a batch is flushed first and what comes later belongs to a later session.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from amanat.errors import BadInput, Usage
from amanat.hq.bulletin import log
from amanat.hq.cases import decisions, doubles
from amanat.hq.cases.boards import Boards
from amanat.hq.cases.models import Decision as DecisionRow
from amanat.hq.cases.models import Exclusion as ExclusionRow
from amanat.hq.devices import approvals
from amanat.hq.devices.endings import Ending, endings, tested
from amanat.hq.devices.enrolment import Certificates, devices_seq
from amanat.hq.elections.acts import log_action
from amanat.hq.home import Home
from amanat.hq.intake.checks import Checker
from amanat.hq.writing import rows_of, writing
from amanat.records import cbor
from amanat.records import election_record as at
from amanat.records.cbor import Encodable, as_bytes
from amanat.records.manifest import json_line
from amanat.records.order import DecisionKind, DeviceStatus, Exclusion, Reason

COPIED: Final = ("manifest.cbor", "manifest.json", "rules.toml")


class Target(NamedTuple):
    """Where it goes: the record's folder, the private one, the session."""

    record: Path
    private: Path
    session: int


def export(here: Home, target: Target, *, now_ms: int, boards: Boards | None = None) -> dict[str, int]:
    """Writes the record up to the order to count; returns how many items each list has.

    With `boards`, drafts are signed and devices apart stand.

    Raises:
        BadInput: the folder holds a record already.
        Usage: the boards come first: a draft is unsigned, a device apart has no ruling, or a permit whose E is not of
            the person in V (C-6) has none.
    """
    if (target.record / at.MANIFEST).exists() and target.session == 1:
        raise BadInput("hq-folder-not-empty", file=str(target.record))
    apart = [(e.device, e.reference or b"", e.branches) for e in endings() if e.status is DeviceStatus.APART]
    if boards is not None:
        decisions.stand_forked(here, apart, now_ms=now_ms)
        decisions.sign_drafts(here, boards, now_ms=now_ms)
    Checker(here, Certificates()).run_all()
    _require_ruled(apart)
    _require_approvals_judged(here)
    log.flush(here, now_ms=now_ms)
    with writing():  # one moment for all lists: nothing arrives in between
        counts = _write(here, target)
        log_action("exported", f"{target.session}: {counts}", at_ms=now_ms)
    return counts


def _require_ruled(apart: Iterable[tuple[int, bytes, int]]) -> None:
    if drafts := decisions.unsigned():
        raise Usage("hq-drafts-unsigned", count=len(drafts), digest=drafts[0].hex())
    for device, reference, _ in apart:
        if not DecisionRow.objects.filter(kind=int(DecisionKind.DEVICE), reference=reference).exists():
            raise Usage("hq-device-apart", device=device)
    for (ph,) in rows_of("SELECT ph FROM intake_permit WHERE NOT sound ORDER BY ph"):
        if not DecisionRow.objects.filter(kind=int(DecisionKind.PERMIT), reference=bytes(ph)).exists():
            raise Usage("hq-permit-unsound", digest=bytes(ph).hex())


def _require_approvals_judged(here: Home) -> None:
    """C-9: a ballot without an approval, where a pad of its station did not close, needs a decision of the boards."""
    ended, pads = endings(), approvals.pads()
    settled = {e.device for e in ended if e.status in (DeviceStatus.CLOSED, DeviceStatus.UNUSED)}
    open_ended = {station for pad, station in pads.items() if pad not in settled}
    asking = {s for s in open_ended if here.manifest.stations[s].approvals}
    if not asking:
        return
    approved = {(a.ph, pads[a.pad]) for a in approvals.published(_closed(ended))}
    ruled = {(kind, bytes(ref)) for kind, ref in DecisionRow.objects.values_list("kind", "reference")}
    for ballot, ph, station in rows_of("SELECT id, ph, station FROM intake_ballot WHERE verdict = '' ORDER BY id"):
        judged = {(int(DecisionKind.BALLOT), bytes(ballot)), (int(DecisionKind.PERMIT), bytes(ph))} & ruled
        if station in asking and (bytes(ph), station) not in approved and not judged:
            raise Usage("hq-approval-missing", digest=bytes(ballot).hex())


def _write(here: Home, target: Target) -> dict[str, int]:
    record = target.record
    ended = endings()
    for name in COPIED:
        _put(record / name, (here.election / name).read_bytes())
    shutil.copytree(here.election / "keys", record / "keys", dirs_exist_ok=True)
    lists: dict[str, Sequence[Encodable]] = {
        at.SHEETS: list(_sheets(ended)),
        at.APPROVALS: [[ph, pad, signature] for ph, pad, signature, _ in approvals.published(_closed(ended))],
        at.TESTED: [[*row] for row in sorted(tested())],
        at.PERMITS: sorted(_permits(ended)),
        at.ballots_path(target.session): list(_ballots()),
        at.exclusions_path(target.session): list(_exclusions()),
        at.decisions_path(target.session): list(_decisions()),
    }
    for path, items in lists.items():
        _put(record / path, cbor.encode_seq(items))
    _put(record / at.DEVICES, devices_seq())
    if not (record / at.LOTS).exists():
        _put(record / at.LOTS, b"")
    shutil.rmtree(record / "bulletin", ignore_errors=True)
    log.write_files(here, record / "bulletin")
    _put(target.private / "cases.json", json_line(_groups()).encode())
    _put(target.private / "devices.json", json_line(list(_devices(ended))).encode())
    return {path: len(items) for path, items in lists.items()}


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _sheets(ended: Iterable[Ending]) -> Iterator[Encodable]:
    """[sheet, signature] of the closed devices, by ID."""
    wanted = {ending.reference for ending in ended if ending.status is DeviceStatus.CLOSED}
    for id_, sheet, signature in rows_of("SELECT id, sheet, signature FROM intake_sheet ORDER BY id"):
        if bytes(id_) in wanted:
            yield [bytes(sheet), bytes(signature)]


def _closed(ended: Iterable[Ending]) -> set[int]:
    return {ending.device for ending in ended if ending.status is DeviceStatus.CLOSED}


def _permits(ended: Iterable[Ending]) -> Iterator[list[Any]]:
    """[ph, issuer] by ph: all of delivered journals, and those of ballots whose issuer did not close.

    A closed issuer's sheet has the root over its own permits: one that it did not write may not slip in here; and a
    terminal that names an issuer who does not exist has its ballot annulled, not the whole record refused.
    """
    held = {(bytes(ph), device) for ph, device in rows_of("SELECT ph, device FROM intake_permit")}
    lists = {ending.device for ending in ended if ending.status is not DeviceStatus.CLOSED}
    for ph, issuer in rows_of("SELECT ph, issuer FROM intake_ballot"):
        if issuer in lists:
            held.add((bytes(ph), issuer))
    yield from ([ph, device] for ph, device in held)


def _ballots() -> Iterator[Encodable]:
    """[Core, signature] of every ballot on the bulletin, by id."""
    logged = {bytes(entry)[1:] for (entry,) in rows_of("SELECT entry FROM bulletin_logentry")}
    for id_, core, signature in rows_of("SELECT id, core, signature FROM intake_ballot ORDER BY id"):
        if bytes(id_) in logged:
            yield [bytes(core), bytes(signature)]


def _exclusions() -> Iterator[Encodable]:
    for row in ExclusionRow.objects.order_by("credential"):
        yield Exclusion(bytes(row.credential), Reason.ANNULLED, None).fields()


def _decisions() -> Iterator[Encodable]:
    for row in DecisionRow.objects.order_by("id"):
        yield [bytes(row.decision), cbor.decode(bytes(row.signatures or b""))]


def _groups() -> dict[str, list[Any]]:
    """The permits of each person who has several, and all permits whose person is known (T-6)."""
    known = rows_of("SELECT ph FROM intake_permit WHERE sound ORDER BY ph")
    groups = sorted(sorted(p.ph.hex() for p in group) for group in doubles.groups().values())
    return {"groups": groups, "known": [bytes(ph).hex() for (ph,) in known]}


def _devices(ended: Iterable[Ending]) -> Iterator[list[object]]:
    """[device, status, reference]; a device apart refers to its decision."""
    rulings = DecisionRow.objects.filter(kind=int(DecisionKind.DEVICE))
    ruled = {bytes(row.reference): bytes(row.id) for row in rulings}
    for device, status, reference, _ in ended:
        named = ruled[as_bytes(reference, "device", size=32)] if status is DeviceStatus.APART else reference
        yield [device, int(status), None if named is None else named.hex()]


def read_result(record: Path) -> dict[str, Any] | None:
    """result.json of a record, or None while there is none."""
    path = record / at.RESULT
    if not path.is_file():
        return None
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result
