"""The field of a run: headquarters on PostgreSQL, stations in networks of their own, people who vote.

Faults (`faults`) are done to it.  The programs are the shipped ones; time is virtual, which shortens only waiting.
"""

import asyncio
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from amanat.errors import Rejected
from amanat.rehearsal import ledger, setup
from amanat.rehearsal.clock import Clock
from amanat.rehearsal.conduct import opening
from amanat.rehearsal.day import OFFICERS, close_one, close_station
from amanat.rehearsal.folders import Folders
from amanat.rehearsal.ledger import Ledger
from amanat.rehearsal.printer import Printers
from amanat.rehearsal.programs import Program
from amanat.rehearsal.real_faults import auditor, media
from amanat.rehearsal.real_faults.auditor import Agreed
from amanat.rehearsal.real_faults.election import FAULTED, Ground
from amanat.rehearsal.real_faults.front import Front, certify
from amanat.rehearsal.real_faults.postgres import Postgres
from amanat.rehearsal.real_faults.wire import Weather, Wire
from amanat.rehearsal.terminal import PowerGone, Terminal
from amanat.rehearsal.visit import Errand, Place, Unexpected, present, require, serve

CROWD: Final = "crowd"
CUT_STATION: Final = "F2"  # runs with the library that knows what was synced
TICK_SECONDS: Final = 30
EVENING_MS: Final = 11 * 3_600_000  # after the opening: the legal end has passed
TICK_REAL_SECONDS: Final = 0.01
FOR_EVER: Final = 1_000_000
SETTLE_SECONDS: Final = 150.0  # of real time: more than one answer that never comes
PORT: Final = 8400
FRONT: Final = 8443
WORKERS: Final = 2


class ShiftedClock(Clock):
    """A machine's clock that may jump: what it shows is not how time passes."""

    shift_ms = 0

    def line(self) -> bytes:
        """See `Clock`."""
        return b"%d %d\n" % (self.now_ms + self.shift_ms, self.now_ms)

    def jump(self, hours: int) -> None:
        """Somebody sets it, or its battery is dead."""
        self.shift_ms += hours * 3_600_000
        self.advance(0)


@dataclass(eq=False)
class Site:
    """A machine room: one program that runs the terminals of one station, or of the whole crowd."""

    name: str
    places: list[Place]
    program: Program
    wire: Wire
    clock: ShiftedClock
    homes: list[Path]

    @property
    def terminals(self) -> list[Terminal]:
        """All of them."""
        return [terminal for place in self.places for terminal in place.terminals]

    def kill(self) -> None:
        """kill -9."""
        for place in self.places:
            place.powered = False
        self.program.kill()

    async def start(self) -> None:
        """Starts it again and waits until all serve."""
        self.program.start()
        await self.program.ready(count=len(self.terminals))
        for place in self.places:
            place.powered = True


