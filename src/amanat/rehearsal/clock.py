"""Virtual time: one moment for every program of a rehearsal, served on a unix socket.

A client gets the moment when it connects and at each change, as a line `<ms since the Unix epoch>`.  Only waiting is
shortened by it: a ten-hour day passes in as many ticks as the conductor gives.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import cast


class _Listener(asyncio.Protocol):
    """One connected program; what it sends is ignored."""

    def __init__(self, clock: "Clock") -> None:
        self.clock = clock

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are none by type
        self.clock.listeners.add(self)
        self.transport.write(self.clock.line())

    def connection_lost(self, exc: Exception | None) -> None:
        self.clock.listeners.discard(self)


class Clock:
    """The moment of the rehearsal; it goes forward only when `advance` says so."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.listeners: set[_Listener] = set()
        self.server: asyncio.Server | None = None

    def line(self) -> bytes:
        """The moment as it travels."""
        return b"%d\n" % self.now_ms

    async def start(self, path: Path) -> None:
        """Serves on the unix socket `path` until `stop`."""
        loop = asyncio.get_running_loop()
        self.server = await loop.create_unix_server(lambda: _Listener(self), str(path))

    def advance(self, ms: int) -> None:
        """Moves time forward by `ms` milliseconds and tells every listener."""
        assert ms >= 0
        self.now_ms += ms
        for listener in list(self.listeners):
            if not listener.transport.is_closing():
                listener.transport.write(self.line())

    def moment(self) -> str:
        """The moment as ISO text, for logs that people read."""
        return datetime.fromtimestamp(self.now_ms / 1000, UTC).isoformat(timespec="seconds")

    async def stop(self) -> None:
        """Ends the service; listeners see their connection close."""
        for listener in list(self.listeners):
            listener.transport.abort()
        if self.server is not None:
            self.server.close()
