"""The whole program as a process: `amanat station …`, its sockets, its JSON, its end."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from tests.station.conftest import CHOICES, MARYAM, OFFICERS, PASSPHRASE, REAL_SCRYPT_N, REZA, Election

from amanat.cli.main import main
from amanat.records import sealed_key
from amanat.station import forgetting, keys

START_SECONDS_MAX = 60
CALLS = ("pwrite64", "fdatasync", "fsync")


class Station:
    """`amanat station run` of the given homes, with a browser's view of each terminal."""

    def __init__(self, homes: list[Path]) -> None:
        self.homes = homes
        self.sessions: dict[Path, aiohttp.ClientSession] = {}

    async def start(self, *under: str) -> None:
        command = [*under, sys.executable, "-m", "amanat.cli.main", "station", "run", *map(str, self.homes)]
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
        self.process = await asyncio.create_subprocess_exec(*command, env=env, stderr=asyncio.subprocess.PIPE)
        assert self.process.stderr
        async with asyncio.timeout(START_SECONDS_MAX):
            for _ in self.homes:
                assert (await self.process.stderr.readline()).startswith(b"ready")

    async def post(self, home: Path, path: str, **body: object) -> Any:
        async with self.session(home).post(f"http://terminal{path}", json=body) as answer:
            return await answer.json()

    def session(self, home: Path) -> aiohttp.ClientSession:
        if home not in self.sessions:
            self.sessions[home] = aiohttp.ClientSession(connector=aiohttp.UnixConnector(f"{home}/s"))
        return self.sessions[home]

    async def stop(self, number: int) -> int:
        for session in self.sessions.values():
            await session.close()
        self.sessions = {}
        self.process.send_signal(number)
        rest = await self.process.communicate()
        self.said = rest[1].decode()
        assert self.process.returncode is not None
        return self.process.returncode

    def slips(self, home: Path, kind: str) -> list[dict[str, Any]]:
        return [json.loads(path.read_text("utf-8")) for path in sorted((home / "slips").glob(f"*-{kind}.json"))]


def seal_in_earnest(home: Path) -> None:
    """The other tests' homes are sealed with a quick scrypt, which the real program does not open."""
    seed = keys.unseal(home, PASSPHRASE)
    quick, sealed_key.SCRYPT_N = sealed_key.SCRYPT_N, REAL_SCRYPT_N  # type: ignore[misc]
    (home / keys.FILE).write_bytes(sealed_key.seal(seed, PASSPHRASE, salt=bytes(16), nonce=bytes(12)))
    sealed_key.SCRYPT_N = quick  # type: ignore[misc]


@pytest_asyncio.fixture
async def station(election: Election) -> AsyncIterator[Station]:
    made = Station([election.home("S2", 1), election.home("S2", 2)])
    for home in made.homes:
        seal_in_earnest(home)
    await made.start()
    yield made
    if made.process.returncode is None:
        await made.stop(signal.SIGKILL)


async def test_a_vote_by_buttons_alone_then_a_power_cut_then_the_slip_again(station: Station) -> None:
    """Two terminals of one process.  Maryam votes; the process is killed; it starts again.  Wanted: her permit brings
    her receipt again, Reza can vote, both terminals close, and SIGTERM ends quietly."""
    desk, booth = station.homes
    for home in station.homes:
        assert (await station.post(home, "/api/open", officers=OFFICERS, other_day=True))["ok"]
    assert (await station.post(desk, "/api/desk/present"))["ok"]
    assert (await station.post(desk, "/api/desk/look", national_id=MARYAM))["decision"] == "eligible"
    issued = await station.post(desk, "/api/desk/issue", national_id=MARYAM, document=0)
    slip = station.slips(desk, "permit")[0]
    assert slip["fields"]["ballot_terminal"] == str(issued["ballot_terminal"])
    there = station.homes[issued["ballot_terminal"] - 1]
    assert (await station.post(there, "/api/booth/permit", slip=slip["qr"]))["ok"]
    assert (await station.post(there, "/api/booth/seal", choices=CHOICES))["ok"]
    cast = await station.post(there, "/api/booth/cast")
    assert cast["told"] == "cast"
    await station.stop(signal.SIGKILL)
    await station.start()
    again = await station.post(there, "/api/booth/permit", slip=slip["qr"])
    assert (again["told"], again["receipt"]) == ("cast", cast["code"])
    assert [s["duplicate"] for s in station.slips(there, "cast")] == [False, True]
    assert (await station.post(desk, "/api/desk/look", national_id=REZA))["decision"] == "eligible"
    for home in (booth, desk):
        assert (await station.post(home, "/api/close"))["ok"]
        async with station.session(home).get("http://terminal/api/status") as answer:
            assert (await answer.json())["state"] == "closed"
    assert await station.stop(signal.SIGTERM) == 0
    assert "Traceback" not in station.said