@dataclass
class Field:
    """Everything of a run; `begin` makes it, `stack` ends it."""

    folders: Folders
    ground: Ground
    draw: random.Random
    stack: AsyncExitStack
    postgres: Postgres
    hq: Program
    printers: Printers
    ledger: Ledger
    sites: dict[str, Site] = field(default_factory=dict)
    clocks: list[ShiftedClock] = field(default_factory=list)
    reluctant: set[str] = field(default_factory=set)
    refused: int = 0

    @property
    def wires(self) -> list[Wire]:
        """All lines."""
        return [site.wire for site in self.sites.values()]

    def places(self, *names: str) -> list[Place]:
        """The places of these sites, or of all."""
        return [place for name in names or self.sites for place in self.sites[name].places]

    async def tick(self, times: int = 1) -> None:
        """Time passes everywhere."""
        for _ in range(times):
            for clock in self.clocks:
                clock.advance(TICK_SECONDS * 1000)
            await asyncio.sleep(TICK_REAL_SECONDS)

    async def vote(self, places: Sequence[Place], visits: int) -> None:
        """So many people at each place, or as many as still come; who met a dark or full station waits before it."""
        passing = asyncio.create_task(self.tick(FOR_EVER))
        try:
            await asyncio.gather(*(self._serve_at(place, visits) for place in places))
        finally:
            passing.cancel()

    async def _serve_at(self, place: Place, visits: int) -> None:
        queue = self.ground.queues[place.id]
        for _ in range(min(visits, len(queue))):
            await self.attend(queue.popleft(), place)

    async def call_in(self, places: Iterable[Place]) -> None:
        """Those who waited come again.  Raises Unexpected if one must wait again."""
        for place in places:
            waiting, place.waiting = place.waiting, []
            for errand in waiting:
                await self.attend(errand, place)

    async def attend(self, errand: Errand, place: Place) -> None:
        """One visit, from the door to the street."""
        try:
            await present(place)
            line = await serve(errand, place, self.printers)
        except PowerGone:
            place.waiting.append(errand)
        except Unexpected:
            if place.id not in self.reluctant:
                raise
            self.refused += 1
            place.waiting.append(errand)
        else:
            self.ledger.write(line)

    async def settle(self, *names: str) -> float:
        """Time goes on until headquarters holds all of these sites' entries.  Returns real seconds.

        Raises:
            Rejected: ``not-delivered``: it does not within the bound.
        """
        began = time.monotonic()
        waiting = [terminal for place in self.places(*names) for terminal in place.terminals]
        while waiting := await self._behind(waiting):
            if time.monotonic() - began > SETTLE_SECONDS:
                raise Rejected("not-delivered", count=len(waiting), first=str(waiting[0].socket))
            self.hq.require_running()
            await self.tick()
        return time.monotonic() - began

    async def _behind(self, terminals: Sequence[Terminal]) -> list[Terminal]:
        found = await asyncio.gather(*(terminal.status() for terminal in terminals))
        return [one for one, status in zip(terminals, found, strict=True) if status["queue"]["undelivered"]]

    async def require_promises(self) -> None:
        """What a gateway has been told is kept is in the database now, whatever is under way.  Raises Differs."""
        terminals = [terminal for place in self.places() if place.powered for terminal in place.terminals]
        found = await asyncio.gather(*(terminal.status() for terminal in terminals))
        told = {t.device: s["head"][0] + 1 - s["queue"]["undelivered"] for t, s in zip(terminals, found, strict=True)}
        with self.postgres.connect() as database:
            auditor.require_kept({t.device: told[t.device] for t in terminals if t.number == 1}, database)

    def calm(self) -> None:
        """All lines are good again."""
        for wire in self.wires:
            wire.weather = Weather()

    def audit(self) -> Agreed:
        """See `auditor`.  Raises Differs."""
        self.ledger.file.flush()
        lines = ledger.read(self.folders.out / "ledger.jsonl")
        homes = {t.device: self._home(t) for site in self.sites.values() for t in site.terminals}
        with self.postgres.connect() as database:
            return auditor.audit(homes, self.folders.package, database, lines)

    def _home(self, terminal: Terminal) -> Path:
        return self.folders.stations / terminal.socket.name

    async def close(self) -> None:
        """It is evening by every clock; all stations close, booths first."""
        evening = opening(self.ground.definition) + EVENING_MS
        for clock in self.clocks:
            clock.shift_ms = 0
            clock.advance(max(0, evening - clock.now_ms))
        await self.tick()
        booths = [terminal for place in self.places() for terminal in place.terminals[1:]]
        await asyncio.gather(*map(close_one, booths))
        behind = [place.desk for place in self.places()]
        for _ in range(60):
            done = await asyncio.gather(*map(close_station, behind))
            behind = [desk for desk, closed in zip(behind, done, strict=True) if not closed]
            if not behind:
                return
            await self.tick()
        raise Rejected("not-delivered", count=len(behind), first=str(behind[0].socket))


