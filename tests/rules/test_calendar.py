"""Deadlines from the polling day: right dates for 1402, who is late, what that blocks."""

from datetime import UTC, date, datetime, timedelta

import pytest

from amanat.errors import BadInput
from amanat.rules import calendar, persian

POLL = persian.parse_jalali("1402-12-11")
MAJLIS = calendar.load(calendar.shipped("majlis-1402"), file="majlis-1402.preparation.toml")
BY_ID = {one.id: one for one in MAJLIS.deadlines}


@pytest.mark.parametrize(
    ("id_", "begins", "ends"),
    [
        ("order-to-begin", None, "1402-05-15"),
        ("pre-registration", "1402-05-16", "1402-05-22"),
        ("certificates", None, "1402-06-27"),
        ("final-registration", "1402-07-27", "1402-08-03"),
        ("supervisory-objections", "1402-10-17", "1402-10-19"),
        ("council-decisions", None, "1402-11-20"),
        ("last-objections", "1402-11-21", "1402-11-23"),
        ("staff", None, "1402-11-11"),
        ("final-list", None, "1402-12-01"),
        ("notice", None, "1402-12-02"),
        ("campaign", "1402-12-03", "1402-12-10"),
    ],
)
def test_the_published_timetable_of_1402_comes_out(id_: str, begins: str | None, ends: str) -> None:
    """The distances give back the ministry's dates."""
    one = BY_ID[id_]
    assert one.ends.date(POLL) == persian.parse_jalali(ends)
    assert (one.begins.date(POLL) if one.begins else None) == (persian.parse_jalali(begins) if begins else None)


def test_the_day_itself_is_from_eight_to_six_in_iran() -> None:
    """08:00 in Iran is 04:30 in UTC; there is no summer time."""
    one = BY_ID["polling-day"]
    assert one.begins is not None
    assert one.begins.moment(POLL) == datetime(2024, 3, 1, 4, 30, tzinfo=UTC)
    assert one.ends.moment(POLL) == datetime(2024, 3, 1, 14, 30, tzinfo=UTC)


def test_a_late_board_is_named_with_what_it_holds_up() -> None:
    """The executive board has not decided a minute after its term: it is late, and the final list waits in the end."""
    one = BY_ID["executive-decisions"]
    done = {"order-to-begin", "pre-registration", "certificates", "executive-board", "final-registration"}
    just_after = one.ends.moment(POLL)
    rows = {row.deadline.id: row for row in calendar.standings(MAJLIS, POLL, just_after, done)}
    before = calendar.standings(MAJLIS, POLL, just_after - timedelta(minutes=1), done)
    assert [row.deadline.id for row in before if row.late] == []
    assert [row.deadline.id for row in rows.values() if row.late] == ["executive-decisions"]
    assert rows["executive-objections"].waits_for == ("executive-decisions",)
    assert "final-list" in calendar.held_up_by(MAJLIS, "executive-decisions")
    assert "campaign" not in calendar.held_up_by(MAJLIS, "executive-decisions")


def test_rows_come_in_the_order_in_which_they_end() -> None:
    """A page from top to bottom is the calendar."""
    rows = calendar.standings(MAJLIS, date(2024, 3, 1), datetime(2023, 1, 1, tzinfo=UTC), ())
    ends = [row.deadline.ends.moment(POLL) for row in rows]
    assert ends == sorted(ends)


ONE = """
[[deadline]]
id = "a"
title = {{ fa = "آ", en = "A" }}
until = {until}
owner = "x"
blocks = {blocks}
source = {{ fa = "م", en = "s" }}
"""
REST = "[code_list]\nchange_until = { day = -3 }\n"


@pytest.mark.parametrize(
    ("until", "blocks", "field"),
    [
        ("{ hour = 3 }", "[]", "until"),
        ("{ day = 1.5 }", "[]", "until"),
        ("{ day = 1, hour = 25 }", "[]", "until"),
        ("{ day = 1 }", '["b"]', "blocks"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_at_its_field(until: str, blocks: str, field: str) -> None:
    """No day, half a day, an hour that no clock has, a deadline that is none: the sentence names the field."""
    with pytest.raises(BadInput) as refused:
        calendar.load(ONE.format(until=until, blocks=blocks) + REST, file="x.toml")
    assert field in str(refused.value)


def test_nothing_waits_for_what_ends_after_it() -> None:
    """A deadline that blocks an earlier one would be a circle or a mistake of the file."""
    text = ONE.format(until="{ day = 5 }", blocks='["b"]') + ONE.format(until="{ day = 4 }", blocks="[]").replace(
        '"a"', '"b"'
    )
    with pytest.raises(BadInput):
        calendar.load(text + REST, file="x.toml")
