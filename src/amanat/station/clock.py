"""Time as a port: the system's, or a rehearsal's that a socket serves (clause J-5: evidence, never an arbiter)."""

import asyncio
import contextlib
import time
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from amanat.errors import Usage

RECONNECT_SECONDS = 0.5  # between two tries to reach a clock socket that went away


class Clock(Protocol):
    """Wall time, time since boot, and which boot; `sleep` waits in this clock's seconds."""

    boot_id: bytes  # 16 bytes

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch."""

    def monotonic_ms(self) -> int:
        """Milliseconds since ``boot_id`` began; never steps."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def __init__(self) -> None:
        text = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        self.boot_id = bytes.fromhex(text.strip().replace("-", ""))

    def now_ms(self) -> int:
        """See `Clock`."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """See `Clock`."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    async def sleep(self, seconds: float) -> None:
        """See `Clock`."""
        await asyncio.sleep(seconds)


class SocketClock:
    """The clock that a Unix socket serves: a line ``<ms>`` at every change.  Its boot id names the socket.

    A line ``<ms> <passed>`` tells apart what the clock shows, which may jump, and how time passes.

    Promise: only waiting is shortened.  While the socket is away time stands still, and sleepers sleep.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.boot_id = sha256(b"clock socket " + str(path).encode()).digest()[:16]
        self._now = 0
        self._passed = 0
        self._first = 0
        self._sleepers: set[tuple[int, asyncio.Future[None]]] = set()
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and wait for the first line; then follow in the background."""
        reader, writer = await asyncio.open_unix_connection(self._path)
        self._tell(await reader.readline())
        self._first = self._passed
        self._following = asyncio.create_task(self._follow(reader, writer))

    async def close(self) -> None:
        """Stop following."""
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following

    async def _follow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                while line := await reader.readline():
                    self._tell(line)
            except ConnectionError:
                pass  # the same as the end of the stream: the server went away and may come back
            finally:
                writer.close()
            reader, writer = await self._again()

    async def _again(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while True:
            await asyncio.sleep(RECONNECT_SECONDS)
            with contextlib.suppress(OSError):
                return await asyncio.open_unix_connection(self._path)

    def _tell(self, line: bytes) -> None:
        words = line.split()
        if words and all(word.isdigit() for word in words):
            self._now, self._passed = int(words[0]), int(words[-1])
        for sleeper in [s for s in self._sleepers if s[0] <= self._passed]:
            self._sleepers.discard(sleeper)
            if not sleeper[1].done():
                sleeper[1].set_result(None)

    def now_ms(self) -> int:
        """See `Clock`."""
        return self._now

    def monotonic_ms(self) -> int:
        """See `Clock`."""
        return max(0, self._passed - self._first)

    async def sleep(self, seconds: float) -> None:
        """See `Clock`."""
        until = self._passed + int(seconds * 1000)
        if until <= self._passed:
            await asyncio.sleep(0)
            return
        sleeper = until, asyncio.get_running_loop().create_future()
        self._sleepers.add(sleeper)
        try:
            await sleeper[1]
        finally:
            self._sleepers.discard(sleeper)


async def open_clock(text: str) -> Clock:
    """The clock of ``--clock system|unix:SOCKET``.

    Raises:
        Usage: neither of the two, or nobody listens at the socket.
    """
    if text == "system":
        return SystemClock()
    if not text.startswith("unix:"):
        raise Usage("clock-unknown", clock=text)
    clock = SocketClock(Path(text.removeprefix("unix:")))
    try:
        await clock.start()
    except OSError as cause:
        raise Usage("clock-silent", clock=text) from cause
    return clock
