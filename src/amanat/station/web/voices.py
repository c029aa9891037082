"""Voices and photographs of the package for the booth's page (M-7).  Nothing of them may be kept: no-store, no log.

What a voter hears says whom they chose; so the page asks for each file without any cache, and wipes what it played.
Each file is compared with headquarters' signed list whenever it is asked for: a voice that somebody exchanged on the
disk since the package was loaded is not played.  Nothing is written down about it then, since that would say who was
heard; `amanat station check` names the file.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from amanat.records import package_sums
from amanat.station.enrolment import PACKAGE

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_KEPT_NOWHERE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_PHOTOS: Final = {"webp": "image/webp", "png": "image/png", "jpg": "image/jpeg"}


def _package(request: Request) -> Path:
    home: Path = request.app.state.terminal.home
    return home / PACKAGE


def _sums(request: Request) -> Mapping[str, str]:
    """Headquarters' signed list, read once."""
    state = request.app.state
    if not hasattr(state, "package_sums"):
        state.package_sums = package_sums.listed(_package(request))
    sums: Mapping[str, str] = state.package_sums
    return sums


def _file(request: Request, name: str, media_type: str, parts: tuple[str, ...] = ()) -> Response:
    """A file of the package whose content is the listed one; 404 for another."""
    path = _package(request) / name
    content = path.read_bytes() if all(map(_NAME.fullmatch, parts)) and path.is_file() else None
    if content is None or hashlib.sha256(content).hexdigest() != _sums(request).get(name):
        return Response(status_code=404, headers=_KEPT_NOWHERE)
    return Response(content, media_type=media_type, headers=_KEPT_NOWHERE)


async def _audio(request: Request) -> Response:
    folder, key = request.path_params["folder"], request.path_params["key"]
    return _file(request, f"audio/{folder}/{key}.opus", "audio/ogg", (folder, key))


async def _prompts(request: Request) -> Response:
    """What each prompt says, by key; empty where headquarters made no audio."""
    found = _file(request, "audio/prompts/index.json", "application/json")
    return found if found.status_code == 200 else JSONResponse({}, headers=_KEPT_NOWHERE)


async def _photo(request: Request) -> Response:
    contest, code = request.path_params["contest"], request.path_params["code"]
    rows = request.app.state.terminal.candidates.get(contest, ())
    kind = next((row.get("photo") for row in rows if row["code"] == code), "") or "none"
    return _file(request, f"photos/{contest}/{code}.{kind}", _PHOTOS.get(kind, ""), (contest, code))


def routes() -> list[BaseRoute]:
    """What the pages mount beside their own."""
    return [
        Route("/audio/prompts/index.json", _prompts),
        Route("/audio/{folder}/{key}.opus", _audio),
        Route("/api/photo/{contest}/{code}", _photo),
    ]
