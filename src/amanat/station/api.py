"""A terminal's JSON over HTTP: what its pages and the rehearsal's people press.  Decides nothing; asks the terminal.

Every answer has "ok"; a refusal has "code" and its sentences "fa" and "en", and changed nothing.  The terminal's own
routes are one table and plain ASGI, since a voter is seven requests; pages and their files are Starlette's.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from amanat.errors import AmanatError
from amanat.records import cbor
from amanat.records.permit import Permit, read_slip
from amanat.station.refusal import Refused, screen_of
from amanat.station.terminal import Terminal
from amanat.station.web import pages

Screen = dict[str, Any]
Body = Mapping[str, Any]
Act = Callable[[Terminal, Body], Screen | Awaitable[Screen]]
Kind = TypeVar("Kind")
BODY_BYTES_MAX: Final = 4 << 20  # a colleague's entries; a person's request is a thousand times smaller


def field(body: Body, name: str, kind: type[Kind], default: Kind | None = None) -> Kind:
    """A field of the request; Refused where it is missing or of another type."""
    value = body.get(name, default)
    if type(value) is not kind:
        raise Refused("request-field", field=name)
    return value


def texts(body: Body, name: str, default: list[str] | None = None) -> list[str]:
    """A list of texts."""
    values = field(body, name, list, default)
    if not all(isinstance(value, str) for value in values):
        raise Refused("request-field", field=name)
    return values


async def _issue(terminal: Terminal, body: Body) -> Screen:
    contests = texts(body, "contests") if body.get("contests") is not None else None
    person, document, appeal = _id(body), field(body, "document", int, 0), texts(body, "appeal", [])
    try:
        return await terminal.desk.issue(person, document=document, contests=contests, appeal=appeal)
    finally:
        terminal.poke_link()  # the news of a check-in leaves at once


async def _seal(terminal: Terminal, body: Body) -> Screen:
    choices = field(body, "choices", dict)
    return await terminal.booth.seal({contest: texts(choices, contest) for contest in choices})


def _id(body: Body) -> str:
    return field(body, "national_id", str)


ACTS: Final[Mapping[tuple[str, str], Act]] = {
    ("GET", "/api/status"): lambda t, _: t.status(),
    ("POST", "/api/open"): lambda t, b: t.open(texts(b, "officers")),
    ("POST", "/api/close"): lambda t, b: t.close_polls(field(b, "explanation", str, "")),
    ("POST", "/api/hourly"): lambda t, _: t.hourly(),
    ("POST", "/api/desk/present"): lambda t, _: t.present(),
    ("POST", "/api/desk/look"): lambda t, b: t.desk.look(_id(b)),
    ("POST", "/api/desk/issue"): _issue,
    ("POST", "/api/desk/withdraw"): lambda t, b: t.desk.withdraw(_id(b)),
    ("POST", "/api/desk/replace"): lambda t, b: t.desk.replace(
        field(b, "serial", str), field(b, "reason", str, "replaced")
    ),
    ("POST", "/api/booth/permit"): lambda t, b: t.booth.accept(field(b, "slip", str)),
    ("POST", "/api/booth/seal"): _seal,
    ("POST", "/api/booth/cast"): lambda t, _: t.booth.cast(),
    ("POST", "/api/booth/test"): lambda t, _: t.booth.test(),
    ("POST", "/api/booth/leave"): lambda t, _: t.booth.leave(),
    ("GET", "/api/exercise"): lambda t, _: t.exercise.screen(),
    ("POST", "/api/exercise/begin"): lambda t, b: t.exercise.begin(
        field(b, "person", str), field(b, "scenario", str)
    ),
    ("POST", "/api/exercise/stop"): lambda t, _: t.exercise.stop(),
    ("POST", "/api/supervisor/usb"): lambda t, b: t.write_usb(Path(field(b, "path", str))),
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


LAN_ACTS: Final[Mapping[str, Callable[[Terminal, int, bytes], Screen]]] = {
    "/lan/entries": _lan_entries,
    "/lan/permit-refused": _lan_permit_refused,
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
                return await _answer(send, await self._lan(key[1], scope, receive))
        return await self._pages(scope, receive, send)

    async def _act(self, act: Act, scope: Scope, receive: Receive) -> Screen:
        before = self._terminal.journal.state.next_seq
        body: Body = {}
        try:
            body = _object(scope, await _read(receive)) if scope["method"] == "POST" else {}
            done = act(self._terminal, body)
            screen = done if isinstance(done, dict) else await done
        except AmanatError as error:
            screen = screen_of(error)
        if self._terminal.journal.state.next_seq != before:
            self._terminal.wrote()
        if scope["method"] == "POST" and self._terminal.practice is not None:
            self._terminal.practice.saw(scope["path"].removeprefix("/api/"), body, screen)
        return screen

    async def _lan(self, path: str, scope: Scope, receive: Receive) -> Screen:
        """Only a colleague, by its signature, is heard."""
        try:
            body = await _read(receive)
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            sender = self._terminal.lan.require_colleague(path, body, headers)
            return LAN_ACTS[path](self._terminal, sender, body)
        except AmanatError as error:
            return screen_of(error)


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


async def _answer(send: Send, screen: Screen) -> None:
    content = json.dumps(screen, ensure_ascii=False, separators=(",", ":")).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(content)),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})
