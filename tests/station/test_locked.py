"""A terminal whose key two officers release: locked after every start, open to any two of them (K-10)."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.station.conftest import MARYAM, Election, StandingClock, Tray

from amanat.cli.main import main
from amanat.errors import BadInput
from amanat.records.journal import Entry
from amanat.station import config, officers
from amanat.station.door import Door
from amanat.station.terminal import Terminal

SECRETS = {"مریم رئیسی": "گل سرخ ۱۲۳۴", "رضا منشی": "دماوند 5610", "زهرا ناظر": "سه تار و نی"}


class EndlessClock(StandingClock):
    """Background work waits until it is cancelled."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


@pytest.fixture
def clock() -> EndlessClock:
    return EndlessClock()


def appoint(home: Path, *more: str) -> int:
    """As people do: each officer's secret in a file that only its owner has."""
    words = []
    for number, (name, secret) in enumerate(SECRETS.items()):
        file = home.parent / f"secret-{number}"
        file.write_text(secret + "\n", encoding="utf-8")
        words += ["--officer", f"{name}={file}"]
    return main(["station", "officers", str(home), *words, *more])


async def ask(door: Door, path: str, body: object = None, *, kind: str = "application/json") -> tuple[int, Any]:
    """One request to the web application: status and JSON, or the address it sends to."""
    method = "GET" if body is None else "POST"
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"content-type", kind.encode()), (b"host", b"terminal")], "scheme": "http",
        "server": ("terminal", 80),
    }  # fmt: skip
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent: list[Any] = []
    asked = [{"type": "http.request", "body": data, "more_body": False}]

    async def receive() -> Any:
        return asked.pop() if asked else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await door(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    content = b"".join(message.get("body", b"") for message in sent[1:])
    if headers.get("content-type", "").startswith("application/json"):
        return sent[0]["status"], json.loads(content)
    return sent[0]["status"], headers.get("location", content.decode("utf-8", "replace"))


def pair(*names: str, **other: str) -> dict[str, Any]:
    return {"officers": [{"name": name, "secret": other.get("secret", SECRETS.get(name, "x" * 9))} for name in names]}


@pytest.fixture
def home(election: Election, capsys: pytest.CaptureFixture[str]) -> Path:
    home = election.home("S1", 1)
    assert appoint(home) == 0
    assert "officers.cbor" in capsys.readouterr().err
    return home


async def close(door: Door) -> None:
    assert door.terminal is not None
    await door.terminal.close()


async def test_a_locked_terminal_says_who_it_is_and_nothing_else(home: Path, clock: StandingClock) -> None:
    """State and station are shown; all else is refused kindly, and every other page leads to the one there is."""
    door = Door(home, clock, printer=None)
    assert await ask(door, "/api/status") == (200, {"ok": True, "state": "locked", "station": "S1", "locked": True})
    for path, body in (
        ("/api/desk/look", {"national_id": MARYAM}),
        ("/api/open", pair("a", "b")),
        ("/lan/entries", {}),
    ):
        status, screen = await ask(door, path, body)
        assert (status, screen["code"]) == (200, "terminal-locked")
        assert "قفل" in screen["fa"]
    for path in ("/", "/check-in", "/supervisor", "/ballot"):
        assert (await ask(door, path))[1].endswith("/unlock")
    status, page = await ask(door, "/unlock")
    assert status == 200
    assert "دو مسئول" in page
    assert (await ask(door, "/static/js/unlock.js"))[0] == 200
    assert door.terminal is None


def long_ago(home: Path) -> None:
    """The wrong tries so far were made on another day."""
    lines = (home / officers.TRIES).read_text().splitlines()
    (home / officers.TRIES).write_text("".join(f"{line.rsplit(' ', 1)[0]} 0\n" for line in lines))


async def test_two_officers_open_it_and_a_power_cut_locks_it_again(home: Path, clock: StandingClock) -> None:
    """Wrong tries are refused and waited for, two officers release, the journal tells of both; then the power goes."""
    door = Door(home, clock, printer=None)
    for wrong in (pair("مریم رئیسی", "رضا منشی", secret="y" * 9), pair("مریم رئیسی", "رضا منشی", secret="x" * 9)):
        assert (await ask(door, "/api/unlock", wrong))[1]["code"] == "officers-wrong"
        assert (await ask(door, "/api/unlock", pair("مریم رئیسی", "رضا منشی")))[1]["code"] == "officers-wait"
        long_ago(home)
    assert (await ask(door, "/api/unlock", pair("مریم رئیسی", "رضا منشی")))[1] == {"ok": True}
    terminal = door.terminal
    assert terminal is not None
    assert (await ask(door, "/unlock"))[1].endswith("/check-in")
    status = (await ask(door, "/api/status"))[1]
    assert (status["locked"], status["state"], status["officers"]) == (False, "new", list(SECRETS))
    tray = terminal.printer = terminal.sheets._printer = Tray()
    assert (await ask(door, "/api/open", {"officers": ["مریم رئیسی", "رضا منشی"]}))[1]["code"] == "officers-two-secrets"
    opened = (await ask(door, "/api/open", pair("زهرا ناظر", "رضا منشی")))[1]
    assert opened["ok"], opened
    assert tray.last("zero")
    bodies = [Entry.decode(signed.entry).body for signed in terminal.journal.entries]
    assert ["released", "مریم رئیسی · رضا منشی"] in bodies
    assert ["wrong-secrets", "2"] in bodies
    await close(door)
    again = Door(home, clock, printer=None)
    assert (await ask(again, "/api/status"))[1]["locked"]
    assert (await ask(again, "/api/unlock", pair("زهرا ناظر", "مریم رئیسی")))[1] == {"ok": True}
    assert (await ask(again, "/api/status"))[1]["state"] == "open"
    await close(again)


async def test_two_who_press_at_once_start_one_terminal(home: Path, clock: StandingClock) -> None:
    """The second request of the same moment finds it open."""
    door = Door(home, clock, printer=None)
    body = pair("زهرا ناظر", "مریم رئیسی")
    answers = await asyncio.gather(ask(door, "/api/unlock", body), ask(door, "/api/unlock", body))
    assert answers[0][1] == {"ok": True}
    await close(door)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 5000, b'{"officers": [1, 2]}', b'{"officers": "x"}'])