async def begin(folders: Folders, ground: Ground, *, seed: int, stack: AsyncExitStack) -> Field:
    """Keys, ceremony, headquarters, stations, all running and open.  Raises AmanatError."""
    postgres = Postgres(folders.sockets / "pg")
    postgres.folder.mkdir()
    folders.sockets.chmod(0o755)
    await asyncio.to_thread(postgres.make)
    stack.callback(postgres.kill)
    clocks = {name: ShiftedClock(opening(ground.definition)) for name in ("clock", *FAULTED, CROWD)}
    for name, clock in clocks.items():
        await clock.start(folders.sockets / name)
        stack.push_async_callback(clock.stop)
    everyone = await _prepare(folders, ground, postgres)
    printers = Printers(folders.work / "slips.jsonl")
    await printers.start(folders.sockets / "printer")
    stack.push_async_callback(printers.stop)
    words = setup.hq(folders, "serve", "--listen", f"127.0.0.1:{PORT}", "--workers", str(WORKERS))
    hq = Program(*words, log=folders.logs / "hq.log", threads=2)
    hq.start()
    stack.callback(hq.stop)
    draw = random.Random(f"faults {seed}")
    lines = Ledger(folders.out / "ledger.jsonl")
    made = Field(folders, ground, draw, stack, postgres, hq, printers, lines, clocks=list(clocks.values()))
    groups = {name: [post for post in everyone if post.station == name] for name in FAULTED}
    groups[CROWD] = [post for post in everyone if post.station not in FAULTED]
    wires = {name: Wire(number, random.Random(f"{name} {seed}")) for number, name in enumerate(groups, 1)}
    for wire in wires.values():
        wire.lay()
    addresses = [wire.address for wire in wires.values()]
    files = certify(folders.work, addresses)
    before = Front(files, behind=PORT)
    await before.start(addresses, FRONT)
    stack.push_async_callback(before.stop)
    devices = await _load(folders, groups, wires, files[0])
    library = media.build(folders.work)
    for name, posts in groups.items():
        made.sites[name] = _site(folders, name, posts, devices, wires[name], clocks[name], library)
    await hq.ready()
    for site in made.sites.values():
        stack.callback(site.program.kill)
        for home in site.homes:
            media.begin(home)
        await site.start()
    everybody = [terminal for place in made.places() for terminal in place.terminals]
    for terminal in everybody:
        require(await terminal.post("/api/open", officers=list(OFFICERS)), at="open")
    await made.tick()
    return made


async def _prepare(folders: Folders, ground: Ground, postgres: Postgres) -> list[setup.Post]:
    await setup.keys(ground.definition, folders)
    await setup.ceremony(folders)
    register_file = folders.work / "register.bin"
    setup.write_register(register_file, ground.definition, ground.citizens)
    await setup.headquarters(folders, register_file, database=postgres.url())
    everyone = setup.posts(ground.definition)
    await setup.enrol_all(folders, everyone, workers=2)
    return everyone


async def _load(
    folders: Folders, groups: Mapping[str, Sequence[setup.Post]], wires: Mapping[str, Wire], certificate: Path
) -> dict[tuple[str, int], int]:
    def listen(post: setup.Post) -> str:
        return f"unix:{setup.terminal_socket(folders, post)}"

    posts, wirings = [], []
    for name, group in groups.items():
        for post in group:
            there = [other for other in group if other.station == post.station and other != post]
            posts.append(post)
            wirings.append(
                setup.Wiring(
                    home=folders.terminal(post.station, post.number),
                    package=folders.package,
                    listen=listen(post),
                    peers=tuple(map(listen, there)),
                    link_url=f"https://{wires[name].address}:{FRONT}" if post.number == 1 else "",
                    clock=f"unix:{folders.sockets / name}",
                    printer=folders.printer,
                    link_ca=str(certificate),
                )
            )
    devices = await asyncio.to_thread(setup.spread, setup.load, wirings, 2)
    return {(post.station, post.number): device for post, device in zip(posts, devices, strict=True)}


def _site(
    folders: Folders,
    name: str,
    posts: Sequence[setup.Post],
    devices: Mapping[tuple[str, int], int],
    wire: Wire,
    clock: ShiftedClock,
    library: Path,
) -> Site:
    homes = [folders.terminal(post.station, post.number) for post in posts]
    words = ("--clock", f"unix:{folders.sockets / name}", "--printer", folders.printer)
    extra = {"LD_PRELOAD": str(library)} if name == CUT_STATION else {}
    log = folders.logs / f"station-{name}.log"
    program = Program("station", "run", *homes, *words, log=log, prefix=wire.prefix, extra=extra)
    places: dict[str, Place] = {}
    for post in posts:
        device = devices[post.station, post.number]
        terminal = Terminal(setup.terminal_socket(folders, post), device=device, number=post.number)
        places.setdefault(post.station, Place(post.station, [])).terminals.append(terminal)
    return Site(name, list(places.values()), program, wire, clock, homes)
