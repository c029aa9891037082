"""A terminal whose key is under its officers' release: locked after every start until two of them come (clause K-10).

While it is locked it has no key, no register and no journal; it shows who it is, one page, and refuses the rest kindly.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from amanat.errors import AmanatError
from amanat.records import exercise
from amanat.records.manifest import Manifest
from amanat.station import api, config, officers
from amanat.station.clock import Clock
from amanat.station.enrolment import PACKAGE
from amanat.station.refusal import Refused, screen_of
from amanat.station.terminal import Terminal
from amanat.station.web import pages

BODY_BYTES_MAX = 4096
FOR_COLLEAGUES = ("/lan/", "/api/status")
THIS_MACHINE = ("127.0.0.1", "::1")


def _is_here(scope: Scope) -> bool:
    """Whether a request came over the loopback or a Unix socket: buttons are pressed at the terminal alone."""
    client = scope.get("client")
    return client is None or client[0] in THIS_MACHINE


class Door:
    """The web application of one terminal, before and after its release; ``entered`` is told the started terminal."""

    def __init__(
        self, home: Path, clock: Clock, *, printer: str | None, entered: Callable[[Terminal], None] = lambda _: None
    ) -> None:
        self.home, self.settings = home, config.read(home)
        self.terminal: Terminal | None = None
        self._clock, self._printer, self._entered = clock, printer, entered
        manifest = Manifest.decode((home / PACKAGE / "manifest.cbor").read_bytes())
        training = manifest.election_id.startswith(exercise.PREFIX)
        locked = Starlette(routes=pages.locked_routes(self._answer_locked))
        locked.state.training = training
        self._application: ASGIApp = locked

    def enter(self, *, seed: bytes | None = None) -> Terminal:
        """Make the terminal: with the released seed, or by the passphrase file; raises what `Terminal` does."""
        self.terminal = terminal = Terminal(self.home, self._clock, printer=self._printer, seed=seed)
        self._application = api.Application(terminal)
        self._entered(terminal)
        return terminal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; who is not at this machine is a colleague, whose requests are signed, or nobody."""
        if scope["type"] == "http" and not _is_here(scope) and not scope["path"].startswith(FOR_COLLEAGUES):
            return await JSONResponse(screen_of(Refused("not-a-colleague")))(scope, receive, send)
        return await self._application(scope, receive, send)

    async def _answer_locked(self, request: Request) -> Response:
        """Whatever is asked of a locked terminal, but its page and that page's files."""
        path = request.url.path
        if request.method == "GET" and path == "/api/status":
            return JSONResponse({"ok": True, "state": "locked", "station": self.settings.station, "locked": True})
        if request.method == "GET" and not path.startswith("/api/"):
            return RedirectResponse("/unlock")
        try:
            if path != "/api/unlock" or request.method != "POST":
                raise Refused("terminal-locked")
            return JSONResponse(await self._unlock(request))
        except AmanatError as error:
            return JSONResponse(screen_of(error))

    async def _unlock(self, request: Request) -> dict[str, Any]:
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise Refused("request-field", field="content-type")  # a page elsewhere cannot send this one
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > BODY_BYTES_MAX:
                raise Refused("request-field", field="length")
        try:
            value = json.loads(body)
        except (ValueError, RecursionError) as cause:
            raise Refused("request-field", field="JSON") from cause
        if not isinstance(value, dict):
            raise Refused("request-field", field="JSON")
        given = officers.with_secrets(value)
        seed = await officers.release_elsewhere(self.home, given)
        if self.terminal is None:  # two requests at once: the first has entered
            terminal = self.enter(seed=seed)
            terminal.releases.by = [name for name, _ in given]
            terminal.start()
        return {"ok": True}
