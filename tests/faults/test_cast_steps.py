"""Every step of a cast × all that can go wrong, then every step of the restart too (clauses B-7, B-8, C-4, J-2, J-3).

The steps are found, not listed: whatever a terminal writes, syncs, prints or answers passes the tracing port of
`steps`.  Afterwards the voter is in exactly one of *cast, the slip can be printed again* and *not cast, the permit is
good*; the screen says which; both media agree; the journal verifies.

`make faults-steps` goes through all pairs of faults; `make test` through two kinds of power cut for each second step.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from tests.faults.steps import (
    CAST_STEPS,
    KINDS,
    PowerCut,
    Screen,
    World,
    go_open,
    go_permit,
    go_sealed,
    require_media_agree,
)
from tests.station.conftest import CHOICES, MARYAM, OFFICERS, QUICK_SCRYPT_N, Election

from amanat.records import sealed_key

WIDE = os.environ.get("AMANAT_FAULTS") == "wide"
CUTS = ("torn-tail", "power-after")
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Election:
    with pytest.MonkeyPatch.context() as quick:
        quick.setattr(sealed_key, "SCRYPT_N", QUICK_SCRYPT_N)
        election = Election(tmp_path_factory.mktemp("election"), {"S1": 1})
        election.enrol()
        return election


@pytest_asyncio.fixture
async def world(_home: Election, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(sealed_key, "SCRYPT_N", QUICK_SCRYPT_N)
    made = World(_home.home("S1", 1), monkeypatch)
    yield made
    await made.stop()


class Voter:
    """Maryam, from her permit on; the world is put back to there for each case."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.slip = ""

    async def begin(self) -> None:
        self.world.start()
        self.slip = await go_permit(self.world)
        await self.world.stop()
        self.with_permit = self.world.snapshot()

    async def sealed(self) -> None:
        """Behind the curtain, before the last press."""
        await self.world.stop()
        self.world.restore(self.with_permit)
        self.world.start()
        await go_sealed(self.world, self.slip)

    async def verdict(self) -> str:
        """What the screen says when she shows her permit: exactly one of two things."""
        screen = await self.world.press("/api/booth/permit", slip=self.slip)
        assert screen is not None
        if screen["ok"]:
            assert self.world.terminal is not None
            assert not self.world.terminal.journal.state.cast
            return "not cast, permit good"
        assert (screen["code"], screen["told"], screen["printed"]) == ("permit-cast", "cast", True)
        slip = self.world.paper.of("cast")[-1]
        assert slip.duplicate
        return "cast, slip reprintable"

    async def finish(self, verdict: str) -> None:
        """Whatever she is told to do next: one ballot, and it stays."""
        world = self.world
        if verdict == "not cast, permit good":
            screen = await world.done("/api/booth/permit", slip=self.slip)
            if not screen["sealed"]:
                await world.done("/api/booth/seal", choices=CHOICES)
            assert (await world.done("/api/booth/cast"))["told"] == "cast"
        await world.power_cut()
        world.start()
        assert await self.verdict() == "cast, slip reprintable"
        assert world.terminal is not None
        account = world.terminal.journal.state.account
        assert account.cast == 1
        assert account.prepared == account.cast + account.tested + account.dropped
        require_media_agree(world)


async def attempt(world: World, at: int, kind: str, act: Callable[[], Awaitable[Screen | None]]) -> Screen | None:
    """An act that is struck at one step; power has gone afterwards if that was its kind."""
    with world.trace.watch(at, kind):
        try:
            return await act()
        except PowerCut:
            cut = True
    if cut:
        await world.power_cut()
    return None


async def restart_struck(world: World, at: int, kind: str, slip: str) -> None:
    """The power goes; the restart, up to the first permit shown, is struck at one of its own steps."""
    await world.power_cut()

    async def again() -> Screen | None:
        world.start()
        return await world.press("/api/booth/permit", slip=slip)

    await attempt(world, at, kind, again)


async def steps_of(world: World, act: Callable[[], Awaitable[object]]) -> list[str]:
    with world.trace.watch():
        await act()
    return list(world.trace.steps)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_step_of_a_cast_fails_in_every_way(world: World, kind: str, record_property: Record) -> None:
    """She pressed *cast*.  Wanted: what the screen or the slip told her is true for ever; if neither told her anything,
    her permit tells; then the restart is struck as well, at each of its steps."""
    voter, cases = Voter(world), 0
    await voter.begin()
    await voter.sealed()
    steps = await steps_of(world, lambda: world.press("/api/booth/cast"))
    assert steps == CAST_STEPS
    for at in range(len(steps)):
        await voter.sealed()
        screen = await attempt(world, at, kind, lambda: world.press("/api/booth/cast"))
        told = bool(screen and screen["ok"]) or bool(world.paper.of("cast"))
        assert screen is None or screen["ok"] or screen["code"] == "media-lost", screen
        if world.terminal is not None:  # nothing was cut: the running terminal says it before any restart
            assert await voter.verdict() == "cast, slip reprintable"
        await world.stop()
        before, slips = world.snapshot(), list(world.paper.slips)
        again = await steps_of(world, lambda: restart_struck(world, -1, "", voter.slip))
        cases += 1
        for later in (-1, *range(len(again))):
            for second in ("none",) if later < 0 else KINDS if WIDE else CUTS:
                await world.stop()
                world.restore(before)
                world.paper.slips = list(slips)
                await restart_struck(world, later, second, voter.slip)
                if world.terminal is None:
                    world.start()
                verdict = await voter.verdict()
                assert verdict == "cast, slip reprintable" or not told, (steps[at], kind, later, second)
                await voter.finish(verdict)
                cases += 1
    record_property("cases", cases)


