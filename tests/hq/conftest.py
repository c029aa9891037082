"""A headquarters with two stations, made in a temporary folder by the shipped functions.

Damavand has a desk and booth in one machine (device 0) and a second booth (device 1); Firuzkuh has one machine (2).
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import pytest
from django.conf import settings as django_settings
from django.db import connections

import amanat_crypto
from amanat.hq import home as homes
from amanat.hq import settings
from amanat.hq.home import Home
from amanat.records import cbor, register, sealed_key
from amanat.records.ballot import seal
from amanat.records.device import Certificate, certificate_id
from amanat.records.journal import DeviceState, SignedEntry, make
from amanat.records.manifest import Manifest
from amanat.records.permit import IssuedPermit, Permit, issue, permit_hash
from amanat.records.sheet import CLOSING, sheet_id
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import NationalId, synthetic

settings.configure(Path("home-of-no-election"))  # models can be imported; each test has a home of its own
django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a second less a sign-in

ELECTION = """
id = "two-towns"
title = { fa = "دو شهر (نمونه)", en = "Two towns (example)" }
round = 1
polling_day = "1402-12-11"
rule_set = "majlis-1402"
trustees = { names = ["الف", "ب", "پ"], threshold = 2 }
mixers = ["یک", "دو", "سه"]
authorities = ["governor", "supervisory-board"]
[[contest]]
id = "majlis"
title = { fa = "مجلس", en = "Parliament" }
seats = 1
max_choices = 1
candidates = "candidates.csv"
unit_min = 2
unit_by = "stations"
count = "whole"
[stations]
file = "stations.csv"
"""
CANDIDATES = "code,name_fa,name_en\n1001,آرش,Arash\n1002,بهار,Bahar\n1003,پروین,Parvin\n"
STATIONS = "id,name_fa,county,district,ballot_terminals,mobile\nS1,شعبهٔ دماوند,دماوند,مرکزی,2,no\n"
STATIONS += "S2,شعبهٔ فیروزکوه,فیروزکوه,مرکزی,1,no\n"
APPROVING = "id,name_fa,county,district,ballot_terminals,approvals,mobile\n"
APPROVING += "S1,شعبهٔ دماوند,دماوند,مرکزی,1,yes,no\nS2,شعبهٔ فیروزکوه,فیروزکوه,مرکزی,1,no,no\n"
PADS = {"S1-2": b"p" * 32, "S1-3": b"q" * 32}  # after the station's one ballot terminal
SEEDS = {"S1-1": b"1" * 32, "S1-2": b"2" * 32, "S2-1": b"3" * 32}
DAWN = 1_709_267_400_000  # 8:00 in Iran on polling day
MARYAM, ALI, SARA, REZA = (synthetic(n) for n in range(4))
DEAD = synthetic(4)


def _points(count: int) -> list[bytes]:
    flat = amanat_crypto.base_mul(b"".join(amanat_crypto.random_scalar() for _ in range(count)))
    return [flat[at : at + 32] for at in range(0, len(flat), 32)]


def _machine(folder: Path, role: str, index: int) -> None:
    folder.mkdir(parents=True)
    seed = os.urandom(32)
    identity = {"role": role, "index": index, "name": role, "signing_key": amanat_crypto.public_key(seed).hex()}
    (folder / "identity.json").write_text(json.dumps(identity))
    (folder / "words").write_text("secret\n")
    (folder / "machine.json").write_text(json.dumps({"passphrase": "words"}))
    sealed = sealed_key.seal(seed, passphrase="secret", salt=os.urandom(16), nonce=os.urandom(12))
    (folder / "signing.sealed").write_bytes(sealed)


def make_sources(root: Path, stations: str = STATIONS, seeds: Mapping[str, bytes] = SEEDS) -> None:
    """What `hq init` takes: the election's files, a ceremony's outcome, mixers, authorities, a register."""
    election = root / "election"
    election.mkdir()
    (election / "election.toml").write_text(ELECTION)
    (election / "candidates.csv").write_text(CANDIDATES)
    (election / "stations.csv").write_text(stations)
    people: list[cbor.Value] = [[j, f"trustee {j}", f"power {j}", os.urandom(32), os.urandom(32)] for j in (1, 2, 3)]
    (root / "ceremony" / "keys" / "K").mkdir(parents=True)
    (root / "ceremony" / "keys" / "ceremony.cbor").write_bytes(b"made elsewhere")
    commitments: list[cbor.Value] = [[*_points(2)] for _ in "KZW"]
    trustees: list[cbor.Value] = [3, 2, people, *commitments]
    (root / "ceremony" / "trustees.cbor").write_bytes(cbor.encode(trustees))
    for index in range(3):
        _machine(root / "mixers" / str(index), "mixer", index)
    for index, role in enumerate(("governor", "supervisory-board")):
        _machine(root / "authorities" / role, role, index)
    voters = [register.Person(id_, "نام", 1360, Flags()) for id_ in (MARYAM, ALI, SARA, REZA)]
    voters.append(register.Person(DEAD, "نام", 1300, Flags(alive=False)))
    made = register.build(voters, election_id="two-towns", round=1, day="2024-03-01", version=1)
    (root / "register.bin").write_bytes(made)
    (root / "passphrase").write_text("headquarters\n")
    for name, seed in seeds.items():
        (root / "stations" / name).mkdir(parents=True)
        (root / "stations" / name / "request.cbor").write_bytes(cbor.encode([amanat_crypto.public_key(seed), name]))


def build(root: Path, *, database: str = "", stations: str = STATIONS, seeds: Mapping[str, bytes] = SEEDS) -> None:
    """A headquarters in `root`/hq with its devices certified."""
    make_sources(root, stations, seeds)
    settings.configure(root / "hq", database=database)
    from amanat.hq.devices.enrolment import enrol
    from amanat.hq.elections.making import Sources, init

    election, ceremony, mixers, boards = (root / name for name in ("election", "ceremony", "mixers", "authorities"))
    sources = Sources(
        election, ceremony, mixers, boards, register=root / "register.bin", passphrase=root / "passphrase"
    )
    init(root / "hq", sources, now_ms=DAWN - 1, database=database)
    assert enrol(homes.current(), root / "stations", now_ms=DAWN - 1) == len(seeds)


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: these tests commit thousands of times."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(prefix="amanat-hq-", dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def template(memory: Path) -> Path:
    """One election for all tests of this process; each test works on a copy."""
    root = memory / "template"
    root.mkdir()
    build(root)
    connections.close_all()
    return root


@pytest.fixture
def root(template: Path, memory: Path) -> Iterator[Path]:
    """A copy of the template, and this process configured for it."""
    copied = memory / os.urandom(4).hex()
    shutil.copytree(template, copied)
    (copied / "hq" / "machine.json").write_text(
        json.dumps({"passphrase": str(copied / "passphrase"), "database": "", "pace_ms": 1000})
    )
    settings.configure(copied / "hq")
    yield copied
    connections.close_all()
    shutil.rmtree(copied)


@pytest.fixture
def here(root: Path) -> Home:
    """The home that the test works on."""
    homes.forget()
    return homes.current()


class Clock:
    """Time moved by hand."""

    def __init__(self, ms: int = DAWN) -> None:
        self.ms = ms

    def now_ms(self) -> int:
        return self.ms


class Terminal:
    """A device that writes its journal as the station's program would; `at` and `seconds` are its clock and link."""

    def __init__(self, here: Home, device: int, station: int, *, name: str = "", seed: bytes = b"") -> None:
        self.manifest: Manifest = here.manifest
        self.eh = here.eh
        self.seed = seed or list(SEEDS.values())[device]
        roles = 4 if name in PADS else 3 if device != 1 else 2
        key = amanat_crypto.public_key(self.seed)
        self.certificate = Certificate(device, station, roles, key, name or list(SEEDS)[device])
        self.state = DeviceState(self.eh, self.certificate.encode())
        self.entries: list[SignedEntry] = []
        self.device, self.station = device, station
        self.at = DAWN
        self.seconds: int | None = 5

    def write(self, kind: str, body: list[cbor.Value], private: bytes | None = None) -> SignedEntry:
        entry = make(
            eh=self.eh, seed=self.seed, device=self.device, seq=self.state.next_seq, prev=self.state.head, kind=kind,
            body=body, wall_ms=self.at, monotonic_ms=self.at - DAWN, boot_id=bytes(16), private=private,
        )  # fmt: skip
        self.state.apply(entry)
        self.entries.append(entry)
        return entry

    def check_in(self, person: NationalId, *, booth: int | None = None, replaces: bytes | None = None) -> IssuedPermit:
        issued = issue(
            manifest=self.manifest, eh=self.eh, national_id=person, seed=os.urandom(32), salt=os.urandom(32),
            serial=os.urandom(16), station=self.station, check_in_device=self.device,
            ballot_device=self.device if booth is None else booth, mask=1, register_version=1, document=0,
            signing_seed=self.seed, replaces=replaces,
        )  # fmt: skip
        self.write("permit", [issued.permit, issued.signature, self.seconds], issued.private)
        return issued

    def refuse(self, person: NationalId, reason: str, detail: str = "") -> None:
        self.write("refused", [reason, detail, self.seconds], cbor.encode([os.urandom(32), person]))

    def cast(
        self, issued: IssuedPermit, choice: int = 0, *, spoil: Callable[[bytes], bytes] = lambda core: core
    ) -> bytes:
        from amanat.records.ballot import ballot_id
        from amanat.records.identifiers import sign

        sealed = seal(
            manifest=self.manifest, eh=self.eh, permit=issued.permit, permit_signature=issued.signature,
            choices={0: [choice]}, secret=self.seed,
        )  # fmt: skip
        core = spoil(sealed.core)
        id_ = ballot_id(self.eh, core)
        self.write("ballot-prepared", [id_])
        self.write("ballot-cast", [core, sign(self.seed, "cast", self.eh, id_)])
        return id_

    def vote(self, person: NationalId, choice: int = 0) -> bytes:
        return self.cast(self.check_in(person), choice)

    def approve(self, issued: IssuedPermit, *, by: "Terminal | None" = None) -> list[cbor.Value]:
        """Writes an approval, our own or what we were told of another's."""
        from amanat.records.identifiers import sign

        pad, ph = by or self, permit_hash(self.eh, issued.permit)
        body: list[cbor.Value] = [ph, pad.device, sign(pad.seed, "approve", self.eh, ph)]
        self.write("approval", body)
        return body

    def open(self) -> None:
        self.write("opened", [1, ["officer"]])

    def close(self) -> bytes:
        from amanat.records.identifiers import sign

        sheet = self.state.sheet(CLOSING).encode()
        id_ = sheet_id(self.eh, sheet)
        self.write("sheet", [sheet, sign(self.seed, "sheet", self.eh, id_)])
        self.write("closed", [id_])
        return id_

    def triples(self) -> list[cbor.Value]:
        return [[e.entry, e.signature, e.private] for e in self.entries]


