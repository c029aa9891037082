"""Records that must hold, though something happened on the day; and what is said of single ballots and sheets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import failed
from maker import PAD, SPARE, Key, Maker, Vote, enc, vkey, votes

from amanat_verifier import Report, verify
from amanat_verifier.ask import compare_sheet, explain
from amanat_verifier.cbor import decode, encode
from amanat_verifier.codes import ballot_code, base32
from amanat_verifier.hashes import identify
from amanat_verifier.record import Record

Judge = Callable[[Maker], Report]


def test_an_honest_day_holds_and_every_check_counted_something(judge: Judge) -> None:
    report = judge(Maker())
    assert failed(report) == {}
    assert report.ok
    assert all(check.items > 0 for check in report.checks)
    assert report.result is not None
    assert report.result["majlis"] == {
        "votes": {"1001": 3, "1002": 1, "1003": 1, "1004": 0}, "counted": 6, "valid": 5, "blank": 1,
        "unreadable": 0, "elected": ["1001"], "runoff": [], "tied": [],
    }  # fmt: skip


def test_without_a_given_hash_it_says_aloud_whom_it_trusted(tmp_path: Path) -> None:
    eh = Maker().make(tmp_path)
    assert any("TAKEN FROM THE RECORD ITSELF" in note for note in verify(tmp_path, None).notes)
    assert not any("TAKEN FROM" in note for note in verify(tmp_path, eh).notes)
    assert "V2" in failed(verify(tmp_path, bytes(32)))


def test_several_processes_find_the_same(tmp_path: Path) -> None:
    eh = Maker().make(tmp_path)
    assert verify(tmp_path, eh, 2).result == verify(tmp_path, eh, 1).result


def broken_proof(m: Maker, pair: list[Any]) -> None:
    vote, core = pair
    if vote.annul:
        core[4][0] = core[4][0][:32] + enc(7)


def broken_permit(m: Maker, vote: Vote) -> None:
    if vote.annul:
        vote.permit_signature = bytes(64)


def strange_issuer(m: Maker, vote: Vote) -> None:
    """A rigged terminal takes a permit of a device that does not exist."""
    if vote.annul:
        vote.permit[3] = 99


def without_strangers(m: Maker, _: None) -> None:
    m.permits = [row for row in m.permits if row[1] != 99]


STRANGE = {"permit": strange_issuer, "summaries": without_strangers}


@pytest.mark.parametrize("hooks", [{"core": broken_proof}, {"permit_signed": broken_permit}, STRANGE])
def test_a_broken_ballot_that_is_annulled_in_public_is_no_fault(judge: Judge, hooks: dict[str, Any]) -> None:
    report = judge(Maker([Vote("0000000010", 1, annul=True), *votes()], **hooks))
    assert failed(report) == {}


def late_permit(m: Maker, sheets: dict[int, list[Any]]) -> None:
    """The desk's closing sheet does not have the permit of the annulled ballot: it was made afterwards."""
    from amanat_verifier.bulletin import root_over

    desk = next(v.permit[3] for v in m.people if v.annul)
    late = {m.ph(v) for v in m.people if v.annul}
    mine = [ph for ph, device in m.permits if device == desk and ph not in late]
    sheets[desk][5], sheets[desk][11] = len(mine), root_over(mine)


def test_a_permit_made_after_closing_is_annulled(judge: Judge) -> None:
    report = judge(Maker([Vote("0000000010", 1, annul=True), *votes()], sheets=late_permit))
    assert failed(report) == {}


def never_approved(m: Maker, people: list[Vote]) -> None:
    """A rigged terminal takes a permit that the observer never approved."""
    m.approvals = [row for row in m.approvals if row[0] != m.ph(people[0])]


def lost_with_the_pad(m: Maker, people: list[Vote]) -> None:
    """The pad is destroyed before it closed, and one approval with it."""
    m.status[PAD] = (2, None)
    never_approved(m, people)


def no_sheet_of_the_pad(m: Maker, _: None) -> None:
    m.sheet_rows = [row for row in m.sheet_rows if decode(row[1])[2] != PAD]


def test_a_ballot_that_no_observer_approved_is_annulled(judge: Judge) -> None:
    """C-9: the pad's closing sheet proves that it did not approve the permit."""
    report = judge(Maker([Vote("0000000010", 0, annul=True), *votes()], ballots=never_approved))
    assert failed(report) == {}


