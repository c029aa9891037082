"""One county on one polling day: stations whose terminals run in this process, lines that can be cut, headquarters on
its real store, and one count in the evening for all the stories that were told during the day."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.stories.headquarters import CLOCK_START, Headquarters, Record

from amanat.rehearsal.network import Network
from amanat.rules.national_id import NationalId, synthetic
from amanat.station import api, config, enrolment, run
from amanat.station.medium_file import FileMedium
from amanat.station.printer import FolderPrinter, Slip
from amanat.station.terminal import Terminal

SECONDS_MAX = 240.0
OFFICERS = ["نسرین پارسا", "بهرام صفایی"]
STATIONS = {  # name -> terminals; in the order of the manifest
    "rudehen": 1, "absard": 1, "kilan": 1, "sarbandan": 2, "jaban": 2, "havir": 1, "mosha": 1, "aineh-varzan": 1,
    "abali": 1, "lumun": 1, "gilavand": 1, "arjomand": 1, "ahran": 1,
}  # fmt: skip
PEOPLE = tuple(map(synthetic, range(1, 18)))
MARYAM, HOSSEIN, ZAHRA, ALI, REZA, SIMIN, KAVEH, PARVIN, NARGES, BAHMAN, SHIRIN = PEOPLE[:11]
QUEUE = PEOPLE[11:]
"""Six who stand in line at Gilavand."""

Screen = dict[str, Any]
Story = Callable[["County"], Awaitable[None]]


class PowerCut(BaseException):
    """The terminal's process ends here."""


class HandClock:
    """Time moved by hand; who sleeps wakes when it is moved far enough."""

    boot_id = b"polling day boot"

    def __init__(self) -> None:
        self.ms = CLOCK_START
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []

    def now_ms(self) -> int:
        return self.ms

    def monotonic_ms(self) -> int:
        return self.ms - CLOCK_START

    async def sleep(self, seconds: float) -> None:
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.ms + int(seconds * 1000), sleeper))
        await sleeper

    def advance(self, *, seconds: int) -> None:
        self.ms += 1000 * seconds
        due = [one for at, one in self._sleepers if at <= self.ms]
        self._sleepers = [(at, one) for at, one in self._sleepers if at > self.ms]
        for sleeper in due:
            if not sleeper.done():
                sleeper.set_result(None)


@dataclass(frozen=True)
class Permit:
    """What a person carries from the desk to a booth; `booth` is the terminal's number, from 1."""

    slip: str
    serial: str
    booth: int


@dataclass(frozen=True)
class Receipt:
    """Slip 2 in a person's hand."""

    person: NationalId
    id: bytes
    code: str


class Machine:
    """One terminal as people see it: buttons (its JSON), and a tray where slips come out."""

    def __init__(self, home: Path, clock: HandClock) -> None:
        self.home, self.clock = home, clock

    async def begin(self) -> None:
        self.terminal = Terminal(self.home, self.clock, printer=f"folder:{self.home / 'slips'}?draw=0")
        self.application = api.Application(self.terminal)
        self.server = await run._listen(self.terminal)
        self.terminal.start()

    async def end(self) -> None:
        """Power is gone; what stands on the media is all that is left."""
        self.server.close()
        await self.terminal.close()

    async def press(self, path: str, /, **body: object) -> Screen:
        """A button; the screen that follows."""
        content = json.dumps(body).encode()
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"content-type", b"application/json")]
        method = "GET" if path == "status" else "POST"
        scope = {"type": "http", "method": method, "path": f"/api/{path}", "headers": headers}
        await self.application(scope, receive, send)
        screen: Screen = json.loads(sent[-1]["body"])
        return screen

    async def must(self, path: str, /, **body: object) -> Screen:
        """A button that is expected to do something."""
        screen = await self.press(path, **body)
        assert screen["ok"], screen
        return screen

    def slip(self, kind: str) -> Screen:
        """The last slip of a kind that came out."""
        slip: Screen = json.loads(max((self.home / "slips").glob(f"*-{kind}.json")).read_text(encoding="utf-8"))
        return slip

    def receipt(self, person: NationalId) -> Receipt:
        fields = self.slip("cast")["fields"]
        return Receipt(person, bytes.fromhex(fields["ballot"]), fields["code"])

    async def cast(self, person: NationalId, permit: Permit, choice: str = "1001") -> Receipt:
        """Behind the curtain, from the tray to slip 2."""
        await self.must("booth/permit", slip=permit.slip)
        await self.must("booth/seal", choices={"majlis": [choice]})
        assert (await self.must("booth/cast"))["told"] == "cast"
        await self.must("booth/leave")
        return self.receipt(person)

    async def undelivered(self) -> int:
        return int((await self.press("status"))["queue"]["undelivered"])


