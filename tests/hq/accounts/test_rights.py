"""Every route says whom it is for, and nobody else sees that it is there."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from tests.hq.office import at_desk, official

from amanat.hq.accounts import rights
from amanat.hq.accounts.models import Official
from amanat.hq.accounts.roles import Role
from amanat.hq.home import Home

SOME = {"int": "1", "path": "css/hq.css", "str": "x", "slug": "x", "uuid": "00000000-0000-0000-0000-000000000000"}


def routes() -> Iterator[tuple[str, Any]]:
    """Every path of the URLconf, with something in its places, and its view."""

    def walk(patterns: Any, before: str) -> Iterator[tuple[str, Any]]:
        for one in patterns:
            if isinstance(one, URLResolver):
                yield from walk(one.url_patterns, before + str(one.pattern))
            elif isinstance(one, URLPattern):
                yield before + str(one.pattern), one.callback

    return walk(get_resolver().url_patterns, "/")


def filled(route: str) -> str:
    """A route's path with values in its places."""
    import re

    return re.sub(r"<(?:(\w+):)?\w+>", lambda match: SOME[match[1] or "str"], route)


def test_every_route_says_whom_it_is_for() -> None:
    """A new view without rights fails here, and so nobody forgets."""
    silent = [route for route, view in routes() if getattr(view, "rights", None) is None]
    assert silent == []


@pytest.mark.parametrize("role", list(Role))
def test_nobody_opens_what_is_another_roles(here: Home, role: Role) -> None:
    """For each role: every route of other roles answers 404, by GET and by POST."""
    client = at_desk(official("somebody", "کسی", (role, "")))
    for route, view in routes():
        allowed = view.rights
        if isinstance(allowed, frozenset) and role not in allowed:
            assert client.get(filled(route)).status_code == 404, route
            assert client.post(filled(route)).status_code == 404, route


def test_a_stranger_opens_nothing_of_officials(here: Home) -> None:
    """Not signed in: every route that is not public answers 404, and nothing is made."""
    client = Client(REMOTE_ADDR="192.0.2.7")
    for route, view in routes():
        if view.rights != rights.PUBLIC:
            assert client.get(filled(route)).status_code == 404, route
            assert client.post(filled(route)).status_code == 404, route
    assert Official.objects.count() == 0


def test_an_ended_role_opens_nothing(here: Home) -> None:
    """Headquarters ends a role while its holder is signed in: the next page is not there."""
    from amanat.hq.accounts.models import Appointment

    person = official("somebody", "کسی", (Role.HEADQUARTERS, ""))
    client = at_desk(person)
    assert client.get("/officials/").status_code == 200
    Appointment.objects.update(ended_ms=1)
    assert client.get("/officials/").status_code == 404
