"""The network between stations and headquarters: a user-space TCP proxy a station, cut and restored by the plan.

A cut line drops what is under way and refuses what comes.  `quiet` tells when no question is waiting for its answer,
so that a tick of virtual time (30 s) never passes over an exchange that takes milliseconds.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, cast

POLL_SECONDS: Final = 0.002


class _Near(asyncio.Protocol):
    """The station's end of one connection."""

    def __init__(self, line: "Line") -> None:
        self.line = line
        self.far: asyncio.Transport | None = None
        self.early = bytearray()
        self.waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are none by type
        if not self.line.up:
            self.transport.abort()
            return
        self.line.open.add(self)
        self.dialling = asyncio.get_running_loop().create_task(self.dial())

    async def dial(self) -> None:
        """Connects to headquarters; what the station sent meanwhile follows."""
        host, port = self.line.target
        try:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_connection(lambda: _Far(self), host, port)
        except OSError:  # headquarters is down: the station sees a closed line
            self.transport.abort()
            return
        if self.transport.is_closing():
            transport.abort()
            return
        self.far = transport
        if self.early:
            transport.write(bytes(self.early))
            self.early.clear()

    def data_received(self, data: bytes) -> None:
        self.asked(True)
        if self.far is None:
            self.early += data
        else:
            self.far.write(data)

    def asked(self, waiting: bool) -> None:
        """Keeps the line's count of unanswered questions."""
        if waiting != self.waiting:
            self.waiting = waiting
            self.line.unanswered += 1 if waiting else -1

    def connection_lost(self, exc: Exception | None) -> None:
        self.asked(False)
        self.line.open.discard(self)
        if self.far is not None:
            self.far.close()


class _Far(asyncio.Protocol):
    """Headquarters' end of one connection."""

    def __init__(self, near: _Near) -> None:
        self.near = near

    def data_received(self, data: bytes) -> None:
        self.near.asked(False)
        self.near.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.near.transport.abort() if exc else self.near.transport.close()


@dataclass(eq=False)
class Line:
    """One station's line to headquarters."""

    station: str
    target: tuple[str, int]
    up: bool = True
    port: int = 0
    unanswered: int = 0
    open: set[_Near] = field(default_factory=set)
    server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listens on a free loopback port, `port`."""
        self.server = await asyncio.get_running_loop().create_server(lambda: _Near(self), "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Takes the line down; everything under way is lost."""
        self.up = False
        for near in list(self.open):
            near.transport.abort()

    def restore(self) -> None:
        """Brings the line up for whoever asks next."""
        self.up = True


class Network:
    """Every station's line."""

    def __init__(self, stations: Iterable[str], target: tuple[str, int]) -> None:
        self.lines = {station: Line(station, target) for station in stations}

    async def start(self) -> None:
        """Opens all lines, up."""
        for line in self.lines.values():
            await line.start()

    async def quiet(self, *, seconds: float) -> bool:
        """Waits until no question is unanswered; False after `seconds` of real time."""
        until = time.monotonic() + seconds
        while any(line.unanswered for line in self.lines.values()):
            if time.monotonic() > until:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    async def stop(self) -> None:
        """Takes all lines down for good."""
        for line in self.lines.values():
            line.cut()
            if line.server is not None:
                line.server.close()
