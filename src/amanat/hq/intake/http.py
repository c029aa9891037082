"""POST /sync/v1/push, before Django: no middleware, and one commit for all who wait for it (S-1, S-2, S-9)."""

import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from django.db import Error

from amanat.errors import PeerFault, Usage
from amanat.hq.clock import Clock
from amanat.hq.intake.line import Line
from amanat.hq.intake.meter import METER
from amanat.sync.hq_side import HqSide, NotKept
from amanat.sync.messages import BYTES_MAX

Environ = dict[str, Any]
Start = Callable[[str, list[tuple[str, str]]], object]
PATH: Final = "/sync/v1/push"
BODY_MAX: Final = 2 * BYTES_MAX
MEASURE: Final = "/sync/v1/measure"
ECHO_MAX: Final = 128 << 10
TEXT: Final = "text/plain; charset=utf-8"


class PushEndpoint:
    """Answers pushes; everything else is somebody else's."""

    def __init__(self, side: HqSide, clock: Clock) -> None:
        self._line = Line(side, clock)
        self.room = self._line.room

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """WSGI.  400: no message of ours, said in both languages; 503: not taken, send it again after so long (S-9)."""
        if "HTTP_AMANAT_DECLINED" in environ:  # by `Admission`
            METER.add(declined=1)
            return self._later(start)
        began = time.perf_counter()
        try:
            answer = self._line.receive(self._body(environ))
        except PeerFault as fault:
            METER.add(refused=1, seconds=time.perf_counter() - began)
            return _reply(start, "400 Bad Request", TEXT, fault.both().encode())
        except (Error, NotKept) as fault:
            METER.add(declined=1, seconds=time.perf_counter() - began)
            print(f"intake: {type(fault).__name__}: {fault}", file=sys.stderr, flush=True)
            return self._later(start)
        METER.add(pushes=1, seconds=time.perf_counter() - began)
        return _reply(start, "200 OK", "application/cbor", answer)

    def _later(self, start: Start) -> Iterable[bytes]:
        seconds = self._line.come_again()
        said = Usage("hq-busy", seconds=seconds).both().encode()
        return _reply(start, "503 Service Unavailable", TEXT, said, ("Retry-After", str(seconds)))

    def _body(self, environ: Environ) -> bytes:
        length = str(environ.get("CONTENT_LENGTH") or "0")
        if environ["REQUEST_METHOD"] != "POST" or not length.isdigit() or int(length) > BODY_MAX:
            raise PeerFault("sync-envelope")
        data: bytes = environ["wsgi.input"].read(int(length))
        return data


def echo(environ: Environ, start: Start) -> Iterable[bytes]:
    """Gives back what came: a terminal measures its link with it (K-11).  Nothing is read, kept or asked."""
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if environ["REQUEST_METHOD"] != "POST" or not length.isdigit() or int(length) > ECHO_MAX:
        return _reply(start, "400 Bad Request", "text/plain", b"")
    return _reply(start, "200 OK", "application/octet-stream", environ["wsgi.input"].read(int(length)))


def _reply(start: Start, status: str, kind: str, body: bytes, *more: tuple[str, str]) -> Iterable[bytes]:
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *more])
    return [body]
