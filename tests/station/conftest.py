"""A small election made without a ceremony: keys drawn here, one package, and terminals that run in this process."""

import asyncio
import copy
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

import amanat_crypto
from amanat.records import cbor, package_sums, register_key, sealed_key
from amanat.records.device import ROLE_CHECK_IN, Certificate, certificate_id
from amanat.records.identifiers import sign
from amanat.records.manifest import Authority, Candidate, Contest, Headquarters, Manifest, Mixer, Trustee, Trustees
from amanat.records.manifest import Station as Place
from amanat.records.register import Person, build, root_of
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import NationalId, synthetic
from amanat.station import enrolment
from amanat.station.printer import PrinterFault, Slip
from amanat.station.terminal import Terminal

MARYAM, REZA, DEAD, ABROAD, STRANGER = (synthetic(n) for n in range(1, 6))
NAMES = {MARYAM: "مریم کریمی", REZA: "رضا احمدی", DEAD: "حسن موسوی", ABROAD: "لیلا نوری"}
HPKE_PRIVATE = X25519PrivateKey.from_private_bytes(b"x" * 32)
HPKE_PUBLIC = HPKE_PRIVATE.public_key().public_bytes_raw()
PASSPHRASE = "two officers"
REGISTER_KEY = b"the key of the voters' register!"
REAL_SCRYPT_N = sealed_key.SCRYPT_N
QUICK_SCRYPT_N = 1 << 4
OFFICERS = ["نسرین پارسا", "بهرام صفایی"]


class StandingClock:
    """Time moved by hand."""

    boot_id = b"test clock boot!"

    def __init__(self) -> None:
        self.ms = 1_709_310_000_000  # 19:50 in Iran: after the legal end of voting

    def now_ms(self) -> int:
        return self.ms

    def monotonic_ms(self) -> int:
        return self.ms - 1_709_200_000_000

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


@dataclass
class Tray:
    """A printer that keeps what comes out; ``broken`` tells nobody anything."""

    slips: list[Slip] = field(default_factory=list)
    broken: bool = False
    state: str = "good"

    async def check(self) -> str:
        return self.state

    async def print(self, slip: Slip) -> None:
        if self.broken:
            raise PrinterFault("slip-not-printed", kind=slip.kind)
        self.slips.append(slip)

    def last(self, kind: str) -> Slip:
        return next(slip for slip in reversed(self.slips) if slip.kind == kind)


def contest(id_: str, seats: int, count: int) -> Contest:
    people = tuple(Candidate(f"{1001 + n}", f"نامزد {n}", f"Candidate {n}") for n in range(count))
    return Contest(id_, seats, seats, 0, 2, 0 if seats <= 3 else 1, people)


