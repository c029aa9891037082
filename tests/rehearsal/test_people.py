"""The people of a rehearsal: invented ones by the seed, and the rows of a ballots.csv as visits."""

from collections import Counter

import pytest

from amanat.records.ballots import Row
from amanat.records.definition import CandidateRow, ContestDefinition
from amanat.rehearsal import people
from amanat.rehearsal.people import Crowd, from_rows, invent
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import parse, synthetic


def contest(name: str, *, candidates: int, max_choices: int) -> ContestDefinition:
    rows = tuple(CandidateRow(str(1000 + n), f"نامزد {n}", f"Candidate {n}", "", "", "") for n in range(candidates))
    return ContestDefinition(name, {"fa": name, "en": name}, 1, max_choices, 0, 50, 0, rows)


MAJLIS = contest("majlis", candidates=20, max_choices=3)
STATIONS = {"S001": 2, "S002": 3, "S003": 2}


def crowd(seed: int = 1, voters: int = 3000) -> Crowd:
    return invent(voters=voters, stations=STATIONS, contests=[MAJLIS], seed=seed)


def test_the_same_seed_gives_the_same_people() -> None:
    """A rehearsal can be repeated: seed 1 twice is one crowd, seed 2 another."""
    assert crowd(1) == crowd(1)
    assert crowd(1) != crowd(2)


def test_who_tries_twice_goes_elsewhere_and_wants_the_same() -> None:
    """About one in a hundred comes twice, at two stations, with one will: the right result is known beforehand."""
    visits = crowd().visits
    doubles = [person for person, count in Counter(v.person for v in visits).items() if count == 2]
    assert 10 < len(doubles) < 60
    for person in doubles:
        first, second = (v for v in visits if v.person == person)
        assert first.station != second.station
        assert first.choices == second.choices
        assert first.at <= second.at


def test_everybody_is_in_the_register_and_some_entries_are_stale() -> None:
    """All who come, and those at home, have an entry; for some headquarters learned something later."""
    made = crowd()
    ids = {c.national_id for c in made.citizens}
    assert {v.person for v in made.visits} <= ids
    assert len(ids) == len(made.citizens) > 2 * 3000
    stale = [c for c in made.citizens if c.later is not None]
    assert {c.flags == Flags() for c in stale} == {True, False}
    assert all(c.later != c.flags for c in stale)


def test_choices_are_possible_and_sometimes_blank() -> None:
    """Nobody wants more than the law allows or somebody who is no candidate."""
    wanted = [v.choices["majlis"] for v in crowd().visits]
    assert all(len(set(codes)) == len(codes) <= 3 and set(codes) <= set(MAJLIS.codes) for codes in wanted)
    assert any(codes == () for codes in wanted)


def test_rows_of_one_voter_for_two_contests_are_one_visit() -> None:
    """Maryam marks both ballots in S001, and comes again for the first one: two visits; Ali's row stands alone."""
    rows = [
        Row(2, "S001", "مریم", "majlis", ("1001",)),
        Row(3, "S001", "علی", "majlis", ()),
        Row(4, "S001", "مریم", "council", ("2001", "2002")),
        Row(5, "S001", "مریم", "majlis", ("1002",)),
        Row(6, "S002", "مریم", "majlis", ("1003",)),
    ]
    made = from_rows(rows, seed=1)
    assert made.voters == {"مریم": synthetic(0), "علی": synthetic(1)}
    here = [(v.person, dict(v.choices)) for v in made.visits if v.station == "S001"]
    assert here == [
        (synthetic(0), {"majlis": ("1001",), "council": ("2001", "2002")}),
        (synthetic(1), {"majlis": ()}),
        (synthetic(0), {"majlis": ("1002",)}),
    ]
    assert len(made.visits) == 4
    assert all(c.flags == Flags() for c in made.citizens)


@pytest.mark.parametrize("count", [1, 7, 100])
def test_rows_keep_their_order_within_a_station(count: int) -> None:
    """The queue of a station is the file's order, spread over the day."""
    rows = [Row(n + 2, "S001", f"voter {n}", "majlis", ()) for n in range(count)]
    made = from_rows(rows, seed=3)
    assert [v.person for v in made.visits] == [synthetic(n) for n in range(count)]
    assert all(0 <= v.at <= people.LAST_ARRIVAL_SECONDS for v in made.visits)
    assert all(parse(v.person) for v in made.visits)
