"""Before its first act after a start a terminal hears how far others hold its journal (clause J-7)."""

import asyncio
import contextlib

from amanat.station.lan import Lan
from amanat.station.link import Link

HEARING_SECONDS = 2.0  # of real time, for which the first act waits for colleagues that are silent


class Hearing:
    """`run` once after the start, in a task; `wait` returns when others were heard, or are silent."""

    def __init__(self, lan: Lan, link: Link | None) -> None:
        self._lan = lan
        self._link = link
        self._heard = asyncio.Event()
        self._heard.set()  # a terminal that nobody started has nobody to ask

    def start(self) -> "asyncio.Task[None]":
        """Ask the colleagues, and headquarters where there is a link."""
        self._heard.clear()
        return asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARING_SECONDS):
                    tried = [] if self._link is None else [self._link.tried()]
                    await asyncio.gather(self._lan.ask_heads(), *tried)
        finally:
            self._heard.set()

    async def wait(self) -> None:
        """Return at once but in the first two seconds after a start."""
        await self._heard.wait()
