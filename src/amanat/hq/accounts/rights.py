"""Who may see a page: said once, beside the view.  A stranger gets 404: that a thing exists is itself a fact."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from amanat.hq.accounts.models import Appointment, Official
from amanat.hq.accounts.roles import Role, Scope

View = Callable[..., HttpResponseBase]
PUBLIC: Final = "public"
SIGNED_IN: Final = "signed-in"
MACHINE: Final = "machine"
"""What a view's `rights` may be beside a set of roles."""


class OfficialRequest(HttpRequest):
    """A request by somebody who signed in with both factors; `appointments` are those that hold now."""

    official: Official
    appointments: list[Appointment]


def appointments_of(request: HttpRequest) -> list[Appointment]:
    """The appointments that hold now, asked once a request; none without both factors."""
    found: list[Appointment] | None = getattr(request, "appointments", None)
    if found is None:
        user: Any = request.user
        verified = user.is_authenticated and user.is_verified()
        found = list(Appointment.objects.filter(official=user, ended_ms=None).order_by("id")) if verified else []
        request.appointments = found  # type: ignore[attr-defined]
        request.official = user if verified else None  # type: ignore[attr-defined]
    return found


def official_with(*roles: Role) -> Callable[[View], View]:
    """The view is for officials with one of these roles, somewhere; the look-up asks `acting` where."""

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not any(one.role in roles for one in appointments_of(request)):
                raise Http404
            return view(request, *args, **kwargs)

        guarded.rights = frozenset(roles)  # type: ignore[attr-defined]
        return guarded

    return mark


def signed_in(view: View) -> View:
    """The view is for everybody who signed in with both factors."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        appointments_of(request)
        if getattr(request, "official", None) is None:
            raise Http404
        return view(request, *args, **kwargs)

    guarded.rights = SIGNED_IN  # type: ignore[attr-defined]
    return guarded


def public(view: View) -> View:
    """The view is for everybody."""
    view.rights = PUBLIC  # type: ignore[attr-defined]
    return view


def acting(request: HttpRequest, roles: Iterable[Role], where: Scope) -> Appointment:
    """The appointment in which this request may act here.  Raises Http404."""
    wanted = set(roles)
    for one in appointments_of(request):
        if one.role in wanted and one.where().covers(where):
            return one
    raise Http404


def scopes_of(request: HttpRequest, roles: Iterable[Role]) -> list[Scope]:
    """Where these roles of the request hold; a list's query is narrowed by them."""
    wanted = set(roles)
    return [one.where() for one in appointments_of(request) if one.role in wanted]
