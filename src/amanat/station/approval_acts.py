"""The buttons of the second approval, on the desk and on the observer's pad, and the question between them (C-9)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from amanat.station.approval import WANTED
from amanat.station.request import Body, field
from amanat.station.terminal import Terminal

Screen = dict[str, Any]

APPROVAL_ACTS: Final[Mapping[tuple[str, str], Callable[[Terminal, Body], Screen | Awaitable[Screen]]]] = {
    ("POST", "/api/desk/approval"): lambda t, b: t.desk.approval(field(b, "serial", str)),
    ("POST", "/api/desk/aside"): lambda t, _: t.desk.aside(),
    ("GET", "/api/pad"): lambda t, _: t.pad.screen(),
    ("POST", "/api/pad/approve"): lambda t, b: t.pad.approve(field(b, "permit", str)),
    ("POST", "/api/pad/refuse"): lambda t, b: t.pad.refuse(field(b, "permit", str), field(b, "reason", str)),
}

APPROVAL_LAN_ACTS: Final[Mapping[str, Callable[[Terminal, int, bytes], Screen]]] = {
    WANTED: lambda t, sender, body: t.pad.asked(sender, body),
}
