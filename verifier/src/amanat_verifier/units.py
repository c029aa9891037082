"""Units of the count (T-7): which ballots are opened together; checks V17, V18 and V23."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from amanat_verifier.ballots import LATE, Ballot, ballots, by_session, sessions, set_aside
from amanat_verifier.manifest import Contest, manifest
from amanat_verifier.orders import orders
from amanat_verifier.record import Record, names_below, once
from amanat_verifier.shapes import Fault


@dataclass(frozen=True)
class Unit:
    """One unit of one contest: its ballots in the order of id."""

    contest: Contest
    session: int
    name: str
    ballots: list[Ballot]

    @property
    def folder(self) -> str:
        """Its folder below mix/ and decrypt/."""
        return f"{self.contest.id}/{self.name}"


def _groups(record: Record, contest: Contest, chosen: Iterable[int]) -> list[list[int]]:
    """Stations in the order in which units take them: one by one, or county by county."""
    stations = manifest(record).stations
    groups: dict[object, list[int]] = {}
    for index in sorted(chosen):
        groups.setdefault(stations[index].county if contest.unit_by else index, []).append(index)
    return list(groups.values())


def _cut(contest: Contest, groups: list[list[int]], mine: dict[int, list[Ballot]]) -> list[list[Ballot]]:
    """A unit closes at unit_min; what remains joins the last closed one, or is the only one."""
    units: list[list[Ballot]] = []
    opened: list[Ballot] = []
    for group in groups:
        opened += [ballot for index in group for ballot in mine.get(index, [])]
        if len(opened) >= contest.unit_min:
            units.append(opened)
            opened = []
    if opened and units:
        units[-1] += opened
    elif opened:
        units.append(opened)
    return units


def _by_station(contest: Contest, rows: list[Ballot], aside: set[bytes]) -> dict[int, list[Ballot]]:
    mine: dict[int, list[Ballot]] = {}
    for ballot in rows:
        if ballot.permit is not None and ballot.id not in aside and ballot.permit.mask >> contest.index & 1:
            mine.setdefault(ballot.permit.station, []).append(ballot)
    return mine


def _pools(record: Record, contest: Contest, s: int, aside: set[bytes]) -> list[tuple[bool, list[list[Ballot]]]]:
    """The units of ordinary stations, then of stations kept apart; True where a unit may not be below unit_min."""
    mine = _by_station(contest, by_session(record)[s], aside)
    apart = set(orders(record)[s].apart)
    ordinary = _cut(contest, _groups(record, contest, mine.keys() - apart), mine)
    return [(s > 1, ordinary), (True, _cut(contest, _groups(record, contest, mine.keys() & apart), mine))]


def late_ballots(record: Record, s: int, aside: set[bytes]) -> set[bytes]:
    """Ballots of a later session or of stations kept apart whose unit would be below unit_min, in any contest."""
    late: set[bytes] = set()
    while True:
        more: set[bytes] = set()
        for contest in manifest(record).contests:
            for strict, units in _pools(record, contest, s, aside | late):
                if strict and len(units) == 1 and len(units[0]) < contest.unit_min:
                    more |= {ballot.id for ballot in units[0]}
        if not more:
            return late
        late |= more


@once
def units(record: Record) -> list[Unit]:
    """All units as they follow from the ballots less what set-aside.seq lists for other reasons than *late*."""
    found: list[Unit] = []
    for s in sessions(record):
        listed = {a.id for a in set_aside(record)[s] if a.reason != LATE or a.reference is not None}
        aside = listed | late_ballots(record, s, listed)
        for contest in manifest(record).contests:
            cut = [unit for _, part in _pools(record, contest, s, aside) for unit in part]
            found += [
                Unit(contest, s, f"s{s}-{n}", sorted(unit, key=lambda ballot: ballot.id))
                for n, unit in enumerate(cut, 1)
            ]
    return found


def check_units(record: Record) -> int:
    """V17: the units of mix/ and decrypt/ are those that the rule gives, and none is named late against it."""
    wanted = {unit.folder for unit in units(record)}
    for top in ("mix", "decrypt"):
        present = {"/".join(name.split("/")[:2]) for name in names_below(record, f"{top}/")}
        for folder in sorted(wanted ^ present):
            raise Fault(f"{top}/{folder}: a unit that is missing or that the rule does not give")
    for s in sessions(record):
        others = {a.id for a in set_aside(record)[s] if a.reason != LATE or a.reference is not None}
        listed = {a.id for a in set_aside(record)[s]} - others
        for ballot in sorted(listed ^ late_ballots(record, s, others)):
            raise Fault(f"dedup/{s}/set-aside.seq: ballot {ballot.hex()}: late against the rule of units, or not late")
    return len(wanted)


def check_inputs(record: Record) -> int:
    """V18: the units' ballots are all ballots less the set-aside ones, and every mix has as many tuples."""
    aside = {a.id for rows in set_aside(record).values() for a in rows}
    for contest in manifest(record).contests:
        counted = {b.id for b in ballots(record) if b.id not in aside and b.part(contest.index) is not None}
        mixed = {b.id for unit in units(record) if unit.contest is contest for b in unit.ballots}
        for ballot in sorted(counted ^ mixed):
            raise Fault(f"mix/{contest.id}: ballot {ballot.hex()} is not in a unit, or is set aside and in one")
    for unit in units(record):
        size = 64 * unit.contest.width * len(unit.ballots)
        for name in names_below(record, f"mix/{unit.folder}/"):
            if name.endswith("/out.bin") and len(record.read(f"mix/{unit.folder}/{name}")) != size:
                raise Fault(f"mix/{unit.folder}/{name}: {len(unit.ballots)} ballots are expected")
    return sum(len(unit.ballots) for unit in units(record))


def check_once(record: Record) -> int:
    """V23: no ballot in two sessions, none in two units of a contest."""
    for ballot, count in Counter(ballot.id for ballot in ballots(record)).items():
        if count > 1:
            raise Fault(f"ballots/: ballot {ballot.hex()} is there {count} times")
    opened = Counter((unit.contest.index, ballot.id) for unit in units(record) for ballot in unit.ballots)
    for (contest, ballot), count in opened.items():
        if count > 1:
            raise Fault(f"mix/: ballot {ballot.hex()} is in {count} units of contest {contest}")
    return sum(opened.values())
