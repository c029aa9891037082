"""Two officers release a terminal's key, and nobody does alone (K-10)."""

import asyncio
import threading
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from amanat.errors import BadInput
from amanat.station import officers
from amanat.station.refusal import Refused

SEED = b"the seed of the device's key 32b"
SECRETS = {"مریم رئیسی": "گل سرخ ۱۲۳۴", "رضا منشی": "دماوند 5610", "زهرا ناظر": "سه تار و نی"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(officers, "now", lambda: tmp_path.stat().st_mtime + 10_000)
    officers.appoint(tmp_path, SECRETS, seed=SEED)
    return tmp_path


async def test_any_two_release_the_key(home: Path) -> None:
    """Three officers: each pair, in either order, with Persian or Latin digits; the names come back as appointed."""
    for pair in permutations(SECRETS, 2):
        assert officers.release(home, [(name, SECRETS[name]) for name in pair]) == SEED
    assert officers.release(home, [("مریم رئیسی ", "گل سرخ 1234"), ("زهرا ناظر", "سه تار و نی")]) == SEED
    body = {"officers": [{"name": name, "secret": SECRETS[name]} for name in list(SECRETS)[:2]]}
    assert await officers.require_two(home, body) == list(SECRETS)[:2]
    assert officers.names(home) == list(SECRETS)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([("مریم رئیسی", "گل سرخ ۱۲۳۴"), ("رضا منشی", "دماوند 5611")], "officers-wrong"),
        ([("مریم رئیسی", "گل سرخ ۱۲۳۴"), ("بیگانه", "دماوند 5610")], "officers-wrong"),
        ([("مریم رئیسی", "دماوند 5610"), ("رضا منشی", "گل سرخ ۱۲۳۴")], "officers-wrong"),
        ([("مریم رئیسی", "گل سرخ ۱۲۳۴"), ("مریم رئیسی", "گل سرخ ۱۲۳۴")], "officers-two-secrets"),
        ([("مریم رئیسی", "گل سرخ ۱۲۳۴")], "officers-two-secrets"),
        ([("مریم رئیسی", "گل سرخ ۱۲۳۴"), ("رضا منشی", "")], "officers-two-secrets"),
    ],
)
def test_others_do_not(home: Path, given: list[tuple[str, str]], code: str) -> None:
    """A wrong secret, a stranger, secrets exchanged, one officer twice or alone: refused, and not said which."""
    with pytest.raises(Refused) as caught:
        officers.release(home, given)
    assert caught.value.code == code
    assert not any(secret in caught.value.both() for secret in SECRETS.values())


