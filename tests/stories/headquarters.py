"""Headquarters on its real store (Django, SQLite), trustees, mixers and boards; and the record that they leave."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web
from django.db import connections
from tests.stories.clock import MORNING, HandClock

from amanat.count import ceremony, keys, order, pipeline
from amanat.count.machine import Machine
from amanat.count.mixer import MixerMachine
from amanat.count.trustee import TrusteeMachine
from amanat.errors import PeerFault
from amanat.hq import home as homes
from amanat.hq import settings
from amanat.records import cbor, register
from amanat.records import election_record as paths
from amanat.records.ballot import ballot_id
from amanat.records.definition import Definition, read_definition
from amanat.records.identifiers import ElectionHash
from amanat.records.order import Reason
from amanat.rehearsal.closing import verifier
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import NationalId

SECONDS_MAX = 240
Made = TypeVar("Made")


@contextmanager
def at_work(machines: Sequence[Machine]) -> Iterator[None]:
    """These machines answer jobs, each in a thread of its own."""
    stop = threading.Event()
    threads = [threading.Thread(target=machine.run, args=(stop,)) for machine in machines]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=SECONDS_MAX)


@dataclass(frozen=True)
class Election:
    """An election as its organisers wrote it down, the terminals that stand in it by station, and the register."""

    files: Mapping[str, bytes]
    terminals: Mapping[str, int]
    people: Sequence[NationalId]
    spares: int = 0  # terminals in their boxes, at each station

    @cached_property
    def definition(self) -> Definition:
        return read_definition(self.files, folder="election")

    def write(self, root: Path) -> None:
        """The election's files and the register that every desk carries."""
        (root / "election").mkdir()
        for name, content in self.files.items():
            (root / "election" / name).write_bytes(content)
        what = self.definition
        voters = [register.Person(id_, "شهروند", 1360, Flags()) for id_ in self.people]
        day = what.polling_day.isoformat()
        data = register.build(voters, election_id=what.id, round=what.round, day=day, version=1)
        (root / "register.bin").write_bytes(data)

    def make_hall(self, root: Path) -> None:
        """Trustees after their ceremony, mixers, boards: the real machines, each in its folder."""
        phrase, what = root / "passphrase", self.definition
        phrase.write_text("a long phrase\n", encoding="utf-8")
        for j, (name, power) in enumerate(zip(what.trustees.names, what.trustees.powers, strict=True), start=1):
            keys.create(root / f"trustees/{j}", phrase, hpke=True, role="trustee", index=j, name=name, power=power)
        for at, (name, owner) in enumerate(what.mixers):
            keys.create(root / f"mixers/{at}", phrase, role="mixer", index=at, name=name, owner=owner)
        for at, role in enumerate(what.authorities):
            keys.create(root / f"authorities/{role}", phrase, role=role, index=at, name=role)
        trustees, out, t = root / "trustees", root / "ceremony", what.trustees.threshold
        with at_work([TrusteeMachine(home) for home in trustees.iterdir()]):
            ceremony.run(election=what.id, round=what.round, threshold=t, trustees=trustees, out=out)


