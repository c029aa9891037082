"""Units: the sets of ballots that are mixed and opened together (T-7).  Pure.

A unit hides a ballot among at least `unit_min` others; no rule here looks at anything but stations, counties and
how many countable ballots there are, so that nobody can choose units after the fact.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from amanat.count.set_aside import Aside
from amanat.records.election_record import unit_name
from amanat.records.order import Reason


@dataclass(frozen=True)
class Place:
    """One contest's rule for grouping stations, in manifest order: `groups` names each station's unit of growth."""

    unit_min: int
    groups: Sequence[str]


@dataclass(frozen=True)
class Cast:
    """A session's countable ballots of one contest: positions, ascending, by station."""

    by_station: Mapping[int, Sequence[int]]

    def total(self, stations: Iterable[int]) -> int:
        """How many stand in these stations."""
        return sum(len(self.by_station.get(station, ())) for station in stations)


def grow(place: Place, cast: Cast, stations: Collection[int]) -> list[list[int]]:
    """The units of these stations, each ascending: groups in order of first appearance, joined until `unit_min`.

    A remainder joins the last closed unit; fewer than `unit_min` in all are one unit; none are no unit.
    """
    grouped: dict[str, list[int]] = {}
    for station, group in enumerate(place.groups):
        if station in stations:
            grouped.setdefault(group, []).extend(cast.by_station.get(station, ()))
    units: list[list[int]] = []
    open_unit: list[int] = []
    for members in grouped.values():
        open_unit += members
        if len(open_unit) >= place.unit_min:
            units.append(open_unit)
            open_unit = []
    if open_unit and units:
        units[-1] += open_unit
    elif open_unit:
        units.append(open_unit)
    return [sorted(unit) for unit in units if unit]


def assign(place: Place, cast: Cast, *, session: int, apart: Collection[int]) -> list[tuple[str, list[int]]]:
    """(unit name, positions) of one contest: the ordinary stations' first, then those kept apart; numbers from 1."""
    ordinary = {station for station in cast.by_station if station not in apart}
    units = grow(place, cast, ordinary) + grow(place, cast, set(apart))
    return [(unit_name(session, number), unit) for number, unit in enumerate(units, start=1)]


def late(
    places: Mapping[int, Place], contests_of: Mapping[int, Mapping[int, Sequence[int]]], *, session: int,
    apart: Collection[int],
) -> dict[int, Aside]:  # fmt: skip
    """Ballots that would stand in a unit below `unit_min` where none may: stations kept apart, and later sessions.

    `contests_of` is contest → station → positions.  A ballot late in one contest is late in all, which can make
    others late: repeated until nothing changes, contests in order.
    """
    result: dict[int, Aside] = {}
    kept_apart = set(apart)
    changed = True
    while changed:
        changed = False
        for contest, place in places.items():
            left = {s: [at for at in p if at not in result] for s, p in contests_of[contest].items()}
            pools = [kept_apart] if session == 1 else [kept_apart, left.keys() - kept_apart]
            for pool in pools:
                members = [at for station in pool for at in left.get(station, ())]
                if 0 < len(members) < place.unit_min:
                    result.update((at, (Reason.LATE, None)) for at in members)
                    changed = True
    return result
