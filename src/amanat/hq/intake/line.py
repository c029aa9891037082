"""Pushes stand in line and share commits: news before backlogs, each device in turn, failures tried again.  Clause S-8.

Who finds nobody committing takes all that wait, as much as one transaction should; the others wait for their answers.
A live station's push and a backlog are in two lanes: on PostgreSQL the first does not wait for the second's commit.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from django.db import IntegrityError, InterfaceError, OperationalError, close_old_connections

from amanat.hq.clock import Clock
from amanat.hq.intake.appointments import Appointments
from amanat.hq.intake.meter import METER
from amanat.sync.hq_side import HqSide, NotKept
from amanat.sync.messages import LIVE_BYTES, Push

GROUP_BYTES: Final = 2 << 20  # of one transaction: some 4,000 entries
ROOM_US: Final = 5_000_000
TRIES: Final = 5
PAUSE_SECONDS: Final = 0.02  # at most, before the second try; twice as long before each further one
AGAIN: Final = (OperationalError, InterfaceError, IntegrityError, NotKept)
"""For another's sake, or a lost connection: a second try may go through.  The same entries twice change nothing."""


@dataclass(slots=True)
class _Waiting:
    """A push on its way."""

    push: Push
    size: int
    result: bytes | Exception | None = None


class Lane:
    """Pushes that wait for the same kind of commit, by device."""

    def __init__(self, take: Callable[[Sequence[_Waiting]], None]) -> None:
        self._take = take
        self._queues: dict[int, deque[_Waiting]] = {}
        self._changed = threading.Condition()
        self._leading = False

    def __len__(self) -> int:
        """How many wait for a commit that has not begun."""
        with self._changed:
            return sum(len(waiting) for waiting in self._queues.values())

    def wait_for(self, mine: _Waiting) -> None:
        """Returns when `mine` has its result; takes groups itself while nobody else does."""
        with self._changed:
            self._queues.setdefault(mine.push.device, deque()).append(mine)
        with self.held(unless=lambda: mine.result is not None) as is_mine:
            while is_mine and mine.result is None:
                self._take(self._group())

    @contextmanager
    def held(self, *, unless: Callable[[], bool] = lambda: False) -> Iterator[bool]:
        """Nobody else commits meanwhile; true once that is so, false as soon as `unless` is."""
        with self._changed:
            self._changed.wait_for(lambda: unless() or not self._leading)
            is_mine = not unless()
            self._leading = self._leading or is_mine
        try:
            yield is_mine
        finally:
            with self._changed:
                if is_mine:
                    self._leading = False
                    self._changed.notify_all()

    def _group(self) -> list[_Waiting]:
        """One push of each device that waits, up to GROUP_BYTES; who has more, and who is left, is first next time."""
        group: list[_Waiting] = []
        with self._changed:
            for device in list(self._queues):
                waiting = self._queues.pop(device)
                group.append(waiting.popleft())
                if waiting:
                    self._queues[device] = waiting  # behind those who have not had a turn
                if sum(one.size for one in group) >= GROUP_BYTES:
                    break
        return group


class Line:
    """Takes pushes for one process's threads."""

    def __init__(self, side: HqSide, clock: Clock) -> None:
        self._side = side
        self._clock = clock
        self._live, self._bulk = Lane(self._take), Lane(self._take)
        self._appointments = Appointments()
        self._told = threading.Lock()

    def come_again(self) -> int:
        """Seconds after which one who is declined now should try again."""
        with self._told:
            return self._appointments.give(time.monotonic_ns() // 1000, random.randrange)

    def room(self) -> int:
        """How many backlogs may wait: their stations give an answer up after 20 seconds."""
        return self._appointments.within(ROOM_US)

    def receive(self, data: bytes) -> bytes:
        """See `HqSide.receive`.  Raises PeerFault, NotKept, a database error; a push that fails fails alone."""
        mine = _Waiting(self._side.open(data), len(data))
        (self._live if mine.size <= LIVE_BYTES else self._bulk).wait_for(mine)
        if isinstance(mine.result, bytes):
            return mine.result
        assert mine.result is not None
        raise mine.result

    def _take(self, group: Sequence[_Waiting]) -> None:
        began = time.monotonic_ns()
        if self._try(group) is not None:
            for one in group:
                one.result = self._try([one]) or one.result
        with self._told:
            self._appointments.served(len(group), (time.monotonic_ns() - began) // 1000)

    def _try(self, group: Sequence[_Waiting]) -> Exception | None:
        """Takes a group in one transaction, TRIES times at most; the exception that undid all of it, or None."""
        for number in range(1, TRIES + 1):
            try:
                answers = self._side.answer_all([one.push for one in group], self._clock.now_ms())
            except Exception as fault:
                close_old_connections()
                if number == TRIES or not isinstance(fault, AGAIN):
                    return fault
                METER.add(repeated=1)
                time.sleep(random.uniform(0, PAUSE_SECONDS * 2 ** (number - 1)))
                continue
            for one, answer in zip(group, answers, strict=True):
                one.result = answer
            break
        return None
