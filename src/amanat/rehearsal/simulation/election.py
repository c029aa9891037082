"""The simulated election: one package for all seeds, made once a process; a seed uses some of its stations and people.

Keys are known numbers.  Devices are numbered as headquarters numbers them: terminals station by station, then spares.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import amanat_crypto
from amanat.records import register
from amanat.records.device import ROLE_BALLOT, ROLE_CHECK_IN, Certificate, certificate_id
from amanat.records.identifiers import ElectionHash
from amanat.records.manifest import (
    Authority,
    Candidate,
    Contest,
    Headquarters,
    Manifest,
    Mixer,
    Station,
    Trustee,
    Trustees,
)
from amanat.records.register import Person, Register
from amanat.rehearsal.simulation.draw import Draw
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import NationalId, synthetic
from amanat.station.package import Identity, Package
from amanat.sync.hq_side import HqSide, Known, Store

TERMINALS: Final = (1, 1, 2, 1, 3, 2, 1, 2)
"""Ballot terminals by station; each has a spare in its box too."""
COUNTIES: Final = ("دماوند", "فیروزکوه", "دماوند", "فیروزکوه", "دماوند", "فیروزکوه", "پردیس", "پردیس")
PEOPLE: Final = 4_000
DAY: Final = "2024-03-01"
OPENS_MS: Final = 1_709_264_400_000  # 08:00 of that day in Iran
PACE_MS: Final = 300_000
DEAD_EVERY: Final = 40  # of so many persons of the register one has died
CHILD_EVERY: Final = 60


@dataclass(frozen=True)
class Election:
    """Everything that everybody knows, and the secrets of all devices."""

    package: Package
    seeds: dict[int, bytes]
    hq_seed: bytes
    people: tuple[NationalId, ...]
    known: dict[int, Known]

    @property
    def eh(self) -> ElectionHash:
        """The election hash."""
        return self.package.manifest.election_hash

    def identity(self, device: int) -> Identity:
        """Who this device is."""
        return Identity(self.package, device, self.seeds[device])

    def devices_of(self, station: int) -> list[int]:
        """The station's terminals in the order of their numbers, without the spare."""
        return [d for d, c in sorted(self.package.devices.items()) if c.station == station][: TERMINALS[station]]

    def spare_of(self, station: int) -> int:
        """The station's spare."""
        return sum(TERMINALS) + station

    def side(self, store: Store) -> HqSide:
        """Headquarters' end of delivery over a store."""
        return HqSide(store, self.eh, self.known.get, self.hq_seed, pace_ms=PACE_MS)


def is_eligible(number: int) -> bool:
    """Whether the person of this number in `people` may vote."""
    return number % DEAD_EVERY != 0 and number % CHILD_EVERY != 1


def the_people() -> tuple[NationalId, ...]:
    """Everybody in the register, by number."""
    return tuple(synthetic(number) for number in range(1, PEOPLE + 1))


def the_register() -> bytes:
    """The register's file; the only thing that a Python without arrays cannot make."""
    rows = [
        Person(id_, f"شهروند {n}", 1360, Flags(alive=n % DEAD_EVERY != 0, of_age=n % CHILD_EVERY != 1))
        for n, id_ in enumerate(the_people())
    ]
    return register.build(rows, election_id="simulation", round=1, day=DAY, version=1)


@lru_cache(maxsize=1)
def the_election() -> Election:
    """The only one; a few tenths of a second."""
    draw = Draw(0).fork("election")
    hq_seed = draw.bytes(32)
    people, data = the_people(), the_register()
    manifest = _manifest(draw, amanat_crypto.public_key(hq_seed), register.root_of(data))
    seeds = {device: draw.bytes(32) for device in range(sum(TERMINALS) + len(TERMINALS))}
    certificates = _certificates(seeds)
    contests = [{"id": c.id, "title_fa": c.id, "title_en": c.id} for c in manifest.contests]
    candidates = {c.id: [{"code": p.code, "name_fa": p.name_fa} for p in c.candidates] for c in manifest.contests}
    stations = [{"id": s.id, "name_fa": f"شعبهٔ {s.id}"} for s in manifest.stations]
    encoded = {certificate.device: certificate.encode() for certificate in certificates}
    package = Package(manifest, encoded, Register(data), stations, candidates, contests)
    eh = manifest.election_hash
    known = {c.device: Known(c, certificate_id(eh, encoded[c.device])) for c in certificates}
    return Election(package, seeds, hq_seed, people, known)


def _certificates(seeds: dict[int, bytes]) -> list[Certificate]:
    places = [(station, number) for station, count in enumerate(TERMINALS) for number in range(count)]
    places += [(station, 0) for station in range(len(TERMINALS))]
    return [
        Certificate(
            device,
            station,
            ROLE_BALLOT | ROLE_CHECK_IN if number == 0 else ROLE_BALLOT,
            amanat_crypto.public_key(seeds[device]),
            f"seal {device}",
        )
        for device, (station, number) in enumerate(places)
    ]


def _manifest(draw: Draw, hq_key: bytes, root: bytes) -> Manifest:
    keys = [(amanat_crypto.base_mul(draw.bytes(31) + b"\0"),) for _ in range(3)]
    other = amanat_crypto.public_key(draw.bytes(32))
    places = zip(TERMINALS, COUNTIES, strict=True)
    return Manifest(
        election_id="simulation",
        round=1,
        polling_day=DAY,
        rule_set_digest=bytes(32),
        final_list_digest=None,
        contests=(_contest("majlis", seats=1, people=5), _contest("council", seats=3, people=12)),
        stations=tuple(
            Station(f"S{n}", county, "مرکزی", terminals, 0, 0) for n, (terminals, county) in enumerate(places)
        ),
        trustees=Trustees(1, 1, (Trustee(1, "معتمد", "قوه", other, bytes(32)),), *keys),
        register_root=root,
        hq=Headquarters(hq_key, bytes(32)),
        bulletin_vkey="bulletin",
        witness_vkeys=(),
        mixers=tuple(Mixer(f"m{n}", f"m{n}", other) for n in range(3)),
        authorities=(Authority("governor", other), Authority("supervisory-board", other)),
    )


def _contest(id_: str, *, seats: int, people: int) -> Contest:
    candidates = tuple(Candidate(f"{1001 + n}", f"نامزد {n}", f"Candidate {n}") for n in range(people))
    return Contest(id_, seats, seats, 0, 2, 0, candidates)
