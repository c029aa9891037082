"""Counting sets of choices, and who is elected.  Clauses M-5, M-6, T-10; cases: tests/rules/test_tally.py.

Votes are of ballots, not of marks: the base of a share is the number of valid ballots.  A tie is a value, not an error:
the places stay open until both boards draw a lot, record it, and the count is decided again with it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from amanat.errors import Rejected
from amanat.rules.rule_set import Plurality, RuleSet, Share


class Purpose(IntEnum):
    """What a lot is drawn for."""

    SEAT = 0
    RUNOFF = 1


@dataclass(frozen=True, slots=True)
class Lot:
    """A drawing of lots by both boards: among the `tied`, the codes `drawn`, in the order drawn."""

    purpose: Purpose
    tied: tuple[str, ...]
    drawn: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Codes in ascending order.  `tied` is not empty while a lot is missing; its places stay open."""

    elected: tuple[str, ...]
    runoff: tuple[str, ...]
    tied: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """One contest's ballots: valid has a name at least; counted = valid + blank + unreadable."""

    votes: Mapping[str, int]
    blank: int
    unreadable: int
    valid: int
    counted: int


def count(sets: Iterable[Iterable[str] | None], codes: Sequence[str]) -> Counted:
    """Count ballots, each the set of codes on it (empty: blank; None: unreadable); every code gets a number."""
    votes = Counter(dict.fromkeys(codes, 0))
    blank = unreadable = valid = counted = 0
    for chosen in sets:
        counted += 1
        if chosen is None:
            unreadable += 1
            continue
        names = frozenset(chosen)
        assert names <= votes.keys(), "a rank names no code that is not on the list"
        votes.update(names)
        valid += bool(names)
        blank += not names
    return Counted(dict(votes), blank, unreadable, valid, counted)


def decide(
    rule_set: RuleSet, round: int, *, votes: Mapping[str, int], valid: int, seats: int, lots: Sequence[Lot] = ()
) -> Outcome:
    """Who is elected and who goes to the next round; Rejected("lot-without-tie") for a lot that fits no tie of it.

    `votes` by code, `valid` ballots with a name at least.  Each lot must name exactly the tied and exactly as many
    as there are places open.
    """
    assert all(0 <= n <= valid for n in votes.values())
    remaining = list(lots)
    method = rule_set.rounds[round]
    named = [code for code, n in votes.items() if n > 0]
    match method:
        case Plurality():
            outcome = _outcome(*_best(votes, named, seats, Purpose.SEAT, remaining), runoff=())
        case Share():
            outcome = _share(method, votes, named, valid=valid, seats=seats, lots=remaining)
    for lot in remaining:
        raise Rejected("lot-without-tie", tied=", ".join(lot.tied), drawn=", ".join(lot.drawn))
    return outcome


def _share(
    method: Share, votes: Mapping[str, int], named: Sequence[str], *, valid: int, seats: int, lots: list[Lot]
) -> Outcome:
    reach = [c for c in named if votes[c] * method.share.denominator >= method.share.numerator * valid]
    elected, tied = _best(votes, reach, seats, Purpose.SEAT, lots)
    open_seats = seats - len(elected)
    if tied or open_seats == 0:
        return _outcome(elected, tied, runoff=())
    others = [c for c in named if c not in elected]
    if method.runoff_needs_more_than_seats and len(others) <= open_seats:
        return _outcome(elected, (), runoff=())  # nobody to choose between: the seat stays open
    runoff, tied = _best(votes, others, method.runoff_per_seat * open_seats, Purpose.RUNOFF, lots)
    return _outcome(elected, tied, runoff=runoff)


def _best(
    votes: Mapping[str, int], candidates: Sequence[str], places: int, purpose: Purpose, lots: list[Lot]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The best by votes for so many places, and who is level at the last one; takes the lot that settles it."""
    order = sorted(candidates, key=lambda code: (-votes[code], code))
    if len(order) <= places:
        return tuple(order), ()
    edge = votes[order[places]]  # the first who finds no place; who is above has one
    if votes[order[places - 1]] > edge:
        return tuple(order[:places]), ()
    above = tuple(code for code in order if votes[code] > edge)
    level = tuple(sorted(code for code in order if votes[code] == edge))
    for lot in lots:
        fits = lot.purpose == purpose and lot.tied == level and set(lot.drawn) <= set(level)
        if fits and len(set(lot.drawn)) == len(lot.drawn) == places - len(above):
            lots.remove(lot)
            return above + lot.drawn, ()
    return above, level


def _outcome(elected: Iterable[str], tied: Iterable[str], *, runoff: Iterable[str]) -> Outcome:
    return Outcome(tuple(sorted(elected)), tuple(sorted(runoff)), tuple(sorted(tied)))
