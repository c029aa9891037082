"""What must add up at closing and in the result (B-8, J-6, V25)."""

import pytest

from amanat.errors import Rejected
from amanat.rules.closing import (
    Account,
    ContestBallots,
    Difference,
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