@pytest.mark.parametrize("act", ["seal", "test"])
async def test_every_other_step_behind_the_curtain(world: World, act: str, record_property: Record) -> None:
    """Sealing or testing is struck.  Wanted: the permit is good, and one ballot is cast in the end."""
    voter, cases = Voter(world), 0
    await voter.begin()

    async def press() -> Screen | None:
        more = {"choices": CHOICES} if act == "seal" else {}
        return await world.press(f"/api/booth/{act}", **more)

    async def ready() -> None:
        await world.stop()
        world.restore(voter.with_permit)
        world.start()
        await world.done("/api/booth/permit", slip=voter.slip)
        if act == "test":
            await world.done("/api/booth/seal", choices=CHOICES)

    await ready()
    steps = await steps_of(world, press)
    assert steps == ["write a", "sync a", "write b", "sync b", f"print {'prepared' if act == 'seal' else act}", "reply"]
    for at in range(len(steps)):
        for kind in KINDS:
            await ready()
            await attempt(world, at, kind, press)
            if world.terminal is None:
                world.start()
            verdict = await voter.verdict()
            assert verdict == "not cast, permit good", (steps[at], kind)
            await voter.finish(verdict)
            cases += 1
    record_property("cases", cases)


async def test_every_step_of_issuing_a_permit(world: World, record_property: Record) -> None:
    """C-4.  Wanted: she is checked in, with a slip in her hand or one that can be printed again; or she is not, and may
    come again.  One permit in the end, and it is good for one ballot."""
    world.start()
    await go_open(world)
    await world.stop()
    opened, cases = world.snapshot(), 0

    async def ready() -> None:
        await world.stop()
        world.restore(opened)
        world.start()
        assert (await world.done("/api/desk/look", national_id=MARYAM))["decision"] == "eligible"

    async def press() -> Screen | None:
        return await world.press("/api/desk/issue", national_id=MARYAM)

    await ready()
    steps = await steps_of(world, press)
    assert steps == ["write a", "sync a", "write b", "sync b", "print permit", "reply"]
    for at in range(len(steps)):
        for kind in KINDS:
            await ready()
            await attempt(world, at, kind, press)
            if world.terminal is None:
                world.start()
            look = await world.done("/api/desk/look", national_id=MARYAM)
            in_hand = bool(world.paper.of("permit"))
            assert look["decision"] == "eligible" or (look["decision"] == "checked-in-already" and in_hand)
            if look["decision"] == "eligible":
                issued = await world.done("/api/desk/issue", national_id=MARYAM)
                assert issued["repeated"] == (look["serial"] is not None)
            assert world.terminal is not None
            assert world.terminal.journal.state.account.permits == 1
            slip = world.paper.of("permit")[-1].qr
            assert slip is not None
            await go_sealed(world, slip)
            await world.done("/api/booth/cast")
            await world.power_cut()
            world.start()
            require_media_agree(world)
            cases += 1
    record_property("cases", cases)


@pytest.mark.parametrize("act", ["open", "close"])
async def test_every_step_of_opening_and_of_closing(world: World, act: str, record_property: Record) -> None:
    """Wanted: after the restart the button does what is still to do, once: one `opened`, one `closed`, and the sheet
    that was printed last is the one that the journal binds."""

    async def press() -> Screen | None:
        more = {"officers": OFFICERS} if act == "open" else {"explanation": ""}
        return await world.press(f"/api/{act}", **more)

    world.start()
    if act == "close":
        await go_open(world)
    await world.stop()
    before, cases = world.snapshot(), 0
    world.start()
    steps = await steps_of(world, press)
    assert [step for step in steps if step.startswith("print")] == [f"print {'zero' if act == 'open' else 'closing'}"]
    assert steps[-1] == "reply"
    for at in range(len(steps)):
        for kind in KINDS:
            await world.stop()
            world.restore(before)
            world.start()
            await attempt(world, at, kind, press)
            if world.terminal is None:
                world.start()
            screen = await press()
            assert screen is not None
            assert screen["ok"], (steps[at], kind, screen)
            assert world.terminal is not None
            state = world.terminal.journal.state
            assert state.entries["opened" if act == "open" else "closed"] == 1
            assert world.paper.slips[-1].qr == screen["sheet"]
            await world.power_cut()
            world.start()
            require_media_agree(world)
            cases += 1
    record_property("cases", cases)
