"""A medium that takes half a minute (clauses J-2, B-7): no screen stands still, nobody votes twice, nothing is lost."""

import asyncio
import functools
from collections.abc import Iterator

import pytest
from tests.station.conftest import CHOICES, MARYAM, REZA, Booths, permit_for, tray
from tests.station.stalling import LONG, Impatient, Stall

from amanat.records.journal import Entry
from amanat.station import parts
from amanat.station.ports import Ports
from amanat.station.refusal import Refused
from amanat.station.terminal import Terminal


@pytest.fixture
def stall(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stall]:
    made = Stall(monkeypatch)
    yield made
    made.go.set()


async def sealed(booths: Booths) -> tuple[Terminal, str]:
    terminal = await booths.opened()
    slip = await permit_for(terminal, MARYAM)
    await terminal.booth.accept(slip)
    await terminal.booth.seal(CHOICES)
    return terminal, slip


def kinds(terminal: Terminal) -> list[str]:
    return [Entry.decode(signed.entry).kind for signed in terminal.journal.entries]


async def test_screens_answer_while_a_cast_is_written_and_a_second_press_casts_nothing(
    booths: Booths, stall: Stall
) -> None:
    """Both media stall; she presses *cast* again, and the supervisor looks.  Wanted: the status answers meanwhile, no
    slip has come; then one ballot, one slip, and both presses are told the same."""
    terminal, _ = await sealed(booths)
    stall.names = "ab"
    presses = [asyncio.create_task(terminal.booth.cast()) for _ in range(2)]
    assert await asyncio.to_thread(stall.waits.wait, LONG)
    assert terminal.status()["counts"]["cast"] == 0
    assert terminal.status()["limits"]["voters_left"] > 0
    terminal.scrub()
    assert not any(press.done() for press in presses)
    assert not [slip for slip in tray(terminal).slips if slip.kind == "cast"]
    stall.go.set()
    first, second = await asyncio.gather(*presses)
    assert first == second
    assert first["told"] == "cast"
    assert len([slip for slip in tray(terminal).slips if slip.kind == "cast"]) == 1
    assert kinds(terminal).count("ballot-cast") == 1


@pytest.mark.parametrize("which", ["a", "b"])
async def test_one_medium_stalls_and_is_given_up(
    booths: Booths, stall: Stall, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """Wanted: the cast is told as soon as the other medium holds it; the screens name the medium and say what to do;
    the next voter votes; after the restart both media hold everything."""
    monkeypatch.setattr(parts, "Ports", functools.partial(Ports, hands=Impatient(stall)))
    terminal, slip = await sealed(booths)
    stall.names = which
    assert (await terminal.booth.cast())["told"] == "cast"
    assert not stall.go.is_set()
    status = terminal.status()
    assert status["media"] == {"a": "good", "b": "good"} | {which: "dead"}
    (told,) = status["media_told"]
    assert (told["medium"], told["code"]) == (which, "medium-given-up")
    assert which.upper() in told["fa"]
    assert kinds(terminal)[-2:] == ["ballot-cast", "incident"]
    await terminal.booth.accept(await permit_for(terminal, REZA))
    await terminal.booth.seal(CHOICES)
    assert (await terminal.booth.cast())["told"] == "cast"
    await asyncio.to_thread(stall.end)  # the old program is gone
    again = await booths.after_power_cut(terminal)
    assert (await again.booth.accept(slip))["told"] == "cast"
    assert again.status()["media_told"] == []


async def test_she_leaves_while_her_ballot_is_being_cast(booths: Booths, stall: Stall) -> None:
    """The page says *leave* before the answer came.  Wanted: cast is cast, nothing is dropped, her permit says so."""
    terminal, slip = await sealed(booths)
    stall.names = "ab"
    press = asyncio.create_task(terminal.booth.cast())
    assert await asyncio.to_thread(stall.waits.wait, LONG)
    stall.go.set()
    assert terminal.booth.leave() == {"ok": True, "uncast": False}
    assert (await press)["told"] == "cast"
    assert "ballot-dropped" not in kinds(terminal)
    assert (await terminal.booth.accept(slip))["told"] == "cast"


async def test_her_desk_voids_the_permit_while_she_casts(booths: Booths, stall: Stall) -> None:
    """Wanted: the void waits for the cast and is refused: she has voted."""
    terminal, _ = await sealed(booths)
    serial = next(iter(terminal.journal.state.permits))
    stall.names = "ab"
    press = asyncio.create_task(terminal.booth.cast())
    assert await asyncio.to_thread(stall.waits.wait, LONG)
    stall.go.set()
    with pytest.raises(Refused) as refused:
        terminal.booth.void(serial, "voter-left")
    assert refused.value.code == "permit-cast"
    assert (await press)["told"] == "cast"


async def test_she_leaves_while_her_ballot_is_being_sealed(booths: Booths, stall: Stall) -> None:
    """Wanted: what was prepared is dropped, her permit is good, and the equation of the closing sheet holds."""
    terminal = await booths.opened()
    slip = await permit_for(terminal, MARYAM)
    await terminal.booth.accept(slip)
    stall.names = "ab"
    press = asyncio.create_task(terminal.booth.seal(CHOICES))
    assert await asyncio.to_thread(stall.waits.wait, LONG)
    stall.go.set()
    terminal.booth.leave()
    with pytest.raises(Refused):
        await press
    assert kinds(terminal)[-2:] == ["ballot-prepared", "ballot-dropped"]
    await terminal.booth.accept(slip)
    await terminal.booth.seal(CHOICES)
    assert (await terminal.booth.cast())["told"] == "cast"
    account = terminal.journal.state.account
    assert account.prepared == account.cast + account.dropped


async def test_a_permit_asked_for_twice_is_issued_once(booths: Booths, stall: Stall) -> None:
    """The clerk presses twice while a medium stalls.  Wanted: one permit, one slip."""
    terminal = await booths.opened()
    terminal.desk.look(MARYAM)
    stall.names = "ab"
    presses = [asyncio.create_task(terminal.desk.issue(MARYAM, document=0)) for _ in range(2)]
    assert await asyncio.to_thread(stall.waits.wait, LONG)
    stall.go.set()
    first, second = await asyncio.gather(*presses)
    assert (first["serial"], first["repeated"], second["repeated"]) == (second["serial"], False, True)
    assert kinds(terminal).count("permit") == 1
    assert len([slip for slip in tray(terminal).slips if slip.kind == "permit"]) == 1


async def test_who_writes_meanwhile_comes_after_in_the_one_order(booths: Booths, stall: Stall) -> None:
    """While a cast stalls, a supervisor notes an incident.  Wanted: the cast first, the incident after it, chained."""
    terminal, _ = await sealed(booths)
    stall.names = "ab"
    press = asyncio.create_task(terminal.booth.cast())
    assert await asyncio.to_thread(stall.waits.wait, LONG)
    stall.go.set()
    terminal.note_incident("the fan is loud")
    await press
    assert kinds(terminal)[-2:] == ["ballot-cast", "incident"]
    again = await booths.after_power_cut(terminal)
    assert kinds(again) == kinds(terminal)
