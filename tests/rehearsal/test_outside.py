"""The rehearsal's outside world: its clock, its lines and its printers, on real sockets."""

import asyncio
import json
from pathlib import Path

import pytest

from amanat.rehearsal.clock import Clock
from amanat.rehearsal.network import Line, Network
from amanat.rehearsal.printer import Printers, Slip
from amanat.rehearsal.terminal import PowerGone, Terminal


async def test_every_listener_hears_the_moment_and_each_change(tmp_path: Path) -> None:
    """A program that connects gets the moment at once, then every tick; one that leaves disturbs nobody."""
    clock = Clock(1_000)
    await clock.start(tmp_path / "clock")
    reader, writer = await asyncio.open_unix_connection(tmp_path / "clock")
    assert await reader.readline() == b"1000\n"
    clock.advance(30_000)
    assert await reader.readline() == b"31000\n"
    writer.close()
    await writer.wait_closed()
    clock.advance(1)
    assert clock.moment() == "1970-01-01T00:00:31+00:00"
    await clock.stop()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


async def test_a_cut_line_drops_what_is_under_way_and_refuses_what_comes() -> None:
    """Up: bytes pass.  Cut: the open connection breaks and a new one is closed at once.  Restored: they pass again."""
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    network = Network(["S001"], server.sockets[0].getsockname())
    await network.start()
    line = network.lines["S001"]
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    writer.write(b"salaam\n")
    assert await reader.readline() == b"salaam\n"
    line.cut()
    with pytest.raises(ConnectionError):
        await still_open(reader)
    writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    with pytest.raises(ConnectionError):
        await still_open(reader)
    writer.close()
    line.restore()
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    writer.write(b"again\n")
    assert await reader.readline() == b"again\n"
    writer.close()
    await network.stop()
    await let_go(server)


async def let_go(server: asyncio.Server) -> None:
    """Closes a test's server; what hangs on it has a moment to hear of it."""
    server.close()
    await asyncio.sleep(0.05)


async def still_open(reader: asyncio.StreamReader) -> None:
    """Raises ConnectionError, by a reset or by an end."""
    if await reader.read(1) == b"":
        raise ConnectionError


async def test_quiet_means_that_no_question_is_unanswered() -> None:
    """A question that headquarters is still thinking about keeps the network from being quiet."""
    asked, decided = asyncio.Event(), asyncio.Event()

    async def thoughtful(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        asked.set()
        await decided.wait()
        writer.write(b"an answer\n")
        writer.close()

    server = await asyncio.start_server(thoughtful, "127.0.0.1", 0)
    network = Network(["S001"], server.sockets[0].getsockname())
    await network.start()
    assert await network.quiet(seconds=0)
    reader, writer = await asyncio.open_connection("127.0.0.1", network.lines["S001"].port)
    writer.write(b"a question\n")
    await asked.wait()
    assert not await network.quiet(seconds=0)
    decided.set()
    assert await reader.readline() == b"an answer\n"
    assert await network.quiet(seconds=5)
    writer.close()
    await network.stop()
    await let_go(server)


async def test_a_line_to_a_dead_headquarters_is_closed_at_once() -> None:
    """Nobody listens at headquarters: the station sees a closed line, not a silence."""
    line = Line("S001", ("127.0.0.1", 1))
    await line.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    with pytest.raises(ConnectionError):
        await still_open(reader)
    writer.close()
    assert line.server is not None
    await let_go(line.server)


async def test_people_take_their_slip_and_one_in_some_is_drawn(tmp_path: Path) -> None:
    """A slip is acknowledged when it is kept; who takes it leaves the tray empty."""
    drawn: list[Slip] = []
    printers = Printers(tmp_path / "slips.jsonl", draw=drawn.append, draw_every=2)
    await printers.start(tmp_path / "printer")
    reader, writer = await asyncio.open_unix_connection(tmp_path / "printer")
    for code in "abc":
        slip = {"device": 7, "kind": "cast", "fields": {"ballot": code}, "qr": "AS1", "duplicate": False}
        writer.write(json.dumps(slip).encode() + b"\n")
        assert await reader.readline() == b"ok\n"
    taken = printers.take(7, "cast")
    assert taken is not None
    assert taken.fields == {"ballot": "c"}
    assert printers.take(7, "cast") is None
    assert [slip.fields["ballot"] for slip in drawn] == ["a", "c"]
    writer.close()
    await printers.stop()
    assert len((tmp_path / "slips.jsonl").read_text().splitlines()) == 3


async def test_a_person_sees_when_the_power_goes(tmp_path: Path) -> None:
    """The terminal answers once, then dies in the middle of a request, then is not there at all."""
    requests = 0

    async def terminal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        while (await reader.readuntil(b"\r\n\r\n")) and (await reader.readexactly(2)) == b"{}":
            requests += 1
            if requests == 2:
                writer.transport.abort()
                return
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"ok":true}')

    server = await asyncio.start_unix_server(terminal, tmp_path / "s")
    screen = Terminal(tmp_path / "s", device=1, number=1)
    assert await screen.post("/api/booth/leave") == {"ok": True}
    with pytest.raises(PowerGone):
        await screen.post("/api/booth/leave")
    await let_go(server)
    with pytest.raises(PowerGone):
        await Terminal(tmp_path / "nobody", device=1, number=1).status()
    screen.close()
