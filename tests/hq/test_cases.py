"""Double check-ins, decisions taken offline, exclusions, rulings of both boards (C-1, C-6, C-10, T-2, T-5)."""

from pathlib import Path
from typing import Any

import pytest

from amanat.errors import BadInput, Usage
from amanat.hq.cases import decisions, doubles, offline
from amanat.hq.cases.boards import boards_of
from amanat.hq.cases.models import Decision as DecisionRow
from amanat.hq.cases.models import Exclusion as ExclusionRow
from amanat.hq.elections.deltas import add_delta
from amanat.hq.home import Home
from amanat.records import cbor
from amanat.records.order import DecisionKind, Reason
from amanat.records.permit import Permit, permit_hash

MINUTE = 60_000


def delta(here: Home, root: Path, person: str, flags: int, *, at_ms: int) -> None:
    changes = root / "changes.csv"
    changes.write_text(f"national_id,name_fa,birth_year,flags\n{person},نام,1360,{flags}\n", encoding="utf-8")
    add_delta(here, changes, now_ms=at_ms)


def test_maryam_votes_twice_while_both_stations_are_cut_off(here: Home, day: Any, people: Any) -> None:
    """Damavand and Firuzkuh lose their link.  Maryam votes in Damavand, then in Firuzkuh, which cannot know.  The
    journal of Firuzkuh arrives first.  Wanted: both ballots held, one case, one offline decision contradicted."""
    for station in (day.damavand, day.firuzkuh):
        station.seconds = None
    day.damavand.vote(people.MARYAM)
    day.firuzkuh.at += MINUTE
    day.firuzkuh.vote(people.MARYAM)
    day.deliver(day.firuzkuh)
    assert doubles.cases() == {}
    day.deliver(day.damavand)
    ((person, group),) = doubles.cases().items()
    assert person == people.MARYAM
    assert {permitted.station for permitted in group} == {0, 1}
    found = offline.figures(here)
    assert (found.made, found.as_json()["by_reason"]) == (2, {"checked-in-elsewhere": 1})


def test_a_replacement_is_no_case_but_a_group(here: Home, day: Any, people: Any) -> None:
    """The booth dies and Ali's permit is replaced: the count must see the group, the boards have nothing to judge."""
    first = day.damavand.check_in(people.ALI, booth=1)
    day.damavand.check_in(people.ALI, replaces=Permit.decode(first.permit).serial)
    day.deliver()
    assert doubles.cases() == {}
    assert [len(group) for group in doubles.groups().values()] == [2]


@pytest.mark.parametrize(("seconds", "made"), [(None, 1), (61, 1), (60, 0), (0, 0)])
def test_offline_is_no_answer_for_sixty_seconds(here: Home, day: Any, people: Any, seconds: int, made: int) -> None:
    """The entry's own body says how old headquarters' last answer was."""
    day.damavand.seconds = seconds
    day.damavand.vote(people.MARYAM)
    day.deliver()
    assert offline.figures(here).made == made
    assert offline.figures(here).contradicted == 0


def test_a_delta_contradicts_only_what_was_decided_after_it(here: Home, day: Any, root: Path, people: Any) -> None:
    """Sara dies on paper at nine.  Offline check-ins of hers at eight and ten: only the second is contradicted."""
    day.damavand.seconds = None
    day.damavand.check_in(people.SARA)
    delta(here, root, people.SARA, 62, at_ms=people.DAWN + 60 * MINUTE)
    day.damavand.at += 120 * MINUTE
    day.damavand.check_in(people.SARA)
    day.deliver()
    assert offline.figures(here).as_json() == {"made": 2, "contradicted": 1, "by_reason": {"not-eligible": 1}}


def test_a_refusal_offline_of_somebody_who_may_vote(here: Home, day: Any, root: Path, people: Any) -> None:
    """The register had Reza barred by mistake and was corrected before; the cut-off station refused him.  A refusal of
    who had voted there, and of a dead person, is right."""
    day.damavand.seconds = None
    delta(here, root, people.REZA, 63, at_ms=people.DAWN - MINUTE)
    day.damavand.refuse(people.REZA, "not-eligible", "barred")
    day.damavand.vote(people.ALI)
    day.damavand.at += MINUTE
    day.damavand.refuse(people.ALI, "checked-in-already", "here")
    day.damavand.refuse(people.DEAD, "not-eligible", "dead")
    day.deliver()
    assert offline.figures(here).as_json() == {"made": 4, "contradicted": 1, "by_reason": {"eligible": 1}}


