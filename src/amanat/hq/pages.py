"""What all pages share: headers that allow nothing foreign, the chosen language, the election's name, the rooms."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from amanat.hq import home
from amanat.hq.accounts.roles import Role

POLICY: Final = "default-src 'self'; img-src 'self' data:; style-src 'self'; object-src 'none'; base-uri 'none'; " + (
    "form-action 'self'; frame-ancestors 'none'"
)

OF_THE_DAY: Final = tuple(f"amanat.hq.{noun}." for noun in ("day", "results", "bulletin", "cases"))


class SecurityHeaders:
    """No page loads a foreign byte, is framed, or tells another site where it was."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Adds the headers."""
        response = self._get_response(request)
        response["Content-Security-Policy"] = POLICY
        response["X-Content-Type-Options"] = "nosniff"
        response["Referrer-Policy"] = "same-origin"
        return response


class ChosenLanguage:
    """Persian, until somebody chooses: what a browser prefers is not asked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answers in the language of the cookie."""
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        known = {code for code, _ in settings.LANGUAGES}
        with translation.override(chosen if chosen in known else settings.LANGUAGE_CODE):
            response = self._get_response(request)
        response["Content-Language"] = chosen if chosen in known else settings.LANGUAGE_CODE
        return response


class Phase:
    """An office has no day, no bulletin and no results: their pages are not there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answers."""
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *rest: Any) -> HttpResponse | None:
        """404 for what belongs to a published election; the address without a path leads to the sign-in."""
        if not view.__module__.startswith(OF_THE_DAY) or not home.current().is_office:
            return None
        if request.path == "/":
            return redirect("/sign-in/")
        raise Http404


def election(request: HttpRequest) -> dict[str, object]:
    """For every template: the election's title and hash; an office's pages say their plan themselves."""
    here = home.current()
    if here.is_office:
        return {"frame": "office.html"}
    said = {"election": here.texts["title"], "election_hash": here.eh.hex(), "polling_day": here.manifest.polling_day}
    return said | {"frame": "base.html"}


@dataclass(frozen=True)
class Room:
    """A part of headquarters as the navigation shows it, to who may enter."""

    title: Promise
    path: str
    roles: frozenset[Role]


BOARDS: Final = frozenset({Role.GOVERNOR, Role.EXECUTIVE_BOARD, Role.SUPERVISORY_BOARD})
READERS: Final = frozenset({Role.HEADQUARTERS, Role.INSPECTOR, Role.SUPERVISORY_BOARD})
ROOMS: Final = (
    Room(gettext_lazy("میز کار"), "/desk/", frozenset(Role)),
    Room(gettext_lazy("انتخابات"), "/election/", frozenset(Role) - {Role.CANDIDATE}),
    Room(gettext_lazy("تقویم"), "/deadlines/", frozenset(Role)),
    Room(gettext_lazy("جلسه‌ها"), "/sessions/", READERS | BOARDS),
    Room(gettext_lazy("مسئولان"), "/officials/", READERS),
    Room(gettext_lazy("دفتر کارها"), "/log/", READERS),
)


def rooms(request: HttpRequest) -> dict[str, object]:
    """For the navigation: the rooms that this official may enter."""
    mine = {Role(one.role) for one in getattr(request, "appointments", ())}
    shown = [room for room in ROOMS if room.roles & mine or room.path == "/desk/"]
    inside = [room for room in shown if request.path.startswith(room.path)]
    here = max(inside, key=lambda one: len(one.path), default=None)
    return {"rooms": [{"title": r.title, "path": r.path, "is_here": r is here} for r in shown]}
