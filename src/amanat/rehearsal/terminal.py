"""A terminal's screen, as people reach it: its JSON API over a unix socket.

A very small HTTP/1.1 client with kept-alive connections, because a voter is some six requests and the whole rehearsal
shares two cores.  It knows one content type and one kind of answer, with a content length.
"""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

IDLE_SECONDS_MAX: Final = 2.0  # servers close idle connections after five, perhaps just as we ask
Screen = dict[str, Any]


class PowerGone(Exception):
    """The terminal does not answer or stopped answering half-way; what it did is unknown to the person before it."""


class _Exchange(asyncio.Protocol):
    """One kept-alive connection; one request at a time."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] | None = None
        self.held = b""
        self.lost = False
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are none by type

    def data_received(self, data: bytes) -> None:
        self.held += data
        head, separator, body = self.held.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) >= length and self.answer is not None and not self.answer.done():
            self.held = b""
            self.answer.set_result(body[:length])

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(PowerGone())


class Terminal:
    """One terminal of a station.  `on_request` is told of each request just after it was sent (power cuts listen)."""

    def __init__(self, socket: Path, *, device: int, number: int) -> None:
        self.socket = socket
        self.device = device
        self.number = number
        self.idle: list[_Exchange] = []
        self.on_request: Callable[[], None] | None = None

    async def ask(self, method: str, path: str, body: Screen | None = None) -> Screen:
        """The screen that follows.  Raises PowerGone."""
        exchange = await self._connection()
        content = json.dumps(body or {}, ensure_ascii=False).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: station\r\nContent-Type: application/json\r\n"
        exchange.answer = asyncio.get_running_loop().create_future()
        exchange.transport.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        if self.on_request is not None:
            self.on_request()
        screen: Screen = json.loads(await exchange.answer)
        exchange.idle_since = time.monotonic()
        self.idle.append(exchange)
        return screen

    async def post(self, path: str, /, **body: object) -> Screen:
        """A button pressed, or a field filled in."""
        return await self.ask("POST", path, body)

    async def status(self) -> Screen:
        """The terminal's own account of itself."""
        return await self.ask("GET", "/api/status")

    async def _connection(self) -> _Exchange:
        while self.idle:
            exchange = self.idle.pop()
            if not exchange.lost and time.monotonic() - exchange.idle_since < IDLE_SECONDS_MAX:
                return exchange
            exchange.transport.close()
        loop = asyncio.get_running_loop()
        try:
            _, exchange = await loop.create_unix_connection(_Exchange, str(self.socket))
        except OSError as cause:
            raise PowerGone from cause
        return exchange

    def close(self) -> None:
        """Lets go of the kept connections."""
        for exchange in self.idle:
            exchange.transport.close()
        self.idle.clear()