class Election:
    """Headquarters' secrets and the package; ``stations`` gives ballot terminals by station id.

    Where approvals are asked for, two pads come after them (C-9).
    """

    def __init__(
        self, folder: Path, stations: dict[str, int], *, approvals: int = 0, id_: str = "test", spares: int = 0
    ) -> None:
        self.folder = folder
        self.stations = stations
        self.spares = spares  # terminals beyond the manifest's numbers, at each station
        self.pads = 2 * approvals
        self.id = id_
        self.secrets = {name: amanat_crypto.random_scalar() for name in "KZW"}
        self.hq_seed = b"h" * 32
        self.passphrase = folder / "passphrase"
        self.passphrase.write_text(PASSPHRASE + "\n", encoding="utf-8")
        people = [
            Person(id_, NAMES[id_], 1350, Flags(alive=id_ != DEAD, in_country=id_ != ABROAD)) for id_ in NAMES
        ] + [Person(synthetic(n), f"شهروند {n}", 1360, Flags()) for n in range(10, 60)]
        of: dict[str, Any] = {"election_id": id_, "round": 1, "day": "2024-03-01", "version": 1}
        self.register = build(people, **of, key=REGISTER_KEY, salt=b"s" * 16)
        self.manifest = self._manifest(approvals)
        self.eh = self.manifest.election_hash
        self.package = folder / "package"

    def _manifest(self, approvals: int) -> Manifest:
        keys = {name: (amanat_crypto.base_mul(secret),) for name, secret in self.secrets.items()}
        other = amanat_crypto.public_key(b"o" * 32)
        return Manifest(
            election_id=self.id,
            round=1,
            polling_day="2024-03-01",
            rule_set_digest=bytes(32),
            final_list_digest=None,
            contests=(contest("majlis", 1, 5), contest("council", 3, 40)),
            stations=tuple(Place(id_, "دماوند", "مرکزی", n, approvals, 0) for id_, n in self.stations.items()),
            trustees=Trustees(1, 1, (Trustee(1, "معتمد", "قوه", other, bytes(32)),), keys["K"], keys["Z"], keys["W"]),
            register_root=root_of(self.register),
            hq=Headquarters(amanat_crypto.public_key(self.hq_seed), HPKE_PUBLIC),
            bulletin_vkey="bulletin",
            witness_vkeys=(),
            mixers=tuple(Mixer(f"m{n}", f"m{n}", other) for n in range(3)),
            authorities=(Authority("governor", other), Authority("supervisory-board", other)),
        )

    def enrol(self) -> None:
        """Every terminal enrols, headquarters certifies all, every terminal loads the package."""
        homes: list[tuple[str, int, Path]] = []
        for id_, count in self.stations.items():
            for number in range(1, count + self.pads + self.spares + 1):
                home = self.home(id_, number)
                enrolment.enrol(home, station=id_, terminal=number, passphrase=self.passphrase)
                homes.append((id_, number, home))
        rows = []
        names = list(self.stations)
        for device, (id_, number, home) in enumerate(homes):
            key, seal = cbor.as_list(cbor.decode((home / "request.cbor").read_bytes()), "request", size=2)
            beyond = number - self.stations[id_]
            roles = 4 if 0 < beyond <= self.pads else 2 if 1 < number <= self.stations[id_] else 3
            certificate = Certificate(
                device, names.index(id_), roles, cbor.as_bytes(key, "key"), cbor.as_text(seal, "seal")
            ).encode()
            rows.append(
                [certificate, sign(self.hq_seed, "device", self.eh, certificate_id(self.eh, certificate)), None]
            )
        self._write_package(rows)
        for id_, number, home in homes:
            peers = [n for n in range(1, self.stations[id_] + self.pads + self.spares + 1) if n != number]
            enrolment.load(
                home,
                self.package,
                listen="unix:s",
                peers=tuple(f"unix:../{id_}-{n}/s" for n in peers),
            )

    def _write_package(self, rows: Sequence[cbor.Encodable]) -> None:
        self.package.mkdir()
        candidates = {
            c.id: [{"code": p.code, "name_fa": p.name_fa, "name_en": p.name_en, "mark": ""} for p in c.candidates]
            for c in self.manifest.contests
        }
        texts: dict[str, Any] = {
            "stations.json": [{"id": id_, "name_fa": f"شعبهٔ {id_}"} for id_ in self.stations],
            "candidates.json": candidates,
            "contests.json": [
                {"id": c.id, "title_fa": f"رأی {c.id}", "title_en": c.id} for c in self.manifest.contests
            ],
        }
        (self.package / "manifest.cbor").write_bytes(self.manifest.encode())
        (self.package / "devices.seq").write_bytes(cbor.encode_seq(rows))
        (self.package / "register.bin").write_bytes(self.register)
        (self.package / register_key.FILE).write_bytes(cbor.encode_seq(self._sealed_keys(rows)))
        for name, value in texts.items():
            (self.package / name).write_text(json.dumps(value), encoding="utf-8")
        self.sign_package(self.package)

    def _sealed_keys(self, rows: Sequence[cbor.Encodable]) -> Iterator[cbor.Encodable]:
        for row in rows:
            held = Certificate.decode(cbor.as_bytes(cbor.as_list(row, "row")[0], "certificate"))  # type: ignore[arg-type]
            if held.has(ROLE_CHECK_IN):
                of: dict[str, Any] = {"eh": self.eh, "root": self.manifest.register_root, "device": held.device}
                yield [held.device, register_key.seal(REGISTER_KEY, **of, public=held.key)]

    def sign_package(self, folder: Path) -> None:
        """As headquarters would."""
        package_sums.write(folder, self.eh, lambda domain, digest: sign(self.hq_seed, domain, self.eh, digest))

    def home(self, station: str, number: int) -> Path:
        return self.folder / f"{station}-{number}"


