"""A joint session from plan to signed minutes: quorum, recusal, votes, and what is refused on the way."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from django.test import Client
from tests.hq.office import at_desk, official

from amanat.hq.accounts.models import Action, Appointment
from amanat.hq.accounts.roles import Role, Scope
from amanat.hq.home import Home

DONE: list[tuple[str, str]] = []


@pytest.fixture
def county(here: Home) -> Any:
    """Firuzkuh with a plan, a governor, eight of the executive board and three of the supervisory one."""
    from amanat.hq.elections.models import County, Plan

    Plan.objects.create(
        election_id="two-towns",
        title_fa="انتخابات نمونه",
        title_en="Sample",
        polling_day=date(2024, 3, 1),
        rule_set="majlis-1402",
        province_fa="تهران",
        made_ms=0,
    )
    scope = "county:firuzkuh"
    for n in range(8):
        official(f"executive{n}", f"عضو اجرایی {n}", (Role.EXECUTIVE_BOARD, scope))
    for n in range(3):
        official(f"supervisory{n}", f"عضو نظارت {n}", (Role.SUPERVISORY_BOARD, scope))
    official("elsewhere", "عضو دماوند", (Role.EXECUTIVE_BOARD, "county:damavand"))
    return County.objects.create(id="firuzkuh", name_fa="فیروزکوه", name_en="Firuzkuh")


@pytest.fixture
def governor(county: Any) -> Client:
    """The governor of Firuzkuh at his desk."""
    return at_desk(official("governor", "فرماندار نمونه", (Role.GOVERNOR, "county:firuzkuh")))


@pytest.fixture
def item(county: Any) -> Iterator[Any]:
    """Something that waits for a session."""
    from amanat.hq.sessions import api

    DONE.clear()
    api.HANDLERS["test"] = lambda item, by: DONE.append((item.subject, item.state))
    by = Appointment.objects.get(official__username="executive0")
    yield api.put_on_agenda("test", "place:12", "تصویب محل شعبهٔ ۱۲", where=Scope.read("county:firuzkuh"), by=by)
    del api.HANDLERS["test"]


PLAN = {
    "title_fa": "جلسهٔ مشترک فیروزکوه",
    "place_fa": "فرمانداری",
    "at_ms": "۱۴۰۲/۱۰/۰۵ ۰۹:۳۰",
    "boards": ["executive", "supervisory"],
    "county": "firuzkuh",
}


def planned(governor: Client, present: int = 11) -> Any:
    """The session, planned, with so many of its members marked present."""
    from amanat.hq.sessions.models import Session

    assert governor.post("/sessions/new/", PLAN).status_code == 302
    session = Session.objects.get()
    seats = [str(seat.id) for seat in session.seats.order_by("id")][:present]
    governor.post(f"/sessions/{session.id}/attendance/", {"present": seats})
    return session


def cast(session: Any, executive: int, supervisory: int) -> dict[str, str]:
    """Votes for, of so many of each board."""
    left = {"executive": executive, "supervisory": supervisory}
    votes = {}
    for seat in session.seats.order_by("id"):
        if left[seat.board] > 0:
            left[seat.board] -= 1
            votes[f"seat-{seat.id}"] = "for"
    return votes


def test_both_boards_decide_and_their_minutes_say_it(governor: Client, item: Any) -> None:
    """Planned, opened, one recusal, voted, closed, signed; the decision is carried out once, in that transaction."""
    from amanat.hq.sessions import api

    official("executive9", "عضو اجرایی ۹", (Role.EXECUTIVE_BOARD, "county:firuzkuh"))
    session = planned(governor, present=12)
    assert session.seats.count() == 12
    assert governor.post(f"/sessions/{session.id}/begin/").status_code == 302
    member = at_desk(official_of("executive0"))
    assert member.post(f"/items/{item.id}/recuse/", {"ground": "خویشاوندی با مالک"}).status_code == 302
    votes = cast(session, 9, 3)
    first = session.seats.order_by("id").first()
    votes.pop(f"seat-{first.id}")
    answer = governor.post(f"/items/{item.id}/vote/", votes | {"ground": "دسترسی و ظرفیت"})
    assert answer.status_code == 302
    assert DONE == [("place:12", "passed")]
    assert governor.post(f"/sessions/{session.id}/end/").status_code == 302
    text = text_of(governor.get(f"/sessions/{session.id}/minutes.pdf").content)
    for words in ("تصویب شد", "هشت", "خویشاوندی با مالک", "دسترسی و ظرفیت"):
        assert words in text
    assert member.post(f"/sessions/{session.id}/sign/").status_code == 302
    assert member.post(f"/sessions/{session.id}/sign/").status_code == 409
    decision = api.decision_of("test", "place:12")
    assert decision is not None
    assert decision.votes == {"executive": [8, 0, 0], "supervisory": [3, 0, 0]}
    verbs = list(Action.objects.filter(subject=f"session:{session.id}").values_list("verb", flat=True))
    assert verbs == ["session-planned", "attendance", "session-opened", "session-closed", "minutes-signed"]


def official_of(username: str) -> Any:
    """Somebody by name."""
    from amanat.hq.accounts.models import Official

    return Official.objects.get(username=username)


def text_of(data: bytes) -> str:
    """What a reader of the PDF finds in it, without the marks of direction."""
    run = subprocess.run(["pdftotext", "-layout", "-", "-"], input=data, capture_output=True, check=True)
    return re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", run.stdout.decode())


def test_without_a_quorum_it_does_not_begin(governor: Client, item: Any) -> None:
    """Seven of the executive board are there and eight are needed: the sentence says so, nothing has changed."""
    session = planned(governor, present=7)
    answer = governor.post(f"/sessions/{session.id}/begin/")
    assert answer.status_code == 409
    assert "حد نصاب" in answer.content.decode()
    session.refresh_from_db()
    assert session.state == "planned"


def test_a_recused_members_vote_is_refused_whole(governor: Client, item: Any) -> None:
    """The secretary enters a vote of a member who declared a conflict: nothing is decided, the name is said."""
    official("executive9", "عضو اجرایی ۹", (Role.EXECUTIVE_BOARD, "county:firuzkuh"))
    session = planned(governor, present=12)
    governor.post(f"/sessions/{session.id}/begin/")
    at_desk(official_of("executive0")).post(f"/items/{item.id}/recuse/", {"ground": "خویشاوندی"})
    answer = governor.post(f"/items/{item.id}/vote/", cast(session, 9, 3) | {"ground": "دلیل"})
    assert answer.status_code == 409
    assert "عضو اجرایی ۰" in answer.content.decode() or "عضو اجرایی 0" in answer.content.decode()
    assert DONE == []


def test_a_decision_without_a_ground_is_refused(governor: Client, item: Any) -> None:
    """What was not explained is not decided."""
    session = planned(governor)
    governor.post(f"/sessions/{session.id}/begin/")
    assert governor.post(f"/items/{item.id}/vote/", cast(session, 8, 3)).status_code == 409
    assert DONE == []


def test_what_failed_is_carried_out_as_failed_and_may_come_again(governor: Client, item: Any) -> None:
    """Two of the supervisory board are too few: it fails, and another item about the place may be asked for."""
    from amanat.errors import Rejected
    from amanat.hq.sessions import api

    session = planned(governor)
    by = Appointment.objects.get(official__username="executive0")
    with pytest.raises(Rejected):
        api.put_on_agenda("test", "place:12", "دوباره", where=Scope.read("county:firuzkuh"), by=by)
    governor.post(f"/sessions/{session.id}/begin/")
    governor.post(f"/items/{item.id}/vote/", cast(session, 8, 2) | {"ground": "دور است"})
    assert DONE == [("place:12", "failed")]
    assert governor.post(f"/items/{item.id}/vote/", cast(session, 8, 3) | {"ground": "x"}).status_code == 409
    api.put_on_agenda("test", "place:12", "دوباره", where=Scope.read("county:firuzkuh"), by=by)


def test_what_was_not_decided_waits_for_the_next_session(governor: Client, item: Any) -> None:
    """The session ends before the item's turn: the next one finds it on its agenda."""
    session = planned(governor)
    governor.post(f"/sessions/{session.id}/begin/")
    governor.post(f"/sessions/{session.id}/end/")
    item.refresh_from_db()
    assert item.session is None
    governor.post("/sessions/new/", PLAN)
    item.refresh_from_db()
    assert item.session is not None
    assert item.session.id != session.id


