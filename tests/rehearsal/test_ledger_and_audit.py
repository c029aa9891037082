"""The voters' ledger against the record: what is missing or counted twice is found, whoever says otherwise."""

from pathlib import Path

import pytest

from amanat.records import cbor
from amanat.records.identifiers import identifier
from amanat.rehearsal import audit, ledger
from amanat.rehearsal.audit import Published, read_record
from amanat.rehearsal.ledger import Ledger, Line

A, B, C = (bytes([n]) * 32 for n in (1, 2, 3))


def line(person: str, ballot: bytes | None, told: ledger.Told = "cast") -> Line:
    return Line(person, "S001", told, None, ballot.hex() if ballot else None, 0, {"majlis": ["1001"]})


def test_it_counts_visits_one_by_one(tmp_path: Path) -> None:
    """Attempts, cast, refused and left are counted where they happen, and can be read back."""
    book = Ledger(tmp_path / "ledger.jsonl")
    lines = [line("1", A), line("2", B), Line("3", "S002", "refused", "not-eligible", None, 0, {})]
    lines += [Line("4", "S002", "left", None, None, 1, {"majlis": []})]
    for one in lines:
        book.write(one)
    book.close()
    assert (book.attempts, book.cast, book.left, book.tested) == (4, 2, 1, 1)
    assert book.refused == {"checked-in-already": 0, "not-eligible": 1}
    assert (book.cast_at("S001", "majlis"), book.cast_at("S002", "majlis")) == (2, 0)
    assert list(ledger.read(tmp_path / "ledger.jsonl")) == lines


def test_a_ballot_that_nobody_published_is_lost() -> None:
    """Ali holds a slip that the record does not know."""
    verdict = audit.audit([line("ali", A), line("maryam", B)], Published("", frozenset({B}), {}))
    assert verdict.lost == (A.hex(),)
    assert verdict.counted_twice == ()


def test_one_person_with_two_counted_ballots_is_found() -> None:
    """Maryam's two ballots: both counted is a fault, one set aside is not, the same one told twice is not."""
    published = Published("", frozenset({A, B, C}), {})
    assert audit.audit([line("maryam", A), line("maryam", B)], published).counted_twice == ("maryam",)
    aside = Published("", frozenset({A, B, C}), {B: "duplicate"})
    assert audit.audit([line("maryam", A), line("maryam", B)], aside).counted_twice == ()
    assert audit.audit([line("maryam", A), line("maryam", A)], published).counted_twice == ()


def test_who_was_told_cast_and_holds_no_id_is_lost() -> None:
    """Sara was told *cast* and no slip named her ballot; Reza was refused and holds nothing either."""
    lines = [line("sara", None), line("reza", None, "refused")]
    assert audit.audit(lines, Published("", frozenset(), {})).lost == ("sara",)


def test_a_ballot_that_stands_twice_in_the_record_is_counted_twice() -> None:
    """The record has Maryam's ballot two times: one id, two ballots; a set of ids would not see it."""
    twice = Published("", frozenset({A}), {}, repeated=frozenset({A}))
    assert audit.audit([line("maryam", A)], twice).counted_twice == ("maryam",)


def test_it_reads_the_record_itself(tmp_path: Path) -> None:
    """Ids are hashed anew from the published ballots; no list of ids is believed."""
    import hashlib

    (tmp_path / "manifest.cbor").write_bytes(b"a manifest")
    eh = hashlib.sha256(b"a manifest").digest()
    for folder, name, rows in (
        ("ballots", "1.seq", [[b"core one", b"s" * 64], [b"core two", b"s" * 64]]),
        ("dedup/1", "set-aside.seq", [[identifier("ballot", eh, b"core two"), 1, None]]),
    ):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_bytes(cbor.encode_seq(rows))
    published = read_record(tmp_path)
    assert published.received == {identifier("ballot", eh, core) for core in (b"core one", b"core two")}
    assert published.set_aside == {identifier("ballot", eh, b"core two"): "duplicate"}
    assert published.repeated == frozenset()
    (tmp_path / "ballots/1.seq").write_bytes(cbor.encode_seq([[b"core one", b"s" * 64]] * 2))
    assert read_record(tmp_path).repeated == {identifier("ballot", eh, b"core one")}
    (tmp_path / "ballots/1.seq").write_bytes(b"\xff")
    with pytest.raises(cbor.Malformed):
        read_record(tmp_path)


def test_a_total_that_the_voters_do_not_give_is_named() -> None:
    """Both chose 1001; the record counts A, sets B aside, and publishes a vote for 1002.  Wanted: both totals named,
    because 1001 has lost one and 1002 has won one; the honest totals differ nowhere (P-1)."""
    lines = [
        Line("sara", "S001", "cast", None, A.hex(), 0, {"majlis": ["1001"]}),
        Line("reza", "S001", "cast", None, B.hex(), 0, {"majlis": ["1001"]}),
    ]
    told = audit.votes_told(lines, Published("", frozenset({A, B}), {B: "duplicate"}))
    assert audit.differing_totals(told, {"majlis": {"1001": 1, "1002": 0}}) == ()
    assert audit.differing_totals(told, {"majlis": {"1001": 0, "1002": 1}}) == ("majlis/1001", "majlis/1002")