async def test_one_cast_waits_for_two_syncs(election: Election, tmp_path: Path) -> None:
    """B-7, J-2, as the kernel sees the shipped program: between the request to cast and its answer lie a write and a
    sync of each medium, in this order, and the answer leaves after the last."""
    log = tmp_path / "calls"
    home = election.home("S1", 1)
    seal_in_earnest(home)
    station = Station([home])
    await station.start("strace", "-D", "-f", "-y", "-e", "trace=pwrite64,fdatasync,fsync,sendto,write", "-o", str(log))
    await station.post(home, "/api/open", officers=OFFICERS, other_day=True)
    await station.post(home, "/api/desk/look", national_id=MARYAM)
    await station.post(home, "/api/desk/issue", national_id=MARYAM)
    await station.post(home, "/api/booth/permit", slip=station.slips(home, "permit")[0]["qr"])
    await station.post(home, "/api/booth/seal", choices=CHOICES)
    before = log.read_text("utf-8", "replace").count("\n")
    assert (await station.post(home, "/api/booth/cast"))["told"] == "cast"
    await station.stop(signal.SIGTERM)
    lines = log.read_text("utf-8", "replace").splitlines()[before:]
    answered = next(i for i, line in enumerate(lines) if "HTTP/1.1 200" in line)
    seen = [
        f"{call} {m}"
        for line in lines[:answered]
        for call in CALLS
        for m in "ab"
        if call in line and f"medium-{m}" in line
    ]
    assert seen == ["pwrite64 a", "fdatasync a", "pwrite64 b", "fdatasync b"]


async def test_requests_that_are_not_the_pages_are_refused_and_change_nothing(station: Station) -> None:
    """Another content type (a page elsewhere could send that), JSON that is none, fields missing or of a wrong type."""
    home = station.homes[0]
    session = station.session(home)
    json_type, half = "application/json", b'{"officers": ["\\ud800", "x"]}'
    wrong = [b"{", b"[]", half, b"[" * 100_000]
    for data, kind in [(b"{}", "text/plain"), *((data, json_type) for data in wrong)]:
        async with session.post("http://terminal/api/open", data=data, headers={"content-type": kind}) as answer:
            assert (await answer.json())["code"] == "request-field"
    for body in ({}, {"officers": "two"}, {"officers": [1, 2]}):
        screen = await station.post(home, "/api/open", **body)
        assert screen["code"] == "request-field"
        assert screen["fa"]
    assert (await station.post(home, "/api/desk/look", national_id=MARYAM))["code"] == "station-not-open"
    async with session.get("http://terminal/api/open") as answer:
        assert answer.status in (404, 405)
    async with session.get("http://terminal/api/status") as answer:
        status = await answer.json()
    assert (status["state"], status["head"][0], status["training"]) == ("new", -1, False)


async def test_a_second_program_on_one_journal_is_refused(station: Station, election: Election) -> None:
    """Somebody starts the terminal twice: exit code 2, both languages, no traceback; the first goes on."""
    command = [sys.executable, "-m", "amanat.cli.main", "station", "run", str(station.homes[0])]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    second = await asyncio.create_subprocess_exec(*command, env=env, stderr=asyncio.subprocess.PIPE)
    _, said = await asyncio.wait_for(second.communicate(), START_SECONDS_MAX)
    assert second.returncode == 2
    assert "دفتر" in said.decode()
    assert "stop it first" in said.decode()
    assert (await station.post(station.homes[0], "/api/desk/present"))["ok"]


def test_the_commands_enrol_and_load(
    election: Election, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "begin_again_wiping", lambda: None)  # it would end the tests' own process
    home = tmp_path / "new"
    words = ["station", "enrol", str(home), "--station", "S1", "--terminal", "7", "--passphrase"]
    assert main([*words, str(election.passphrase)]) == 0
    assert (home / "request.cbor").exists()
    assert main([*words, str(election.passphrase)]) == 2
    assert main(["station", "load", str(home), str(election.package)]) == 2
    known = election.home("S1", 1)
    options = ["--listen", "127.0.0.1:8009", "--link-url", "http://127.0.0.1:9", "--peer", "unix:x"]
    assert main(["station", "load", str(known), str(election.package), *options]) == 0
    said = capsys.readouterr().err
    assert "device 0, roles 3" in said
    assert "Traceback" not in said
    assert main(["station", "run", str(tmp_path / "nothing")]) == 2