@pytest.mark.parametrize(("ruling", "counted"), [(0, 7), (3, 6)])
def test_the_boards_decide_on_an_approval_lost_with_its_pad(judge: Judge, ruling: int, counted: int) -> None:
    """C-9: no sheet says what the pad approved, so neither headquarters nor the rule takes the ballot away."""

    def decided(m: Maker, people: list[Vote]) -> None:
        lost_with_the_pad(m, people)
        m.decisions.append((1, people[0].id, ruling))

    people = [Vote("0000000010", 0, ([1], None)), *votes()]
    report = judge(Maker(people, ballots=decided, summaries=no_sheet_of_the_pad))
    assert failed(report) == {}
    assert report.result is not None
    assert report.result["majlis"]["counted"] == counted


def annul_the_first(m: Maker, people: list[Vote]) -> None:
    m.decisions.append((1, people[0].id, 3))


def test_the_boards_annul_a_ballot_and_exclude_a_person(tmp_path: Path) -> None:
    maker = Maker(ballots=annul_the_first)
    maker.excluded = ["0000000003"]
    report = verify(tmp_path, maker.make(tmp_path))
    assert failed(report) == {}
    record = Record(tmp_path, given=None, jobs=1)
    assert "by decision" in explain(record, ballot_code(maker.people[0].id)).en
    assert "not eligible" in explain(record, maker.people[3].id.hex()).en


def device_apart(m: Maker, people: list[Vote]) -> None:
    decision = identify(m.eh, "decision", encode([1, 2, m.device_ids[3], 0, bytes(32)]))
    m.decisions.append((2, m.device_ids[3], 0))
    m.status |= {3: (4, decision), 1: (1, bytes(32)), 2: (2, None)}


def no_sheets(m: Maker, _: None) -> None:
    m.sheet_rows = [row for row in m.sheet_rows if decode(row[1])[2] in (0, PAD)]


def test_devices_may_be_carried_missing_or_apart(judge: Judge) -> None:
    assert failed(judge(Maker(ballots=device_apart, summaries=no_sheets))) == {}


def test_the_replaced_permit_wins(judge: Judge) -> None:
    """A voter's permit is replaced because the terminal was thought dead, and both ballots arrive."""
    people = [*votes(), Vote("0000000011", 0), Vote("0000000011", 0, replaces=7)]
    assert failed(judge(Maker(people))) == {}


def test_the_same_permit_twice_has_one_row(judge: Judge) -> None:
    def again(m: Maker, vote: Vote) -> None:
        if vote is m.people[1]:
            vote.permit, vote.station = m.people[0].permit, 0

    people = [Vote("0000000001", 0), Vote("0000000001", 0), *votes()[3:]]
    assert failed(judge(Maker(people, permit=again))) == {}


def test_an_unreadable_ballot_is_counted_as_such(judge: Judge) -> None:
    """A terminal marks a ballot with a counter that is not the smallest: it opens to nothing."""
    report = judge(Maker([Vote("0000000012", 0, ([0], None), skip=1), *votes()]))
    assert failed(report) == {}
    assert report.result is not None
    assert report.result["majlis"]["unreadable"] == 1


def second_day() -> list[Vote]:
    return [Vote(f"00000000{n}", 1, session=2) for n in (21, 22, 23)] + [Vote("0000000001", 0, session=2)]


def test_a_later_session_has_its_own_units_and_knows_who_was_counted(judge: Judge) -> None:
    assert failed(judge(Maker([*votes(), *second_day()]))) == {}


def test_a_later_session_that_is_too_small_is_late(judge: Judge) -> None:
    def late(m: Maker, rows: list[list[Any]]) -> list[list[Any]]:
        mine = [[v.id, 4, None] for v in m.mine if v.session == 2 and v.person != "0000000001"]
        return rows + mine

    report = judge(Maker([*votes(), *second_day()[1:]], aside=late))
    assert failed(report) == {}


def test_a_tie_is_named_and_a_lot_decides_it(tmp_path: Path) -> None:
    people = [Vote("0000000001", 0, ([0], None)), Vote("0000000002", 0, ([1], None)), Vote("0000000003", 0, ([], None))]
    report = verify(tmp_path, Maker(people).make(tmp_path))
    assert failed(report) == {}
    assert report.result is not None
    assert report.result["majlis"]["tied"] == ["1001", "1002"]
    drawn = Maker(people)
    drawn.lots = [(0, 0, ["1001", "1002"], ["1002"])]
    report = verify(tmp_path, drawn.make(tmp_path))
    assert failed(report) == {}
    assert report.result is not None
    assert report.result["majlis"]["elected"] == ["1002"]


