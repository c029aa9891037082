"""Second approvals (C-9) as the count checks them: bound by the pad's closing sheet (V10), asked for by V13."""

from collections.abc import Callable
from typing import Any

import pytest

from amanat.errors import Rejected
from amanat.records import cbor
from amanat.records import election_record as paths
from amanat.records.order import Decision, DecisionKind, Reason

MISSING = (3, 2, None)
PLACE = "sheet of device 3"


def approved_day(county: Callable[..., Any], **options: Any) -> Any:
    """Station 3 asks for approvals; its pad approved both of its voters' permits, and the day is closed."""
    place = county(approvals=1, **options)
    place.fill(6)
    for cast in place.boxes[2]:
        place.approve(cast)
    place.close()
    return place


def publish(place: Any, rows: list[tuple[bytes, int, bytes]]) -> None:
    place.write(paths.APPROVALS, cbor.encode_seq([*row] for row in sorted(rows)))


def refused(place: Any) -> str:
    with pytest.raises(Rejected) as found:
        place.order()  # it runs the checks of a machine, as the machine itself will
    return str(found.value)


def test_an_honest_day_holds(county: Callable[..., Any]) -> None:
    place = approved_day(county)
    place.order()
    assert not place.session().failing


def test_what_no_observer_approved_is_annulled(county: Callable[..., Any]) -> None:
    """A rigged terminal took a permit without an approval; the pad's sheet proves that there is none."""
    place = county(approvals=1)
    place.fill(6)
    approved, without = place.boxes[2]
    place.approve(approved)
    place.order()
    session = place.session()
    assert [session.ballots.ids[at] for at in session.failing] == [without.id]


def test_a_station_whose_pad_never_spoke_has_nothing_approved(county: Callable[..., Any]) -> None:
    place = county(approvals=1)
    place.fill(6)
    place.order()
    assert {place.session().ballots.ids[at] for at in place.session().failing} == {c.id for c in place.boxes[2]}


@pytest.mark.parametrize("change", ["dropped", "added", "exchanged"])
def test_the_pads_sheet_binds_the_list(county: Callable[..., Any], change: str) -> None:
    """Headquarters leaves an approval out, so that the ballot would be annulled by rule; or puts in one that the pad
    signed after its closing; or one in another's place.  The record is refused."""
    place = approved_day(county)
    first, second = place.approved
    later = place.approval(place.boxes[0][0])
    publish(place, {"dropped": [first], "added": [first, second, later], "exchanged": [first, later]}[change])
    said = refused(place)
    assert "V10" in said
    assert PLACE in said


def test_a_device_without_the_role_approves_nothing(county: Callable[..., Any]) -> None:
    """The station's own desk signs an approval: no list with it is read (V13)."""
    place = approved_day(county)
    publish(place, [place.approved[0], place.approval(place.boxes[2][1], device=2)])
    assert "V13" in refused(place)


def test_a_pad_of_another_station_approves_nothing(county: Callable[..., Any]) -> None:
    place = approved_day(county, pad_station=1)
    place.order()
    session = place.session()
    assert {session.ballots.ids[at] for at in session.failing} == {cast.id for cast in place.boxes[2]}


def test_a_pad_does_nothing_else(county: Callable[..., Any]) -> None:
    """K-8: with a second role nobody could say what the permits on its sheet are (V4)."""
    said = refused(approved_day(county, pad_roles=4 | 2))
    assert "V4" in said
    assert "roles" in said


def test_a_pad_issues_no_permit(county: Callable[..., Any]) -> None:
    place = approved_day(county)
    rows: list[Any] = cbor.decode_seq((place.record / paths.PERMITS).read_bytes())
    place.write(paths.PERMITS, cbor.encode_seq(sorted([*rows, [bytes(32), 3]])))
    said = refused(place)
    assert "V10" in said
    assert "issues no permit" in said


def test_an_unused_pad_approved_nothing(county: Callable[..., Any]) -> None:
    """V11: called unused, though the list names it."""
    assert "V11" in refused(approved_day(county, approver_end=(3, 3, None)))


def test_an_approval_left_out_with_its_pad_is_the_boards_to_judge(county: Callable[..., Any]) -> None:
    """C-9: the pad is called missing, an approval left out: no sheet contradicts it, so no rule annuls the ballot."""
    place = approved_day(county, approver_end=MISSING)
    publish(place, place.approved[:1])
    lacking = max(place.boxes[2], key=lambda cast: place.permit_hash(cast) != place.approved[0][0])
    said = refused(place)
    assert "V13" in said
    assert lacking.id.hex() in said


@pytest.mark.parametrize(("reason", "annulled"), [(Reason.STANDS, 0), (Reason.ANNULLED, 1)])
@pytest.mark.parametrize("kind", [DecisionKind.BALLOT, DecisionKind.PERMIT])
def test_the_boards_judge_it(county: Callable[..., Any], kind: DecisionKind, reason: Reason, annulled: int) -> None:
    place = county(approvals=1, approver_end=MISSING)
    place.fill(6)
    approved, lost = place.boxes[2]
    place.approve(approved)
    reference = lost.id if kind is DecisionKind.BALLOT else place.permit_hash(lost)
    place.decisions.append(Decision(kind, reference, reason, bytes(32)))
    place.order()
    session = place.session()
    assert not session.failing
    assert len(session.annulled) == annulled
