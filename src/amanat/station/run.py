"""Runs terminals: all of them in one process, each on its own address, until a signal stops them.

One uvicorn protocol per connection, without uvicorn's `Server`: that ticks ten times a second for each address.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from amanat.errors import BadInput, MediumLost
from amanat.station import api, config, officers
from amanat.station.clock import Clock, SocketClock, open_clock
from amanat.station.config import Address
from amanat.station.door import Door
from amanat.station.terminal import Terminal

KEPT_ALIVE_SECONDS: Final = 600  # a page, a colleague or a rehearsal asks again on the same connection

SCRUB_SECONDS = 0.25  # between two frames of the scrubber, over all terminals in turn
STOP_SECONDS = 2.0  # for answers under way


async def _listen(terminal: Terminal) -> asyncio.Server:
    """Serve one terminal's application at its address; see `_listen_at`."""
    return await _listen_at(terminal.settings.listen, terminal.home, api.Application(terminal))


async def _listen_at(listen: str, home: Path, application: ASGIApp) -> asyncio.Server:
    """Serve an application at the address of the terminal in ``home``.

    Raises:
        BadInput: the address is taken or cannot be had.
    """
    settings = uvicorn.Config(
        application,
        access_log=False,
        log_level="warning",
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEPT_ALIVE_SECONDS,
    )
    settings.load()
    state = ServerState()
    address = Address.read(listen, home=home)
    loop = asyncio.get_running_loop()

    def connected() -> HttpToolsProtocol:
        return HttpToolsProtocol(config=settings, server_state=state, app_state={}, _loop=loop)

    try:
        if address.path:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(address.path)  # noqa: PTH108 - left by a cut; the journal's lock keeps a second program out
            server = await loop.create_unix_server(connected, address.path)
            os.chmod(address.path, 0o600)  # noqa: PTH101 - a socket
            return server
        return await loop.create_server(connected, address.host, address.port)
    except OSError as cause:
        raise BadInput("address-taken", file=str(home / config.FILE), address=listen) from cause


async def _scrub(terminals: Sequence[Terminal]) -> None:
    """Read both media back, frame by frame, all day."""
    while True:
        if not terminals:
            await asyncio.sleep(SCRUB_SECONDS)
        for terminal in list(terminals):
            await asyncio.sleep(SCRUB_SECONDS)
            try:
                terminal.scrub()
            except MediumLost:
                continue  # its status says so; the others are read on
            except Exception:
                logging.exception("scrubbing the media of device %d", terminal.identity.device)


async def serve(
    homes: Sequence[Path], *, clock_text: str, printer: str | None, stop: asyncio.Event | None = None
) -> None:
    """Start every terminal, say ``ready`` and its address on standard error for each, and wait for ``stop``.

    One that its officers must release says ``locked`` instead, and starts when two of them have come.

    Raises:
        AmanatError: one of them cannot start; none goes on then.
    """
    stop = stop or _signals()
    clock: Clock = await open_clock(clock_text)
    terminals: list[Terminal] = []
    servers: list[asyncio.Server] = []
    scrubbing: asyncio.Task[None] | None = None
    try:
        for home in homes:
            door = Door(home, clock, printer=printer, entered=terminals.append)
            terminal = None if officers.are_appointed(home) else door.enter()
            servers.append(await _listen_at(door.settings.listen, home, door))
            if terminal is not None:
                terminal.start()
            word = "locked" if terminal is None else "ready"
            print(f"{word} {door.settings.listen}", file=sys.stderr, flush=True)
        gc.freeze()  # packages and applications stay: they need not be walked again all day
        scrubbing = asyncio.create_task(_scrub(terminals))
        await stop.wait()
    finally:
        if scrubbing is not None:
            scrubbing.cancel()
        await _shut(servers, terminals)
        if isinstance(clock, SocketClock):
            await clock.close()


async def _shut(servers: Sequence[asyncio.Server], terminals: Sequence[Terminal]) -> None:
    for server in servers:
        server.close()
    for server in servers:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), STOP_SECONDS)
    for terminal in terminals:
        await terminal.close()


def _signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def run(homes: Sequence[Path], *, clock: str | None, printer: str | None) -> None:
    """Run terminals until a signal; see `serve`."""
    clock_text = clock or config.read(homes[0]).clock
    with asyncio.Runner() as runner:  # not uvloop's: that keeps the last requests in a buffer of its own all day
        runner.run(serve(homes, clock_text=clock_text, printer=printer))