async def test_what_is_no_request_is_refused(home: Path, clock: StandingClock, body: bytes) -> None:
    """No traceback, no try counted."""
    door = Door(home, clock, printer=None)
    code = (await ask(door, "/api/unlock", body))[1]["code"]
    assert code in {"request-field", "officers-two-secrets"}
    assert (await ask(door, "/api/unlock", body, kind="text/plain"))[1]["code"] == "request-field"
    assert officers.wrong_tries(home) == 0


def test_the_passphrase_opens_nothing_any_more(home: Path, clock: StandingClock) -> None:
    """The key stands in officers.cbor alone: who steals terminal and passphrase file has nothing."""
    assert not (home / "device.key").exists()
    assert Path(config.read(home).passphrase).exists()
    with pytest.raises(BadInput) as caught:
        Terminal(home, clock)
    assert caught.value.code == "device-not-enrolled"


def test_two_officers_appoint_others(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An officer falls ill: nobody is appointed without two of those who are."""
    assert appoint(home) == 2
    files = [home.parent / f"secret-{number}" for number in (0, 1)]
    release = [f"{name}={file}" for name, file in zip(SECRETS, files, strict=False)]
    assert appoint(home, "--release", release[0], "--release", f"رضا منشی={files[0]}") == 2
    long_ago(home)
    new = home.parent / "new"
    new.write_text("رمز جانشین", encoding="utf-8")
    more = ["--officer", f"جانشین={new}"]
    assert appoint(home, "--release", release[0], "--release", release[1], *more) == 0
    assert officers.names(home) == [*SECRETS, "جانشین"]
    assert len(officers.release(home, [("جانشین", "رمز جانشین"), ("زهرا ناظر", SECRETS["زهرا ناظر"])])) == 32
    twice = ["--officer", f"جانشین={new}", "--officer", f"جانشین={new}"]
    assert main(["station", "officers", str(home), *twice, "--release", release[0], "--release", release[1]]) == 2
    assert "officers" in capsys.readouterr().err
