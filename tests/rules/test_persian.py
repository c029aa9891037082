"""Persian text as people write it, and what is stored, searched, sorted and shown."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amanat.rules import persian

ICU_ORDER = Path(__file__).with_name("collation-fa.txt").read_text(encoding="utf-8").splitlines()
"""Names in the order that Intl.Collator("fa") of ICU 78 gave them."""

PERSIAN_TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=40)


@pytest.mark.parametrize("text", ["۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩", "0123456789"])
def test_digits_of_three_kinds_are_one(text: str) -> None:
    """Whatever keyboard a clerk has, the same number arrives; people see Persian digits."""
    assert persian.fold_digits(text) == "0123456789"
    assert persian.to_persian_digits(persian.fold_digits(text)) == "۰۱۲۳۴۵۶۷۸۹"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("علي  كريمى", "علی کریمی"),
        (" محمـــد\u200f رضا ", "محمد رضا"),
        ("می\u200cشود", "می\u200cشود"),
        ("\u200cعلی\u200c", "علی"),
        ("شعبه ٢", "شعبه 2"),
        ("ﻋﻠﯽ", "علی"),
        ("  plain  text ", "plain text"),
        ("\u200c", ""),
    ],
)
def test_the_stored_form(typed: str, stored: str) -> None:
    """Arabic letters, tatweel, bidi marks and odd spaces go; the half-space inside a word stays."""
    assert persian.normalise(typed) == stored


@given(PERSIAN_TEXT)
def test_storing_twice_changes_nothing(text: str) -> None:
    """The stored form is its own stored form, and so are both keys' inputs."""
    once = persian.normalise(text)
    assert persian.normalise(once) == once
    assert persian.search_key(once) == persian.search_key(text)


@pytest.mark.parametrize(
    "spellings",
    [
        ("هیئت", "هیأت", "هيئت"),
        ("رأی", "رای", "رأي"),
        ("فاطمة", "فاطمه"),
        ("خانۀ", "خانهٔ", "خانه"),
        ("می‌شود", "میشود"),
        ("مُحَمَّد", "محمد"),
        ("آمنه", "امنه"),
        ("۱۲", "١٢", "12"),
        ("ABC", "abc"),
    ],
)
def test_spellings_of_one_name_are_found_together(spellings: tuple[str, ...]) -> None:
    """Who searches in any spelling finds all of them."""
    assert len(set(map(persian.search_key, spellings))) == 1


def test_names_sort_as_icu_sorts_them() -> None:
    """A list sorted by the key has the order of the Persian alphabet, as a browser's collator has it."""
    assert sorted(reversed(ICU_ORDER), key=persian.sort_key) == ICU_ORDER


def test_vahid_stands_before_hadi() -> None:
    """و before ه: the two that code points have the other way round in Arabic."""
    assert sorted(["هادی", "وحید", "گیتی", "کاوه", "پری", "تقی"], key=persian.sort_key) == [
        "پری", "تقی", "کاوه", "گیتی", "وحید", "هادی",
    ]  # fmt: skip


def test_numbers_in_digits_and_words() -> None:
    """The minutes say each number twice."""
    assert persian.number(1_569_857) == "۱٬۵۶۹٬۸۵۷"
    assert persian.in_words(1_001_000) == "یک میلیون و یک هزار"
    assert persian.in_words(0) == "صفر"
    assert persian.in_words(100) == "یکصد"


@pytest.mark.parametrize("text", ["1402-12-11", "۱۴۰۲/۱۲/۱۱", " ١٤٠٢-١٢-١١ "])
def test_polling_day_of_1402(text: str) -> None:
    """The day of the first round is one day however it is written."""
    assert persian.parse_jalali(text) == date(2024, 3, 1)
    assert persian.jalali(date(2024, 3, 1)) == "۱۱ اسفند ۱۴۰۲"


@pytest.mark.parametrize(
    "text", ["", "1402", "1402-13-01", "1402-12-30", "1402-00-10", "1501-01-01", "2024-03-01", "1402-12-11x"]
)
def test_what_is_no_jalali_day_is_refused(text: str) -> None:
    """1402 is no leap year, and no calendar is trusted beyond 1500."""
    with pytest.raises(ValueError, match=r"Jalali|day|month|date"):
        persian.parse_jalali(text)


def test_a_day_beyond_the_fence_is_not_shown() -> None:
    """Tables of the calendar differ from 1503 on: nothing is shown rather than something wrong."""
    with pytest.raises(ValueError, match="beyond"):
        persian.jalali(date(2124, 3, 21))


@given(st.dates(min_value=date(1922, 3, 21), max_value=date(2122, 3, 20)))
def test_each_day_goes_there_and_back(day: date) -> None:
    """Jalali and back is the same day, and tomorrow is another."""
    number, month, year = persian.fold_digits(persian.jalali(day)).split()
    assert persian.parse_jalali(f"{year}-{persian.MONTHS.index(month) + 1}-{number}") == day
    assert persian.jalali(day) != persian.jalali(day - timedelta(days=1))


def test_the_hour_is_irans() -> None:
    """UTC is stored; people read +03:30, all year."""
    assert persian.jalali_moment(0) == "۱۱ دی ۱۳۴۸، ساعت ۰۳:۳۰"
    assert persian.jalali_moment(1_709_327_400_000) == "۱۲ اسفند ۱۴۰۲، ساعت ۰۰:۴۰"


@given(st.dates(date(1925, 1, 1), date(2121, 3, 1)))
def test_a_day_is_read_as_it_is_written(day: date) -> None:
    """What files hold of a day gives that day again."""
    assert persian.parse_jalali(persian.jalali_digits(day)) == day