def test_wrong_tries_wait_longer_and_longer(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second try of these two must wait, the ninth five minutes; a good pair counts them."""
    wrong = [("مریم رئیسی", "x" * 8), ("رضا منشی", "y" * 8)]
    good = [(name, SECRETS[name]) for name in list(SECRETS)[:2]]
    names, at, waits = [name for name, _ in good], 1_000_000.0, []
    for _ in range(10):
        monkeypatch.setattr(officers, "now", lambda at=at: at)
        with pytest.raises(Refused, match="is not right"):
            officers.release(home, wrong)
        waits.append(officers.seconds_to_wait(home, names))
        with pytest.raises(Refused) as caught:
            officers.release(home, good)
        assert caught.value.code == "officers-wait"
        at += 301
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    monkeypatch.setattr(officers, "now", lambda: at)
    assert officers.release(home, good) == SEED
    assert [officers.take_past_tries(home) for _ in range(2)] == [10, 0]
    assert officers.seconds_to_wait(home, names) == 0


def test_a_stranger_at_the_screen_keeps_no_officer_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody types names that are no officers', and two officers' names with wrong secrets.  Wanted: those two wait,
    as long as before; every other pair opens at once, and then the count begins anew."""
    first, second, third = SECRETS.items()
    monkeypatch.setattr(officers, "now", lambda: 1_000_000.0)
    for number in range(3 * officers.STRANGERS_MAX):
        with pytest.raises(Refused, match="is not right"):
            officers.release(home, [(f"stranger {number}", "x" * 8), second])
        if number == 0:
            with pytest.raises(Refused, match="is not right"):
                officers.release(home, [first, (second[0], "x" * 8)])
    with pytest.raises(Refused) as caught:
        officers.release(home, [(second[0], "x" * 8), first])
    assert caught.value.code == "officers-wait"
    assert len((home / officers.TRIES).read_bytes().splitlines()) == officers.STRANGERS_MAX + 1
    assert officers.release(home, [first, third]) == SEED
    assert officers.release(home, [first, second]) == SEED


@pytest.mark.parametrize("text", ["", "-5", "x", "1 2 3 4", "a b c"])
def test_a_count_that_was_tampered_with_is_no_way_round_the_wait(home: Path, text: str) -> None:
    """Whatever stands in the file is a number of tries by everybody; a wait at most."""
    (home / officers.TRIES).write_text(text)
    assert officers.wrong_tries(home) >= officers.OFFICERS_MAX
    assert officers.seconds_to_wait(home, list(SECRETS)[:2]) == 0  # it was changed long ago, by this clock


@pytest.mark.parametrize(
    ("secrets", "code"),
    [
        ({"مریم": "گل سرخ ۱۲۳۴"}, "officers-number"),
        ({f"officer {n}": f"secret number {n}" for n in range(8)}, "officers-number"),
        ({"مریم": "گل سرخ ۱۲۳۴", "مریم ": "دماوند 5610"}, "officers-number"),
        ({"مریم": "گل سرخ ۱۲۳۴", "": "دماوند 5610"}, "officers-number"),
        ({"مریم": "گل سرخ ۱۲۳۴", "رضا": "کوتاه"}, "officer-secret"),
        ({"مریم": "یک رمز برای دو نفر", "رضا": "یک رمز برای دو نفر"}, "officer-secret"),
    ],
)
def test_who_cannot_be_appointed(tmp_path: Path, secrets: dict[str, str], code: str) -> None:
    """One alone, eight, the same name twice, no name, a short secret, a shared one."""
    with pytest.raises(BadInput) as caught:
        officers.appoint(tmp_path, secrets, seed=SEED)
    assert caught.value.code == code
    assert not officers.are_appointed(tmp_path)


async def test_the_screens_answer_while_two_secrets_are_tried(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong secret at the desk stops no voter: the secrets are stretched in another thread, one pair at a time."""
    turns, inside = 0, threading.Event()

    def slow(secret: str, salt: bytes) -> bytes:
        inside.set()
        assert loop_turned.wait(30)
        return stretched(secret, salt)

    loop_turned, stretched = threading.Event(), officers._stretched
    monkeypatch.setattr(officers, "_stretched", slow)
    asked = asyncio.create_task(officers.release_elsewhere(home, list(SECRETS.items())[:2]))
    while not inside.is_set() or turns < 3:
        await asyncio.sleep(0)
        turns += 1
    loop_turned.set()
    assert await asked == SEED


def test_the_file_says_nothing_of_the_seed(home: Path) -> None:
    """Neither seed nor secret stands in it; no record of it opens under one officer's key alone."""
    data = (home / officers.FILE).read_bytes()
    assert SEED not in data
    assert not any(secret.encode() in data for secret in SECRETS.values())


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"officers": ["مریم", "رضا"]}, ["مریم", "رضا"]),
        ({"officers": [{"name": "مریم"}, {"name": "رضا"}]}, ["مریم", "رضا"]),
        ({"officers": ["مریم", "مریم "]}, "two-officers"),
        ({"officers": []}, "two-officers"),
        ({"officers": [1, 2]}, "request-field"),
        ({}, "request-field"),
    ],
)
async def test_without_appointed_officers_names_suffice(
    tmp_path: Path, body: dict[str, Any], expected: list[str] | str
) -> None:
    """As in a rehearsal: two different names."""
    if isinstance(expected, list):
        assert await officers.require_two(tmp_path, body) == expected
        return
    with pytest.raises(Refused) as caught:
        await officers.require_two(tmp_path, body)
    assert caught.value.code == expected


@pytest.mark.parametrize("rows", [["مریم رئیسی", "رضا منشی"], None, [{"name": "مریم رئیسی"}] * 2, "مریم", [1, 2]])
async def test_with_appointed_officers_names_do_not(home: Path, rows: Any) -> None:
    """Names without secrets are refused kindly, whatever the form."""
    with pytest.raises(Refused) as caught:
        await officers.require_two(home, {"officers": rows})
    assert caught.value.code in {"officers-two-secrets", "request-field"}


def test_a_home_that_takes_nothing_more_keeps_no_officer_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There was a wrong try, then the disk went read-only.  Wanted: the right secrets open all the same."""
    good = list(SECRETS.items())[:2]
    with pytest.raises(Refused):
        officers.release(home, [good[0], (good[1][0], "not the secret")])
    at = officers.now()
    monkeypatch.setattr(officers, "now", lambda: at + 400)

    def read_only(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(officers, "write_whole", read_only)
    assert officers.release(home, good) == SEED
