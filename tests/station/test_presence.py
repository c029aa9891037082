"""A desk sees its booths: busy or free, who is on the way, and a voter who walked away (C-7, C-12)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from tests.station.conftest import CHOICES, MARYAM, OFFICERS, REZA, Booths, permit_for, tray
from tests.station.test_link import QuickClock

from amanat.records import cbor
from amanat.records.cbor import Value
from amanat.records.journal import Entry
from amanat.records.permit import Permit, read_slip
from amanat.rules.national_id import NationalId
from amanat.station import presence, run
from amanat.station.lan import NONCE
from amanat.station.refusal import Refused
from amanat.station.terminal import Terminal

WAIT_SECONDS_MAX = 30.0


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


@pytest_asyncio.fixture
async def pair(booths: Booths) -> AsyncIterator[tuple[Terminal, Terminal]]:
    """Station S2: terminal 1 is desk and booth, terminal 2 a booth; both listen, and the desk watches."""
    async with contextlib.AsyncExitStack() as stack:
        terminals = [await booths.opened("S2", number) for number in (1, 2)]
        for terminal in terminals:
            server = await run._listen(terminal)
            stack.callback(server.close)
        for terminal in terminals:
            terminal.start()
        yield terminals[0], terminals[1]


async def shown(desk: Terminal, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The desk's status, as its page asks for it, once it is as wanted."""
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while not wanted(status := desk.status()):  # noqa: ASYNC110 - a page asks again and again
            await asyncio.sleep(0.01)
    return status


async def permit_at(desk: Terminal, there: Terminal, person: NationalId) -> str:
    """A permit that names this booth."""
    assert desk._desk is not None
    desk._desk._choose_booth = lambda _: there.identity.device
    return await permit_for(desk, person)


def incidents(terminal: Terminal) -> list[list[Value]]:
    decoded = (Entry.decode(signed.entry) for signed in terminal.journal.entries)
    return [entry.body for entry in decoded if entry.kind == "incident"]


async def test_a_voter_walks_away_from_the_second_booth(pair: tuple[Terminal, Terminal]) -> None:
    """Maryam goes in at booth 2, and the curtain falls.  Wanted: booth 2 is busy and waits for nobody, then the alarm
    says booth 2, in both languages and with her permit; she comes back, and it is over."""
    desk, second = pair
    slip = await permit_at(desk, second, MARYAM)
    status = await shown(desk, lambda s: s["booths"][1]["waiting"] == 1)
    assert [b["busy"] for b in status["booths"]] == [False, False]
    await second.booth.accept(slip)
    second.presence.look()
    await shown(desk, lambda s: s["booths"][1]["busy"])
    second.booth.away()
    second.presence.look()
    status = await shown(desk, lambda s: bool(s["alarms"]))
    (alarm,) = status["alarms"]
    assert (alarm["kind"], alarm["terminal"], alarm["serial"]) == (
        "voter-left",
        2,
        Permit.decode(read_slip(slip)[0]).serial.hex(),
    )
    assert "غرفهٔ ۲" in alarm["fa"]
    assert "Booth 2" in alarm["en"]
    assert status["booths"][1]["away_since_ms"] == alarm["since_ms"]
    second.booth.back()
    second.presence.look()
    await shown(desk, lambda s: not s["alarms"] and s["booths"][1]["busy"])


async def test_two_officers_void_the_permit_of_who_left_and_replace_it_when_they_return(
    pair: tuple[Terminal, Terminal],
) -> None:
    """C-7 from the desk: the booth refuses the permit first; the alarm ends, nobody waits, and the person who comes
    back gets another permit of the same chain."""
    desk, second = pair
    slip = await permit_at(desk, second, MARYAM)
    await second.booth.accept(slip)
    second.booth.away()
    second.presence.look()
    (alarm,) = (await shown(desk, lambda s: bool(s["alarms"])))["alarms"]
    assert (await desk.desk.void(alarm["serial"], "voter-left", OFFICERS))["ok"]
    second.presence.look()
    status = await shown(desk, lambda s: not s["alarms"] and not s["booths"][1]["busy"])
    assert status["waiting"] == 0
    assert bytes.fromhex(alarm["serial"]) in second.journal.state.refused_serials
    assert incidents(desk) == [["voided", f"{alarm['serial']} voter-left {' · '.join(OFFICERS)}"]]
    with pytest.raises(Refused) as refused:
        await second.booth.accept(slip)
    assert refused.value.code == "permit-replaced"
    assert (await desk.desk.replace(alarm["serial"], "voter-left", officers=OFFICERS))["serial"]
    again = Permit.decode(read_slip(str(tray(desk).last("permit").qr))[0])
    assert again.replaces is not None
    assert again.replaces.hex() == alarm["serial"]


async def test_an_alarm_that_was_seen_is_quiet_and_recorded(pair: tuple[Terminal, Terminal]) -> None:
    """Reza leaves his booth without a vote; the clerk saw him and does nothing else."""
    desk, second = pair
    await second.booth.accept(await permit_at(desk, second, REZA))
    second.booth.leave()
    second.presence.look()
    (alarm,) = (await shown(desk, lambda s: bool(s["alarms"])))["alarms"]
    assert alarm["kind"] == "left-uncast"
    assert desk.seen(alarm["serial"])["ok"]
    assert desk.status()["alarms"] == []
    assert incidents(desk) == [["left-uncast", f"booth 2 {alarm['serial']} seen"]]
    with pytest.raises(Refused) as refused:
        desk.seen(alarm["serial"])
    assert refused.value.code == "no-such-alarm"


