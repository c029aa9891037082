"""Media that hang until they are told to go on, and hands whose patience ends just then: no test waits for time."""

import errno
from concurrent.futures import Future, wait
from threading import Event

import pytest

from amanat.station.medium_file import FileMedium
from amanat.station.patience import Act, Threads

LONG = 60  # seconds for what must come


class Stall:
    """Lets syncs of the media in ``names`` hang until `go`; with ``fails`` they end in an error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names = ""
        self.fails = False
        self.hung = 0
        self.waits, self.go, self.ended = Event(), Event(), Event()
        real = FileMedium.sync

        def sync(medium: FileMedium) -> None:
            if medium.name not in self.names:
                real(medium)
                return
            self.hung += 1
            self.waits.set()
            assert self.go.wait(LONG)
            if not self.fails:
                real(medium)
            self.ended.set()
            if self.fails:
                raise OSError(errno.EIO, "sync")

        monkeypatch.setattr(FileMedium, "sync", sync)

    def end(self) -> None:
        """Go on, and come back when no thread works on a file any more."""
        self.names = ""
        self.go.set()
        assert self.ended.wait(LONG)


class Impatient(Threads):
    """Waits for an act until it is done, or hangs."""

    def __init__(self, stall: Stall) -> None:
        super().__init__()
        self._stall = stall
        self.given_back = 0

    def within(self, seconds: float, act: Act) -> "Future[object] | None":
        before = self._stall.hung
        future = self.start(act)
        while not wait([future], 0.002).done:
            if self._stall.hung > before:
                self.given_back += 1
                return future
        future.result()
        return None
