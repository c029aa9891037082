"""Voices and photographs of the package for the booth's page (M-7).  Nothing of them may be kept: no-store, no log.

What a voter hears says whom they chose; so the page asks for each file without any cache, and wipes what it played.
"""

import re
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from amanat.station.enrolment import PACKAGE

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_KEPT_NOWHERE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_PHOTOS: Final = {"webp": "image/webp", "png": "image/png", "jpg": "image/jpeg"}


def _package(request: Request) -> Path:
    home: Path = request.app.state.terminal.home
    return home / PACKAGE


def _file(path: Path, media_type: str, names: tuple[str, ...]) -> Response:
    if not all(map(_NAME.fullmatch, names)) or not path.is_file():
        return Response(status_code=404, headers=_KEPT_NOWHERE)
    return FileResponse(path, media_type=media_type, headers=_KEPT_NOWHERE)


async def _audio(request: Request) -> Response:
    folder, key = request.path_params["folder"], request.path_params["key"]
    return _file(_package(request) / "audio" / folder / f"{key}.opus", "audio/ogg", (folder, key))


async def _prompts(request: Request) -> Response:
    """What each prompt says, by key; empty where headquarters made no audio."""
    path = _package(request) / "audio/prompts/index.json"
    if not path.is_file():
        return JSONResponse({}, headers=_KEPT_NOWHERE)
    return FileResponse(path, media_type="application/json", headers=_KEPT_NOWHERE)


async def _photo(request: Request) -> Response:
    contest, code = request.path_params["contest"], request.path_params["code"]
    rows = request.app.state.terminal.candidates.get(contest, ())
    kind = next((row.get("photo") for row in rows if row["code"] == code), "") or "none"
    return _file(_package(request) / "photos" / contest / f"{code}.{kind}", _PHOTOS.get(kind, ""), (contest, code))


def routes() -> list[BaseRoute]:
    """What the pages mount beside their own."""
    return [
        Route("/audio/prompts/index.json", _prompts),
        Route("/audio/{folder}/{key}.opus", _audio),
        Route("/api/photo/{contest}/{code}", _photo),
    ]
