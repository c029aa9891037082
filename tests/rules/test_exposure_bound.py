"""Exposure bounds the truth on every history, falls when data arrive, and is reached (C-13)."""

import dataclasses
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amanat.rules.exposure import Desk, Exposure, Limits, exposure, unheard

PACE, LATE, OPENS, PEOPLE = 10, 25, 100, 9
LIMITS = Limits(OPENS, PACE, LATE, PEOPLE)


@dataclass
class Journal:
    """What one desk truly wrote: (moment, person, or None for an entry that is no permit); and what became of it."""

    device: int
    station: int
    entries: list[tuple[int, str | None]] = field(default_factory=list)
    held: set[int] = field(default_factory=set)
    bare: set[int] = field(default_factory=set)
    pushed: tuple[int, int] | None = None  # number of entries that it named, and when headquarters heard it
    closed: bool = False

    def desk(self) -> Desk:
        """As headquarters knows it: entries after a gap count as held, as its table of loose ones does."""
        permits = [at for at in self.held if self.entries[at][1] is not None]
        named, heard = self.pushed or (0, None)
        missing = sum(at not in self.held for at in range(named))
        later = sum(at >= named for at in permits)
        whole = self.closed and len(self.held) == len(self.entries)
        nameless = sum(at in self.bare for at in permits)
        return Desk(self.device, self.station, len(permits), nameless, missing, heard, whole, later=later)

    def visits(self) -> list[tuple[str, int]]:
        known = (self.entries[at][1] for at in self.held - self.bare)
        return [(person, self.device) for person in known if person is not None]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Journal], int]:
    """Some desks' days as they were, with what was delivered in any order, and the moment of looking."""
    journals = [Journal(device, draw(st.integers(0, 2))) for device in range(draw(st.integers(1, 4)))]
    now = OPENS
    for journal in journals:
        at = OPENS
        for _ in range(draw(st.integers(0, 6))):
            person = draw(st.none() | st.sampled_from("abcdefghi"))
            journal.entries.append((at, person))
            at += draw(st.integers(0 if person is None else PACE, 3 * PACE))
        if journal.entries:
            now = max(now, journal.entries[-1][0])
    now += draw(st.integers(0, 40))
    for journal in journals:
        journal.closed = draw(st.booleans())
        places = range(len(journal.entries))
        journal.held = {at for at in places if draw(st.booleans())}
        journal.bare = {at for at in journal.held if draw(st.integers(0, 5)) == 0}
        if draw(st.booleans()):
            made = draw(st.integers(OPENS, now))
            named = sum(moment <= made for moment, _ in journal.entries)
            journal.pushed = named, min(now, made + draw(st.integers(0, LATE)))
    return journals, now


def spaced(journals: list[Journal]) -> list[Journal]:
    """Permits of one desk are PACE apart."""
    for journal in journals:
        moments = [moment for moment, person in journal.entries if person is not None]
        assert all(after - before >= PACE for before, after in pairwise(moments))
    return journals


def look(journals: list[Journal], now: int) -> Exposure:
    visits = [visit for journal in journals for visit in journal.visits()]
    return exposure([journal.desk() for journal in journals], visits, LIMITS, now)


def truth(journals: list[Journal], stations: set[int] | None = None) -> int:
    """Persons who were served at two desks, at least once in these stations."""
    at: dict[str, set[int]] = {}
    places: dict[str, set[int]] = {}
    for journal in journals:
        for _, person in journal.entries:
            if person is not None:
                at.setdefault(person, set()).add(journal.device)
                places.setdefault(person, set()).add(journal.station)
    return sum(len(devices) > 1 and (stations is None or bool(stations & places[p])) for p, devices in at.items())


@settings(max_examples=300, deadline=None)
@given(histories())
def test_it_bounds_the_truth_everywhere(history: tuple[list[Journal], int]) -> None:
    """Whatever desks did and whatever arrived: no fewer than were truly served twice, in all, in a station, in a county
    of two stations; and what is known for certain is true."""
    journals, now = history
    found = look(spaced(journals), now)
    assert found.bound >= truth(journals) >= found.known
    for place in ({0}, {1}, {2}, {0, 1}, {1, 2}):
        assert found.at(place) >= truth(journals, place) >= found.known_at(place)
    for journal in journals:
        unknown = sum(person is not None for _, person in journal.entries) - len(journal.visits())
        assert unheard(journal.desk(), LIMITS, now) >= unknown


