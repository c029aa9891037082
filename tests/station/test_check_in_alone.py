"""A check-in as the kernel sees it: nothing in it waits for the link (C-1, P-6)."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio
from tests.station.conftest import MARYAM, OFFICERS, Election
from tests.station.test_api import Station, seal_in_earnest

from amanat.station import config

HELD_SECONDS_MAX = 60
TRACED = "trace=%network,read,write,readv,writev,poll,ppoll,pselect6,epoll_wait,epoll_pwait,epoll_pwait2,futex,pwrite64"
WAITS = ("epoll_wait", "epoll_pwait", "poll(", "pselect6", "FUTEX_WAIT", "connect(")

NO_WAIT = ", 0) = 0"  # the loop looks whether there is something, and goes on


@pytest_asyncio.fixture
async def black_hole() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A headquarters that takes the connection and the question, and never answers."""
    asked, over = asyncio.Event(), asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await over.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    over.set()
    server.close()
    await asyncio.sleep(0)


def window(lines: list[str], path: str) -> list[str]:
    """The calls of all threads from the last such request to its answer, a thread's number before each."""
    begin = max(at for at, line in enumerate(lines) if f'"POST {path} ' in line)
    end = next(at for at in range(begin, len(lines)) if '"HTTP/1.1 200' in lines[at])
    return lines[begin : end + 1]


async def test_a_check_in_touches_nothing_of_the_link(
    election: Election, tmp_path: Path, black_hole: tuple[str, asyncio.Event]
) -> None:
    """The link hangs in the middle of a question.  Maryam comes.  Wanted: between the tenth digit and its answer the
    terminal makes no call that waits, of any kind; and until her permit is printed no thread touches the link's socket,
    which is still open and still silent."""
    url, asked = black_hole
    home, log = election.home("S1", 1), tmp_path / "calls"
    seal_in_earnest(home)
    replace(config.read(home), link_url=url).write(home)
    station = Station([home])
    await station.start("strace", "-D", "-f", "-yy", "-e", TRACED, "-s", "64", "-o", str(log))
    await station.post(home, "/api/open", officers=OFFICERS, other_day=True)
    async with asyncio.timeout(HELD_SECONDS_MAX):
        await asked.wait()
    assert (await station.post(home, "/api/desk/present"))["ok"]
    for _ in range(2):  # a first act may find the media short of space kept in advance
        assert (await station.post(home, "/api/desk/look", national_id=MARYAM))["decision"] == "eligible"
    assert (await station.post(home, "/api/desk/issue", national_id=MARYAM))["serial"]
    await station.stop(signal.SIGTERM)
    lines = (await asyncio.to_thread(log.read_text, "utf-8", "replace")).splitlines()
    assert any("TCP:[" in line for line in lines), "the trace names sockets"
    decision = window(lines, "/api/desk/look")
    of_the_loop = [line for line in decision if line.split()[0] == decision[0].split()[0]]
    assert [line for line in of_the_loop if any(call in line for call in WAITS) and NO_WAIT not in line] == []
    for path in ("/api/desk/present", "/api/desk/look", "/api/desk/issue"):
        assert [line for line in window(lines, path) if "TCP:[" in line] == [], path