async def test_a_vote_at_the_own_booth_rings_nobody(pair: tuple[Terminal, Terminal]) -> None:
    """The desk's own terminal has a booth as well: its state needs no network; after a cast nobody is missed."""
    desk, _ = pair
    slip = await permit_at(desk, desk, MARYAM)
    assert desk.status()["booths"][0]["waiting"] == 1
    await desk.booth.accept(slip)
    desk.booth.away()
    desk.presence.look()
    assert desk.status()["alarms"][0]["terminal"] == 1
    await desk.booth.accept(slip)
    await desk.booth.seal(CHOICES)
    await desk.booth.cast()
    desk.booth.leave()
    desk.presence.look()
    status = desk.status()
    assert (status["alarms"], status["booths"][0]["waiting"], status["booths"][0]["busy"]) == ([], 0, False)


async def test_a_dead_booth_is_said_and_gets_nobody(booths: Booths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens at booth 2.  Wanted: the page says so after one look, and the next voter goes to booth 1."""
    monkeypatch.setattr(presence, "SILENT_SECONDS", 0.01)
    desk = await booths.opened("S2", 1)
    desk.start()
    await shown(desk, lambda s: not s["booths"][1]["alive"])
    for person in (MARYAM, REZA):
        assert desk.desk.look(person)["ballot_terminal"] == 1
        assert (await desk.desk.issue(person, document=0))["ballot_terminal"] == 1


async def test_enter_issues_to_the_booth_that_was_shown(pair: tuple[Terminal, Terminal]) -> None:
    """Both booths are watched, the first is busy: each look names the free one, and the permit names it too."""
    desk, second = pair
    slip = await permit_at(desk, desk, MARYAM)
    await desk.booth.accept(slip)
    desk.presence.look()
    await shown(desk, lambda s: s["booths"][0]["busy"] and desk.presence.is_fresh)
    assert desk._desk is not None
    desk._desk._choose_booth = desk._choose_booth
    seen = desk.desk.look(REZA)
    issued = await desk.desk.issue(REZA, document=0)
    assert seen["ballot_terminal"] == issued["ballot_terminal"] == 2
    assert issued["ballot_device"] == second.identity.device


async def test_a_stranger_on_the_cable_answers_nothing(
    pair: tuple[Terminal, Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody takes booth 2's address and says that a permit was refused.  Wanted: an answer that is not signed by
    booth 2 for this very question is no answer; the desk takes the booth for silent and voids nothing."""
    desk, second = pair
    slip = await permit_at(desk, second, MARYAM)
    serial = Permit.decode(read_slip(slip)[0]).serial.hex()
    honest = second.lan.sign_answer
    old = honest("/lan/permit-refused", {NONCE: "0" * 32}, b'{"ok":true}')
    for forged in ("", "zz", "00" * 64, old):
        monkeypatch.setattr(second.lan, "sign_answer", lambda *_, signature=forged: signature)
        with pytest.raises(Refused) as refused:
            await desk.desk.void(serial, "voter-left", OFFICERS)
        assert refused.value.code == "booth-silent"
    monkeypatch.setattr(second.lan, "sign_answer", honest)
    assert (await desk.desk.void(serial, "voter-left", OFFICERS))["ok"]


async def test_nobody_watches_where_nobody_looks(pair: tuple[Terminal, Terminal]) -> None:
    """A rehearsal of a county has no pages: then no booth is asked, and the turn goes round."""
    desk, _ = pair
    assert desk.presence._heard == {}
    assert not desk.presence.is_fresh
    terminals = [(await desk.desk.issue(person, document=0))["ballot_terminal"] for person in (MARYAM, REZA)]
    assert sorted(terminals) == [1, 2]


async def test_a_change_is_told_at_once(booths: Booths, monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk's question waits at the booth, for as long as it likes.  The curtain falls: it is answered then and there;
    a question from before the change is answered without waiting, and so is every question when the terminal ends."""
    monkeypatch.setattr(presence, "HELD_SECONDS", 1e6)
    terminal = await booths.opened()
    await terminal.booth.accept(await permit_for(terminal, MARYAM))
    terminal.presence.look()
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        known = (await terminal.presence.answer(0, cbor.encode([0])))["version"]
        waiting = asyncio.create_task(terminal.presence.answer(0, cbor.encode([known])))
        await asyncio.sleep(0)
        assert not waiting.done()
        terminal.booth.away()
        terminal.presence.look()
        told = await waiting
        assert [kind for _, kind, _ in told["absent"]] == ["voter-left"]
        assert (await terminal.presence.answer(0, cbor.encode([known]))) == told
        last = asyncio.create_task(terminal.presence.answer(0, cbor.encode([told["version"]])))
        await asyncio.sleep(0)
        await terminal.presence.close()
        assert (await last) == told
