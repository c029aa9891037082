"""The link to headquarters: delivers in the background, never delays desk or booth (clauses S-1, S-2, S-4, S-5, P-6).

What to send and what an answer means is `amanat.sync.station_side`'s; here are the waiting and the consequences.  The
socket is behind the wire.  A dead, killed or restored headquarters is a failed push like any other.
"""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from amanat.errors import AmanatError, MediumLost, PeerFault
from amanat.records import cbor
from amanat.records.journal import Entry, SignedEntry
from amanat.records.register import RegisterView
from amanat.station.clock import Clock
from amanat.station.deltas import Deltas
from amanat.station.journal import Journal
from amanat.station.lan import Lan
from amanat.station.link_words import LinkState
from amanat.station.news import News
from amanat.station.package import Identity
from amanat.station.ports import Declined, Wire
from amanat.sync.messages import FROM_START, Head, SignedDelta
from amanat.sync.station_side import (
    DeltaArrived,
    Event,
    NewsArrived,
    Paced,
    Shown,
    StationSide,
    Stuck,
    head_of,
)

HEARTBEAT_SECONDS = 300.0  # an idle station asks for news so often
GAP_SECONDS = 2.0  # between two pushes however often we are poked
WAIT_SECONDS_MAX = 60.0  # what is written waits no longer for somebody to poke, while headquarters answers
BACK_OFF_SECONDS = (2.0, 300.0)  # first and longest wait after failures, each with jitter
FAULTS = (TimeoutError, OSError, PeerFault)
WHOLE = 1 << 16  # of a waiting time, as the jitter draws it


