"""What all pages share: headers that allow nothing foreign, and the election's name."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from amanat.hq import home

POLICY: Final = "default-src 'self'; img-src 'self' data:; style-src 'self'; object-src 'none'; base-uri 'none'; " + (
    "form-action 'self'; frame-ancestors 'none'"
)


class SecurityHeaders:
    """No page loads a foreign byte, is framed, or tells another site where it was."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Adds the headers."""
        response = self._get_response(request)
        response["Content-Security-Policy"] = POLICY
        response["X-Content-Type-Options"] = "nosniff"
        response["Referrer-Policy"] = "no-referrer"
        return response


def election(request: HttpRequest) -> dict[str, object]:
    """For every template: the election's title and hash."""
    here = home.current()
    return {"election": here.texts["title"], "election_hash": here.eh.hex(), "polling_day": here.manifest.polling_day}