def test_who_proves_not_eligible_is_excluded_by_both_boards(here: Home, day: Any, root: Path, people: Any) -> None:
    """A stale register let Sara vote.  One draft, signed by both boards, on the bulletin; asked again, nothing new."""
    day.damavand.vote(people.SARA)
    day.damavand.vote(people.ALI)
    day.deliver()
    delta(here, root, people.SARA, 62, at_ms=people.DAWN)
    assert decisions.exclude_not_eligible(here, now_ms=1) == 1
    assert decisions.exclude_not_eligible(here, now_ms=2) == 0
    assert decisions.sign_drafts(here, boards_of(here, root / "authorities"), now_ms=3) == 1
    row = DecisionRow.objects.get()
    assert (row.kind, row.reason) == (DecisionKind.EXCLUSION, Reason.ANNULLED)
    assert bytes(ExclusionRow.objects.get().digest) == bytes(row.reference)
    assert decisions.unsigned() == []


def test_a_ruling_is_never_edited(here: Home, day: Any, people: Any) -> None:
    """Another reason for the same permit is refused; the same ruling again changes nothing."""
    issued = day.damavand.check_in(people.ALI)
    ph = permit_hash(here.eh, issued.permit)
    first = decisions.rule_on(here, DecisionKind.PERMIT, ph, Reason.STANDS, "inspected", now_ms=1)
    assert decisions.rule_on(here, DecisionKind.PERMIT, ph, Reason.STANDS, "inspected", now_ms=2) == first
    with pytest.raises(BadInput) as caught:
        decisions.rule_on(here, DecisionKind.PERMIT, ph, Reason.ANNULLED, "no", now_ms=3)
    assert caught.value.code == "hq-decided-already"
    assert DecisionRow.objects.count() == 1


@pytest.mark.parametrize("who", ["one board", "twice the same", "a stranger"])
def test_a_decision_needs_both_boards(here: Home, root: Path, who: str) -> None:
    """One board alone, one board twice, or a key of nobody: still a draft, and not on the bulletin."""
    id_ = decisions.rule_on(here, DecisionKind.BALLOT, bytes(32), Reason.ANNULLED, "text", now_ms=1)
    both = boards_of(here, root / "authorities")("decision", [id_])[0]
    signatures = {"one board": both[:1], "twice the same": [both[0]] * 2, "a stranger": [both[0], bytes(64)]}[who]
    with pytest.raises(BadInput) as caught:
        decisions.attach_file(here, cbor.encode_seq([[id_, signatures]]), now_ms=2)
    assert caught.value.code == "hq-board-signatures"
    assert decisions.unsigned() == [id_]
    assert decisions.attach_file(here, cbor.encode_seq([[id_, both]]), now_ms=3) == 1


def test_the_export_waits_for_the_boards(here: Home, day: Any, root: Path, people: Any) -> None:
    """A draft without signatures, or a forked device without a ruling, stops the export with a sentence."""
    from amanat.hq.results.export import Target, export

    target = Target(root / "record", root / "private", 1)
    decisions.rule_on(here, DecisionKind.BALLOT, bytes(32), Reason.STANDS, "text", now_ms=1)
    with pytest.raises(Usage) as caught:
        export(here, target, now_ms=2)
    assert caught.value.code == "hq-drafts-unsigned"
    decisions.sign_drafts(here, boards_of(here, root / "authorities"), now_ms=3)
    day.damavand.vote(people.MARYAM)
    day.deliver(day.damavand)
    other = type(day.damavand)(here, 0, 0)
    other.write("opened", [1, ["another story"]])
    day.deliver(other)
    with pytest.raises(Usage) as caught:
        export(here, target, now_ms=4)
    assert (caught.value.code, caught.value.facts) == ("hq-device-apart", {"device": 0})
    export(here, target, now_ms=5, boards=boards_of(here, root / "authorities"))
    assert (root / "private" / "devices.json").read_text().startswith("[[0,4,")
