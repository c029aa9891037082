"""A desk is no way to ask who is in the register (R-3, Elector)."""

from typing import Any

import pytest
from tests.station.conftest import DEAD, MARYAM, Booths, permit_for

from amanat.records.journal import Entry
from amanat.rules.national_id import synthetic
from amanat.station.look_ups import MOST, WINDOW_MS
from amanat.station.terminal import Terminal


def incidents(terminal: Terminal) -> list[Any]:
    entries = (Entry.decode(signed.entry) for signed in terminal.journal.entries)
    return [entry.body for entry in entries if entry.kind == "incident"]


async def test_many_look_ups_without_a_permit_are_said_and_stop_nobody(booths: Booths) -> None:
    """Somebody tries one id after the other.  Each is an entry; from the twenty-first on the pages say so, the journal
    too, once; the next voter gets a permit all the same; a restart forgets nothing; ten minutes later it is over."""
    terminal = await booths.opened()
    for number in range(MOST + 5):
        terminal.desk.look(DEAD if number % 2 else synthetic(900_000 + number))
        terminal.wrote()
        words = terminal.status()["look_ups"]
        assert (words is not None) == (number >= MOST)
    assert words["count"] == MOST + 5
    assert "۲۵" in words["fa"]
    assert terminal.journal.state.entries["refused"] == MOST + 5
    told = ["many-look-ups", f"{MOST + 1} in ten minutes"]
    assert incidents(terminal).count(told) == 1
    assert await permit_for(terminal, MARYAM)
    terminal = await booths.after_power_cut(terminal)
    assert terminal.status()["look_ups"]["count"] == MOST + 5
    booths.clock.ms += WINDOW_MS + 1
    assert terminal.status()["look_ups"] is None


async def test_every_look_up_ends_in_an_entry(booths: Booths) -> None:
    """Typed and left, typed and another typed over it, typed and withdrawn: no answer is given for nothing."""
    terminal = await booths.opened()
    terminal.desk.look(MARYAM)
    terminal.desk.look(DEAD)
    terminal.desk.look(MARYAM)
    terminal.desk.withdraw(MARYAM)
    refused = [e for s in terminal.journal.entries if (e := Entry.decode(s.entry)).kind == "refused"]
    assert [entry.body[0] for entry in refused] == ["withdrawn", "not-eligible", "withdrawn"]


@pytest.mark.parametrize(
    "path", ["/api/register", "/api/desk", "/package/register.bin", "/static/../package/register.bin"]
)
async def test_there_is_no_bulk_path(booths: Booths, path: str) -> None:
    """No address of a terminal gives the register, whole or a part."""
    from amanat.station.api import Application

    terminal = await booths.opened()
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b"", "root_path": ""}
    await Application(terminal)(scope, receive, send)
    assert sent[0]["status"] == 404