def test_another_countys_governor_sees_nothing(governor: Client, item: Any) -> None:
    """Damavand's governor gets 404 for Firuzkuh's session."""
    session = planned(governor)
    other = at_desk(official("other", "فرماندار دماوند", (Role.GOVERNOR, "county:damavand")))
    assert other.get(f"/sessions/{session.id}/").status_code == 404
    assert other.post(f"/sessions/{session.id}/begin/").status_code == 404


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Somebody else's act that ends after the view looked and before its own transaction begins."""
    from amanat.hq.sessions import views

    def between(act: Callable[[], object]) -> None:
        @contextmanager
        def writing() -> Iterator[None]:
            act()
            yield

        monkeypatch.setattr(views, "writing", writing)

    return between


def test_two_who_close_at_once_freeze_one_paper(governor: Client, item: Any, meanwhile: Any) -> None:
    """The second press finds it closed: the minutes that somebody may have signed, and who was there, stay."""
    from amanat.hq.sessions.models import Session

    session = planned(governor)
    governor.post(f"/sessions/{session.id}/begin/")
    rows = Session.objects.filter(id=session.id)
    meanwhile(lambda: rows.update(state="closed", minutes=b"frozen", minutes_sha256="00"))
    assert governor.post(f"/sessions/{session.id}/end/").status_code == 409
    session.refresh_from_db()
    assert (bytes(session.minutes), session.minutes_sha256) == (b"frozen", "00")
    rows.update(state="open")
    meanwhile(lambda: rows.update(state="closed"))
    assert governor.post(f"/sessions/{session.id}/attendance/", {}).status_code == 409
    assert session.seats.filter(is_present=True).count() == 11


def test_nobody_recuses_after_the_vote(governor: Client, item: Any, meanwhile: Any) -> None:
    """The vote is entered while a member writes: the recusal is refused, since the vote did not know of it."""
    from amanat.hq.sessions.models import Item, Recusal

    planned(governor)
    meanwhile(lambda: Item.objects.filter(id=item.id).update(state="passed"))
    answer = at_desk(official_of("executive0")).post(f"/items/{item.id}/recuse/", {"ground": "خویشاوندی"})
    assert answer.status_code == 409
    assert not Recusal.objects.exists()


def test_a_member_signs_once(governor: Client, item: Any, meanwhile: Any) -> None:
    """Two presses at once are one signature, at the time of the first."""
    from amanat.hq.sessions.models import Seat

    session = planned(governor)
    governor.post(f"/sessions/{session.id}/begin/")
    governor.post(f"/sessions/{session.id}/end/")
    seats = Seat.objects.filter(session=session, official__username="executive0")
    meanwhile(lambda: seats.update(signed_ms=1))
    assert at_desk(official_of("executive0")).post(f"/sessions/{session.id}/sign/").status_code == 409
    assert seats.get().signed_ms == 1
