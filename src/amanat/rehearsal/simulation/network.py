"""Wires between machines in virtual time.  They lose, delay, reorder, repeat, cut, and stay open and silent.

A *way* leads from one machine to another; what is asked on it arrives or not, whether or not the asker still lives.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from amanat.rehearsal.simulation.draw import Draw

T = TypeVar("T")
LATE_MS_MAX: Final = 300_000  # what is under way arrives within this time, or never
PATIENCE_MS: Final = 20_000  # whoever asked waits no longer
Tell = Callable[[str, str], None]
"""(fault, way): a fault was injected."""


class State(Enum):
    """What a way does with what it is given, besides the accidents of `Weather`."""

    UP = "up"
    CUT = "cut"  # refused at once
    SILENT = "silent"  # taken, and nothing ever comes of it
    ONE_WAY = "one-way"  # it arrives, and no answer comes back


@dataclass(frozen=True, slots=True)
class Weather:
    """How often in a million questions each accident happens; how long a way takes, in ms."""

    loss: int = 0  # of the question
    answer_loss: int = 0
    duplicate: int = 0  # it arrives twice, the second time up to LATE_MS_MAX later
    late: int = 0  # it takes up to LATE_MS_MAX, so that others overtake it
    stale: int = 0  # the answer is one that was given before on this way
    delay_ms: tuple[int, int] = (5, 200)


CALM: Final = Weather()


@dataclass(eq=False)
class Way(Generic[T]):
    """From one machine to another."""

    name: str
    county: int
    draw: Draw
    weather: Weather = CALM
    state: State = State.UP
    last: T | None = field(default=None, repr=False)

    def restore(self) -> None:
        """It carries again."""
        self.state = State.UP

    def is_now(self, *states: State) -> bool:
        """Asked after every wait: it may have changed meanwhile."""
        return self.state in states


def _nobody(fault: str, way: str) -> None:
    """Who does not listen."""


class Network:
    """All ways.  ``tell`` hears of each fault."""

    def __init__(self, *, tell: Tell = _nobody) -> None:
        self.tell = tell
        self._under_way: set[asyncio.Task[None]] = set()

    async def carry(self, way: Way[T], deliver: Callable[[], Awaitable[T]], *, patience_ms: int = PATIENCE_MS) -> T:
        """What `deliver`, called at the other end, answers.

        Raises:
            ConnectionError: the way is cut, or the other end broke off.  Whatever else `deliver` raises.
            TimeoutError: nothing came back in time; whether it arrived is unknown.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._send(self._journey(way, deliver, answer))
        limit = loop.call_later(patience_ms / 1000, _give_up, answer)
        try:
            return await answer
        finally:
            limit.cancel()

    async def _journey(self, way: Way[T], deliver: Callable[[], Awaitable[T]], answer: asyncio.Future[T]) -> None:
        weather, draw = way.weather, way.draw
        delay = draw.between(*weather.delay_ms)
        if way.is_now(State.CUT):
            await _wait(delay)
            return _refuse(answer, ConnectionRefusedError("cut"))
        if self._happens(way, "late", weather.late):
            delay = draw.below(LATE_MS_MAX)
        if self._happens(way, "duplicate", weather.duplicate):
            self._send(self._again(way, deliver, draw.below(LATE_MS_MAX)))
        lost = self._happens(way, "loss", weather.loss)
        await _wait(delay)
        if lost or way.is_now(State.SILENT):
            return None
        if way.is_now(State.CUT):
            return _refuse(answer, ConnectionResetError("cut"))
        try:
            found = await deliver()
        except Exception as fault:  # carried to whoever asked, whatever it is
            await _wait(draw.between(*weather.delay_ms))
            return _refuse(answer, fault)
        await self._back(way, found, answer)
        return None

    async def _back(self, way: Way[T], found: T, answer: asyncio.Future[T]) -> None:
        weather, draw = way.weather, way.draw
        before, way.last = way.last, found
        await _wait(draw.between(*weather.delay_ms))
        if way.is_now(State.CUT):
            return _refuse(answer, ConnectionResetError("cut"))
        if way.is_now(State.ONE_WAY, State.SILENT) or self._happens(way, "answer-loss", weather.answer_loss):
            return None
        if before is not None and self._happens(way, "stale-answer", weather.stale):
            found = before
        if not answer.done():
            answer.set_result(found)
        return None

    async def _again(self, way: Way[T], deliver: Callable[[], Awaitable[T]], delay: int) -> None:
        await _wait(delay)
        if way.is_now(State.UP, State.ONE_WAY):
            try:
                await deliver()
            except Exception as fault:
                self.tell("duplicate-refused", f"{way.name} {type(fault).__name__}")

    def _happens(self, way: Way[Any], fault: str, per_million: int) -> bool:
        if way.draw.chance(per_million):
            self.tell(fault, way.name)
            return True
        return False

    def _send(self, journey: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(journey, context=contextvars.Context())  # the asker may die
        self._under_way.add(task)  # or it might be collected half-way
        task.add_done_callback(self._under_way.discard)


async def _wait(ms: int) -> None:
    await asyncio.sleep(ms / 1000)


def _give_up(answer: asyncio.Future[Any]) -> None:
    _refuse(answer, TimeoutError("no answer"))


def _refuse(answer: asyncio.Future[Any], fault: Exception) -> None:
    if not answer.done():
        answer.set_exception(fault)
