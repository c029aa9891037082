"""A terminal's JSON over HTTP: what its pages and the rehearsal's people press.  Decides nothing; asks the terminal.

Every answer has "ok"; a refusal has "code" and its sentences "fa" and "en", and changed nothing.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from amanat.errors import AmanatError
from amanat.records import cbor
from amanat.records.permit import Permit, read_slip
from amanat.station.lan import DEVICE, ROOM
from amanat.station.refusal import Refused
from amanat.station.terminal import Terminal
from amanat.station.web import pages
from amanat.sync.messages import triple

Screen = dict[str, Any]
Body = Mapping[str, Any]
Act = Callable[[Terminal, Body], Awaitable[Screen]]
Kind = TypeVar("Kind")
BODY_BYTES_MAX: Final = 64 << 10


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


async def status(terminal: Terminal, _: Body) -> Screen:
    """What the strip shows."""
    return terminal.status()


async def open_polls(terminal: Terminal, body: Body) -> Screen:
    """Two officers open."""
    return await terminal.open(texts(body, "officers"))


async def close_polls(terminal: Terminal, body: Body) -> Screen:
    """Close this terminal."""
    return await terminal.close_polls(field(body, "explanation", str, ""))


async def hourly(terminal: Terminal, _: Body) -> Screen:
    """A sheet in between."""
    return await terminal.sheets.hourly()


async def present(terminal: Terminal, _: Body) -> Screen:
    """A document lies on the desk: ask headquarters for news, wait for nothing."""
    terminal.poke_link()
    return {"ok": True}


async def look(terminal: Terminal, body: Body) -> Screen:
    """The tenth digit."""
    return terminal.desk.look(field(body, "national_id", str))


async def issue(terminal: Terminal, body: Body) -> Screen:
    """Enter: the permit."""
    contests = texts(body, "contests") if body.get("contests") is not None else None
    national_id, document = field(body, "national_id", str), field(body, "document", int, 0)
    appeal = texts(body, "appeal", [])
    try:
        return await terminal.desk.issue(national_id, document=document, contests=contests, appeal=appeal)
    finally:
        terminal.poke_link()


async def withdraw(terminal: Terminal, body: Body) -> Screen:
    """Escape: not this person."""
    return terminal.desk.withdraw(field(body, "national_id", str))


async def replace(terminal: Terminal, body: Body) -> Screen:
    """Void and replace."""
    return await terminal.desk.replace(field(body, "serial", str), field(body, "reason", str, "replaced"))


async def permit(terminal: Terminal, body: Body) -> Screen:
    """A permit is held before the reader."""
    return await terminal.booth.accept(field(body, "slip", str))


async def seal(terminal: Terminal, body: Body) -> Screen:
    """The review is done."""
    choices = field(body, "choices", dict)
    return await terminal.booth.seal({contest: texts(choices, contest) for contest in choices})


async def cast(terminal: Terminal, _: Body) -> Screen:
    """Into the box."""
    return await terminal.booth.cast()


async def test(terminal: Terminal, _: Body) -> Screen:
    """Try the machine."""
    return await terminal.booth.test()


async def leave(terminal: Terminal, _: Body) -> Screen:
    """The voter goes."""
    return terminal.booth.leave()


async def usb(terminal: Terminal, body: Body) -> Screen:
    """A bundle on a stick."""
    return {"ok": True, "path": str(terminal.write_usb(Path(field(body, "path", str))))}


POSTS: Final[Mapping[str, Act]] = {
    "/api/open": open_polls,
    "/api/close": close_polls,
    "/api/hourly": hourly,
    "/api/desk/present": present,
    "/api/desk/look": look,
    "/api/desk/issue": issue,
    "/api/desk/withdraw": withdraw,
    "/api/desk/replace": replace,
    "/api/booth/permit": permit,
    "/api/booth/seal": seal,
    "/api/booth/cast": cast,
    "/api/booth/test": test,
    "/api/booth/leave": leave,
    "/api/supervisor/usb": usb,
}


def refusal(error: AmanatError) -> Screen:
    """An error as a screen."""
    return {"ok": False, "code": error.code, "fa": error.say("fa"), "en": error.say("en")}


def _endpoint(act: Act, *, reads: bool) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        terminal: Terminal = request.app.state.terminal
        before = terminal.journal.state.next_seq
        try:
            screen = await act(terminal, await _body(request) if reads else {})
        except AmanatError as error:
            screen = refusal(error)
        if terminal.journal.state.next_seq != before:
            terminal.wrote()
        return JSONResponse(screen)

    return answer


async def _body(request: Request) -> Body:
    """The JSON object of a request.  Another content type is refused: a page elsewhere cannot send this one."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Refused("request-field", field="content-type")
    raw = await request.body()
    try:
        body = json.loads(raw[:BODY_BYTES_MAX] or b"{}")
    except ValueError as cause:
        raise Refused("request-field", field="JSON") from cause
    if not isinstance(body, dict):
        raise Refused("request-field", field="JSON")
    return body


