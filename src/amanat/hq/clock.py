"""Headquarters' time, as a port: the machine's, or the one that a unix socket serves (J-5: evidence, never an arbiter).

Only waiting is shortened by a served clock; no step is left out.
"""

import socket
import threading
import time
from pathlib import Path
from typing import Final, Protocol

from amanat.errors import Usage

CONNECT_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 0.5


class Clock(Protocol):
    """Promise: `now_ms` is at once, whatever the source does, and never earlier than it said before by our doing."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch."""


class SystemClock:
    """The machine's."""

    def now_ms(self) -> int:
        """See `Clock`."""
        return time.time_ns() // 1_000_000


class SocketClock:
    """Follows lines "<ms>" or "<ms> <passed>" of a unix socket, in a thread; keeps the last while it is away."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._now = 0
        self._first = threading.Event()
        threading.Thread(target=self._follow, name="clock", daemon=True).start()
        if not self._first.wait(CONNECT_SECONDS):
            raise Usage("hq-clock-silent", clock=f"unix:{path}")

    def now_ms(self) -> int:
        """See `Clock`."""
        return self._now

    def _follow(self) -> None:
        while True:
            try:
                with socket.socket(socket.AF_UNIX) as wire:
                    wire.connect(str(self._path))
                    for line in wire.makefile("rb"):
                        if (words := line.split()) and words[0].isdigit():
                            self._now = int(words[0])
                            self._first.set()
            except OSError:
                pass  # the source is away: the last moment stands, and we ask again
            time.sleep(RETRY_SECONDS)


def open_clock(text: str) -> Clock:
    """The clock that `--clock` names.  Raises Usage for another word or a silent socket."""
    if text == "system":
        return SystemClock()
    if text.startswith("unix:"):
        return SocketClock(Path(text.removeprefix("unix:")))
    raise Usage("hq-clock-unknown", clock=text)


_current: list[Clock] = [SystemClock()]


def use(clock: Clock) -> None:
    """From now on this process lives in that clock's time."""
    _current[0] = clock


def current() -> Clock:
    """This process's clock."""
    return _current[0]


def now_ms() -> int:
    """The moment by this process's clock."""
    return _current[0].now_ms()
