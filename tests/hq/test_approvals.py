"""Observers at headquarters: enrolment of pads, how a pad ends, what the record lists (C-9, D-1, J-6, K-8)."""

import json
from pathlib import Path
from typing import Any

import pytest

from amanat.errors import BadInput, Usage
from amanat.hq.cases import decisions
from amanat.hq.cases.boards import boards_of
from amanat.hq.devices.approvals import pads
from amanat.hq.devices.enrolment import enrol
from amanat.hq.results.export import Target, export
from amanat.records import cbor
from amanat.records.order import DecisionKind, DeviceStatus, Reason

CLOSED, CARRIED, MISSING, UNUSED = (int(status) for status in list(DeviceStatus)[:4])


def exported(place: Any) -> Path:
    target = Target(place.root / "record", place.root / "private", 1)
    export(place.here, target, now_ms=9, boards=boards_of(place.here, place.root / "authorities"))
    return target.record


def listed(record: Path) -> list[Any]:
    return cbor.decode_seq((record / "journal-summaries/approvals.seq").read_bytes())


def statuses(place: Any) -> list[int]:
    return [row[1] for row in json.loads((place.root / "private/devices.json").read_text())]


def test_pads_stand_after_the_ballot_terminals(approving: Any) -> None:
    """Station 1 has one ballot terminal, so its terminals 2 and 3 are pads, with role 4 alone; station 2 has none."""
    assert pads() == {1: 0, 2: 0}
    stranger = approving.root / "more/S2-2"
    stranger.mkdir(parents=True)
    (stranger / "request.cbor").write_bytes(cbor.encode([bytes(32), "x"]))
    with pytest.raises(BadInput):
        enrol(approving.here, approving.root / "more", now_ms=0)


def test_the_pads_own_journal_is_listed_and_its_sheet_closes(approving: Any, people: Any) -> None:
    """Two voters, one approved by each pad.  The desk wrote both down too: each stands once in the record."""
    first, second = approving.desk.check_in(people.MARYAM), approving.desk.check_in(people.ALI)
    rows = [approving.pad.approve(first), approving.second.approve(second)]
    approving.desk.approve(first, by=approving.pad)
    approving.desk.cast(first)
    approving.desk.cast(second)
    for terminal in (approving.desk, approving.pad, approving.second):
        terminal.close()
    approving.deliver(approving.desk, approving.pad, approving.second)
    record = exported(approving)
    assert listed(record) == sorted(rows)
    assert statuses(approving) == [CLOSED, CLOSED, CLOSED, UNUSED]
    assert len(cbor.decode_seq((record / "journal-summaries/sheets.seq").read_bytes())) == 3


def test_what_a_closed_pad_did_not_write_is_not_listed(approving: Any, people: Any) -> None:
    """Somebody's desk brings an approval that the pad signed and has not in its journal: it is not under its sheet, and
    the record would be refused for it (V10)."""
    issued = approving.desk.check_in(people.MARYAM)
    approving.desk.approve(issued, by=approving.pad)
    approving.pad.close()
    approving.deliver(approving.desk, approving.pad)
    assert listed(exported(approving)) == []
    assert statuses(approving)[1] == CLOSED


def test_a_signature_that_is_no_pads_is_not_listed(approving: Any, people: Any) -> None:
    """The desk approves its own permit, and writes a forged approval of the pad's: neither can stand (V13)."""
    issued = approving.desk.check_in(people.MARYAM)
    approving.desk.approve(issued)
    ph, _, signature = approving.desk.approve(issued)
    approving.desk.write("approval", [ph, 1, signature])
    approving.deliver(approving.desk, approving.pad)
    assert listed(exported(approving)) == []


def test_a_lost_pad_takes_no_approval_with_it(approving: Any, people: Any) -> None:
    """The pad is destroyed; the desk had written down what it approved: the ballot stands, and the pad is missing."""
    issued = approving.desk.check_in(people.MARYAM)
    body = approving.desk.approve(issued, by=approving.pad)
    approving.desk.cast(issued)
    approving.desk.close()
    approving.deliver(approving.desk)
    record = exported(approving)
    assert listed(record) == [body]
    assert statuses(approving)[1:3] == [MISSING, UNUSED]


def test_a_sheet_that_counts_more_approvals_than_came_closes_nothing(approving: Any, people: Any) -> None:
    """The pad counts one that it did not sign: it is carried, by its head, and what it signed is listed."""
    issued = approving.desk.check_in(people.MARYAM)
    approving.pad.write("approval", [bytes(32), 1, bytes(64)])  # its sheet counts it, and it is signed by nobody
    approving.pad.approve(issued)
    approving.pad.close()
    approving.deliver(approving.desk, approving.pad)
    exported(approving)
    assert statuses(approving)[1] == CARRIED


@pytest.mark.parametrize("kind", [DecisionKind.BALLOT, DecisionKind.PERMIT])
def test_the_boards_rule_on_an_approval_that_is_lost(approving: Any, people: Any, kind: DecisionKind) -> None:
    """Pad lost, and the desk has no word of the approval either: nothing is exported until the boards ruled (C-9)."""
    issued = approving.desk.check_in(people.MARYAM)
    approving.pad.approve(issued)
    ballot = approving.desk.cast(issued)
    approving.pad.entries = approving.pad.entries[:1]  # the rest was lost with it
    approving.deliver(approving.desk, approving.pad)
    with pytest.raises(Usage) as refused:
        exported(approving)
    assert refused.value.code == "hq-approval-missing"
    reference = ballot if kind is DecisionKind.BALLOT else approving.pad.state.permit_hashes[0]
    decisions.rule_on(approving.here, kind, reference, Reason.STANDS, "seen by both observers", now_ms=1)
    assert listed(exported(approving)) == []
