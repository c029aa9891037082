"""A booth whose reader is broken takes a permit by nine digits that stand on its slip (C-14)."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from tests.station.conftest import MARYAM, REZA, Booths, StandingClock, permit_for, tray
from tests.station.test_presence import permit_at

from amanat.rules.national_id import synthetic
from amanat.station import run
from amanat.station.code_acts import accept_code, permit_by_code
from amanat.station.refusal import Refused
from amanat.station.short_code import Guesses, grouped, require_code, short_code
from amanat.station.terminal import Terminal

NOBODYS = short_code(bytes(16))


@contextlib.contextmanager
def refused(code: str, **facts: int) -> Iterator[None]:
    with pytest.raises(Refused) as caught:
        yield
    assert (caught.value.code, {name: caught.value.facts[name] for name in facts}) == (code, facts)


@pytest_asyncio.fixture
async def pair(booths: Booths) -> AsyncIterator[tuple[Terminal, Terminal]]:
    """Station S2: terminal 1 is desk and booth, terminal 2 a booth alone; the desk listens."""
    async with contextlib.AsyncExitStack() as stack:
        desk, booth = [await booths.opened("S2", number) for number in (1, 2)]
        server = await run._listen(desk)
        stack.callback(server.close)
        yield desk, booth


def code_of(desk: Terminal) -> str:
    return tray(desk).last("permit").fields["short_code"]


async def typed(booth: Terminal, code: str) -> dict[str, Any]:
    return await accept_code(booth, {"code": code})


@given(st.binary(min_size=16, max_size=16), st.integers(0, 8), st.integers(1, 9))
def test_a_wrong_digit_and_two_exchanged_are_seen(serial: bytes, place: int, more: int) -> None:
    """Whatever single digit is mistyped, or two neighbours exchanged: it is no code."""
    code = short_code(serial)
    assert require_code(grouped(code)) == code
    wrong = [code[:place] + str((int(code[place]) + more) % 10) + code[place + 1 :]]
    exchanged = code[: place - 1] + code[place] + code[place - 1] + code[place + 1 :] if place else code
    wrong += [exchanged] * (exchanged != code) + [code[:-1], code + "0", "۱" + code[1:], "AP1"]
    for text in wrong:
        with refused("code-wrong"):
            require_code(text)


def test_so_many_guesses_and_then_a_wait() -> None:
    """Two wrong codes a minute are heard; the third waits for the first to be a minute old; others do not wait."""
    guesses = Guesses(most=2)
    for now_ms in (0, 10_000):
        guesses.require_few(1, now_ms)
        guesses.wrong(1, now_ms)
    with refused("code-wait", seconds=1):
        guesses.require_few(1, 59_001)
    guesses.require_few(2, 59_001)
    guesses.require_few(1, 60_000)


async def test_one_machine_takes_its_own_code(booths: Booths) -> None:
    """Desk and booth are one machine: the code on Maryam's slip opens her tray, and the page gets the slip's text."""
    terminal = await booths.opened()
    slip = await permit_for(terminal, MARYAM)
    screen = await typed(terminal, code_of(terminal))
    assert (screen["ok"], screen["slip"]) == (True, slip)
    assert terminal.booth.busy


async def test_codes_of_nobody_are_refused_and_soon_wait(booths: Booths, clock: StandingClock) -> None:
    """Somebody tries codes.  Wanted: five in a minute are looked up, the sixth is not, were it right; a minute later
    it is."""
    terminal = await booths.opened()
    await permit_for(terminal, MARYAM)
    for _ in range(5):
        with refused("code-unknown"):
            await typed(terminal, NOBODYS)
    with refused("code-wait"):
        await typed(terminal, code_of(terminal))
    assert not terminal.booth.busy
    clock.ms += 60_000
    assert (await typed(terminal, code_of(terminal)))["ok"]


async def test_a_replaced_permit_has_no_code_any_more(booths: Booths) -> None:
    """C-7.  The old code is nobody's, the new one opens."""
    terminal = await booths.opened()
    await permit_for(terminal, MARYAM)
    old, serial = code_of(terminal), tray(terminal).last("permit").fields["serial"]
    await terminal.desk.replace(serial, "lost")
    with refused("code-unknown"):
        await typed(terminal, old)
    assert (await typed(terminal, code_of(terminal)))["ok"]


async def test_a_booth_asks_the_desk_over_the_cable(pair: tuple[Terminal, Terminal]) -> None:
    """Terminal 2 is a booth alone.  Wanted: it gets the slip of the permit that names it; of one that names the
    desk's own booth it hears only which; a colleague that asks for too many codes of nobody waits."""
    desk, booth = pair
    there = await permit_at(desk, booth, MARYAM)
    assert (await typed(booth, code_of(desk)))["slip"] == there
    booth.booth.leave()
    await permit_at(desk, desk, REZA)
    told = await typed(booth, code_of(desk))
    assert (told["code"], "slip" in told) == ("permit-other-terminal", False)
    body = b"\x81\x69" + NOBODYS.encode()
    for _ in range(59):
        with refused("code-unknown"):
            permit_by_code(desk, booth.identity.device, body)
    with refused("code-wait"):
        permit_by_code(desk, booth.identity.device, body)


async def test_a_silent_desk_is_said(pair: tuple[Terminal, Terminal]) -> None:
    """Nobody answers: that is said, and it is no guess."""
    _, booth = pair
    for colleague in booth.lan.colleagues:
        booth.lan.buried.add(colleague.device)
    for _ in range(6):
        with refused("code-no-desk"):
            await typed(booth, short_code(synthetic(7).encode().rjust(16)))
