"""K-11 at headquarters: what a terminal measures its line against gives back what came, and no more."""

import io
from typing import Any

import pytest

from amanat.hq.home import Home
from amanat.hq.intake.http import ECHO_MAX, MEASURE
from amanat.hq.server import Application


def ask(here: Home, day: Any, body: bytes, *, method: str = "POST", length: str | None = None) -> tuple[str, bytes]:
    status: list[str] = []
    environ = {
        "PATH_INFO": MEASURE,
        "REQUEST_METHOD": method,
        "CONTENT_LENGTH": str(len(body)) if length is None else length,
        "wsgi.input": io.BytesIO(body),
    }
    content = b"".join(Application(here, day.clock)(environ, lambda said, headers: status.append(said)))
    return status[0], content


def test_what_came_goes_back(here: Home, day: Any) -> None:
    """A probe and the largest block come back byte for byte."""
    for body in (b"sixteen bytes!!!", bytes(range(256)) * (ECHO_MAX // 256)):
        assert ask(here, day, body) == ("200 OK", body)


@pytest.mark.parametrize(("method", "length"), [("GET", "3"), ("POST", str(ECHO_MAX + 1)), ("POST", "three")])
def test_more_than_a_measurement_is_refused(here: Home, day: Any, method: str, length: str) -> None:
    """A stranger asks for more than a line's measurement needs: nothing is read."""
    assert ask(here, day, b"abc", method=method, length=length) == ("400 Bad Request", b"")
