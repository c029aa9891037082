"""Acts that come too late, twice or from elsewhere: nothing is signed after closing, nobody votes twice, nobody presses
a terminal's buttons from another machine."""

import asyncio
import json
from typing import Any

import pytest
from tests.station.conftest import MARYAM, OFFICERS, REZA, Booths, Election, StandingClock, permit_for, tray, vote

from amanat.station.api import Application
from amanat.station.door import Door
from amanat.station.refusal import Refused
from amanat.station.take_over import FOLDER, Carried


async def test_a_permit_that_waited_for_the_closing_is_not_issued(booths: Booths) -> None:
    """A clerk presses Enter while an earlier act holds the desk, and the polls close meanwhile.  Wanted: a refusal, and
    `closed` stays the last entry of the journal."""
    terminal = await booths.opened()
    desk = terminal.desk
    desk.look(MARYAM)
    async with desk._acts:
        waiting = asyncio.create_task(desk.issue(MARYAM, document=0))
        await asyncio.sleep(0)
        await terminal.close_polls("the hall burns", OFFICERS)
        last = terminal.journal.state.next_seq
    with pytest.raises(Refused) as refused:
        await waiting
    assert (refused.value.code, terminal.journal.state.next_seq) == ("station-closed", last)


async def test_closing_twice_at_once_writes_nothing_after_closed(booths: Booths) -> None:
    """Two presses of the closing key while booth 2 is silent, which two officers explain.  Wanted: one closing, one
    reprint, and `closed` is the last entry."""
    terminal = await booths.opened("S2", 1)
    desk = terminal.desk
    desk._choose_booth = lambda _: next(c.device for c in terminal.lan.colleagues)
    await permit_for(terminal, MARYAM)

    async def hear() -> None:
        await asyncio.sleep(0)

    terminal.day.hear_everybody = hear  # type: ignore[method-assign]
    closings = [terminal.close_polls("booth 2 burned", OFFICERS) for _ in range(2)]
    screens = await asyncio.gather(*closings)
    assert sorted(screen["repeated"] for screen in screens) == [False, True]
    assert terminal.journal.state.entries["closed"] == 1
    assert b"fclosed" in terminal.journal.entries[-1].entry


async def test_a_gateway_that_holds_the_cast_replaces_nothing_though_the_booth_is_dead(booths: Booths) -> None:
    """Maryam cast at booth 2, the gateway has the copy, the booth burns.  Wanted: she gets no second permit."""
    desk, booth = await booths.opened("S2", 1), await booths.opened("S2", 2)
    desk.desk._choose_booth = lambda _: booth.identity.device
    await vote(desk, booth, MARYAM)
    desk.lan.take(booth.identity.device, [[e.entry, e.signature, e.private] for e in booth.journal.entries])
    await booths.stop(booth)
    serial = desk.journal.state.checked_in[MARYAM].hex()
    with pytest.raises(Refused) as refused:
        await desk.desk.replace(serial, "booth dead", officers=OFFICERS)
    assert refused.value.code == "permit-cast"


async def test_a_voided_permit_is_known_as_void_after_a_restart(booths: Booths) -> None:
    """The booth is another terminal, so only the desk's incident tells.  Wanted: the desk offers the replacement, and
    does not hand the void permit out again."""
    desk, booth = await booths.opened("S2", 1), await booths.opened("S2", 2)
    desk.desk._choose_booth = lambda _: booth.identity.device

    async def void(issued: Any, reason: str) -> bool:
        booth.booth.void(desk.journal.state.checked_in[REZA], reason)
        return True

    desk.desk._void = void
    await permit_for(desk, REZA)
    serial = desk.journal.state.checked_in[REZA].hex()
    await desk.desk.void(serial, "voter-left", OFFICERS)
    again = await booths.after_power_cut(desk)
    shown = again.desk.look(REZA)
    assert (shown["decision"], shown["voided_serial"]) == ("checked-in-already", serial)
    assert not tray(again).slips


async def test_a_draft_that_a_cut_left_behind_stops_no_spare(booths: Booths) -> None:
    """Power goes while a take-over is noted.  Wanted: the terminal starts all the same."""
    terminal = booths.start()
    (terminal.home / FOLDER).mkdir()
    (terminal.home / FOLDER / "7.new").write_bytes(b"")
    assert Carried(terminal.home, terminal.identity, terminal.lan.copies).states == {}


@pytest.mark.parametrize(
    ("client", "path", "is_heard"),
    [
        (("10.44.0.9", 4000), "/api/pause", False),
        (("10.44.0.9", 4000), "/api/desk/look", False),
        (("10.44.0.9", 4000), "/supervisor", False),
        (("10.44.0.9", 4000), "/api/status", True),
        (("10.44.0.9", 4000), "/lan/head", True),
        (("127.0.0.1", 4000), "/api/pause", True),
        (None, "/api/pause", True),
    ],
)
async def test_buttons_are_pressed_at_the_terminal_alone(
    election: Election, clock: StandingClock, client: tuple[str, int] | None, path: str, is_heard: bool
) -> None:
    """A strange machine on the station's cable.  Wanted: it reaches what colleagues sign, nothing else."""
    door, heard, sent = Door(election.home("S1", 1), clock, printer=None), [], []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        heard.append(scope["path"])

    async def send(message: Any) -> None:
        sent.append(message)

    door._application = application
    scope: Any = {"type": "http", "method": "POST", "path": path, "client": client, "headers": []}
    await door(scope, lambda: None, send)  # type: ignore[arg-type, return-value]
    assert bool(heard) == is_heard
    if not is_heard:
        assert json.loads(sent[1]["body"])["code"] == "not-a-colleague"


async def test_a_fault_of_ours_is_a_sentence_and_what_was_written_is_delivered(
    booths: Booths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program itself fails after it wrote an entry.  Wanted: an answer in both languages, not a broken page, and
    the colleagues are told that there is more."""
    terminal = await booths.opened()
    told: list[bool] = []
    monkeypatch.setattr(terminal, "wrote", lambda: told.append(True))

    def fail(_: str, __: str) -> dict[str, Any]:
        terminal.journal.write("incident", ["supervisor", "x"])
        raise RuntimeError("a bug")

    monkeypatch.setattr(terminal.day, "note", fail)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/api/incident", "headers": headers}
    await Application(terminal)(scope, receive, send)
    screen = json.loads(sent[-1]["body"])
    assert (screen["ok"], screen["code"]) == (False, "fault-of-ours")
    assert told == [True]
