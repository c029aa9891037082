"""Two officers release a terminal's key, and nobody does alone (K-10)."""

import os
from collections.abc import Callable
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


def test_any_two_release_the_key(home: Path) -> None:
    """Three officers: each pair, in either order, with Persian or Latin digits; the names come back as appointed."""
    for pair in permutations(SECRETS, 2):
        assert officers.release(home, [(name, SECRETS[name]) for name in pair]) == SEED
    assert officers.release(home, [("مریم رئیسی ", "گل سرخ 1234"), ("زهرا ناظر", "سه تار و نی")]) == SEED
    body = {"officers": [{"name": name, "secret": SECRETS[name]} for name in list(SECRETS)[:2]]}
    assert officers.require_two(home, body) == list(SECRETS)[:2]
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
    """The second try must wait, the tenth five minutes; a restart does not shorten it; a good pair counts them."""
    wrong = [("مریم رئیسی", "x" * 8), ("رضا منشی", "y" * 8)]
    good = [(name, SECRETS[name]) for name in list(SECRETS)[:2]]
    at = (home / officers.FILE).stat().st_mtime

    def moment(seconds: float) -> None:
        monkeypatch.setattr(officers, "now", lambda: at + seconds)
        if (home / officers.TRIES).exists():
            os.utime(home / officers.TRIES, (at, at))

    waits = []
    for _ in range(10):
        moment(10_000)
        with pytest.raises(Refused, match="is not right"):
            officers.release(home, wrong)
        moment(0)
        waits.append(officers.seconds_to_wait(home))
        with pytest.raises(Refused) as caught:
            officers.release(home, good)
        assert caught.value.code == "officers-wait"
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    moment(301)
    assert officers.release(home, good) == SEED
    assert [officers.take_past_tries(home) for _ in range(2)] == [10, 0]
    assert officers.seconds_to_wait(home) == 0


@pytest.mark.parametrize("text", ["", "-5", "x"])
def test_a_count_that_was_tampered_with_is_no_way_round_the_wait(home: Path, text: str) -> None:
    """Whatever stands in the file is a number of tries, a wait at most."""
    (home / officers.TRIES).write_text(text)
    assert officers.wrong_tries(home) >= officers.OFFICERS_MAX
    assert officers.seconds_to_wait(home) == 0


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
def test_without_appointed_officers_names_suffice(
    tmp_path: Path, body: dict[str, Any], expected: list[str] | str
) -> None:
    """As in a rehearsal: two different names."""
    ask: Callable[[], list[str]] = lambda: officers.require_two(tmp_path, body)  # noqa: E731
    if isinstance(expected, list):
        assert ask() == expected
        return
    with pytest.raises(Refused) as caught:
        ask()
    assert caught.value.code == expected


@pytest.mark.parametrize("rows", [["مریم رئیسی", "رضا منشی"], None, [{"name": "مریم رئیسی"}] * 2, "مریم", [1, 2]])
def test_with_appointed_officers_names_do_not(home: Path, rows: Any) -> None:
    """Names without secrets are refused kindly, whatever the form."""
    with pytest.raises(Refused) as caught:
        officers.require_two(home, {"officers": rows})
    assert caught.value.code in {"officers-two-secrets", "request-field"}


def test_a_home_that_takes_nothing_more_keeps_no_officer_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There was a wrong try, then the disk went read-only.  Wanted: the right secrets open all the same."""
    good = list(SECRETS.items())[:2]
    with pytest.raises(Refused):
        officers.release(home, [good[0], (good[1][0], "not the secret")])
    monkeypatch.setattr(officers, "now", lambda: (home / officers.TRIES).stat().st_mtime + 400)

    def read_only(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(officers, "write_whole", read_only)
    assert officers.release(home, good) == SEED
