"""An office plans, keeps its calendar and publishes: two roles sign, versions are frozen, the files are read back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from tests.hq.office import at_desk, official
from tests.hq.office_home import a_plan, an_office

from amanat.errors import BadInput, Rejected
from amanat.hq import clock, office
from amanat.hq.accounts.models import Action, Official
from amanat.hq.accounts.roles import Role
from amanat.hq.home import Home
from amanat.records.definition import read_definition
from amanat.rules.persian import parse_jalali

CANDIDATES = [
    {"code": "1001", "name_fa": "آرش نمونه", "name_en": "Arash Sample"},
    {"code": "1002", "name_fa": "بهار نمونه", "name_en": "Bahar Sample"},
]
STATION = {"county": "دماوند", "district": "مرکزی", "ballot_terminals": "1", "mobile": "no"}
STATIONS = [
    STATION | {"id": "S001", "name_fa": "شعبهٔ یک"},
    STATION | {"id": "S002", "name_fa": "شعبهٔ دو", "county": "فیروزکوه"},
]


@pytest.fixture
def empty(memory: Path) -> Iterator[Home]:
    """An office without a plan."""
    import os

    with an_office(memory / os.urandom(4).hex()) as here:
        yield here
    clock.use(clock.SystemClock())


@pytest.fixture
def planned(empty: Home, monkeypatch: pytest.MonkeyPatch) -> Any:
    """With a plan, candidates and stations."""
    from amanat.hq.elections import exporting

    monkeypatch.setattr(exporting, "_candidates", [lambda contest: CANDIDATES])
    monkeypatch.setattr(exporting, "_stations", [lambda: STATIONS])
    return a_plan()


@pytest.fixture
def headquarters(empty: Home) -> Client:
    """Zahra of headquarters."""
    return at_desk(official("zahra", "زهرا نمونه", (Role.HEADQUARTERS, "")))


def test_it_makes_an_office_once_and_tells_its_login_once(tmp_path: Path) -> None:
    """The first official can sign in with what was told; a second office in the folder is refused."""
    with an_office(tmp_path / "office"):
        assert [one.username for one in Official.objects.all()] == ["headquarters"]
        assert [one.verb for one in Action.objects.all()] == ["official-made"]
        with pytest.raises(BadInput):
            office.prepare(tmp_path / "office")


def test_an_office_has_no_day_and_no_results(headquarters: Client) -> None:
    """What belongs to an election that was published is not there; the front leads to the sign-in."""
    for path in ("/day/", "/results/", "/receipt/", "/bulletin/checkpoint"):
        assert headquarters.get(path).status_code == 404
    assert headquarters.get("/").headers["Location"] == "/sign-in/"


def test_headquarters_plans_the_election_in_the_browser(headquarters: Client) -> None:
    """A plan, a county, a contest, a key holder; a plan is made once."""
    asked = {"election_id": "sample", "title_fa": "نمونه", "title_en": "Sample", "province_fa": "تهران"}
    asked |= {"polling_day": "۱۴۰۲/۱۲/۱۱", "rule_set": "majlis-1402", "threshold": "2"}
    assert headquarters.post("/election/plan/", asked).status_code == 302
    headquarters.post("/election/counties/new/", {"id": "damavand", "name_fa": "دماوند", "name_en": "Damavand"})
    contest = {"id": "majlis", "title_fa": "مجلس", "title_en": "Parliament", "seats": "1", "max_choices": "1"}
    contest |= {"code_digits": "4", "unit_min": "50", "unit_by": "stations"}
    assert headquarters.post("/election/contests/new/", contest).status_code == 302
    many = headquarters.post("/election/contests/new/", contest | {"id": "many", "max_choices": "30"})
    assert many.status_code == 422
    headquarters.post("/election/key-holders/new/", {"kind": "mixer", "name": "دانشگاه", "power": "university"})
    page = headquarters.get("/election/").content.decode()
    for words in ("۱۱ اسفند ۱۴۰۲", "دماوند", "مجلس", "دانشگاه"):
        assert words in page


def test_a_late_owner_is_named_with_what_it_holds_up(planned: Any, headquarters: Client) -> None:
    """The day after the executive board's term: late, and the final list among what it holds up; met, it is not."""

    class Fixed:
        def now_ms(self) -> int:
            day = parse_jalali("1402-08-16")
            return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000

    clock.use(Fixed())
    board = at_desk(official("board", "عضو هیأت", (Role.EXECUTIVE_BOARD, "")))
    page = board.get("/deadlines/").content.decode()
    assert "دیر شده است" in page
    assert "فهرست نهایی و کد نامزدها" in page
    assert board.post("/deadlines/executive-decisions/met/", {"note": "پایان رسیدگی"}).status_code == 302
    assert "پایان رسیدگی" in board.get("/deadlines/").content.decode()
    assert board.post("/deadlines/circuits/met/").status_code == 404


def test_two_roles_publish_a_version_that_the_programs_read(planned: Any, headquarters: Client, tmp_path: Path) -> None:
    """Headquarters proposes, the supervisory board confirms: frozen, signed for by both, and read back as it was."""
    from amanat.hq.elections import exporting
    from amanat.hq.elections.models import Version

    board = at_desk(official("sara", "سارا نمونه", (Role.SUPERVISORY_BOARD, "")))
    with pytest.raises(Rejected):
        exporting.write(tmp_path / "too-early")
    assert headquarters.post("/election/publish/", {"reason": "نسخهٔ نخست"}).status_code == 302
    assert Version.objects.count() == 0
    from amanat.hq.accounts.models import Proposal

    board.post(f"/proposals/{Proposal.objects.get().id}/", {"answer": "confirm"})
    version = exporting.write(tmp_path / "election")
    assert version.number == 1
    files = {path.name: path.read_bytes() for path in (tmp_path / "election").iterdir()}
    definition = read_definition(files)
    assert [c.name_fa for c in definition.contests[0].candidates] == ["آرش نمونه", "بهار نمونه"]
    assert [s.county for s in definition.stations] == ["دماوند", "فیروزکوه"]
    assert definition.trustees.threshold == 2
    again = headquarters.post("/election/publish/", {"reason": "بی‌دلیل"})
    assert again.status_code == 409
    assert "دگرگون نشده" in again.content.decode()


def test_two_who_propose_at_once_propose_one_version(
    planned: Any, headquarters: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A colleague's proposal is written after ours began: ours is refused, or an old version could follow a new one."""
    from amanat.hq.accounts import pairs
    from amanat.hq.accounts.models import Appointment
    from amanat.hq.elections import exporting

    by = Appointment.objects.get(official__username="zahra")

    @contextmanager
    def writing() -> Iterator[None]:
        pairs.propose(exporting.PUBLISH, "version", "نخست", {}, by=by)
        yield

    monkeypatch.setattr(exporting, "writing", writing)
    answer = headquarters.post("/election/publish/", {"reason": "دوم"})
    assert answer.status_code == 409
    assert len(pairs.waiting(exporting.PUBLISH.verb)) == 1


def test_a_definition_with_faults_is_not_proposed(
    planned: Any, headquarters: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two candidates with one code: the page says which before anybody can propose."""
    from amanat.hq.elections import exporting

    twice = [CANDIDATES[0], CANDIDATES[1] | {"code": "1001"}]
    monkeypatch.setattr(exporting, "_candidates", [lambda contest: twice])
    page = headquarters.get("/election/publish/").content.decode()
    assert "1001" in page or "۱۰۰۱" in page
    assert headquarters.post("/election/publish/", {"reason": "x"}).status_code == 409
