"""One county on one polling day: stations, lines that can be cut, headquarters on its real store, and one count in the
evening for all the stories that were told during the day."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.stories.clock import HandClock
from tests.stories.headquarters import Election, Headquarters, Record
from tests.stories.stations import OFFICERS, Machine, Station

from amanat.rehearsal.network import Network
from amanat.station import config, enrolment
from amanat.station.take_over import take_over

SECONDS_MAX = 240.0

Story = Callable[["County"], Awaitable[None]]


class County:
    """The day.  Stories act one after another until they ask for the count; then all see the same record."""

    def __init__(self, folder: Path, hq: Headquarters, clock: HandClock) -> None:
        self.folder, self.hq, self.clock = folder, hq, clock
        self.network = Network(hq.election.terminals, ("127.0.0.1", hq.port))
        self.stations: dict[str, Station] = {}
        self._record: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        self._asked = asyncio.Event()

    async def begin(self) -> None:
        """Every terminal enrols, is certified, loads its package and opens."""
        await self.network.start()
        terminals = self.hq.election.terminals
        for name, count in terminals.items():
            for number in range(1, count + self.hq.election.spares + 1):
                passphrase = self.folder / "passphrase"
                enrolment.enrol(self.home(name, number), station=name, terminal=number, passphrase=passphrase)
        package = await self.hq.enrol_all(self.folder / "stations", self.folder / "package")
        for name, count in terminals.items():
            numbers = range(1, count + self.hq.election.spares + 1)
            for number in numbers:
                peers = tuple(f"unix:../{name}-{n}/s" for n in numbers if n != number)
                has_line = number == 1 or number > count  # a spare may have to be the gateway
                link = f"http://127.0.0.1:{self.network.lines[name].port}" if has_line else ""
                enrolment.load(self.home(name, number), package, listen="unix:s", peers=peers, link_url=link)
            machines = [Machine(self.home(name, number), self.clock) for number in range(1, count + 1)]
            for machine in machines:
                await machine.begin()
                await machine.must("open", officers=OFFICERS)
            self.stations[name] = Station(name, machines)
        await self.deliver(*self.stations.values())

    def home(self, name: str, number: int) -> Path:
        return self.folder / f"stations/{name}-{number}"

    def __getitem__(self, name: str) -> Station:
        return self.stations[name]

    def cut_off(self, *names: str) -> tuple[Station, ...]:
        """These stations lose their line."""
        for name in names:
            self.network.lines[name].cut()
        return tuple(self.stations[name] for name in names)

    async def reconnect(self, *stations: Station) -> None:
        """Their lines come back, in this order, and each delivers before the next."""
        for station in stations:
            self.network.lines[station.name].restore()
            await self.deliver(station)

    async def deliver(self, *stations: Station) -> None:
        """Until headquarters holds all that these stations wrote."""
        machines = [machine for station in stations for machine in reversed(station.machines)]
        for machine in machines:
            machine.terminal.wrote()
            machine.terminal.poke_link()
        async with asyncio.timeout(SECONDS_MAX / 4):
            while any([await machine.undelivered() for machine in machines]):
                self.clock.advance(seconds=3)
                await asyncio.sleep(0.01)

    async def hears(self, station: Station) -> None:
        """A document is laid on the desk: the station asks for news and gets it."""
        await station.desk.must("desk/present")
        gateway = station.desk.terminal.link
        assert gateway is not None
        before = gateway.last_answer_ms
        async with asyncio.timeout(SECONDS_MAX / 4):
            while gateway.last_answer_ms in (None, before):
                self.clock.advance(seconds=3)
                await asyncio.sleep(0.01)

    async def clone(self, station: Station) -> Station:
        """Somebody copies the terminal with both its media and runs the copy without a line."""
        original, home = station.desk, self.folder / f"clones/{station.name}"
        await original.end()
        shutil.copytree(original.home, home, ignore=shutil.ignore_patterns("s"))
        replace(config.read(home), link_url="").write(home)
        copy = Machine(home, self.clock)
        for machine in (original, copy):
            await machine.begin()
        self.stations["clone"] = Station(f"{station.name}-clone", [copy])
        return self.stations["clone"]

    async def take_over(self, station: Station, number: int) -> Machine:
        """Terminal `number` dies with its first medium; the second is put into the station's spare, which opens."""
        dead = station.booth(number)
        await dead.end()
        spare = Machine(self.home(station.name, len(station.machines) + 1), self.clock)
        take_over(spare.home, dead.home / dead.terminal.settings.medium_b)
        shutil.rmtree(dead.home)
        await spare.begin()
        await spare.must("open", officers=OFFICERS)
        station.machines[number - 1] = spare
        return spare

    async def count(self) -> Record:
        """The evening: comes when every story of the day has asked for it."""
        self._asked.set()
        return await asyncio.shield(self._record)

    async def tell(self, stories: dict[str, Story]) -> dict[str, BaseException | None]:
        """Plays all stories and the count; what became of each."""
        told: dict[str, asyncio.Task[None]] = {}
        for name, story in stories.items():
            await self.quiet()
            self._asked.clear()
            told[name] = asyncio.ensure_future(story(self))
            asked = asyncio.ensure_future(self._asked.wait())
            await asyncio.wait({told[name], asked}, return_when=asyncio.FIRST_COMPLETED)
            asked.cancel()
        try:
            self._record.set_result(await self.evening())
        except BaseException as cause:  # each story tells of it
            self._record.set_exception(cause)
        ends = await asyncio.gather(*told.values(), return_exceptions=True)
        return dict(zip(told, ends, strict=True))

    async def evening(self) -> Record:
        """Every station closes, all that has a line arrives, and the votes are counted."""
        for station in self.stations.values():
            await station.close()
        await self.quiet()
        return await self.hq.count()

    async def quiet(self) -> None:
        """Every station that has a line has delivered everything."""
        up = {name for name, line in self.network.lines.items() if line.up}
        await self.deliver(*(station for name, station in self.stations.items() if name in up))

    async def end(self) -> None:
        for station in self.stations.values():
            for machine in station.machines:
                await machine.end()
        await self.network.stop()


@asynccontextmanager
async def polling_day(folder: Path, election: Election) -> AsyncIterator[County]:
    """A county that is open; everything ends with the block."""
    clock = HandClock()
    async with Headquarters.of(folder, election, clock) as hq:
        county = County(folder, hq, clock)
        try:
            await county.begin()
            yield county
        finally:
            await county.end()


STORIES: dict[str, Story] = {}
"""Every story by its test's name."""


def story(tell: Story) -> Callable[[Callable[[str], None]], None]:
    """Makes a story a test: it is told with all others of the day, and its own end is the test's."""
    name = tell.__name__
    STORIES[name] = tell

    def test(told: Callable[[str], None]) -> None:
        told(name)

    test.__doc__, test.__name__, test.__module__ = tell.__doc__, name, tell.__module__
    return test