@dataclass
class Link:
    """The gateway's background task: `run` for ever, `poke` when there is something; the rest is for the screens."""

    _identity: Identity
    _journal: Journal
    _lan: Lan
    _news: News
    _register: RegisterView
    _deltas: Deltas
    _clock: Clock
    _wire: Wire

    def __post_init__(self) -> None:
        identity = self._identity
        self.last_answer_ms: int | None = None
        self.down_since_ms: int | None = self._clock.now_ms()  # until the first answer
        self._side = StationSide(identity.eh, identity.device, identity.seed, identity.manifest.hq_key)
        self._side.register_version = self._register.version
        self._poked = asyncio.Event()
        self._tried = asyncio.Event()
        self._wrote = asyncio.Event()
        self._rest_seconds = HEARTBEAT_SECONDS
        self._failures = 0
        self._next_try_ms: int | None = None
        self._asking_since_ms: int | None = None
        self._stuck: set[tuple[int, int]] = set()

    async def tried(self) -> None:
        """Return when headquarters has been asked once since the start, and has answered or not."""
        await self._tried.wait()

    def poke(self) -> None:
        """There is something to deliver or to ask; returns at once."""
        self._poked.set()

    def wrote(self) -> None:
        """There is more to deliver, though nobody waits for it; returns at once."""
        self._wrote.set()

    def heads(self) -> list[Head]:
        """The heads of all journals that this link carries."""
        own = [head_of(self._identity.eh, self._journal.entries[-1])] if self._journal.entries else []
        return own + [copies.head for copies in self._lan.copies.values() if copies.head is not None]

    def read_after(self, device: int, seq: int) -> Iterable[SignedEntry]:
        """See `ReadAfter`."""
        if device == self._identity.device:
            return self._journal.after(seq)
        return self._lan.copies[device].after(seq)

    def undelivered(self) -> int:
        """Entries that this gateway holds, its own and copies, and that headquarters has not been heard to hold."""
        return self._side.undelivered(self.heads())

    def delivered_seq(self) -> int:
        """The last of our own entries that headquarters has been heard to hold, or -1."""
        own = [head for head in self.heads() if head.device == self._identity.device]
        return own[0].seq - self._side.undelivered(own) if own else FROM_START

    def oldest_ms(self) -> int | None:
        """How long our own oldest undelivered entry has waited, or None."""
        own = [head for head in self.heads() if head.device == self._identity.device]
        waiting = self._side.undelivered(own)
        if not waiting:
            return None
        return max(0, self._clock.now_ms() - Entry.decode(self._journal.entries[-waiting].entry).wall_ms)

    def state(self, *, safe: int) -> LinkState:
        """For the strip; ``safe``: ballots in the box here."""
        waiting = (self.undelivered(), self.oldest_ms())
        now = self._clock.now_ms()
        return LinkState(now, safe, *waiting, self.down_since_ms, self._next_try_ms, self._asking_since_ms)

    async def run(self) -> None:
        """Deliver for ever; a failed push is repeated later and later, with jitter."""
        try:
            while True:
                self._poked.clear()
                self._wrote.clear()
                await self._turn()
        finally:
            await self._wire.close()

    async def _turn(self) -> None:
        """Ask once, and wait until it is time again."""
        try:
            await self._ask()
            self._failures = 0
            self.down_since_ms = None
            await self._clock.sleep(GAP_SECONDS)
            await self._poked_or(self._rest_seconds)
        except Declined as later:  # it is there, and busy: no failure of the link (S-9)
            self.down_since_ms, self._failures = None, 0
            await self._rest(later.seconds * (1.0 + self._drawn() / 2))
        except FAULTS:
            self._failures += 1
            self.down_since_ms = self.down_since_ms or self._clock.now_ms()
            await self._rest(self._back_off())

    async def _rest(self, seconds: float) -> None:
        self._next_try_ms = self._clock.now_ms() + int(seconds * 1000)
        await self._clock.sleep(seconds)

    async def _ask(self) -> None:
        self._asking_since_ms, self._next_try_ms = self._clock.now_ms(), None
        try:
            await self._deliver()
        finally:
            self._asking_since_ms = None
            self._tried.set()

    def _back_off(self) -> float:
        first, longest = BACK_OFF_SECONDS
        return min(longest, first * 2.0 ** min(self._failures - 1, 10)) * (0.5 + self._drawn() / 2)

    def _drawn(self) -> float:
        """Jitter: from 0 to 1."""
        return int.from_bytes(self._identity.random(2), "big") / WHOLE

    async def _poked_or(self, seconds: float) -> None:
        """Wait until somebody pokes, at most so long, and less once something was written."""
        waits: list[Coroutine[Any, Any, Any]] = [
            self._poked.wait(),
            self._clock.sleep(seconds),
            self._written_long_ago(),
        ]
        tasks = [asyncio.create_task(wait) for wait in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    async def _written_long_ago(self) -> None:
        await self._wrote.wait()
        await self._clock.sleep(WAIT_SECONDS_MAX)

    async def _deliver(self) -> None:
        """Push until everything is delivered or headquarters takes nothing more; raises one of FAULTS."""
        left: int | None = None
        while True:
            body = self._side.next_push(self.heads(), self.read_after, nonce=self._identity.random(16))
            content = await self._wire.push(body)
            self._asking_since_ms = self._clock.now_ms()
            version = self._register.version
            for event in self._side.receive(content, self._clock.now_ms()):
                if isinstance(event, DeltaArrived):
                    await self._take(event.delta)
                else:
                    self._happened(event)
            before, left = left, self._side.undelivered(self.heads())
            if self._register.version == version and (left == 0 or left == before):
                return await self._deltas.tidy(self._register)

    def _happened(self, event: Event) -> None:
        match event:
            case Paced(now_ms, pace_ms, _):
                self.last_answer_ms = now_ms
                self._rest_seconds = max(HEARTBEAT_SECONDS, pace_ms / 1000)
            case NewsArrived(items):
                stations = len(self._identity.manifest.stations)
                self._news.add(item for item in items if item.station < stations)  # or a desk would fail over it
            case Stuck(device, seq) if (device, seq) not in self._stuck:
                self._stuck.add((device, seq))
                self._write("link", [f"stuck {device} {seq if seq != FROM_START else 'start'}"])
            case Shown(entries):
                for shown in entries:
                    with contextlib.suppress(cbor.Malformed):  # not even an entry: a word, which stops nobody
                        self._journal.require_unsurpassed(shown)
            case _:
                pass  # a new epoch refills by itself; a colleague's roll-back is the colleague's to find, and a bare
                # word that headquarters holds more of our journal stops nobody (P-6, J-7)

    async def _take(self, delta: SignedDelta) -> None:
        if self._journal.state.closed:
            return  # nothing is signed after `closed`
        try:
            await self._deltas.take(delta, self._register, self._journal)
        except AmanatError as fault:
            self._write("incident", ["register-delta", fault.code])
        self._side.register_version = self._register.version

    def _write(self, kind: str, body: list[cbor.Value]) -> None:
        """An entry that is evidence only: a journal that takes nothing any more has said so already."""
        if self._journal.stopped is None and self._journal.state.opened and not self._journal.state.closed:
            with contextlib.suppress(MediumLost):  # the screens tell it; what we hold is delivered all the same
                self._journal.write(kind, body)