def test_a_witness_of_the_manifest_must_sign(judge: Judge, tmp_path: Path) -> None:
    maker = Maker()
    maker.witnesses = [vkey("witness.test", maker.witness.public)]
    assert failed(judge(maker)) == {}
    checkpoint = tmp_path / "bulletin/checkpoint"
    checkpoint.write_text("".join(line for line in checkpoint.read_text().splitlines(True) if "witness" not in line))
    assert "witnesses" in failed(verify(tmp_path, maker.eh))["V5"]


def test_any_byte_of_any_file_matters(tmp_path: Path) -> None:
    """Each file with its middle byte changed, then longer, shorter, gone: refused with a place, never a traceback."""
    maker = Maker([Vote(f"{i:010d}", i % 2, ([i % 2], None)) for i in range(4)])
    maker.contests = maker.contests[:1]
    eh = maker.make(tmp_path)
    for path, data in maker.files.items():
        half = len(data) // 2
        for spoilt in (data[:half] + bytes([data[half] ^ 1]) + data[half + 1 :] if data else b"x", data + b"x", b"x"):
            (tmp_path / path).write_bytes(spoilt)
            report = verify(tmp_path, eh)
            assert not report.ok, path
            assert "verifier failed" not in str(failed(report)), path
        (tmp_path / path).unlink()
        report = verify(tmp_path, eh)
        assert not report.ok, path
        assert "verifier failed" not in str(failed(report)), path
        (tmp_path / path).write_bytes(data)
    assert verify(tmp_path, eh).ok


def test_explain_tells_what_became_of_each_ballot(tmp_path: Path) -> None:
    maker = Maker()
    maker.make(tmp_path)
    record = Record(tmp_path, given=None, jobs=1)
    assert "was counted, in unit majlis/s1-" in explain(record, ballot_code(maker.people[0].id).lower()).en
    double = next(row[0] for row in maker.aside[1] if row[1] == 1)
    assert "duplicate" in explain(record, double.hex()).en
    assert "tested" in explain(record, maker.tested[0][0].hex()).en
    absent = explain(record, ballot_code(bytes(32)))
    assert not absent.yes
    assert "not in the record" in absent.en
    assert "سند" in absent.fa


def sheet_text(maker: Maker, sheet: list[Any], key: Key | None = None) -> str:
    own = identify(maker.eh, "sheet", encode(sheet))
    signer = key or maker.device_keys[sheet[2]]
    return "AH1" + base32(encode([encode(sheet), signer.sign(maker.eh, "sheet", own)]))


def test_a_photographed_sheet_agrees_or_contradicts(tmp_path: Path) -> None:
    maker = Maker()
    maker.make(tmp_path)
    record = Record(tmp_path, given=None, jobs=1)
    closing = maker.sheets[1]
    hourly = [1, 1, 1, 5, bytes(32), 0, 0, 2, 1, 1, 0, bytes(32), bytes(32)]
    more = [*hourly[:8], 9, *hourly[9:]]
    spare = [*hourly[:2], SPARE, *hourly[3:]]
    assert compare_sheet(record, sheet_text(maker, closing)).yes
    assert compare_sheet(record, sheet_text(maker, hourly).lower()).yes
    assert "cast 9 > 3" in compare_sheet(record, sheet_text(maker, more)).en
    assert "another closing sheet" in compare_sheet(record, sheet_text(maker, [*closing[:6], 1, *closing[7:]])).en
    assert "not signed" in compare_sheet(record, sheet_text(maker, hourly, Key())).en
    assert "no closing sheet" in compare_sheet(record, sheet_text(maker, spare)).en


def test_only_the_terminals_own_signature_makes_a_ballot_void(tmp_path: Path) -> None:
    """V12: a ballot that its own terminal signed as tested is annulled; the other terminal's word annuls nothing."""

    def tests(m: Maker, people: list[Vote]) -> None:
        own, other = people[0], people[3]
        m.test(own.id, own.permit[4])
        m.test(other.id, next(n for n in (1, 3) if n != other.permit[4]))
        own.annul = True

    report = verify(tmp_path, Maker(ballots=tests).make(tmp_path), 1)
    assert failed(report) == {}
