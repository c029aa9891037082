"""One run of a machine's program, from its start to whatever ends it: a crash, a kill at any step, a power cut.

Everything that the program does runs in a context that names its boot.  The loop runs nothing of a dead boot any more,
not even what stands in `finally`, and holds back what a paused one would do.
"""

import asyncio
import contextvars
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Final
from weakref import WeakSet

BOOT: Final[contextvars.ContextVar["Boot | None"]] = contextvars.ContextVar("BOOT", default=None)
"""The boot whose code runs now; None: the world's."""


class Killed(BaseException):
    """The program is no more; raised through shipped code where it called a port, and caught by nobody."""


class Boot:
    """``ended`` is called once, at the step where it dies by its doom."""

    def __init__(self) -> None:
        self.context = contextvars.copy_context()
        self.context.run(BOOT.set, self)
        self.is_dead = False
        self.pauses = 0  # reasons for which it stands still
        self.is_stopped = False  # somebody stopped it, and lets it go on: one of the reasons
        self.held: list[asyncio.Handle] = []
        self.spent_ms = 0  # by the media within one step: the whole program stood still so long
        self.tasks: WeakSet[asyncio.Task[Any]] = WeakSet()
        self.graveyard: list[asyncio.Task[Any]] = []  # kept, or collecting them would run their `finally`
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._asked = 0
        self._steps_left: int | None = None
        self._ended: Callable[[], None] | None = None

    def doom(self, steps: int, ended: Callable[[], None]) -> None:
        """Let it die so many steps from now: a step is one turn of the loop, or a disk before or after its act."""
        self._steps_left, self._ended = steps, ended

    def step(self) -> None:
        """One more step is about to be done; Killed if it is not."""
        if self.is_dead:
            raise Killed
        if self._steps_left is None:
            return
        self._steps_left -= 1
        if self._steps_left < 0:
            self._steps_left, ended = None, self._ended
            self.die()
            if ended is not None:
                ended()
            raise Killed

    def may_run(self, handle: asyncio.Handle) -> bool:
        """Whether the loop shall run this now; held back until `resume` if the boot is paused."""
        if self.pauses and not self.is_dead:
            self.held.append(handle)
            return False
        try:
            self.step()
        except Killed:
            return False
        return True

    def die(self) -> None:
        """Nothing of it runs any more; whoever waits for an answer gets `Killed`."""
        self.is_dead = True
        self.held.clear()
        self.graveyard = list(self.tasks)
        for task in self.graveyard:
            lay_to_rest(task)
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_result((None, Killed()))

    async def call(self, act: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """What `act` answers, done within this boot, for somebody outside; raises what it raises, or Killed."""
        if self.is_dead:
            raise Killed
        loop = asyncio.get_running_loop()
        self._asked += 1
        number, answer = self._asked, loop.create_future()
        self._waiting[number] = answer
        task = loop.create_task(told(act, answer), context=self.context)
        try:
            found, fault = await answer
        finally:
            self._waiting.pop(number, None)
            del task
        if fault is not None:
            raise fault
        return found


def lay_to_rest(task: asyncio.Task[Any]) -> None:
    """A task that will never go on is nobody's mistake."""
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    coroutine = task.get_coro()
    if inspect.iscoroutine(coroutine) and inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
        coroutine.close()


async def told(act: Callable[[], Coroutine[Any, Any, Any]], answer: asyncio.Future[Any]) -> None:
    """Puts (what `act` answers, None) or (None, what it raises) into `answer`, as long as somebody waits for it."""
    found, fault = None, None
    try:
        found = await act()
    except (Exception, Killed) as raised:  # carried to whoever waits, whatever it is
        fault = raised
    if not answer.done():
        answer.set_result((found, fault))


async def outside(act: Callable[[], Coroutine[Any, Any, Any]], context: contextvars.Context) -> Any:
    """What `act` answers in the world's own context: it goes on, though the boot that asks may die meanwhile."""
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    task = loop.create_task(told(act, answer), context=context)
    found, fault = await answer
    del task
    if fault is not None:
        raise fault
    return found
