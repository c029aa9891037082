"""What must add up at closing and in the result (B-8, J-6, V25)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amanat.errors import Rejected
from amanat.rules.closing import (
    Account,
    ContestBallots,
    Difference,
    PaperStock,
    Received,
    Visits,
    differences,
    require_balanced,
    total,
)

GOOD = [
    Account(permits=5, refused=2, prepared=7, cast=4, tested=2, dropped=1),
    Account(permits=7, refused=2, prepared=7, cast=4, tested=2, dropped=1, permits_refused=1, left=2),
    Visits(attempts=9, cast=5, refused=3, left=1),
    PaperStock(received=100, used=3, spoiled=2, left=95),
    Received(received=10, counted=6, duplicate=1, paper=1, annulled=1, late=1),
    ContestBallots(counted=6, valid=3, blank=2, unreadable=1),
]


@pytest.mark.parametrize("account", GOOD)
def test_a_good_day_balances(account: Account) -> None:
    """Nothing to say about an account that adds up."""
    assert differences(account) == []
    require_balanced(account)


@pytest.mark.parametrize(
    ("account", "found"),
    [
        (Account(5, 0, 8, 4, 2, 1), Difference("prepared", 8, 7)),
        (Account(5, 0, 7, 4, 2, 1, permits_refused=1, left=2), Difference("permits", 5, 7)),
        (Visits(9, 5, 3, 2), Difference("attempts", 9, 10)),
        (PaperStock(100, 3, 1, 95), Difference("paper", 100, 99)),
        (Received(10, 6, 1, 1, 1, 0), Difference("received", 10, 9)),
        (ContestBallots(6, 3, 2, 0), Difference("counted", 6, 5)),
    ],
)
def test_a_ballot_too_many_is_named(account: Account, found: Difference) -> None:
    """The equation that fails is told with both its sides, and stops who requires balance."""
    assert differences(account) == [found]
    with pytest.raises(Rejected, match="does not add up") as caught:
        require_balanced(account)
    assert caught.value.facts == {"equation": found.equation, "left": found.left, "right": found.right}


def test_a_stations_account_is_the_sum_of_its_devices() -> None:
    """Two devices, one station; an empty station has done nothing."""
    assert total([Account(1, 2, 3, 1, 1, 1), Account(4, 0, 4, 4, 0, 0)]) == Account(5, 2, 7, 5, 1, 1)
    assert total([]) == Account(0, 0, 0, 0, 0, 0)


COUNT = st.integers(0, 10**6)


@given(parts=st.tuples(*[COUNT] * 7), wrong=st.integers(0, 6), by=st.integers(1, 1000))
def test_any_day_that_adds_up_balances_and_one_wrong_count_shows(parts: tuple[int, ...], wrong: int, by: int) -> None:
    """B-8, J-6.  Whatever people did, the equations hold; one number that is off by anything is named, and where the
    stock of paper is off, that is named too."""
    tested, dropped, cast, voided, left, used, spoiled = parts
    names = ("tested", "dropped", "cast", "permits_refused", "left", "used", "spoiled")
    told = dict(zip(names, parts, strict=True))

    def day(counts: dict[str, int]) -> list[Difference]:
        station = Account(
            permits=cast + voided + left,
            refused=0,
            prepared=cast + tested + dropped,
            **{name: counts[name] for name in names[:5]},
        )
        stock = PaperStock(used + spoiled + 7, counts["used"], counts["spoiled"], left=7)
        return differences(station) + differences(stock)

    assert day(told) == []
    told[names[wrong]] += by
    found = {difference.equation for difference in day(told)}
    assert (
        found
        == [{"prepared"}, {"prepared"}, {"prepared", "permits"}, {"permits"}, {"permits"}, {"paper"}, {"paper"}][wrong]
    )