class Booths:
    """Terminals of an election in this process, with people who press their buttons."""

    def __init__(self, election: Election, clock: StandingClock) -> None:
        self.election = election
        self.clock = clock
        self.open_terminals: list[Terminal] = []

    def start(self, station: str = "S1", number: int = 1) -> Terminal:
        terminal = Terminal(self.election.home(station, number), self.clock)
        self.plug_printer(terminal)
        self.open_terminals.append(terminal)
        return terminal

    def plug_printer(self, terminal: Terminal) -> None:
        tray = Tray()
        terminal.printer = tray
        for user in (terminal.sheets, terminal._desk, terminal._booth):
            if user is not None:
                user._printer = tray

    async def opened(self, station: str = "S1", number: int = 1) -> Terminal:
        terminal = self.start(station, number)
        await terminal.open(OFFICERS)
        return terminal

    async def after_power_cut(self, terminal: Terminal) -> Terminal:
        """The process is gone; what stands on the media is all that is left."""
        station, number = terminal.identity.place.id, terminal.identity.number(terminal.identity.device)
        await self.stop(terminal)
        return self.start(station, number)

    async def stop(self, terminal: Terminal) -> None:
        self.open_terminals.remove(terminal)
        await terminal.close()
        for _ in range(10):  # what listens in this process sees the ends of its connections in the next turns
            await asyncio.sleep(0)

    async def close(self) -> None:
        for terminal in list(self.open_terminals):
            await self.stop(terminal)


def tray(terminal: Terminal) -> Tray:
    assert isinstance(terminal.printer, Tray)
    return terminal.printer


async def permit_for(terminal: Terminal, person: NationalId, **more: Any) -> str:
    """The slip with which a person leaves the desk."""
    assert terminal.desk.look(person)["decision"] == "eligible"
    assert (await terminal.desk.issue(person, document=0, **more))["ok"]
    slip = tray(terminal).last("permit").qr
    assert slip is not None
    return slip


CHOICES = {"majlis": ["1002"], "council": ["1001", "1040", "1007"]}


async def vote(desk: Terminal, booth: Terminal, person: NationalId) -> str:
    """A whole visit; the ballot's hex id from slip 2."""
    slip = await permit_for(desk, person)
    await booth.booth.accept(slip)
    await booth.booth.seal(CHOICES)
    assert (await booth.booth.cast())["told"] == "cast"
    return tray(booth).last("cast").fields["ballot"]


@pytest.fixture(autouse=True)
def _quick_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_key, "SCRYPT_N", QUICK_SCRYPT_N)


@pytest.fixture(scope="session")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Election]:
    def make(stations: dict[str, int], **more: Any) -> Election:
        election = Election(tmp_path_factory.mktemp("election"), stations, **more)
        with pytest.MonkeyPatch.context() as quick:
            quick.setattr(sealed_key, "SCRYPT_N", QUICK_SCRYPT_N)
            election.enrol()
        return election

    return make


@pytest.fixture(scope="session")
def _master(enrolled: Callable[..., Election]) -> Election:
    return enrolled({"S1": 1, "S2": 2})


@pytest.fixture
def election(_master: Election, tmp_path: Path) -> Election:
    """One station with one terminal that is desk and booth, another with a second booth; homes fresh for each test."""
    fresh = copy.copy(_master)
    fresh.folder = tmp_path / "e"
    shutil.copytree(_master.folder, fresh.folder)
    return fresh


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest_asyncio.fixture
async def booths(election: Election, clock: StandingClock) -> AsyncIterator[Booths]:
    made = Booths(election, clock)
    yield made
    await made.close()
