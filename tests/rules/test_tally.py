"""Counting, and who is elected (M-5, M-6, T-10): stories of real seats, and a slow count that must agree."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amanat.errors import Rejected
from amanat.rules.rule_set import load, shipped
from amanat.rules.tally import Counted, Lot, Outcome, Purpose, count, decide

MAJLIS = load(shipped("majlis-1402"), file="majlis-1402")
BY_ELECTION = load(shipped("by-election"), file="by-election")
CODES = tuple("ABCDEFG")


def test_ballots_are_counted_by_kind() -> None:
    """A name, two names, nothing, something unreadable: four ballots, two of them valid."""
    counted = count([["A"], ("A", "B"), [], None], CODES[:3])
    assert counted == Counted({"A": 2, "B": 1, "C": 0}, blank=1, unreadable=1, valid=2, counted=4)


def test_nobody_voted() -> None:
    """An empty box elects nobody, and is no tie."""
    assert decide(MAJLIS, 1, votes=dict.fromkeys(CODES, 0), valid=0, seats=1) == Outcome((), (), ())
    assert decide(BY_ELECTION, 1, votes=dict.fromkeys(CODES, 0), valid=0, seats=1) == Outcome((), (), ())


def test_a_fifth_of_tehrans_ballots_is_not_rounded() -> None:
    """1402: 1,569,857 valid ballots, so 313,972 votes elect and 313,971 do not."""
    votes = {"A": 313_972, "B": 313_971, "C": 1, "D": 0}
    assert decide(MAJLIS, 1, votes=votes, valid=1_569_857, seats=2) == Outcome(("A",), ("B", "C"), ())


def test_tehran_in_1402() -> None:
    """Thirty seats: 14 reach a fifth of the valid ballots, and of the others the best 32 go on for 16 seats."""
    reached = {f"1{i:03}": 320_000 + i for i in range(14)}
    others = {f"2{i:03}": 313_971 - i for i in range(3_531)}
    outcome = decide(MAJLIS, 1, votes=reached | others, valid=1_569_857, seats=30)
    assert outcome == Outcome(tuple(reached), tuple(others)[:32], ())


@pytest.mark.parametrize(
    ("story", "votes", "seats", "wanted"),
    [
        ("more reach the share than there are seats", {"A": 40, "B": 30, "C": 25}, 2, Outcome(("A", "B"), (), ())),
        ("one seat open: its best two go on", {"A": 15, "B": 14, "C": 13, "D": 2}, 1, Outcome((), ("A", "B"), ())),
        ("fewer than twice the seats: all go on", {"A": 19, "B": 18, "C": 17}, 2, Outcome((), ("A", "B", "C"), ())),
        ("no more left than open seats: no second round", {"A": 30, "B": 5}, 2, Outcome(("A",), (), ())),
        ("who has no vote goes nowhere", {"A": 15, "B": 0, "C": 0}, 1, Outcome((), (), ())),
        ("two level at the last seat", {"A": 30, "B": 30, "C": 10}, 1, Outcome((), (), ("A", "B"))),
        ("above the level ones is elected", {"A": 40, "B": 30, "C": 30}, 2, Outcome(("A",), (), ("B", "C"))),
        ("level at the edge of the runoff", {"A": 19, "B": 9, "C": 9, "D": 1}, 1, Outcome((), ("A",), ("B", "C"))),
        ("level, but both have a place", {"A": 30, "B": 30, "C": 1}, 2, Outcome(("A", "B"), (), ())),
    ],
)
def test_round_one(story: str, votes: dict[str, int], seats: int, wanted: Outcome) -> None:
    """Of a hundred valid ballots."""
    assert decide(MAJLIS, 1, votes=votes, valid=100, seats=seats) == wanted, story


def test_round_two_needs_no_share() -> None:
    """Relative majority of any size."""
    assert decide(MAJLIS, 2, votes={"A": 3, "B": 2, "C": 1}, valid=100, seats=1) == Outcome(("A",), (), ())


def test_the_boards_draw_a_lot_and_the_count_is_decided_again() -> None:
    """B and C are level at the last seat; the lot names C; the seat is filled and nobody is tied."""
    votes = {"A": 40, "B": 30, "C": 30}
    lot = Lot(Purpose.SEAT, ("B", "C"), ("C",))
    assert decide(MAJLIS, 1, votes=votes, valid=100, seats=2, lots=[lot]) == Outcome(("A", "C"), (), ())


def test_two_lots_one_for_the_seat_and_one_for_the_runoff() -> None:
    """The field of the runoff is not computed while a seat is tied; here both are settled, in the order drawn."""
    votes = {"A": 19, "B": 9, "C": 9, "D": 9}
    assert decide(MAJLIS, 1, votes=votes, valid=100, seats=1).tied == ("B", "C", "D")
    lot = Lot(Purpose.RUNOFF, ("B", "C", "D"), ("D",))
    assert decide(MAJLIS, 1, votes=votes, valid=100, seats=1, lots=[lot]) == Outcome((), ("A", "D"), ())


@pytest.mark.parametrize(
    "lot",
    [
        Lot(Purpose.RUNOFF, ("B", "C"), ("C",)),
        Lot(Purpose.SEAT, ("B", "C"), ("B", "C")),
        Lot(Purpose.SEAT, ("B", "C"), ()),
        Lot(Purpose.SEAT, ("A", "B"), ("A",)),
        Lot(Purpose.SEAT, ("B", "D"), ("B",)),
        Lot(Purpose.SEAT, ("B", "C"), ("A",)),
        Lot(Purpose.SEAT, ("B", "C"), ("D",)),
    ],
)
def test_a_lot_that_fits_no_tie_is_refused(lot: Lot) -> None:
    """Wrong purpose, too many, too few, not the tied, a name that was not tied."""
    with pytest.raises(Rejected, match="fits no tie"):
        decide(MAJLIS, 1, votes={"A": 40, "B": 30, "C": 30, "D": 1}, valid=100, seats=2, lots=[lot])


def test_a_lot_where_nobody_is_level_is_refused() -> None:
    """Lots decide nothing that votes have decided."""
    with pytest.raises(Rejected, match="fits no tie"):
        decide(BY_ELECTION, 1, votes={"A": 2, "B": 1}, valid=3, seats=1, lots=[Lot(Purpose.SEAT, ("A", "B"), ("B",))])


# A count as a child would do it: for each candidate, how many are strictly ahead, how many level.
def places(votes: dict[str, int], among: list[str], seats: int) -> tuple[set[str], set[str]]:
    ahead = {c: sum(votes[d] > votes[c] for d in among) for c in among}
    level = {c: sum(votes[d] == votes[c] for d in among) for c in among}
    inside = {c for c in among if ahead[c] + level[c] <= seats}
    return inside, {c for c in among if ahead[c] < seats < ahead[c] + level[c]}


def slow_decide(votes: dict[str, int], valid: int, seats: int) -> Outcome:
    named = [c for c in votes if votes[c]]
    elected, tied = places(votes, [c for c in named if Fraction(votes[c], valid) >= Fraction(1, 5)], seats)
    runoff: set[str] = set()
    left = [c for c in named if c not in elected]
    still_open = seats - len(elected)
    if not tied and 0 < still_open < len(left):
        runoff, tied = places(votes, left, 2 * still_open)
    return Outcome(tuple(sorted(elected)), tuple(sorted(runoff)), tuple(sorted(tied)))


ELECTIONS = st.lists(st.one_of(st.none(), st.frozensets(st.sampled_from(CODES), max_size=3)), max_size=40)


@given(ELECTIONS, st.integers(1, 5))
def test_a_slow_independent_count_agrees(ballots: list[frozenset[str] | None], seats: int) -> None:
    """Random elections, counted name by name and decided by counting who is ahead."""
    counted = count(ballots, CODES)
    assert counted.votes == {c: sum(b is not None and c in b for b in ballots) for c in CODES}
    assert counted.counted == counted.valid + counted.blank + counted.unreadable == len(ballots)
    assert counted.valid == sum(bool(b) for b in ballots)
    outcome = decide(MAJLIS, 1, votes=counted.votes, valid=counted.valid, seats=seats)
    assert outcome == slow_decide(dict(counted.votes), counted.valid, seats)


@given(ELECTIONS, st.integers(1, 5), st.data())
def test_a_lot_always_settles_a_tie(ballots: list[frozenset[str] | None], seats: int, data: st.DataObject) -> None:
    """Whatever is tied, a lot that names exactly the missing ones leaves nobody tied and fills the places."""
    counted = count(ballots, CODES)
    before = decide(BY_ELECTION, 1, votes=counted.votes, valid=counted.valid, seats=seats)
    if not before.tied:
        return
    drawn = tuple(data.draw(st.permutations(before.tied)))[: seats - len(before.elected)]
    lot = Lot(Purpose.SEAT, before.tied, drawn)
    after = decide(BY_ELECTION, 1, votes=counted.votes, valid=counted.valid, seats=seats, lots=[lot])
    assert after == Outcome(tuple(sorted(before.elected + drawn)), (), ())
    assert len(after.elected) == seats
