"""A terminal's JSON over HTTP: what its pages and the rehearsal's people press.  Decides nothing; asks the terminal.

Every answer has "ok"; a refusal has "code" and its sentences "fa" and "en", and changed nothing.  The terminal's own
routes are one table and plain ASGI, since a voter is seven requests; pages and their files are Starlette's.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from amanat.errors import AmanatError
from amanat.records import cbor
from amanat.records.permit import Permit, read_slip
from amanat.station import take_over
from amanat.station.approval_acts import APPROVAL_ACTS, APPROVAL_LAN_ACTS
from amanat.station.day_acts import DAY_ACTS, DAY_LAN_ACTS
from amanat.station.desk_acts import DESK_ACTS
from amanat.station.lan import SIGNATURE
from amanat.station.officers import require_two
from amanat.station.refusal import Refused, screen_of
from amanat.station.request import Body, field, texts
from amanat.station.terminal import Terminal
from amanat.station.web import pages

Screen = dict[str, Any]
Act = Callable[[Terminal, Body], Screen | Awaitable[Screen]]
BODY_BYTES_MAX: Final = 4 << 20  # a colleague's entries; a person's request is a thousand times smaller


async def _seal(terminal: Terminal, body: Body) -> Screen:
    sealed = body.get("sealed")
    choices = terminal.booth.open_choices(sealed) if isinstance(sealed, dict) else field(body, "choices", dict)
    return await terminal.booth.seal({contest: texts(choices, contest) for contest in choices})


ACTS: Final[Mapping[tuple[str, str], Act]] = {
    ("GET", "/api/status"): lambda t, _: t.status(),
    **DAY_ACTS,
    ("POST", "/api/hourly"): lambda t, _: t.hourly(),
    **DESK_ACTS,
    **APPROVAL_ACTS,
    ("POST", "/api/booth/permit"): lambda t, b: t.accept(field(b, "slip", str)),
    ("POST", "/api/booth/seal"): _seal,
    ("POST", "/api/booth/cast"): lambda t, _: t.booth.cast(),
    ("POST", "/api/booth/test"): lambda t, _: t.booth.test(),
    ("POST", "/api/booth/leave"): lambda t, _: t.booth.leave(),
    ("POST", "/api/booth/away"): lambda t, _: t.booth.away(),
    ("POST", "/api/booth/back"): lambda t, _: t.booth.back(),
    ("GET", "/api/exercise"): lambda t, _: t.exercise.screen(),
    ("POST", "/api/exercise/begin"): lambda t, b: t.exercise.begin(field(b, "person", str), field(b, "scenario", str)),
    ("POST", "/api/exercise/stop"): lambda t, _: t.exercise.stop(),
    ("POST", "/api/supervisor/usb"): lambda t, b: t.write_usb(
        Path(field(b, "path", str)), lost=field(b, "gateway_lost", bool, False)
    ),
    ("POST", "/api/supervisor/medium"): lambda t, b: t.upkeep.replace(
        field(b, "which", str), field(b, "path", str), require_two(t.home, b)
    ),
    ("POST", "/api/supervisor/head"): lambda t, b: t.upkeep.take_head(field(b, "slip", str)),
    ("POST", "/api/supervisor/incident"): lambda t, b: t.note_incident(field(b, "text", str)),
    ("POST", "/api/supervisor/checked-in-list"): lambda t, b: (
        t.checked_in_list.print_all() if field(b, "all", bool, False) else t.checked_in_list.print_new()
    ),
}
"""What each button does, by method and path."""


def _lan_entries(terminal: Terminal, sender: int, body: bytes) -> Screen:
    """A colleague's entries, for the copy that we keep and deliver; how far we hold its journal now."""
    return terminal.take_copies(sender, cbor.decode_seq(body))


def _lan_permit_refused(terminal: Terminal, _: int, body: bytes) -> Screen:
    """A desk replaces a permit that names us (C-7)."""
    slip, reason = cbor.as_list(cbor.decode(body), "void", size=2)
    serial = Permit.decode(read_slip(cbor.as_text(slip, "slip"))[0]).serial
    terminal.booth.void(serial, cbor.as_text(reason, "reason"))
    return {"ok": True}


