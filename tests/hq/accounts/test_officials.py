"""Headquarters makes officials, gives and ends roles; the log holds each act and shows when a line is missing."""

from typing import Any

import pytest
from django.test import Client
from tests.hq.office import WORD, at_desk, official

from amanat.errors import Rejected
from amanat.hq.accounts import pairs
from amanat.hq.accounts.log import first_broken
from amanat.hq.accounts.models import Action, Appointment, Official, Proposal
from amanat.hq.accounts.roles import Role
from amanat.hq.home import Home
from amanat.hq.writing import writing


@pytest.fixture
def desk(here: Home) -> Client:
    """Zahra of headquarters at her desk."""
    return at_desk(official("zahra", "زهرا نمونه", (Role.HEADQUARTERS, "")))


def test_it_makes_an_official_and_shows_the_second_factor_once(desk: Client) -> None:
    """The picture and its text are on the answer alone; the role comes next."""
    asked = {"name_fa": "بهرام نمونه", "username": "bahram", "password": WORD}
    page = desk.post("/officials/new/", asked).content.decode()
    assert "<svg" in page
    bahram = Official.objects.get(username="bahram")
    desk.post(f"/officials/{bahram.id}/", {"role": "governor", "scope": "county:firuzkuh"})
    shown = desk.get(f"/officials/{bahram.id}/").content.decode()
    assert "county:firuzkuh" in shown
    assert shown.count("<svg") == 1  # the seal of the page's head
    assert [one.verb for one in Action.objects.order_by("id")] == ["signed-in", "official-made", "appointed"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("username", "zahra", "گرفته شده"),
        ("password", "12345678", "گذرواژه"),
        ("name_fa", "", "لازم"),
    ],
)
def test_it_refuses_with_one_sentence_at_the_field(desk: Client, field: str, value: str, sentence: str) -> None:
    """What was typed stays in the form; nothing is made."""
    asked = {"name_fa": "بهرام نمونه", "username": "bahram", "password": WORD} | {field: value}
    answer = desk.post("/officials/new/", asked)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Official.objects.count() == 1


def test_it_ends_a_role_and_keeps_it_to_be_read(desk: Client) -> None:
    """The appointment has an end; its row stays."""
    reza = official("reza", "رضا نمونه", (Role.TELECOM, "province:tehran"))
    one = Appointment.objects.get(official=reza)
    desk.post(f"/appointments/{one.id}/end/")
    assert Appointment.objects.get(id=one.id).ended_ms is not None
    assert desk.post(f"/appointments/{one.id}/end/").status_code == 404


def test_a_scope_that_is_none_is_refused(desk: Client) -> None:
    """A slip of the keyboard in a scope is told with how to write it."""
    reza = official("reza", "رضا نمونه")
    answer = desk.post(f"/officials/{reza.id}/", {"role": "telecom", "scope": "city tehran"})
    assert answer.status_code == 422
    assert "county:damavand" in answer.content.decode()
    assert Appointment.objects.filter(official=reza).count() == 0


def test_a_missing_or_changed_line_of_the_log_shows(desk: Client) -> None:
    """Somebody with the database takes a line out, or writes another name into one: the page says which."""
    for number in range(3):
        official(f"o{number}", "کسی")
        desk.post(f"/officials/{Official.objects.get(username=f'o{number}').id}/", {"role": "trainer", "scope": ""})
    lines = list(Action.objects.order_by("id"))
    assert first_broken(lines) is None
    assert first_broken(lines[:1] + lines[2:]) == lines[2]
    Action.objects.filter(id=lines[1].id).update(summary_fa="کس دیگر")
    assert "گسسته" in desk.get("/log/").content.decode()


DONE: list[str] = []


@pytest.fixture
def act() -> Any:
    """An act of two, for these tests alone."""
    DONE.clear()
    one = pairs.PairAct(
        "test-act", (Role.HEADQUARTERS, Role.SUPERVISORY_BOARD), lambda facts, by: DONE.append(facts["n"])
    )
    pairs.ACTS["test-act"] = one
    yield one
    del pairs.ACTS["test-act"]


def test_two_people_of_two_roles_do_it_together(desk: Client, act: Any) -> None:
    """Zahra proposes; Sara of the supervisory board finds it on her desk and confirms: done once."""
    zahra = Appointment.objects.get(official__username="zahra")
    sara = at_desk(official("sara", "سارا نمونه", (Role.SUPERVISORY_BOARD, "")))
    proposal = pairs.propose(act, "election:one", "انتشار فهرست", {"n": "7"}, by=zahra)
    assert "انتشار فهرست" in sara.get("/desk/").content.decode()
    assert DONE == []
    assert sara.post(f"/proposals/{proposal.id}/", {"answer": "confirm"}).status_code == 302
    assert DONE == ["7"]
    assert sara.post(f"/proposals/{proposal.id}/", {"answer": "confirm"}).status_code == 409
    assert DONE == ["7"]


def test_a_refusal_needs_a_ground_and_does_nothing(desk: Client, act: Any) -> None:
    """Sara refuses: first without a ground, which is refused itself, then with one."""
    zahra = Appointment.objects.get(official__username="zahra")
    sara = at_desk(official("sara", "سارا نمونه", (Role.SUPERVISORY_BOARD, "")))
    proposal = pairs.propose(act, "election:one", "انتشار فهرست", {"n": "7"}, by=zahra)
    assert sara.post(f"/proposals/{proposal.id}/", {"answer": "refuse"}).status_code == 409
    sara.post(f"/proposals/{proposal.id}/", {"answer": "refuse", "ground": "نام‌ها کامل نیست"})
    assert Proposal.objects.get().state == "refused"
    assert DONE == []


def test_one_person_in_both_roles_cannot_do_it_alone(here: Home, act: Any) -> None:
    """Whoever holds both roles proposes in one and cannot confirm in the other."""
    official("both", "هر دو", (Role.HEADQUARTERS, ""), (Role.SUPERVISORY_BOARD, ""))
    first, second = Appointment.objects.order_by("id")
    proposal = pairs.propose(act, "election:one", "انتشار", {"n": "7"}, by=first)
    with pytest.raises(Rejected) as refused:
        pairs.answer(proposal.id, by=second, confirmed=True)
    assert refused.value.code == "pair-same-person"
    assert DONE == []


@pytest.mark.parametrize("path", ["/officials/", "/log/"])
def test_a_lists_queries_do_not_grow_with_its_rows(desk: Client, path: str) -> None:
    """10 and 300 rows cost the same number of queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for total in (10, 300):
        have = Official.objects.count()
        with writing():
            people = [Official(username=f"p{n}", name_fa="کسی", password="!") for n in range(have, total)]
            made = Official.objects.bulk_create(people)
            Appointment.objects.bulk_create(
                Appointment(official=one, role="trainer", scope="", at_ms=0) for one in made
            )
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(path).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_list_is_searched_and_exported(desk: Client) -> None:
    """Arabic letters find Persian names; the exports hold what was found, and no cell that a spreadsheet would run."""
    official("karimi", "=کریم کریمی")
    official("other", "دیگری")
    assert "کریم" in desk.get("/officials/?q=كريمي").content.decode()
    assert "دیگری" not in desk.get("/officials/?q=كريمي").content.decode()
    text = b"".join(desk.get("/officials/?q=كريمي&as=csv")).decode("utf-8-sig")
    assert "'=کریم کریمی" in text
    assert len(text.splitlines()) == 2
    from io import BytesIO

    from openpyxl import load_workbook

    sheet = load_workbook(BytesIO(desk.get("/officials/?as=xlsx").content)).active
    assert sheet is not None
    assert sheet.max_row == 4
