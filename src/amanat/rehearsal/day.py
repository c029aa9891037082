"""The polling day, tick by tick: doors open, people come and vote while things fail, doors close, everything arrives.

A tick is 30 s of virtual time.  Who arrives in it lays a document on the desk; the decision follows in the next tick,
so that headquarters, where it can be reached, has answered.  A tick ends when its visits are done: nothing sleeps.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from amanat.errors import Rejected
from amanat.rehearsal.clock import Clock
from amanat.rehearsal.ledger import Ledger
from amanat.rehearsal.network import Network
from amanat.rehearsal.people import Visit
from amanat.rehearsal.plan import DAY_SECONDS
from amanat.rehearsal.printer import Printers
from amanat.rehearsal.terminal import PowerGone, Terminal
from amanat.rehearsal.visit import Errand, Place, Unexpected, present, require, serve
from amanat.rehearsal.world import World

TICK_SECONDS: Final = 30
OPENING_SECONDS: Final = 20 * 60  # from the zero sheets to the first voter
HOURLY_SECONDS: Final = 3600
SAMPLE_SECONDS: Final = 600
TICK_REAL_SECONDS: Final = 0.004  # so that programs notice a new moment before the next one comes
ANSWER_SECONDS: Final = 1.0  # real time that a tick waits for headquarters' answers
DELIVERY_SECONDS_MAX: Final = 48 * 3600
OFFICERS: Final = ("رئیس شعبه", "نمایندهٔ ناظر")
CLOSING_TICKS_MAX: Final = 60
BURST: Final = 64  # requests under way at once when something is asked of every terminal


class Sample(NamedTuple):
    """How many votes the voters were told of, and how many headquarters held (None: it did not answer)."""

    at: float
    on_devices: int
    at_headquarters: int | None


@dataclass
class Day:
    """One polling day.  `progress` is told the moment (seconds since opening) after each tick."""

    clock: Clock
    network: Network
    world: World
    places: dict[str, Place]
    printers: Printers
    ledger: Ledger
    ballots_at_headquarters: Callable[[], Awaitable[int | None]]
    progress: Callable[["Day"], None]
    now: float = -OPENING_SECONDS
    arrived: list[Errand] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    @property
    def terminals(self) -> list[Terminal]:
        """All terminals, in the order of the places."""
        return [terminal for place in self.places.values() for terminal in place.terminals]

    async def everywhere(self, ask: Callable[[Terminal], Awaitable[object]], terminals: Sequence[Terminal]) -> None:
        """Asks every one of these, a bounded number at a time.  Raises Unexpected if one is silent."""
        gate = asyncio.Semaphore(BURST)

        async def one(terminal: Terminal) -> None:
            async with gate:
                try:
                    await ask(terminal)
                except PowerGone as cause:
                    raise Unexpected("terminal-silent", terminal=str(terminal.socket)) from cause

        await asyncio.gather(*(one(terminal) for terminal in terminals))

    async def tick(self) -> None:
        """Moves time on and lets the plan happen; then what headquarters was asked is answered."""
        self.now += TICK_SECONDS
        self.clock.advance(TICK_SECONDS * 1000)
        await self.world.until(self.now)
        await asyncio.sleep(TICK_REAL_SECONDS)

    async def open(self) -> None:
        """Two officers open each terminal; the zero sheets are printed."""

        async def open_one(terminal: Terminal) -> None:
            require(await terminal.post("/api/open", officers=list(OFFICERS)), at="open")

        await self.everywhere(open_one, self.terminals)
        while self.now < 0:
            await self.tick()
            await self.network.quiet(seconds=ANSWER_SECONDS)

    async def poll(self, visits: Sequence[Visit]) -> None:
        """Everybody is served: the polls stay open for those who wait because a station is dark."""
        coming = iter(visits)
        following = next(coming, None)
        while following is not None or self.arrived or self.unserved() or self.now < DAY_SECONDS:
            deciding, self.arrived = self.arrived, []
            await self.tick()
            while following is not None and following.at <= self.now:
                self.arrived.append(Errand(following))
                following = next(coming, None)
            waiting = list(self.called_in())
            await asyncio.gather(
                *map(self.arrive, self.arrived), *map(self.attend, deciding), *map(self.attend, waiting)
            )
            await self.network.quiet(seconds=ANSWER_SECONDS)
            await self.sample()
            self.progress(self)

    def unserved(self) -> bool:
        """Whether a station is dark, or anybody still waits before one."""
        return bool(self.world.dark) or any(place.waiting for place in self.places.values())

    def called_in(self) -> Iterator[Errand]:
        """Those who waited for power at stations that have it again."""
        for place in self.places.values():
            if place.powered and place.waiting:
                yield from place.waiting
                place.waiting = []

    async def arrive(self, errand: Errand) -> None:
        """Lays the document on the desk; in a dark station nothing comes of it."""
        place = self.places[errand.visit.station]
        try:
            await present(place)
        except PowerGone:
            return

    async def attend(self, errand: Errand) -> None:
        """Serves the person, or lets them wait if the power went."""
        place = self.places[errand.visit.station]
        if not place.powered:
            place.waiting.append(errand)
            return
        try:
            line = await serve(errand, place, self.printers)
        except PowerGone:
            place.waiting.append(errand)
            return
        self.ledger.write(line)

    async def sample(self) -> None:
        """Every ten minutes: votes told of, votes held."""
        if not self.samples or self.now >= self.samples[-1].at + SAMPLE_SECONDS:
            self.samples.append(Sample(self.now, self.ledger.cast, await self.ballots_at_headquarters()))

    async def close(self) -> None:
        """Every terminal closes, the desks last; the closing sheets are printed.  Raises Unexpected."""
        await self.everywhere(close_one, [terminal for terminal in self.terminals if terminal.number > 1])
        waiting = [place.desk for place in self.places.values()]
        for _ in range(CLOSING_TICKS_MAX):
            behind: list[Terminal] = []

            async def close_desk(desk: Terminal, behind: list[Terminal] = behind) -> None:
                if not await close_station(desk):
                    behind.append(desk)

            await self.everywhere(close_desk, waiting)
            if not behind:
                return
            waiting = behind
            await self.tick()  # a booth tries its cable again when time has passed
        raise Unexpected("screen-unexpected", at="close", screen=f"{len(waiting)} desks lack their booths' journals")

    async def deliver(self) -> None:
        """The links are back; time goes on until headquarters holds everything.  Raises Rejected."""
        self.world.restore_links()
        until = self.now + DELIVERY_SECONDS_MAX
        waiting = self.terminals
        while waiting := await self.undelivered(waiting):
            if self.now > until:
                raise Rejected("not-delivered", count=len(waiting), first=str(waiting[0].socket))
            await self.tick()
            await self.network.quiet(seconds=ANSWER_SECONDS)
            await self.sample()
            self.progress(self)
        self.samples.append(Sample(self.now, self.ledger.cast, await self.ballots_at_headquarters()))

    async def undelivered(self, terminals: Sequence[Terminal]) -> list[Terminal]:
        """Those of these terminals that hold entries which headquarters has not acknowledged."""
        left: list[Terminal] = []

        async def ask(terminal: Terminal) -> None:
            status = await terminal.status()
            if status["queue"]["undelivered"]:
                left.append(terminal)

        await self.everywhere(ask, terminals)
        return left


async def close_one(terminal: Terminal) -> None:
    """A booth closes."""
    require(await terminal.post("/api/close"), at="close")


async def close_station(desk: Terminal) -> bool:
    """Close; two officers say of each open permit that its holder left.  False while a booth's journal is not here."""
    screen = await desk.post("/api/close")
    if screen.get("code") == "booths-behind":
        return False
    if screen.get("code") == "permits-open":
        serials = [permit["serial"] for permit in (await desk.ask("GET", "/api/day"))["open_permits"]]
        said = {"reason": "left without voting", "officers": list(OFFICERS)}
        require(await desk.post("/api/left", serials=serials, **said), at="left")
        screen = await desk.post("/api/close")
    require(screen, at="close")
    return True


class Stopwatch:
    """Real seconds spent on named parts of the work."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.started = time.monotonic()

    def lap(self, name: str) -> None:
        """What passed since the last lap belongs to `name`."""
        now = time.monotonic()
        self.seconds[name] = round(self.seconds.get(name, 0.0) + now - self.started, 3)
        self.started = now