class Station:
    """A polling place: terminal 1 is desk, booth and gateway."""

    def __init__(self, name: str, machines: list[Machine]) -> None:
        self.name, self.machines = name, machines

    @property
    def desk(self) -> Machine:
        return self.machines[0]

    def booth(self, number: int) -> Machine:
        return self.machines[number - 1]

    async def look(self, person: NationalId) -> Screen:
        """What the clerk reads when the tenth digit is typed."""
        return await self.desk.must("desk/look", national_id=person)

    async def check_in(self, person: NationalId, *, appeal: tuple[str, ...] = ()) -> Permit:
        decision = (await self.look(person))["decision"]
        assert decision == ("checked-in-already" if appeal else "eligible"), decision
        screen = await self.desk.must("desk/issue", national_id=person, appeal=list(appeal))
        return self.permit(screen)

    def permit(self, screen: Screen) -> Permit:
        return Permit(self.desk.slip("permit")["qr"], screen["serial"], screen["ballot_terminal"])

    async def vote(self, person: NationalId, choice: str = "1001", *, appeal: tuple[str, ...] = ()) -> Receipt:
        """A whole visit."""
        permit = await self.check_in(person, appeal=appeal)
        return await self.booth(permit.booth).cast(person, permit, choice)

    async def close(self) -> None:
        for machine in self.machines:
            status = await machine.press("status")
            if status["state"] == "open" and status["stopped"] is None:
                await machine.must("booth/leave")
                await machine.must("close")

    async def write_stick(self, folder: Path) -> Path:
        return Path((await self.desk.must("supervisor/usb", path=str(folder / self.name)))["path"])


@contextmanager
def power_cut(step: str) -> Iterator[None]:
    """Power goes just before `step` of a cast: "slip 1", and after it "write a", "sync a", "write b", "sync b" (the
    entry on the media), "slip 2"."""
    passed: set[str] = set()

    def medium(act: Callable[..., None], verb: str) -> Callable[..., None]:
        def guarded(self: FileMedium, *args: Any) -> None:
            if "slip 1" in passed and step == f"{verb} {self.name}":
                raise PowerCut
            act(self, *args)

        return guarded

    real = FolderPrinter.print

    async def printing(self: FolderPrinter, slip: Slip) -> None:
        now = {"prepared": "slip 1", "cast": "slip 2"}[slip.kind]
        if step == now:
            raise PowerCut
        await real(self, slip)
        passed.add(now)

    with pytest.MonkeyPatch.context() as patch:
        for verb in ("write", "sync"):
            patch.setattr(FileMedium, verb, medium(getattr(FileMedium, verb), verb))
        patch.setattr(FolderPrinter, "print", printing)
        try:
            yield
        except PowerCut:
            return
    pytest.fail(f"there was no {step}")


class County:
    """The day.  Stories act one after another until they ask for the count; then all see the same record."""

    def __init__(self, folder: Path, hq: Headquarters, clock: HandClock) -> None:
        self.folder, self.hq, self.clock = folder, hq, clock
        self.network = Network(STATIONS, ("127.0.0.1", hq.port))
        self.stations: dict[str, Station] = {}
        self._record: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        self._asked = asyncio.Event()

    async def begin(self) -> None:
        """Every terminal enrols, is certified, loads its package and opens."""
        await self.network.start()
        for name, count in STATIONS.items():
            for number in range(1, count + 1):
                passphrase = self.folder / "passphrase"
                enrolment.enrol(self.home(name, number), station=name, terminal=number, passphrase=passphrase)
        package = await self.hq.enrol_all(self.folder / "stations", self.folder / "package")
        for name, count in STATIONS.items():
            for number in range(1, count + 1):
                peers = tuple(f"unix:../{name}-{n}/s" for n in range(1, count + 1) if n != number)
                link = f"http://127.0.0.1:{self.network.lines[name].port}" if number == 1 else ""
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

    async def restart(self, machine: Machine) -> None:
        await machine.end()
        await machine.begin()

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
            self._record.set_result(await self._evening())
        except BaseException as cause:  # each story tells of it
            self._record.set_exception(cause)
        ends = await asyncio.gather(*told.values(), return_exceptions=True)
        return dict(zip(told, ends, strict=True))

    async def _evening(self) -> Record:
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
async def polling_day(folder: Path) -> AsyncIterator[County]:
    """A county that is open; everything ends with the block."""
    clock = HandClock()
    async with Headquarters.of(folder, STATIONS, dict.fromkeys(PEOPLE, "شهروند"), clock) as hq:
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
