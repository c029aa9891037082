"""Headquarters in the simulation: the shipped `HqSide` over a `MemoryStore`, served by a program that crashes.

Pushes of different devices share transactions, and a transaction that fails is tried again, as the shipped intake does
(S-8); who finds too many in line is told when to come again (S-9).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from amanat.records.cbor import Value
from amanat.rehearsal.simulation import hq_store
from amanat.rehearsal.simulation.draw import Draw
from amanat.rehearsal.simulation.events import Note
from amanat.rehearsal.simulation.hq_store import Backup, MemoryStore, SerializationFailure
from amanat.sync import messages
from amanat.sync.hq_side import HqSide, NotKept
from amanat.sync.messages import Push

GROUP: Final = 8  # pushes of one transaction at most
TRIES: Final = 5
IN_LINE_MAX: Final = 40
SERVICE_MS: Final = (2, 40)  # of one transaction
DOWN_MS: Final = (1_000, 900_000)
AFTER_SECONDS: Final = (1, 300)
BACKUPS_MAX: Final = 4
WHERE: Final = "headquarters"


@dataclass(frozen=True, slots=True)
class HqFaults:
    """How often in a million transactions each thing happens (``busy``: pushes; ``restore``: crashes)."""

    crash_before: int = 0
    crash_inside: int = 0
    crash_after: int = 0
    serialization: int = 0
    busy: int = 0
    restore: int = 0  # from a backup, with a new epoch
    fail_over: int = 0  # to a copy that lagged behind, and nobody says so


CALM: Final = HqFaults()


class Busy(Exception):
    """503 with `Retry-After`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class _Crash(Exception):
    """The program dies here."""


class _Waiting:
    """A push in line."""

    def __init__(self, push: Push, answer: asyncio.Future[bytes]) -> None:
        self.push = push
        self.answer = answer


