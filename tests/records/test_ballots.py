"""ballots.csv: what is forgiven, what is told, and who voters are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amanat.errors import BadInput
from amanat.records.ballots import Row, read_ballots, voter_ids
from amanat.records.definition import Definition
from amanat.records.reading import FAULTS_MAX, ManyFaults
from amanat.rules.national_id import parse, synthetic

from .test_definition import CANDIDATES, ELECTION, edited, read

HEADER = "station,voter,contest,choices\n"


def two_contests() -> Definition:
    """Majlis with two choices of four, council with one of two."""
    first = ELECTION[ELECTION.index("[[contest]]") : ELECTION.index("[stations]")]
    council = first.replace('"majlis"', '"council"').replace("candidates.csv", "council.csv")
    text = edited(ELECTION, "[stations]", council + "[stations]").replace("max_choices = 1", "max_choices = 2", 1)
    rows = CANDIDATES + "1003,رضا,Reza\n1004,مینا,Mina\n"
    return read(election=text, candidates=rows, **{"council.csv": "code,name_fa,name_en\n1,الف,a\n2,ب,b\n"})


ONE, TWO = read(), two_contests()


def rows_of(text: str, definition: Definition = ONE) -> list[Row]:
    return read_ballots(text.encode(), definition, file="ballots.csv")


def test_rows_are_read_in_file_order() -> None:
    """Choices in any order, blank, contest left out where there is one."""
    rows = rows_of(HEADER + "S002,ali,,1002\nS001,0076229645,majlis,\n")
    assert rows == [Row(2, "S002", "ali", "majlis", ("1002",)), Row(3, "S001", "0076229645", "majlis", ())]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HEADER + "S001,76229645,majlis,1004|1001\n",
        HEADER.replace("\n", "\r\n") + "S001,0076229645,majlis,1001|1004\r\n",
        HEADER + "S۰۰۱,۰۰۷۶۲۲۹۶۴۵,majlis,۱۰۰۱|١٠٠٤\n",
        HEADER + ' S001 ,"0076229645", majlis , 1001 | 1004 \n\n',
        "choices,contest,voter,station,note\n1004|1001,majlis,0076229645,S001,x\n",
    ],
)
def test_what_a_person_would_expect_is_accepted(text: str) -> None:
    """However it is typed it is one row."""
    (row,) = rows_of(text, TWO)
    assert row[1:] == ("S001", "0076229645", "majlis", ("1001", "1004"))


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        ("S999,ali,majlis,1001", "station-unknown", "station"),
        (",ali,majlis,1001", "station-unknown", "station"),
        ("S001,,majlis,1001", "field-empty", "voter"),
        ("S001,ali,president,1001", "ballot-contest-unknown", "contest"),
        ("S001,ali,,1001", "ballot-contest-unknown", "contest"),
        ("S001,ali,majlis,9999", "choice-unknown", "choices"),
        ("S001,ali,council,1001", "choice-unknown", "choices"),
        ("S001,ali,majlis,1001;1002", "choice-unknown", "choices"),
        ("S001,ali,majlis,1001|", "choice-unknown", "choices"),
        ("S001,ali,majlis,1001|1001", "choice-twice", "choices"),
        ("S001,ali,majlis,1001|1002|1003", "choices-many", "choices"),
        ("S001,ali,majlis", "row-length", None),
        ("S001,ali,majlis,1001,1002", "row-length", None),
        ('S001,"ali,majlis,1001', "row-malformed", None),
    ],
)
def test_a_fault_names_line_and_column(row: str, code: str, field: str | None) -> None:
    """The second row is wrong; file, line and column are told in both languages."""
    with pytest.raises(BadInput) as caught:
        rows_of(HEADER + "S001,zahra,majlis,1001\n" + row + "\n", TWO)
    fault = caught.value
    assert (fault.code, fault.facts["line"], fault.facts.get("field")) == (code, 3, field)
    assert "ballots.csv" in fault.say("fa")
    assert "ballots.csv, line 3" in fault.say("en")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file-empty"),
        (b"station,voter,choices\n", "column-missing"),
        (HEADER.encode("utf-16"), "file-encoding"),
        (HEADER.encode() + "S001,علي,,1001".encode("windows-1256"), "file-encoding"),
        (HEADER.encode() + b"\0\1\2", "file-binary"),
        (HEADER.encode() + b"S001,ali,,1001|" + b"1" * 10_000_000, "line-endless"),
    ],
    ids=["empty", "no contest column", "UTF-16", "windows-1256", "binary", "endless"],
)
def test_a_file_that_is_none(data: bytes, code: str) -> None:
    """One sentence, at once."""
    with pytest.raises(BadInput) as caught:
        read_ballots(data, ONE, file="ballots.csv")
    assert caught.value.code == code


def test_the_first_twenty_faults_are_told_in_order() -> None:
    """Lines of a thousand wrong rows: the first twenty, each once."""
    with pytest.raises(ManyFaults) as caught:
        rows_of(HEADER + "S001,zahra,,1001\n" + "S404,ali,,1001\nS001,ali,,404\n" * 500)
    assert [fault.facts["line"] for fault in caught.value.faults] == list(range(3, 3 + FAULTS_MAX))
    assert len(caught.value.say("fa").splitlines()) == FAULTS_MAX


def test_a_header_alone_is_an_election_in_which_nobody_voted() -> None:
    """No rows, no fault."""
    assert rows_of(HEADER) == []


def test_voters_without_an_id_get_one_that_nobody_has() -> None:
    """By first appearance, skipping ids of the file; two spellings of one text are one voter."""
    own = synthetic(1)
    rows = rows_of(HEADER + f"S001,علي,,\nS001,زهرا,,\nS001,{own},,\nS001,علی,,\nS001,1234567890,,\n")
    assert voter_ids(rows) == {
        "علی": synthetic(0),
        "زهرا": synthetic(2),
        own: own,
        "1234567890": synthetic(3),
    }


VOTERS = st.lists(st.sampled_from(["a", "b", "c", "d", *(synthetic(n) for n in range(6)), "0076229645"]), max_size=30)


@given(VOTERS)
def test_every_voter_has_one_id_and_no_two_share_one(voters: list[str]) -> None:
    """Any mixture of ids and names."""
    ids = voter_ids([Row(n, "S001", voter, "majlis", ()) for n, voter in enumerate(voters)])
    assert set(ids) == set(voters)
    assert len(set(ids.values())) == len(ids)
    assert all(parse(id_) == id_ for id_ in ids.values())
    assert all(ids[voter] == voter for voter in ids if parse(voter))
    texts = [voter for voter in ids if not parse(voter)]
    assert [ids[voter] for voter in texts] == sorted(ids[voter] for voter in texts)
