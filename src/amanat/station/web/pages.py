"""Routes of a terminal's screens (clauses C-8, B-6, B-9, B-10): pages, their static files, candidates, QR drawings.

The policy sent with each page lets it load and call this terminal alone.  Nothing here is logged, cached or stored.
"""

import io
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import segno
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import Scope

from amanat.station.web import voices
from amanat.station.web.lists import lists_of

_HERE: Final = Path(__file__).parent
_TEMPLATES: Final = Jinja2Templates(directory=_HERE / "templates")
_TITLES: Final = {
    "check-in": "پذیرش",
    "ballot": "رأی",
    "approve": "تأیید ناظر",
    "supervisor": "سرپرست",
    "exercise": "آموزش و مانور",
}
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' blob:; media-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), serial=()",
}
QR_CHARACTERS_MAX: Final = 2900  # byte mode at the lowest error correction holds 2,953
ROLE_CHECK_IN: Final = 1
ROLE_APPROVE: Final = 4


class _Static(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS | {"Cache-Control": "no-cache"})
        return response


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def show(request: Request) -> Response:
        terminal = request.app.state.terminal
        context = {"name": name, "title": _TITLES[name], "training": terminal.identity.training}
        context["settings"] = terminal.settings
        response = _TEMPLATES.TemplateResponse(request, f"{name}.html", context)
        response.headers.update(_HEADERS | {"Cache-Control": "no-store"})
        return response

    return show


async def _home(request: Request) -> Response:
    """The page of this terminal's first role."""
    roles = request.app.state.terminal.roles
    return RedirectResponse("/check-in" if roles & ROLE_CHECK_IN else "/approve" if roles & ROLE_APPROVE else "/ballot")


async def _candidates(request: Request) -> Response:
    return JSONResponse({"ok": True} | lists_of(request.app.state.terminal.identity.package))


async def _qr(request: Request) -> Response:
    """Draw `text` as an SVG; it comes in the body, since an address may be written down on the way."""
    try:
        text = (await request.json())["text"]
        code = segno.make(text, micro=False, boost_error=False, error="l" if len(text) > 400 else "m")
    except (json.JSONDecodeError, KeyError, TypeError, ValueError):  # segno's own fault is a ValueError
        return JSONResponse({"ok": False, "code": "bad-request"}, status_code=400)
    drawing = io.BytesIO()
    code.save(drawing, kind="svg", border=4, xmldecl=False, omitsize=True, dark="#000", light="#fff")
    return Response(drawing.getvalue(), media_type="image/svg+xml", headers=_HEADERS | {"Cache-Control": "no-store"})


def locked_routes(otherwise: Callable[[Request], Awaitable[Response]]) -> list[BaseRoute]:
    """What a locked terminal shows: the page for its officers, and ``otherwise`` for all else that is asked."""
    return [
        Route("/unlock", _unlock),
        Mount("/static", _Static(directory=_HERE / "static")),
        Route("/{path:path}", otherwise, methods=["GET", "POST"]),
    ]


async def _unlock(request: Request) -> Response:
    context = {"name": "unlock", "title": "گشودن قفل", "training": request.app.state.training}
    response = _TEMPLATES.TemplateResponse(request, "unlock.html", context)
    response.headers.update(_HEADERS | {"Cache-Control": "no-store"})
    return response


def routes() -> list[BaseRoute]:
    """What `station.api` mounts beside its own JSON routes."""
    return [
        Route("/", _home),
        *(Route(f"/{name}", _page(name)) for name in _TITLES),
        Route("/unlock", _home),  # it is open: a page that was left there goes on
        Route("/api/candidates", _candidates),
        Route("/api/qr", _qr, methods=["POST"]),
        *voices.routes(),
        Mount("/static", _Static(directory=_HERE / "static")),
    ]