def serial(issued: IssuedPermit) -> bytes:
    return Permit.decode(issued.permit).serial


class Day:
    """The polling day: three terminals, and headquarters' intake on a clock that the test moves."""

    def __init__(self, here: Home) -> None:
        from amanat.hq.devices.enrolment import Certificates
        from amanat.hq.server import intake_of

        self.here = here
        self.clock = Clock()
        self.certificates = Certificates()
        self.intake = intake_of(here, self.clock, self.certificates)
        self.damavand, self.booth, self.firuzkuh = (Terminal(here, d, s) for d, s in ((0, 0), (1, 0), (2, 1)))
        for terminal in (self.damavand, self.booth, self.firuzkuh):
            assert certificate_id(here.eh, terminal.certificate.encode()) == self.certificates(terminal.device).genesis  # type: ignore[union-attr]
            terminal.open()

    def deliver(self, *terminals: Terminal) -> None:
        for terminal in terminals or (self.damavand, self.booth, self.firuzkuh):
            self.intake.take(terminal.triples())

    def check(self) -> None:
        from amanat.hq.intake.checks import Checker

        Checker(self.here, self.certificates).run_all()


@dataclass
class ApprovingDay:
    """A station with one terminal and two pads, and another that asks for no approvals."""

    here: Home
    root: Path
    desk: Terminal
    pad: Terminal
    second: Terminal

    def deliver(self, *terminals: Terminal) -> None:
        from amanat.hq.devices.enrolment import Certificates
        from amanat.hq.server import intake_of

        intake = intake_of(self.here, Clock(), Certificates())
        for terminal in terminals:
            intake.take(terminal.triples())


