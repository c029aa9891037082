"""POST /sync/v1/push, before Django: no middleware, and one commit for all who wait for it (S-1, S-2)."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import DatabaseError, close_old_connections

from amanat.errors import PeerFault
from amanat.hq.clock import Clock
from amanat.sync.hq_side import HqSide
from amanat.sync.messages import BYTES_MAX

Environ = dict[str, Any]
Start = Callable[[str, list[tuple[str, str]]], object]
PATH: Final = "/sync/v1/push"
BODY_MAX: Final = 2 * BYTES_MAX
MEASURE: Final = "/sync/v1/measure"
ECHO_MAX: Final = 128 << 10


@dataclass(slots=True)
class Meter:
    """What /metrics says of pushes since this process began."""

    pushes: int = 0
    refused: int = 0
    seconds: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, seconds: float, *, refused: bool) -> None:
        """Counts one push."""
        with self.lock:
            self.pushes += 1
            self.refused += refused
            self.seconds += seconds


METER: Final = Meter()


@dataclass(slots=True)
class _Waiting:
    """A push on its way through `Line`."""

    data: bytes
    result: bytes | Exception | None = None


class Line:
    """Pushes that come while a commit waits for the disk stand in line, and the next commit takes all of them."""

    def __init__(self, side: HqSide, clock: Clock) -> None:
        self._side = side
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._leading = threading.Lock()

    def receive(self, data: bytes) -> bytes:
        """See `HqSide.receive`.  Raises PeerFault, DatabaseError; a push that fails fails alone."""
        mine = _Waiting(data)
        self._waiting.append(mine)
        with self._leading:
            if mine.result is None:
                self._lead()
        if isinstance(mine.result, bytes):
            return mine.result
        assert mine.result is not None
        raise mine.result

    def _lead(self) -> None:
        group = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if self._try(group) is None:
            return
        for one in group:
            fault = self._try([one])
            one.result = one.result if fault is None else fault

    def _try(self, group: Sequence[_Waiting]) -> Exception | None:
        """Takes a group in one transaction; the exception that undid all of it, or None."""
        try:
            results = self._side.receive_all([one.data for one in group], self._clock.now_ms())
        except Exception as fault:
            close_old_connections()
            return fault
        for one, result in zip(group, results, strict=True):
            one.result = result
        return None


class PushEndpoint:
    """Answers pushes; everything else is somebody else's."""

    def __init__(self, side: HqSide, clock: Clock) -> None:
        self._line = Line(side, clock)

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """WSGI.  400: no message of ours, said in both languages; 503: not kept, send it again."""
        began = time.perf_counter()
        try:
            answer = self._line.receive(self._body(environ))
        except PeerFault as fault:
            METER.add(time.perf_counter() - began, refused=True)
            return _reply(start, "400 Bad Request", "text/plain; charset=utf-8", fault.both().encode())
        except DatabaseError as fault:
            METER.add(time.perf_counter() - began, refused=True)
            reason = f"{type(fault).__name__}: not kept, send it again\n"
            return _reply(start, "503 Service Unavailable", "text/plain; charset=utf-8", reason.encode())
        METER.add(time.perf_counter() - began, refused=False)
        return _reply(start, "200 OK", "application/cbor", answer)

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


def _reply(start: Start, status: str, kind: str, body: bytes) -> Iterable[bytes]:
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
