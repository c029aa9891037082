"""Threads that wait for storage devices, so that a device which hangs holds up nobody who can do without it (J-2)."""

import threading
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, wait
from queue import SimpleQueue
from typing import Protocol

Act = Callable[[], object]
_Orders = SimpleQueue[tuple[Act, "Future[object]"]]


class Hands(Protocol):
    """Does an act and waits for it no longer than one wants to."""

    def within(self, seconds: float, act: Act) -> "Future[object] | None":
        """None: it is done; raises what it raised.  A future: it goes on, for whoever still wants to wait."""

    def first(self, under_way: "Collection[Future[object]]", seconds: float | None) -> "Collection[Future[object]]":
        """Those that are done once one is, or none after so many seconds; None: however long it takes."""

    def start(self, act: Act) -> "Future[object]":
        """Begin, and wait for nothing."""


class _Waiting:
    """How real time is waited for."""

    def first(self, under_way: "Collection[Future[object]]", seconds: float | None) -> "Collection[Future[object]]":
        """See `Hands`."""
        return wait(under_way, seconds, return_when=FIRST_COMPLETED).done


class AtOnce(_Waiting):
    """Does each act itself, however long it takes."""

    def within(self, seconds: float, act: Act) -> None:
        """See `Hands`."""
        act()

    def start(self, act: Act) -> "Future[object]":
        """See `Hands`; it is done when this returns."""
        future: Future[object] = Future()
        try:
            future.set_result(act())
        except BaseException as fault:  # carried to whoever waits, whatever it is
            future.set_exception(fault)
        return future


class Threads(_Waiting):
    """As many threads as acts under way at once; one that hangs is left behind and does not hold up the exit."""

    def __init__(self) -> None:
        self._idle: deque[_Orders] = deque()

    def within(self, seconds: float, act: Act) -> "Future[object] | None":
        """See `Hands`."""
        future = self.start(act)
        if not wait([future], seconds).done:
            return future
        future.result()
        return None

    def start(self, act: Act) -> "Future[object]":
        """See `Hands`."""
        future: Future[object] = Future()
        try:
            orders = self._idle.pop()
        except IndexError:
            orders = SimpleQueue()
            threading.Thread(target=self._work, args=(orders,), name="medium", daemon=True).start()
        orders.put((act, future))
        return future

    def _work(self, orders: _Orders) -> None:
        while True:
            act, future = orders.get()
            try:
                done = act()
            except BaseException as fault:  # carried to whoever waits, whatever it is
                future.set_exception(fault)
            else:
                future.set_result(done)
            del act, future
            self._idle.append(orders)


THREADS = Threads()
"""Shared by all terminals of a process: they take turns on one event loop, so one thread is what they need."""