@pytest.fixture
def approving(memory: Path) -> Iterator[ApprovingDay]:
    """A polling day with observers, of an election of its own."""
    root = memory / os.urandom(4).hex()
    root.mkdir()
    seeds = {"S1-1": b"1" * 32, **PADS, "S2-1": b"2" * 32}
    build(root, stations=APPROVING, seeds=seeds)
    homes.forget()
    here = homes.current()
    desk, *pads = (Terminal(here, n, 0, name=name, seed=seed) for n, (name, seed) in enumerate(list(seeds.items())[:3]))
    for terminal in (desk, *pads):
        terminal.open()
    yield ApprovingDay(here, root, desk, *pads)
    connections.close_all()
    shutil.rmtree(root)


@pytest.fixture
def day(here: Home) -> Day:
    return Day(here)


@pytest.fixture
def people() -> ModuleType:
    """Maryam, Ali, Sara and Reza may vote; the register says that one is dead."""
    import types

    names = types.ModuleType("people")
    names.__dict__.update(MARYAM=MARYAM, ALI=ALI, SARA=SARA, REZA=REZA, DEAD=DEAD, DAWN=DAWN)
    return names


@pytest.fixture(scope="session")
def make_election() -> Callable[..., None]:
    """Makes an election with its headquarters in a folder."""
    return build