def _lan_carried_refused(terminal: Terminal, _: int, body: bytes) -> Screen:
    """A desk replaces a permit that named a booth whose journal we carry on (C-7, J-8)."""
    slip, reason = cbor.as_list(cbor.decode(body), "void", size=2)
    decoded = Permit.decode(read_slip(cbor.as_text(slip, "slip"))[0])
    if decoded.ballot_device not in terminal.carried.states:
        raise Refused("permit-not-ours")
    terminal.carried.require_not_cast(decoded.serial)
    terminal.booth.void(decoded.serial, cbor.as_text(reason, "reason"))
    return {"ok": True}


LAN_ACTS: Final[Mapping[str, Callable[[Terminal, int, bytes], Screen | Awaitable[Screen]]]] = {
    "/lan/entries": _lan_entries,
    "/lan/permit-refused": _lan_permit_refused,
    "/lan/carried-refused": _lan_carried_refused,
    take_over.PATH: lambda t, sender, body: take_over.take_carried(t.identity, t.lan, sender, body),
    "/lan/head": lambda t, sender, _: t.lan.last_of(sender),
    **DAY_LAN_ACTS,
    **APPROVAL_LAN_ACTS,
    "/lan/presence": lambda t, sender, body: t.presence.answer(sender, body),
}


class Application:
    """The web application of one terminal: its JSON, its station's network, its pages."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        starlette = Starlette(routes=pages.routes())
        starlette.state.terminal = terminal
        self._pages: ASGIApp = starlette

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            key = scope["method"], scope["path"]
            if (act := ACTS.get(key)) is not None:
                return await _answer(send, await self._act(act, scope, receive))
            if key[0] == "POST" and key[1] in LAN_ACTS:
                return await self._lan(key[1], scope, receive, send)
        return await self._pages(scope, receive, send)

    async def _act(self, act: Act, scope: Scope, receive: Receive) -> Screen:
        before = self._terminal.journal.state.next_seq
        body: Body = {}
        try:
            if scope["method"] == "POST":
                body = _object(scope, await _read(receive))
                await self._terminal.hearing.wait()
            done = act(self._terminal, body)
            screen = done if isinstance(done, dict) else await done
        except AmanatError as error:
            screen = screen_of(error)
        except Exception:
            logging.exception("%s", scope["path"])
            screen = screen_of(Refused("fault-of-ours"))
        if self._terminal.journal.state.next_seq != before:
            self._terminal.wrote()
        self._terminal.presence.look()
        if scope["method"] == "POST" and self._terminal.practice is not None:
            self._terminal.practice.saw(scope["path"].removeprefix("/api/"), body, screen)
        return screen

    async def _lan(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Only a colleague, by its signature, is heard; the answer is signed for the question."""
        terminal = self._terminal
        before = terminal.journal.state.next_seq
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            body = await _read(receive)
            done = LAN_ACTS[path](terminal, terminal.lan.require_colleague(path, body, headers), body)
            screen = done if isinstance(done, dict) else await done
        except AmanatError as error:
            screen = screen_of(error)
        except Exception:
            logging.exception("%s", path)
            screen = screen_of(Refused("fault-of-ours"))
        if terminal.journal.state.next_seq != before:
            terminal.wrote()
        terminal.presence.look()
        content = _encode(screen)
        signature = terminal.lan.sign_answer(path, headers, content)
        await _send(send, content, (SIGNATURE.encode(), signature.encode()))


async def _read(receive: Receive) -> bytes:
    """The whole body; Refused if it is longer than any request."""
    body = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise Refused("request-field", field="length")
        if not message.get("more_body", False):
            return body


def _object(scope: Scope, raw: bytes) -> Body:
    """The JSON object of a request.  Another content type is refused: a page elsewhere cannot send this one."""
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    if not kind.startswith(b"application/json"):
        raise Refused("request-field", field="content-type")
    try:
        body = json.loads(raw or b"{}")
        if b"\\u" in raw:
            json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as cause:
        raise Refused("request-field", field="JSON") from cause
    if not isinstance(body, dict):
        raise Refused("request-field", field="JSON")
    return body


def _encode(screen: Screen) -> bytes:
    return json.dumps(screen, ensure_ascii=False, separators=(",", ":")).encode()


async def _answer(send: Send, screen: Screen) -> None:
    await _send(send, _encode(screen))


async def _send(send: Send, content: bytes, *more: tuple[bytes, bytes]) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(content)),
        (b"cache-control", b"no-store"),
        *more,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})
