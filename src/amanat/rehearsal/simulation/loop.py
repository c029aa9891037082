"""An event loop in virtual time: one thread, whole milliseconds, first come first served within each of them.

Time stands still while anything can run, and jumps to the next timer when nothing can; nothing is waited for in real
time, no file or socket is watched, and no thread calls in.  asyncio's own futures, tasks, locks and sleeps run on it.
"""

import asyncio
import contextvars
import heapq
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final, TypeVar

from amanat.rehearsal.simulation.boot import BOOT, Boot, Killed, lay_to_rest

T = TypeVar("T")
Context = contextvars.Context | None
STEPS_MAX: Final = 1_000_000  # callbacks in one millisecond: beyond it something runs in circles


class Circles(Exception):
    """Time does not pass: something calls itself again and again."""


_Loop: Any = asyncio.AbstractEventLoop  # sockets, signals and processes are never asked for


class VirtualLoop(_Loop):  # type: ignore[misc]
    """See the module.  `begins_ms` is the first moment; `faults` are exceptions that nobody caught."""

    def __init__(self, begins_ms: int = 0) -> None:
        self.now_ms = begins_ms
        self.faults: list[BaseException] = []
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[int, int, asyncio.TimerHandle]] = []
        self._number = 0  # of timers, so that two of one moment keep their order
        self._closed = False

    # Running

    def run_until_ms(self, end_ms: int, *, unless: Callable[[], bool] = lambda: False) -> None:
        """Let everything happen up to this moment, or until `unless` is true after a moment is over."""
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            while True:
                self._moment()
                while self._timers and self._timers[0][2].cancelled():
                    heapq.heappop(self._timers)
                if unless() or not self._timers or self._timers[0][0] > end_ms:
                    break
                self.now_ms = max(self.now_ms, self._timers[0][0])
                while self._timers and self._timers[0][0] <= self.now_ms:
                    handle = heapq.heappop(self._timers)[2]
                    if not handle.cancelled():
                        self._ready.append(handle)
            if not unless():
                self.now_ms = max(self.now_ms, end_ms)
        finally:
            asyncio._set_running_loop(before)

    def run_until_complete(self, future: Generator[Any, None, T] | Coroutine[Any, Any, T] | Any) -> T:
        """Run until this is done, however long it takes; raises what it raised."""
        task: asyncio.Future[T] = asyncio.ensure_future(future, loop=self)  # type: ignore[arg-type]
        while not task.done():
            if not self._ready and not self._timers:
                raise Circles("nothing can happen any more")
            next_ms = self.now_ms if self._ready else self._timers[0][0]
            self.run_until_ms(next_ms, unless=task.done)
        return task.result()

    def _moment(self) -> None:
        steps = 0
        while self._ready:
            handle = self._ready.popleft()
            if not handle.cancelled():
                boot = handle._context.get(BOOT)  # type: ignore[attr-defined]
                if boot is None or boot.may_run(handle):
                    handle._run()
                    if boot is not None and boot.spent_ms:
                        self.freeze(boot)
            steps += 1
            if steps > STEPS_MAX:
                raise Circles(f"more than {STEPS_MAX} steps at {self.now_ms} ms")

    def freeze(self, boot: Boot) -> None:
        """A medium kept the whole program waiting."""
        spent_ms, boot.spent_ms, boot.pauses = boot.spent_ms, 0, boot.pauses + 1
        self.call_later(spent_ms / 1000, self.resume, boot, context=contextvars.Context())

    def resume(self, boot: Boot) -> None:
        """One of its pauses is over; after the last it goes on with what it would have done meanwhile."""
        boot.pauses -= 1
        if boot.pauses > 0:
            return
        held, boot.held = boot.held, []
        self._ready.extend(held)

    # What asyncio asks for

    def time(self) -> float:
        """Seconds, for asyncio's own arithmetic: `call_later` rounds it back to the millisecond."""
        return self.now_ms / 1000

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context = None) -> asyncio.Handle:
        """In this moment, after what waits already."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context = None
    ) -> asyncio.Handle:
        """The same: there is one thread."""
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context = None
    ) -> asyncio.TimerHandle:
        """After so many seconds, rounded to the millisecond."""
        return self._at(self.now_ms + max(0, round(delay * 1000)), callback, args, context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context = None
    ) -> asyncio.TimerHandle:
        """At this second of `time`, rounded to the millisecond."""
        return self._at(max(self.now_ms, round(when * 1000)), callback, args, context)

    def _at(
        self, when_ms: int, callback: Callable[..., object], args: tuple[Any, ...], context: Context
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when_ms / 1000, callback, args, self, context)
        self._number += 1
        heapq.heappush(self._timers, (when_ms, self._number, handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """asyncio tells of a cancelled timer; it is passed over when its moment comes."""

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: str | None = None, context: Context = None) -> asyncio.Task[Any]:
        """A task that runs from this moment on."""
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        boot = BOOT.get() if context is None else context.get(BOOT)
        if boot is not None:
            boot.tasks.add(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """An exception that nobody caught is a bug of somebody's: it is kept for the world to fail with."""
        fault = context.get("exception") or RuntimeError(str(context.get("message")))
        if not isinstance(fault, Killed):
            self.faults.append(fault)

    def get_debug(self) -> bool:
        """Never."""
        return False

    async def _in_executor(self, func: Callable[..., T], *args: Any) -> T:
        return func(*args)

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> Any:
        """There are no threads: it is done at once, in a task of its own."""
        return self.create_task(self._in_executor(func, *args))

    def is_running(self) -> bool:
        """Whether we are within `run_until_ms`."""
        return asyncio._get_running_loop() is self

    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def close(self) -> None:
        """Forget everything that waits."""
        self._closed = True
        for task in asyncio.all_tasks(self):
            lay_to_rest(task)
        self._ready.clear()
        self._timers.clear()
