"""Signing in takes both factors; who fails is told one sentence, and after five times waits (CoE 2017/5, 49)."""

from typing import Any

import pytest
from django.test import Client
from tests.hq.office import WORD, at_desk, code_of, official

from amanat.hq.accounts.models import Action
from amanat.hq.accounts.roles import Role
from amanat.hq.home import Home


@pytest.fixture
def zahra(here: Home) -> Any:
    """An official of headquarters."""
    return official("zahra", "زهرا نمونه", (Role.HEADQUARTERS, ""))


def test_it_lets_in_with_both_factors_and_logs_it(zahra: Any) -> None:
    """Zahra signs in and sees her desk; the log has a line of it."""
    client = at_desk(zahra)
    page = client.get("/desk/").content.decode()
    assert "زهرا نمونه" in page
    assert "ستاد انتخابات" in page
    assert [one.verb for one in Action.objects.all()] == ["signed-in"]


@pytest.mark.parametrize("wrong", ["username", "password", "code"])
def test_it_tells_the_same_sentence_whatever_is_wrong(zahra: Any, wrong: str) -> None:
    """Nobody learns which of the three was right, and no session begins."""
    client = Client()
    asked = {"username": "zahra", "password": WORD, "code": code_of(zahra)}
    asked[wrong] = "000000" if wrong == "code" and asked["code"] != "000000" else "111111x"[:6]
    answer = client.post("/sign-in/", asked)
    assert answer.status_code == 422
    assert "درست نیست" in answer.content.decode()
    assert client.get("/desk/").status_code == 404


def test_a_code_works_once(zahra: Any) -> None:
    """Somebody looked over her shoulder: the same code a second time is refused."""
    code = code_of(zahra)
    asked = {"username": "zahra", "password": WORD, "code": code}
    assert Client().post("/sign-in/", asked).status_code == 302
    assert Client().post("/sign-in/", asked).status_code == 422


def test_it_locks_out_after_five_wrong_words(zahra: Any) -> None:
    """Five wrong passwords from one address: the right one waits as well; from elsewhere Zahra still comes in."""
    thief = Client(REMOTE_ADDR="192.0.2.9")
    for _ in range(5):
        thief.post("/sign-in/", {"username": "zahra", "password": "wrong", "code": "123456"})
    right = {"username": "zahra", "password": WORD, "code": code_of(zahra)}
    assert thief.post("/sign-in/", right).status_code != 302
    assert Client(REMOTE_ADDR="192.0.2.10").post("/sign-in/", right).status_code == 302


def test_a_password_alone_opens_nothing(zahra: Any) -> None:
    """A session that was made without the second factor sees no page of an official."""
    client = Client()
    client.force_login(zahra, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/desk/").status_code == 404
    assert client.get("/officials/").status_code == 404


def test_the_same_pages_in_english(zahra: Any) -> None:
    """A click on *English* turns the page; nothing a browser prefers does."""
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    assert 'lang="fa" dir="rtl"' in client.get("/sign-in/").content.decode()
    client.post("/language/", {"language": "en", "next": "/sign-in/"})
    assert 'lang="en" dir="ltr"' in client.get("/sign-in/").content.decode()