class Headquarters:
    """Intake behind HTTP on `port`; everything that touches the store runs in one thread of its own."""

    def __init__(self, root: Path, election: Election, clock: HandClock) -> None:
        self.election = election
        self.root, self.home, self.record_folder = root, root / "hq", root / "record"
        self.clock = clock
        self.port = 0
        self.uploads: list[bytes] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="headquarters")
        self._runner: web.AppRunner | None = None

    async def do(self, work: Callable[..., Made], *arguments: object) -> Made:
        """Something done at headquarters."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    @classmethod
    @asynccontextmanager
    async def of(cls, root: Path, election: Election, clock: HandClock) -> AsyncIterator["Headquarters"]:
        """A headquarters of a new election, up."""
        await asyncio.to_thread(election.make_hall, root)
        election.write(root)
        hq = cls(root, election, clock)
        try:
            await hq.do(hq._init)
            await hq.up()
            yield hq
        finally:
            await hq.down()
            await hq.do(connections.close_all)
            hq._thread.shutdown()

    def _init(self) -> None:
        settings.configure(self.home)
        from amanat.hq.elections.making import Sources, init

        names = ("election", "ceremony", "mixers", "authorities", "register.bin", "passphrase")
        init(self.home, Sources(*(self.root / name for name in names)), now_ms=MORNING)

    def _begin(self) -> None:
        """A fresh process would start with nothing but the folder."""
        from amanat.hq.devices.enrolment import Certificates
        from amanat.hq.server import intake_of

        homes.forget()
        self.here = homes.current()
        self._certificates = Certificates()
        self._side = intake_of(self.here, self.clock, self._certificates)

    async def up(self) -> None:
        await self.do(self._begin)
        application = web.Application(client_max_size=4 << 20)
        application.router.add_post("/sync/v1/push", self._push)
        self._runner = web.AppRunner(application, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def down(self) -> None:
        """Killed: no farewell, no flush."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _push(self, request: web.Request) -> web.Response:
        data = await request.read()
        self.uploads.append(data)
        try:
            return web.Response(body=await self.upload(data))
        except PeerFault as fault:
            return web.Response(status=400, text=fault.both())

    async def upload(self, data: bytes) -> bytes:
        """Somebody sends these bytes; headquarters' answer."""
        return await self.do(self._side.receive, data, self.clock.now_ms())

    async def enrol_all(self, requests: Path, package: Path) -> Path:
        """Certifies every terminal and packs what they load."""

        def work() -> Path:
            from amanat.hq.devices.enrolment import enrol
            from amanat.hq.elections.packages import write_package

            enrol(self.here, requests, now_ms=MORNING)
            return write_package(self.here, package)

        return await self.do(work)

    async def take_stick(self, path: Path) -> Any:
        """A USB bundle arrives by hand."""
        from amanat.hq.intake.usb import take_bundle

        return await self.do(take_bundle, self.here, self._side, self._certificates, path)

    async def account(self) -> dict[str, int]:
        """How much of each is held."""
        from amanat.hq import api

        return await self.do(api.status_counts)

    async def cases(self) -> set[NationalId]:
        """The persons whom the boards see as a double check-in."""
        from amanat.hq.cases import doubles

        return {NationalId(person) for person in await self.do(doubles.cases)}

    async def back_up(self) -> Path:
        def work() -> Path:
            connections.close_all()
            return Path(shutil.copy2(self.home / "database.sqlite3", self.root / "backup.sqlite3"))

        return await self.do(work)

    async def restart_from(self, backup: Path) -> None:
        """Killed, the backup put in place, and said so: a new epoch."""

        def work() -> None:
            from amanat.hq import api

            connections.close_all()
            for rest in self.home.glob("database.sqlite3*"):
                rest.unlink()
            shutil.copy2(backup, self.home / "database.sqlite3")
            api.open_home(self.home)
            api.new_epoch()

        await self.down()
        await self.do(work)
        await self.up()

    async def count(self) -> "Record":
        """Decisions, export, order, the whole count by the real machines, publication, and the verifier."""
        private = self.root / "private"
        await self.do(self._export, private)
        await asyncio.to_thread(self._count, private)
        await self.do(self._publish)
        record = Record(self.record_folder, self.here.eh)
        await record.verify()
        return record

    def _export(self, private: Path) -> None:
        from amanat.hq.bulletin import log
        from amanat.hq.cases import decisions
        from amanat.hq.cases.boards import boards_of
        from amanat.hq.results import export

        now, boards = self.clock.now_ms(), boards_of(self.here, self.root / "authorities")
        decisions.exclude_not_eligible(self.here, now_ms=now)
        export.export(self.here, export.Target(self.record_folder, private, 1), now_ms=now, boards=boards)
        hash_ = order.draw_up(record=self.record_folder, private=private, authorities=self.root / "authorities")
        log.add([log.ORDER + hash_], now_ms=now)
        log.flush(self.here, now_ms=now)

    def _count(self, private: Path) -> None:
        trustees, mixers = self.root / "trustees", self.root / "mixers"
        threshold = self.election.definition.trustees.threshold
        machines: list[Machine] = [TrusteeMachine(trustees / str(j)) for j in range(1, threshold + 1)]
        machines += [MixerMachine(home) for home in mixers.iterdir()]
        with at_work(machines):
            pipeline.run(pipeline.Places(self.record_folder, private, trustees, mixers), patience=60)

    def _publish(self) -> None:
        from amanat.hq.results.publishing import publish

        publish(self.here, self.record_folder, now_ms=self.clock.now_ms())


class Record:
    """The published record, and the verifier's answers to it."""

    def __init__(self, folder: Path, eh: bytes) -> None:
        self.folder, self.eh = folder, eh
        ballots: Any = cbor.decode_seq((folder / paths.ballots_path(1)).read_bytes())
        aside: Any = cbor.decode_seq((folder / paths.set_aside_path(1)).read_bytes())
        self.received = {bytes(ballot_id(ElectionHash(eh), core)) for core, _ in ballots}
        self.set_aside: dict[bytes, tuple[Reason, bytes | None]] = {
            id_: (Reason(reason), reference) for id_, reason, reference in aside
        }

    def counted(self, id_: bytes) -> bool:
        return id_ in self.received and id_ not in self.set_aside

    async def verify(self) -> None:
        """All of V1 to V25."""
        code, said = await self._ask("--election-hash", self.eh.hex(), "--jobs", "1")
        assert code == 0, said

    async def explain(self, code: str) -> str:
        """What `amanat-verify --explain CODE` says: a Persian and an English line."""
        _, said = await self._ask("--explain", code)
        return said

    async def _ask(self, *words: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            str(verifier()), str(self.folder), *words, stdout=asyncio.subprocess.PIPE, env={"PATH": "/usr/bin:/bin"}
        )
        async with asyncio.timeout(SECONDS_MAX):
            said, _ = await process.communicate()
        return process.returncode, said.decode()
