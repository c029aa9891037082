"""Units hide a ballot among at least `unit_min` others, and nobody can choose them afterwards (T-7)."""

from hypothesis import given
from hypothesis import strategies as st

from amanat.count.units import Cast, Place, assign, late
from amanat.records.order import Reason

STATIONS = 7
Day = tuple[Place, dict[int, list[int]], set[int]]


@st.composite
def days(draw: st.DrawFn) -> Day:
    """A rule, positions by station, and the stations kept apart."""
    counties = draw(st.lists(st.sampled_from("ABC"), min_size=STATIONS, max_size=STATIONS))
    by_county = draw(st.booleans())
    groups = counties if by_county else [f"S{station}" for station in range(STATIONS)]
    owners = draw(st.lists(st.integers(0, STATIONS - 1), max_size=60))
    cast: dict[int, list[int]] = {}
    for at, station in enumerate(owners):
        cast.setdefault(station, []).append(at)
    return Place(draw(st.integers(1, 12)), groups), cast, draw(st.sets(st.integers(0, STATIONS - 1)))


@given(days())
def test_every_ballot_is_in_one_unit_and_units_are_large_enough(
    day: tuple[Place, dict[int, list[int]], set[int]],
) -> None:
    place, cast, apart = day
    dropped = late({0: place}, {0: cast}, session=1, apart=apart)
    left = {station: [at for at in positions if at not in dropped] for station, positions in cast.items()}
    units = assign(place, Cast(left), session=1, apart=apart)
    assert sorted(at for _, unit in units for at in unit) == sorted(at for p in left.values() for at in p)
    assert [name for name, _ in units] == [f"s1-{number}" for number in range(1, len(units) + 1)]
    station_of = {at: station for station, positions in left.items() for at in positions}
    ordinary = [unit for _, unit in units if station_of[unit[0]] not in apart]
    kept_apart = [unit for _, unit in units if station_of[unit[0]] in apart]
    assert all(station_of[at] in apart for unit in kept_apart for at in unit)
    assert all(station_of[at] not in apart for unit in ordinary for at in unit)
    assert all(len(unit) >= place.unit_min for unit in kept_apart)
    assert len(ordinary) <= 1 or all(len(unit) >= place.unit_min for unit in ordinary)
    assert all(unit == sorted(unit) for _, unit in units)


@given(days())
def test_units_depend_on_how_many_and_where_only(day: Day) -> None:
    place, cast, apart = day
    renamed = {station: [at + 1000 * (at % 3) for at in positions] for station, positions in cast.items()}
    sizes = [len(unit) for _, unit in assign(place, Cast(cast), session=1, apart=apart)]
    assert [len(unit) for _, unit in assign(place, Cast(renamed), session=1, apart=apart)] == sizes


def test_a_small_county_joins_the_next_and_a_remainder_the_last() -> None:
    place = Place(3, ["A", "B", "A", "C", "B"])
    cast = {0: [0], 2: [1], 1: [2, 3], 4: [4], 3: [5, 6]}
    assert assign(place, Cast(cast), session=1, apart=()) == [("s1-1", [0, 1, 2, 3, 4, 5, 6])]
    assert assign(Place(2, place.groups), Cast(cast), session=1, apart=()) == [
        ("s1-1", [0, 1]),
        ("s1-2", [2, 3, 4]),
        ("s1-3", [5, 6]),
    ]


def test_a_contest_with_few_ballots_is_one_unit_and_one_with_none_has_none() -> None:
    place = Place(50, ["A", "B"])
    assert assign(place, Cast({1: [4], 0: [9]}), session=1, apart=()) == [("s1-1", [4, 9])]
    assert assign(place, Cast({}), session=1, apart=()) == []


def test_a_ballot_late_in_one_contest_makes_others_late() -> None:
    """Station 0 is kept apart; its second contest is too small; without those ballots its first is too."""
    places = {0: Place(3, ["A"]), 1: Place(2, ["A"])}
    casts = {0: {0: [0, 1, 2]}, 1: {0: [2]}}
    assert late(places, casts, session=1, apart={0}) == dict.fromkeys((2, 0, 1), (Reason.LATE, None))


def test_in_a_later_session_also_ordinary_units_may_not_be_small() -> None:
    place = Place(3, ["A", "B"])
    assert late({0: place}, {0: {0: [1, 2]}}, session=1, apart=()) == {}
    assert set(late({0: place}, {0: {0: [1, 2]}}, session=2, apart=())) == {1, 2}
