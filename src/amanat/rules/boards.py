"""When boards that sit together may decide, and what they decided.  Ground: a rule set's `[board.*]` numbers.

In a joint session each board decides by its own quorum and majority; the item passes when both say yes.  Who declared a
conflict of interest in an item is not counted in its quorum and has no vote in it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from amanat.rules.calendar import Board


class Choice(Enum):
    """A member's vote."""

    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"


@dataclass(frozen=True, slots=True)
class Seat:
    """A member in a session."""

    id: int
    board: str
    is_present: bool


@dataclass(frozen=True, slots=True)
class Passed:
    """Every board said yes; votes are (for, against, abstained) by board."""

    votes: Mapping[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Failed:
    """A board did not say yes."""

    votes: Mapping[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class NoQuorum:
    """A board has too few members present who may vote."""

    board: str
    present: int
    needed: int


@dataclass(frozen=True, slots=True)
class MayNotVote:
    """A vote of somebody who is absent, recused, or no member."""

    seat: int


Outcome = Passed | Failed | NoQuorum | MayNotVote


def quorum_lacks(boards: Mapping[str, Board], seats: Sequence[Seat], recused: Collection[int] = ()) -> NoQuorum | None:
    """The first board without a quorum, or None."""
    for name, board in boards.items():
        present = sum(s.board == name and s.is_present and s.id not in recused for s in seats)
        if present < board.quorum:
            return NoQuorum(name, present, board.quorum)
    return None


def decide(
    boards: Mapping[str, Board], seats: Sequence[Seat], recused: Collection[int], votes: Mapping[int, Choice]
) -> Outcome:
    """What the boards of this session decided; `votes` by seat."""
    may = {seat.id: seat.board for seat in seats if seat.is_present and seat.id not in recused}
    for seat in votes:
        if may.get(seat) not in boards:
            return MayNotVote(seat)
    lack = quorum_lacks(boards, seats, recused)
    if lack is not None:
        return lack
    counts = {name: [0, 0, 0] for name in boards}
    for seat, choice in votes.items():
        counts[may[seat]][list(Choice).index(choice)] += 1
    shown = {name: (row[0], row[1], row[2]) for name, row in counts.items()}
    if all(shown[name][0] >= board.decides for name, board in boards.items()):
        return Passed(shown)
    return Failed(shown)
