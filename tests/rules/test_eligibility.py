"""Who may vote by the register alone (C-1)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amanat.rules.eligibility import Eligible, Flags, NotEligible, born_on_or_before, decide
from amanat.rules.persian import parse_jalali


def test_nothing_against_a_person_is_eligible() -> None:
    """All flags true: eligible."""
    assert decide(Flags()) == Eligible()


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (Flags(alive=False, of_age=False), "dead"),
        (Flags(citizen=False), "not-citizen"),
        (Flags(in_country=False), "abroad"),
        (Flags(of_age=False), "under-age"),
        (Flags(not_barred=False), "barred"),
        (Flags(here=False), "elsewhere"),
    ],
)
def test_one_flag_refuses_with_its_reason(flags: Flags, reason: str) -> None:
    """The person is told one reason, the first."""
    assert decide(flags) == NotEligible(reason)  # type: ignore[arg-type]


@given(st.integers(0, 63))
def test_flags_are_a_number_and_back(bits: int) -> None:
    """The register keeps them as six bits."""
    assert Flags.from_bits(bits).bits() == bits


@pytest.mark.parametrize("bits", [-1, 64])
def test_no_other_number_is_flags(bits: int) -> None:
    """A seventh bit has no meaning, so it is no flags."""
    with pytest.raises(ValueError, match="flags"):
        Flags.from_bits(bits)


@pytest.mark.parametrize(
    ("polling", "birth"), [("1402-12-11", "1384-12-11"), ("1403-02-21", "1385-02-21"), ("1403-12-30", "1385-12-29")]
)
def test_eighteen_full_years_on_that_rounds_day(polling: str, birth: str) -> None:
    """The dates of both rounds of 1402 as they were announced; the leap day falls back to the 29th."""
    found: date = born_on_or_before(parse_jalali(polling), 18)
    assert found == parse_jalali(birth)
