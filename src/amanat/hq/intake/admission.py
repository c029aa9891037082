"""Who is served next, and who is told to come again, before anything is read.  Clause S-9.

Waitress gives a request to a thread in the order of arrival and queues without an end.  Here backlogs may hold all
threads but a few, so that news and pages always find one; what waits is bounded; who finds no room is declined at
once, and who asked by `Expect: 100-continue` before it sent anything.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from waitress.channel import HTTPChannel
from waitress.task import ThreadedTaskDispatcher

from amanat.hq.intake.http import PATH
from amanat.sync.messages import LIVE_BYTES

THREADS: Final = 16  # so many pushes share a commit at most
FREE_THREADS: Final = 4  # that backlogs leave to others
LIVE_MAX: Final = 1024
BULK_MAX: Final = 64  # waiting, each up to a megabyte; fewer where they are served slowly
BULK_MIN: Final = 4
DECLINED: Final = "AMANAT_DECLINED"  # a header of ours: the application sees HTTP_AMANAT_DECLINED


class _Backlog:
    """A backlog's turn: when it ends another may begin."""

    def __init__(self, queue: "Queue", task: Any) -> None:
        self._queue = queue
        self._task = task

    def service(self) -> None:
        """Waitress's threads call it."""
        try:
            self._task.service()
        finally:
            self._queue.turn(-1)

    def cancel(self) -> None:
        """At the end of the process."""
        self._task.cancel()


class Queue:
    """What waitress sees as its queue: true while a thread should take something.  Waitress holds a lock meanwhile."""

    def __init__(self, room: Callable[[], int] = lambda: BULK_MAX) -> None:
        self._room = room
        self._live: deque[Any] = deque()
        self._bulk: deque[Any] = deque()
        self._running = 0
        self._turns = threading.Lock()

    def __len__(self) -> int:
        return len(self._live) + min(len(self._bulk), max(0, THREADS - FREE_THREADS - self._running))

    def append(self, task: Any) -> None:
        """Puts a request in its line, or marks it as declined."""
        request = task.requests[0]
        is_bulk = self.is_bulk(request)
        if DECLINED not in request.headers and self.is_full(is_bulk=is_bulk):
            decline(request)
        (self._bulk if is_bulk and DECLINED not in request.headers else self._live).append(task)

    def popleft(self) -> Any:
        """The next: whoever is not a backlog first."""
        if self._live:
            return self._live.popleft()
        self.turn(1)
        return _Backlog(self, self._bulk.popleft())

    def turn(self, step: int) -> None:
        """A backlog's turn begins or ends."""
        with self._turns:
            self._running += step

    def is_bulk(self, request: Any) -> bool:
        """Whether this is a push that is no news.  A request that could not be read has no path."""
        return bool(not request.error and request.path == PATH and request.content_length > LIVE_BYTES)

    def is_full(self, *, is_bulk: bool) -> bool:
        """Whether one more is too many."""
        return len(self._bulk) >= min(BULK_MAX, max(BULK_MIN, self._room())) if is_bulk else len(self._live) >= LIVE_MAX


def decline(request: Any) -> None:
    """The application answers it without a look; the connection ends."""
    request.headers[DECLINED] = "1"
    request.headers["CONNECTION"] = "close"


class Admission(ThreadedTaskDispatcher):
    """Waitress's threads with this queue."""

    def __init__(self, room: Callable[[], int]) -> None:
        super().__init__()
        self.queue_logger.setLevel(logging.ERROR)  # it would say of each request that others wait before it
        self.queue: Any = Queue(room)  # what a deque is asked for, and no more
        self.set_thread_count(THREADS)


class Channel(HTTPChannel):
    """A connection whose client may ask before it sends a backlog."""

    def send_continue(self) -> None:
        """Go on, or 503 while there is no room: then nothing more is read."""
        queue: Any = self.server.task_dispatcher.queue
        request = self.request
        assert request is not None  # its head is what was read
        if queue.is_bulk(request) and queue.is_full(is_bulk=True):
            decline(request)
            request.completed = True
            return
        super().send_continue()
