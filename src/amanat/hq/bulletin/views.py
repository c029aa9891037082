"""The bulletin's static files.  A web server or CDN in front may serve the folder itself."""

import re
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from amanat.hq import home
from amanat.hq.accounts.rights import public

TILE: Final = re.compile(r"tile/(?:entries|[0-9]{1,2})(?:/x[0-9]{3})*/[0-9]{3}(?:\.p/[0-9]{1,3})?")
FULL_TILE_SECONDS: Final = 365 * 86_400


@public
@require_safe
def bulletin_file(request: HttpRequest, path: str) -> HttpResponse:
    """The checkpoint (never cached) or a tile (for ever, once full)."""
    if path != "checkpoint" and not TILE.fullmatch(path):
        raise Http404
    file = home.current().bulletin / path
    try:
        content = file.read_bytes()
    except OSError as cause:
        raise Http404 from cause
    kind = "text/plain; charset=utf-8" if path == "checkpoint" else "application/octet-stream"
    response = HttpResponse(content, content_type=kind)
    response["Cache-Control"] = "no-cache" if path == "checkpoint" else f"public, max-age={FULL_TILE_SECONDS}"
    response["Access-Control-Allow-Origin"] = "*"  # a verifier in somebody's browser reads it as well
    return response
