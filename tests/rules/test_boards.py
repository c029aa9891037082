"""Two boards sit together: quorum, recusal, majority of each."""

from hypothesis import given
from hypothesis import strategies as st

from amanat.rules.boards import Choice, Failed, MayNotVote, NoQuorum, Passed, Seat, decide, quorum_lacks
from amanat.rules.calendar import Board

BOARDS = {
    "executive": Board("executive", {}, members=11, quorum=8, decides=6),
    "supervisory": Board("supervisory", {}, members=5, quorum=3, decides=3),
}
SEATS = [Seat(n, "executive", n < 8) for n in range(11)] + [Seat(20 + n, "supervisory", n < 4) for n in range(5)]


def votes(executive: int, supervisory: int) -> dict[int, Choice]:
    """So many for, in each board."""
    yes = [*range(executive), *(20 + n for n in range(supervisory))]
    return dict.fromkeys(yes, Choice.FOR)


def test_it_passes_when_both_boards_say_yes() -> None:
    """Six of the executive board and three of the supervisory one are enough."""
    assert decide(BOARDS, SEATS, (), votes(6, 3)) == Passed({"executive": (6, 0, 0), "supervisory": (3, 0, 0)})


def test_it_fails_when_one_board_has_too_few() -> None:
    """All of one board and two of the other are not."""
    assert isinstance(decide(BOARDS, SEATS, (), votes(8, 2)), Failed)
    assert isinstance(decide(BOARDS, SEATS, (), votes(5, 4)), Failed)


def test_a_recused_member_is_no_part_of_the_quorum() -> None:
    """Eight are present and one is the candidate's cousin: seven are left, and the board cannot decide this item."""
    assert quorum_lacks(BOARDS, SEATS) is None
    assert decide(BOARDS, SEATS, {0}, votes(0, 3)) == NoQuorum("executive", 7, 8)


def test_a_recused_or_absent_members_vote_is_refused() -> None:
    """It is not left out in silence."""
    assert decide(BOARDS, SEATS, {20}, {20: Choice.FOR}) == MayNotVote(20)
    assert decide(BOARDS, SEATS, (), {9: Choice.FOR}) == MayNotVote(9)
    assert decide(BOARDS, SEATS, (), {99: Choice.FOR}) == MayNotVote(99)


@given(st.dictionaries(st.sampled_from([*range(8), *range(20, 24)]), st.sampled_from(Choice)), st.data())
def test_a_vote_more_for_it_never_makes_it_fail(cast: dict[int, Choice], data: st.DataObject) -> None:
    """Monotone: whoever changes to *for* does no harm to it."""
    before = decide(BOARDS, SEATS, (), cast)
    seat = data.draw(st.sampled_from([*range(8), *range(20, 24)]))
    after = decide(BOARDS, SEATS, (), cast | {seat: Choice.FOR})
    assert not (isinstance(before, Passed) and isinstance(after, Failed))
