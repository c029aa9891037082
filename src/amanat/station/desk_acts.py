"""What the desk's buttons do, by path: each asks the desk, and two officers where two must answer for it (C-11)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from amanat.station import officers
from amanat.station.readers import CARD
from amanat.station.refusal import Refused
from amanat.station.request import Body, field, texts
from amanat.station.terminal import Terminal

Screen = dict[str, Any]
Act = Callable[[Terminal, Body], Screen | Awaitable[Screen]]


def _id(body: Body) -> str:
    return field(body, "national_id", str)


def _contests(body: Body) -> list[str] | None:
    return texts(body, "contests") if body.get("contests") is not None else None


async def _two(terminal: Terminal, body: Body, name: str = "officers") -> list[str]:
    """The two officers of a request, or nobody where none is named; Refused for one alone or a wrong one."""
    return await officers.require_two(terminal.home, {"officers": body[name]}) if body.get(name) else []


async def _issue(terminal: Terminal, body: Body) -> Screen:
    try:
        person, appeal = _id(body), await _two(terminal, body) or await _two(terminal, body, "appeal")
        return await terminal.check_in(person, appeal=bool(appeal)).issue(
            person,
            document=field(body, "document", int, 0),
            contests=_contests(body),
            appeal=appeal,
            companion=field(body, "companion", str, ""),
        )
    finally:
        terminal.poke_link()  # the news of a check-in leaves at once


async def _replace(terminal: Terminal, body: Body) -> Screen:
    two = await officers.require_two(terminal.home, body)
    return await terminal.desk.replace(
        field(body, "serial", str), field(body, "reason", str, "replaced"), officers=two, contests=_contests(body)
    )


async def _void(terminal: Terminal, body: Body) -> Screen:
    two = await officers.require_two(terminal.home, body)
    return await terminal.desk.void(field(body, "serial", str), field(body, "reason", str, "voter-left"), two)


async def _card(terminal: Terminal, _: Body) -> Screen:
    """The national id of the card on the reader, or none."""
    reader = terminal.readers.get(CARD)
    if reader is None:
        raise Refused("no-card-reader")
    reading = await reader.read()
    return {"ok": True, "result": reading.result, "national_id": reading.national_id}


DESK_ACTS: Final[Mapping[tuple[str, str], Act]] = {
    ("POST", "/api/desk/present"): lambda t, _: t.present(),
    ("POST", "/api/desk/look"): lambda t, b: t.check_in(_id(b)).look(_id(b)),
    ("POST", "/api/desk/issue"): _issue,
    ("POST", "/api/desk/withdraw"): lambda t, b: t.desk.withdraw(_id(b), field(b, "reason", str, "")),
    ("POST", "/api/desk/verify"): lambda t, b: t.desk.verify(_id(b)),
    ("POST", "/api/desk/card"): _card,
    ("POST", "/api/desk/replace"): _replace,
    ("POST", "/api/desk/void"): _void,
    ("POST", "/api/desk/seen"): lambda t, b: t.seen(field(b, "serial", str)),
}