@settings(max_examples=200, deadline=None)
@given(histories(), st.data())
def test_what_arrives_only_shrinks_it(history: tuple[list[Journal], int], data: st.DataObject) -> None:
    """At one moment every further entry leaves each bound as it was or lower; when all journals are closed and here,
    it is the truth."""
    journals, now = history
    places = [{0}, {1}, {2}, {0, 1}]
    late = [(journal, at) for journal in journals for at in range(len(journal.entries)) if at not in journal.held]
    before = look(journals, now)
    for journal, at in data.draw(st.permutations(late)):
        journal.held.add(at)
        after = look(journals, now)
        assert after.bound <= before.bound
        assert all(after.at(place) <= before.at(place) for place in places)
        before = after
    for journal in journals:
        journal.closed, journal.bare = True, set()
    found = look(journals, now)
    assert found.bound == found.known == truth(journals)
    assert all(found.at(place) == truth(journals, place) for place in places)


@cache
def worst(hidden: tuple[int, ...], known: tuple[int, ...]) -> int:
    """The largest number of persons served twice in any history: tried out, pair by pair."""
    best = 0
    for one, other in permutations(range(len(hidden)), 2):
        for of in (hidden, known):
            if hidden[one] and of[other]:
                less = [list(hidden), list(known)]
                less[0][one] -= 1
                less[of is known][other] -= 1
                best = max(best, 1 + worst(tuple(less[0]), tuple(less[1])))
    return best


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=3))
def test_no_smaller_bound_would_hold(desks: list[tuple[int, int]]) -> None:
    """For some unheard visits and known persons, all pairs are tried: the largest set of them is the bound."""
    hidden, known = (tuple(desk[kind] for desk in desks) for kind in (0, 1))
    held = [Desk(device, device, permits=99, nameless=visits) for device, (visits, _) in enumerate(desks)]
    visits = [(f"{device}-{n}", device) for device, persons in enumerate(known) for n in range(persons)]
    found = exposure(held, visits, LIMITS._replace(people=99), OPENS)
    assert found.unheard == sum(hidden)
    assert found.bound == worst(hidden, known)


@pytest.mark.parametrize(
    ("desk", "now", "most"),
    [
        (Desk(0, 0), OPENS - 1, 1),
        (Desk(0, 0), OPENS + 99, 10),
        (Desk(0, 0, permits=4), OPENS + 99, 6),
        (Desk(0, 0, permits=40), OPENS + 99, 0),
        (Desk(0, 0, permits=4, nameless=2), OPENS + 99, 8),
        (Desk(0, 0, heard_ms=OPENS + 990, missing=3), OPENS + 999, 7),
        (Desk(0, 0, permits=9, heard_ms=OPENS + 990, missing=3, later=2), OPENS + 999, 5),
        (Desk(0, 0, permits=9, heard_ms=OPENS + 990, missing=3, closed=True), OPENS + 999, 0),
        (Desk(0, 0, permits=9, nameless=1, closed=True), OPENS + 999, 1),
        (Desk(0, 0, permits=9, heard_ms=OPENS + 990, closed=True, copies=2), OPENS + 999, 191),
    ],
)
def test_what_one_desk_may_have_done_unheard(desk: Desk, now: int, most: int) -> None:
    """The day's throughput less what is held; what its own push named and what fits since; two copies work at twice the
    pace and no push speaks for both; after a whole closing sheet nothing."""
    assert unheard(desk, LIMITS, now) == most


def test_a_third_visit_far_away() -> None:
    """Maryam is known at both desks of one station; a station that is cut off may have served her as well."""
    desks = [
        Desk(0, 0, permits=1, closed=True),
        Desk(1, 0, permits=1, closed=True),
        Desk(2, 1, nameless=1, closed=True),
    ]
    found = exposure(desks, [("maryam", 0), ("maryam", 1)], LIMITS, OPENS)
    assert (found.known, found.bound, found.at({0}), found.at({1})) == (1, 1, 1, 1)


def test_a_bundle_after_the_last_push() -> None:
    """A stick brings a permit that the last push did not name: it is one less that can be unheard."""
    before = Desk(0, 0, heard_ms=OPENS + 960)
    after = before._replace(permits=1, later=1)
    assert unheard(after, LIMITS, OPENS + 999) == unheard(before, LIMITS, OPENS + 999) - 1


def test_not_more_than_everybody() -> None:
    """A nation of nine persons with sixty desks never heard of: nine at most."""
    found = exposure([Desk(n, n) for n in range(60)], [], LIMITS, OPENS + 999)
    assert found.bound == PEOPLE
    assert dataclasses.asdict(found)["unheard"] == 6000
