"""Exposure: how many persons at most may have been served at two desks by now, as far as headquarters can know.

A *desk* is a check-in terminal.  A *visit* is a permit that replaces none.  A person is *served twice* who has visits
at two desks; a second visit at one desk is two officers' appeal, decided with open eyes, and no exposure.  Nothing here
decides about a voter: the figure is for people who watch an outage, and for those who ask what it may have cost (C-13).

**Unheard visits of one desk** (`unheard`), u.  Two permits of a desk are at least `check_in_ms` apart, so that a time
of t holds floor(t / check_in_ms) + 1 of them at most.

- A desk whose whole closing sheet is held signed nothing after it: nothing is unheard.
- No permit is older than `opens_ms`: all permits of the desk ≤ those that fit since then; less those held.
- A push over the desk's own link that arrived at `heard_ms` was made at most `late_ms` before, and named the desk's
  last entry of that moment: later permits, less those held, fit since then; earlier ones are held or `missing` entries.
- A visit whose permit is held without its person (no private part, or one that names another) is unheard as well.

**The bound.**  K persons are known at one desk only (k of them at desk d), D at two or more; U is the sum of u.
Whoever is served twice and is not among the D takes two *things* at two different desks: two unheard visits, or one and
the known person; and no thing serves two persons.  So they are

- at most U, for each takes an unheard visit;
- at most floor((U + K) / 2), for each takes two of U + K things;
- at most (U − u) + (K − k) for every desk d, for each takes a thing of another desk than d;
- with the D, at most all persons of the register.

In a station or county S there are, besides those of the D who are known to have been served there: some of these new
ones, and some of the other D, each by an unheard visit in S.  Each of both takes a thing of S, and an unheard visit.

The first three together are the size of the largest set of such
pairs (Tutte and Berge), so some history that agrees with all that is held reaches the bound: no smaller one holds.
What arrives can only shrink it: a new person turns an unheard visit into a person, which pairs with fewer; a second
visit moves one pair into D.

LIMIT: bounds what devices with one journal each can do: a clone of which nobody has heard is another desk.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Desk(NamedTuple):
    """A check-in terminal as headquarters knows it.

    `permits` of its journal are held, `nameless` of them begin a visit of an unknown person; `missing` entries are not
    held that its own last push named; `heard_ms`: when that push arrived over its own link, None: never; `closed`: its
    closing sheet and all that this counts are held; `copies`: how many go on with its key (branches of its journal);
    `later`: held permits that follow the last entry which that push named.
    """

    device: int
    station: int
    permits: int = 0
    nameless: int = 0
    missing: int = 0
    heard_ms: int | None = None
    closed: bool = False
    copies: int = 1
    later: int = 0


class Limits(NamedTuple):
    """What no desk can do: a permit before `opens_ms`, two within `check_in_ms`, a push under way for longer than
    `late_ms`, more persons than the register's `people`.  All times are headquarters' own."""

    opens_ms: int
    check_in_ms: int
    late_ms: int
    people: int


def unheard(desk: Desk, limits: Limits, now_ms: int) -> int:
    """How many visits of this desk headquarters may not know by person, at most."""
    if desk.closed and desk.copies == 1:
        return desk.nameless
    most = max(0, desk.copies * _fit(now_ms - limits.opens_ms, limits) - desk.permits)
    if desk.heard_ms is not None and desk.copies == 1:  # a push speaks for one copy alone
        since = max(0, _fit(now_ms - desk.heard_ms + limits.late_ms, limits) - desk.later)
        most = min(most, desk.missing + since)
    return desk.nameless + most


def _fit(milliseconds: int, limits: Limits) -> int:
    return max(0, milliseconds) // limits.check_in_ms + 1


@dataclass(frozen=True, slots=True)
class Place:
    """One station: unheard visits at most, persons known at one desk and it is here, persons served twice for certain
    and at least once here."""

    unheard: int = 0
    single: int = 0
    known: int = 0


@dataclass(frozen=True, slots=True)
class Exposure:
    """The bound at one moment: `known` persons are served twice for certain, `new` more at most."""

    known: int
    new: int
    unheard: int
    places: dict[int, Place] = field(default_factory=dict)
    doubles: tuple[frozenset[int], ...] = ()

    @property
    def bound(self) -> int:
        """Persons served twice, at most."""
        return self.known + self.new

    def at(self, stations: Collection[int]) -> int:
        """Persons served twice and at least once in these stations (one, or a county's), at most."""
        here = [self.places[station] for station in set(stations) if station in self.places]
        hidden, known = sum(place.unheard for place in here), self.known_at(stations)
        things = hidden + sum(place.single for place in here)
        return known + min(things, self.unheard, self.new + min(hidden, self.known - known))

    def known_at(self, stations: Collection[int]) -> int:
        """Persons served twice for certain, at least once in these stations."""
        wanted = set(stations)
        if len(wanted) == 1:
            return sum(self.places[station].known for station in wanted if station in self.places)
        return sum(not wanted.isdisjoint(touched) for touched in self.doubles)

    def unheard_at(self, stations: Collection[int]) -> int:
        """Visits there of which headquarters may not know, at most."""
        return sum(self.places[station].unheard for station in set(stations) if station in self.places)


def exposure(desks: Sequence[Desk], visits: Iterable[tuple[str, int]], limits: Limits, now_ms: int) -> Exposure:
    """The bound for all that headquarters knows at `now_ms`.

    `visits` are (person, device) of the held permits that replace none; a pair may come twice, its order is free.
    """
    at: dict[str, set[int]] = {}
    for person, device in visits:
        at.setdefault(person, set()).add(device)
    station_of = {desk.device: desk.station for desk in desks}
    single: dict[int, int] = {}
    doubles: list[frozenset[int]] = []
    for devices in at.values():
        if len(devices) == 1:
            (device,) = devices
            single[device] = single.get(device, 0) + 1
        else:
            doubles.append(frozenset(station_of[device] for device in devices))
    return tally(desks, single, doubles, limits, now_ms)


def tally(
    desks: Sequence[Desk],
    single: Mapping[int, int],
    doubles: Iterable[frozenset[int]],
    limits: Limits,
    now_ms: int,
) -> Exposure:
    """As `exposure`, where persons were counted already: those known at one desk only, by device, and the stations of
    each person who is known at more of them."""
    touched = tuple(doubles)
    hidden = {desk.device: unheard(desk, limits, now_ms) for desk in desks}
    all_hidden, all_single = sum(hidden.values()), sum(single.values())
    new = min(all_hidden, (all_hidden + all_single) // 2, max(0, limits.people - len(touched)))
    doubled = Counter(station for stations in touched for station in stations)
    places: dict[int, Place] = {}
    for desk in desks:
        here, known = hidden[desk.device], single.get(desk.device, 0)
        new = min(new, all_hidden - here + all_single - known)
        before = places.get(desk.station, Place())
        places[desk.station] = Place(before.unheard + here, before.single + known, doubled[desk.station])
    return Exposure(len(touched), new, all_hidden, places, touched)
