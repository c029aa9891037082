"""What the supervisor's buttons do, by path, and what a colleague's supervisor did (clauses J-9, J-10)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from amanat.records.device import ROLE_APPROVE
from amanat.station.day import GIVE, TELL
from amanat.station.lan import FAULTS
from amanat.station.officers import require_two
from amanat.station.refusal import Refused
from amanat.station.request import Body, field
from amanat.station.terminal import Terminal

Screen = dict[str, Any]
COUNTS: Final = ("used", "spoiled", "left")


def _text(body: Body, name: str) -> str:
    return field(body, name, str, "")


async def _open(terminal: Terminal, body: Body) -> Screen:
    """Opened already it only prints the zero sheet again, which needs nobody."""
    officers = [] if terminal.journal.state.opened else await require_two(terminal.home, body)
    return await terminal.open(officers, _text(body, "witnesses"), other_day=field(body, "other_day", bool, False))


async def _close(terminal: Terminal, body: Body) -> Screen:
    explanation = _text(body, "explanation")
    officers = await require_two(terminal.home, body) if explanation.strip() else []
    return await terminal.close_polls(explanation, officers)


async def _end(terminal: Terminal, body: Body) -> Screen:
    return await terminal.day.end(await require_two(terminal.home, body), _text(body, "reason"))


async def _pause(terminal: Terminal, body: Body) -> Screen:
    return await terminal.day.pause(await require_two(terminal.home, body), _text(body, "reason"))


async def _resume(terminal: Terminal, body: Body) -> Screen:
    return await terminal.day.resume(await require_two(terminal.home, body))


async def _left(terminal: Terminal, body: Body) -> Screen:
    serials = [serial for serial in field(body, "serials", list) if isinstance(serial, str)]
    return terminal.day.leave(serials, _text(body, "reason"), await require_two(terminal.home, body))


def _paper(terminal: Terminal, body: Body) -> Screen:
    counts = body.get("counts")
    return terminal.day.paper(field(body, "on", bool), _batches(body), None if counts is None else _counts(counts))


def _batches(body: Body) -> Sequence[tuple[int, int]]:
    """The batches [[first, last]…] of papers received."""
    batches = field(body, "received", list)
    if not all(isinstance(b, list) and len(b) == 2 and all(_is_count(serial) for serial in b) for b in batches):
        raise Refused("paper-serials")
    return [(first, last) for first, last in batches]


def _counts(counts: object) -> tuple[int, int, int]:
    if not isinstance(counts, dict) or not all(_is_count(counts.get(name)) for name in COUNTS):
        raise Refused("paper-counts")
    used, spoiled, left = (int(counts[name]) for name in COUNTS)
    return used, spoiled, left


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 53


DAY_ACTS: Final[Mapping[tuple[str, str], Callable[[Terminal, Body], Screen | Awaitable[Screen]]]] = {
    ("GET", "/api/day"): lambda t, _: t.day.screen(),
    ("POST", "/api/open"): _open,
    ("POST", "/api/close"): _close,
    ("POST", "/api/end"): _end,
    ("POST", "/api/pause"): _pause,
    ("POST", "/api/resume"): _resume,
    ("POST", "/api/extension"): lambda t, b: t.day.extend(_text(b, "slip")),
    ("POST", "/api/paper"): _paper,
    ("POST", "/api/left"): _left,
    ("POST", "/api/incident"): lambda t, b: t.day.note(_text(b, "kind"), _text(b, "text")),
    ("POST", "/api/reprint"): lambda t, b: t.sheets.reprint(_text(b, "kind")),
}
"""What each of these buttons does, by method and path."""


def told(terminal: Terminal, sender: int, body: bytes) -> Screen:
    """A colleague's supervisor paused, resumed, ended or extended; an observer's pad commands nobody."""
    if terminal.identity.package.devices[sender].has(ROLE_APPROVE):
        raise Refused("not-a-colleague")
    return terminal.day.told(body)


async def give(terminal: Terminal, _: int, __: bytes) -> Screen:
    """The gateway closes and wants the rest of our journal now."""
    try:
        await terminal.lan.give_all(afresh=True)
    except FAULTS:
        return {"ok": False}
    return {"ok": True}


DAY_LAN_ACTS: Final[Mapping[str, Callable[[Terminal, int, bytes], Screen | Awaitable[Screen]]]] = {
    TELL: told,
    GIVE: give,
}