class Headquarters:
    """One organisation; `push` is what its address answers."""

    def __init__(self, store: MemoryStore, side: HqSide, draw: Draw, *, note: Note, now_ms: Callable[[], int]) -> None:
        self.store = store
        self.side = side
        self.faults = CALM
        self.is_up = True
        self._draw = draw
        self._note = note
        self._now_ms = now_ms
        self._line: deque[_Waiting] = deque()
        self._work: asyncio.Task[None] | None = None
        self._backups: list[Backup] = []
        self._fate: tuple[str, Exception] | None = None
        store.at_step = self._at_step

    async def push(self, data: bytes) -> bytes:
        """The answer.

        Raises:
            ConnectionError: it is down, or went down meanwhile.  Busy: come again later.  PeerFault: no push of ours.
        """
        if not self.is_up:
            raise ConnectionRefusedError("headquarters is down")
        if len(self._line) >= IN_LINE_MAX or self._draw.chance(self.faults.busy):
            self._fault("busy")
            raise Busy(self._draw.between(*AFTER_SECONDS))
        loop = asyncio.get_running_loop()
        waiting = _Waiting(self._open(data), loop.create_future())
        self._line.append(waiting)
        if self._work is None:
            self._work = loop.create_task(self._serve())
        return await waiting.answer

    def take(self, triples: Sequence[Value]) -> None:
        """What came on a stick.  Raises ConnectionError where the program is down or dies, and nothing is certain."""
        if not self.is_up:
            raise ConnectionRefusedError("headquarters is down")
        try:
            self.side.take(triples)
        except _Crash as cause:
            self.crash()
            raise ConnectionResetError("headquarters died") from cause
        except (SerializationFailure, NotKept) as cause:
            raise ConnectionAbortedError("not taken") from cause

    def _open(self, data: bytes) -> Push:
        try:
            return self.side.open(data)
        except _Crash as cause:  # while it kept a message of the future
            self.crash()
            raise ConnectionResetError("headquarters died") from cause
        except SerializationFailure as cause:
            raise Busy(AFTER_SECONDS[0]) from cause

    async def _serve(self) -> None:
        while self._line and self.is_up:
            await asyncio.sleep(self._draw.between(*SERVICE_MS) / 1000)
            if self.is_up and self._line:
                self._take(self._group())
        self._work = None

    def _group(self) -> list[_Waiting]:
        """One push of each device that waits, in order."""
        group: dict[int, _Waiting] = {}
        left: list[_Waiting] = []
        while self._line:
            one = self._line.popleft()
            if one.push.device in group or len(group) == GROUP:
                left.append(one)
            else:
                group[one.push.device] = one
        self._line.extend(left)
        return list(group.values())

    def _take(self, group: list[_Waiting]) -> None:
        try:
            is_taken = self._try(group)
            for one in () if is_taken else group:
                if not self._try([one]):
                    _refuse(one, Busy(AFTER_SECONDS[0]))
        except _Crash:
            for one in group:
                _refuse(one, ConnectionResetError("headquarters died"))
            self.crash()

    def _try(self, group: list[_Waiting]) -> bool:
        """Takes a group in one transaction, TRIES times at most; whether it went through."""
        for _ in range(TRIES):
            try:
                answers = self.side.answer_all([one.push for one in group], self._now_ms())
            except (SerializationFailure, NotKept):
                continue
            for one, answer in zip(group, answers, strict=True):
                self._tell_acknowledged(one.push.device, answer)
                if not one.answer.done():
                    one.answer.set_result(answer)
            return True
        return False

    def _tell_acknowledged(self, gateway: int, answer: bytes) -> None:
        for head in messages.decode_answer(messages.decode_envelope(answer).payload).heads:
            self._note("acknowledged", WHERE, gateway=gateway, device=head.device, seq=head.seq, hash=head.hash.hex())

    def _at_step(self, step: str) -> None:
        if step == hq_store.BEGIN:
            self._fate = self._fate_of_transaction()
        if self._fate is not None and self._fate[0] == step:
            raise self._fate[1]

    def _fate_of_transaction(self) -> tuple[str, Exception] | None:
        faults = self.faults
        for name, step, fault in (
            ("crash_before", hq_store.BEGIN, _Crash()),
            ("crash_inside", hq_store.COMMIT, _Crash()),
            ("crash_after", hq_store.COMMITTED, _Crash()),
            ("serialization", hq_store.COMMIT, SerializationFailure()),
        ):
            if self._draw.chance(getattr(faults, name)):
                self._fault(name)
                return step, fault
        return None

    def crash(self) -> None:
        """kill -9: who waits is cut off, what is committed stays; it starts again by itself."""
        if not self.is_up:
            return
        self.is_up = False
        self._note("hq-crash", WHERE)
        while self._line:
            _refuse(self._line.popleft(), ConnectionResetError("headquarters died"))
        asyncio.get_running_loop().call_later(self._draw.between(*DOWN_MS) / 1000, self.start)

    def start(self) -> None:
        """It serves again, perhaps with the data of an earlier hour."""
        if self.is_up:
            return
        if self._draw.chance(self.faults.restore):
            self.restore(new_epoch=True)
        elif self._draw.chance(self.faults.fail_over):
            self.restore(new_epoch=False)
        self.is_up = True
        self._note("hq-start", WHERE)

    def back_up(self) -> None:
        """A copy of what is committed now is laid aside."""
        self._backups = [*self._backups, self.store.backup()][-BACKUPS_MAX:]

    def back_up_afresh(self) -> None:
        """What is committed now is in every copy that there is."""
        self._backups = [self.store.backup()]

    def restore(self, *, new_epoch: bool) -> None:
        """Go on from one of the copies, if there is one."""
        if not self._backups:
            return
        at = self._draw.below(len(self._backups))
        self.store.restore(self._backups[at], new_epoch=new_epoch)
        del self._backups[at + 1 :]
        self._fault("restore" if new_epoch else "fail-over")
        self._note("hq-restore", WHERE, epoch=self.store.epoch().hex())

    def heal(self) -> None:
        """No more faults; if it is down it starts now."""
        self.faults = CALM
        self.start()

    def _fault(self, which: str) -> None:
        self._note("fault", WHERE, which=f"hq-{which.replace('_', '-')}", component="headquarters")


def _refuse(waiting: _Waiting, fault: Exception) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(fault)
