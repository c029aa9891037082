"""National ids: what counts as one, and those that no person has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amanat.rules.national_id import SYNTHETIC_COUNT, SYNTHETIC_FIRST, check_digit, parse, synthetic


@pytest.mark.parametrize("text", ["0076229645", "۰۰۷۶۲۲۹۶۴۵", "76229645", " 076229645 "])
def test_lost_zeros_and_foreign_digits_are_forgiven(text: str) -> None:
    """A spreadsheet eats zeros, a phone types Persian digits: it is the same person (C-2)."""
    assert parse(text) == "0076229645"


@pytest.mark.parametrize(
    "text", ["", "0076229644", "1111111111", "7622964", "00762296450", "007622964x", "۷", "²²²²²²²²²²"]
)
def test_what_is_no_id(text: str) -> None:
    """Wrong check digit, repeated digit, wrong length, other characters."""
    assert parse(text) is None


@given(st.integers(0, 10**9 - 1), st.integers(0, 9), st.integers(0, 8))
def test_one_wrong_digit_is_seen(nine: int, other: int, place: int) -> None:
    """The check digit catches each single slip but those between remainders 0 and 1's complement classes.

    A slip changes the sum by d·w mod 11, never 0, and the digit repeats only for remainders 1 and 10.
    """
    good = f"{nine:09}"
    bad = good[:place] + str(other) + good[place + 1 :]
    remainders = {sum(int(d) * (10 - i) for i, d in enumerate(t)) % 11 for t in (good, bad)}
    if good != bad and remainders != {1, 10}:
        assert check_digit(good) != check_digit(bad)


@given(st.integers(0, SYNTHETIC_COUNT - 2))
def test_synthetic_ids_are_valid_increasing_and_nobodys(n: int) -> None:
    """Each is an id, in the unused range, above the one before."""
    assert parse(synthetic(n)) == synthetic(n) < synthetic(n + 1)
    assert int(synthetic(n)[:9]) >= SYNTHETIC_FIRST


def test_the_synthetic_range_has_ends() -> None:
    """It skips the repeated digits and says when it is used up."""
    assert [synthetic(n)[:9] for n in (77_777_776, 77_777_777)] == ["777777776", "777777778"]
    assert synthetic(SYNTHETIC_COUNT - 1)[:9] == "999999998"
    for n in (-1, SYNTHETIC_COUNT):
        with pytest.raises(ValueError, match="synthetic"):
            synthetic(n)
