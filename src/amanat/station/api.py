"""A terminal's JSON over HTTP: what its pages and the rehearsal's people press.  Decides nothing; asks the terminal.

Every answer has "ok"; a refusal has "code" and its sentences "fa" and "en", and changed nothing.  The terminal's own
routes are one table and plain ASGI, since a voter is seven requests; pages and their files are Starlette's.
"""

import json
from typing import Any, Final

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from amanat.station.acts import ACTS, LAN_ACTS, encode, lan_press, press
from amanat.station.lan import SIGNATURE
from amanat.station.refusal import Refused
from amanat.station.request import Body
from amanat.station.terminal import Terminal
from amanat.station.web import pages

Screen = dict[str, Any]
BODY_BYTES_MAX: Final = 4 << 20  # a colleague's entries; a person's request is a thousand times smaller


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
            if key in ACTS:
                return await _send(send, encode(await press(self._terminal, *key, lambda: _object(scope, receive))))
            if key[0] == "POST" and key[1] in LAN_ACTS:
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
                content, signed = await lan_press(self._terminal, key[1], headers, lambda: _read(receive))
                return await _send(send, content, (SIGNATURE.encode(), signed.encode()))
        return await self._pages(scope, receive, send)


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


async def _object(scope: Scope, receive: Receive) -> Body:
    """The JSON object of a request.  Another content type is refused: a page elsewhere cannot send this one."""
    raw = await _read(receive)
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


async def _send(send: Send, content: bytes, *more: tuple[bytes, bytes]) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(content)),
        (b"cache-control", b"no-store"),
        *more,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})