def _lan(act: Callable[[Terminal, Request, bytes], Response]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint for colleagues: the sender's signature is checked first, ours is who we are."""

    async def answer(request: Request) -> Response:
        terminal: Terminal = request.app.state.terminal
        path, query, body = request.url.path, request.url.query, await request.body()
        try:
            sender = terminal.lan.require_colleague(
                request.method, f"{path}?{query}" if query else path, body, request.headers
            )
            if path == "/lan/poke" and sender is not None:
                sender.dirty = True
            response = act(terminal, request, body)
        except Refused as error:
            return JSONResponse(refusal(error), 409 if error.code == "permit-cast" else 403)
        response.headers[DEVICE] = str(terminal.identity.device)
        response.headers[ROOM] = "1" if terminal.has_booth_room() else "0"
        return response

    return answer


def lan_poke(terminal: Terminal, _: Request, __: bytes) -> Response:
    """A colleague has more for us; after our own closing it is delivered at once."""
    if terminal.link is not None and terminal.journal.state.closed:
        terminal.link.poke()
    return Response()


def lan_status(terminal: Terminal, _: Request, __: bytes) -> Response:
    """Who we are, and how far we hold each colleague's journal."""
    held = {str(device): len(copies.entries) - 1 for device, copies in terminal.lan.copies.items()}
    return JSONResponse({"ok": True, "held": held, "election_hash": terminal.eh.hex()})


def lan_entries(terminal: Terminal, request: Request, _: bytes) -> Response:
    """Our entries after a sequence number, a bounded part of them, as a CBOR sequence of triples."""
    after = request.query_params.get("after", "-1")
    if not after.removeprefix("-").isdigit():
        raise Refused("request-field", field="after")
    entries = terminal.entries_after(max(-1, int(after)))
    return Response(cbor.encode_seq(triple(entry) for entry in entries), media_type="application/cbor-seq")


def lan_permit_refused(terminal: Terminal, _: Request, body: bytes) -> Response:
    """A desk replaces a permit that names us (C-7)."""
    try:
        slip, reason = cbor.as_list(cbor.decode(body), "void", size=2)
        serial = Permit.decode(read_slip(cbor.as_text(slip, "slip"))[0]).serial
        terminal.booth.void(serial, cbor.as_text(reason, "reason"))
    except cbor.Malformed as cause:
        raise Refused("request-field", field="body") from cause
    return JSONResponse({"ok": True})


def app(terminal: Terminal) -> Starlette:
    """The web application of one terminal."""
    routes: list[BaseRoute] = [
        Route("/api/status", _endpoint(status, reads=False)),
        *(Route(path, _endpoint(act, reads=True), methods=["POST"]) for path, act in POSTS.items()),
        Route("/lan/status", _lan(lan_status)),
        Route("/lan/entries", _lan(lan_entries)),
        Route("/lan/poke", _lan(lan_poke), methods=["POST"]),
        Route("/lan/permit-refused", _lan(lan_permit_refused), methods=["POST"]),
        *pages.routes(),
    ]
    application = Starlette(routes=routes)
    application.state.terminal = terminal
    return application
