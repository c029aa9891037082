"""A permit by its short code: the booth asks the station's desks, which know what they issued (C-14)."""

import asyncio
import json
from typing import Any, Final

from amanat.records import cbor, permit
from amanat.records.device import ROLE_CHECK_IN
from amanat.station.lan import FAULTS, Colleague
from amanat.station.refusal import Refused, screen_of
from amanat.station.request import Body, field
from amanat.station.short_code import require_code, short_code
from amanat.station.terminal import Terminal

Screen = dict[str, Any]
PATH: Final = "/lan/permit-by-code"
_NOBODYS: Final = {"code-unknown", "not-a-desk"}


async def accept_code(terminal: Terminal, body: Body) -> Screen:
    """A voter typed the code: as if the slip on which it stands were scanned; its text goes to the page as well."""
    guesses, device, now_ms = terminal.booth.guesses, terminal.identity.device, terminal.clock.monotonic_ms()
    code = require_code(field(body, "code", str))
    guesses.require_few(device, now_ms)
    answers = await _answers(terminal, code)
    slips = {str(answer["slip"]) for answer in answers if answer.get("ok")}
    if len(slips) > 1:
        raise Refused("code-twice")
    if slips:
        slip = slips.pop()
        return await terminal.accept(slip) | {"slip": slip}
    refusals = [answer for answer in answers if answer.get("code") not in _NOBODYS]
    if refusals:
        return refusals[0]
    if not answers:
        raise Refused("code-no-desk")
    guesses.wrong(device, now_ms)
    raise Refused("code-unknown")


async def _answers(terminal: Terminal, code: str) -> list[Screen]:
    """What the station's desks say, this terminal's own among them; nothing of those that are silent."""
    desks = {c.device for c in terminal.identity.colleagues if c.has(ROLE_CHECK_IN)} - terminal.lan.buried
    asked = [_ask(terminal, colleague, code) for colleague in terminal.lan.colleagues if colleague.device in desks]
    answers = [answer for answer in await asyncio.gather(*asked) if answer is not None]
    if terminal.roles & ROLE_CHECK_IN:
        try:
            answers.append(_slip_with(terminal, terminal.identity.device, code))
        except Refused as refused:
            answers.append(screen_of(refused))
    return answers


async def _ask(terminal: Terminal, colleague: Colleague, code: str) -> Screen | None:
    try:
        answer = json.loads(await terminal.lan.ask(colleague, PATH, cbor.encode([code])))
    except FAULTS:
        return None
    return answer if isinstance(answer, dict) else None


def permit_by_code(terminal: Terminal, sender: int, body: bytes) -> Screen:
    """The desk's answer to a booth of its station; whoever asks for codes of nobody too often must wait."""
    (value,) = cbor.as_list(cbor.decode(body), "code", size=1)
    code = require_code(cbor.as_text(value, "code"))
    guesses, now_ms = terminal.desk.guesses, terminal.clock.monotonic_ms()
    guesses.require_few(sender, now_ms)
    try:
        return _slip_with(terminal, sender, code)
    except Refused:
        guesses.wrong(sender, now_ms)
        raise


def _slip_with(terminal: Terminal, booth: int, code: str) -> Screen:
    """The text of the slip with this code, for the booth alone that its permit names."""
    desk = terminal.desk
    found = [(shown, issued) for shown, issued in desk.latest() if short_code(shown.serial) == code]
    if desk.approvals.needed:
        found = [(shown, issued) for shown, issued in found if desk.approvals.of(issued) is not None]
    here = [issued for shown, issued in found if shown.ballot_device == booth]
    if not found:
        raise Refused("code-unknown")
    if not here:
        raise Refused("permit-other-terminal", terminal=terminal.identity.number(found[0][0].ballot_device))
    if len(here) > 1:
        raise Refused("code-twice")
    return {"ok": True, "slip": permit.slip(here[0], desk.approvals.of(here[0]))}
