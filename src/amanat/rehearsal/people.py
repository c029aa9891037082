"""The people of a rehearsal: who comes when and where, what they want, and what the register knows of them.

For the demo they are invented from the seed; for a replay they are the rows of `ballots.csv`.  Everybody who tries
twice wants the same both times, so that the right result does not hang on which of two ballots the lottery keeps.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from amanat.records.ballots import Row, voter_ids
from amanat.records.definition import ContestDefinition
from amanat.rehearsal.plan import DAY_SECONDS
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import NationalId, synthetic

DOUBLE_SHARE: Final = 0.01  # try a second station
STALE_SHARE: Final = 0.005  # the register on the devices is older than what headquarters knows
TEST_SHARE: Final = 0.01  # have the machine tested once, then cast
LEAVE_SHARE: Final = 0.005  # walk away before casting
BLANK_SHARE: Final = 0.02
ELECTORATE_PER_VOTER: Final = 2.4  # people in the register for each who comes, as at a turnout of 41 %
LAST_ARRIVAL_SECONDS: Final = DAY_SECONDS - 300
ABSENT: Final = (Flags(alive=False), Flags(in_country=False))
UNDER_AGE: Final = Flags(of_age=False)
GIVEN = ("علی", "مریم", "حسین", "زهرا", "رضا", "فاطمه", "مهدی", "نرگس", "حسن", "لیلا", "امیر", "مینا")
FAMILY = ("احمدی", "کریمی", "موسوی", "رحیمی", "نوری", "طاهری", "صفایی", "رستمی", "بهاری", "کوهستانی", "پارسا")


@dataclass(frozen=True)
class Citizen:
    """An entry of the register: what the devices carry, and what headquarters learned later (None: nothing)."""

    national_id: NationalId
    name_fa: str
    birth_year: int
    flags: Flags
    later: Flags | None = None


@dataclass(frozen=True)
class Visit:
    """One person at one station, at `at` seconds after the polls opened.  `choices` are codes by contest id."""

    at: float
    person: NationalId
    station: str
    choices: Mapping[str, tuple[str, ...]]
    tests: int = 0
    leaves: bool = False


@dataclass
class Crowd:
    """Everybody in the register, and the visits in order of arrival."""

    citizens: list[Citizen]
    visits: list[Visit]
    voters: dict[str, NationalId] = field(default_factory=dict)
    """For a replay: the text of the file's `voter` column to the national id it stands for."""


def citizen(draw: random.Random, number: int, flags: Flags, later: Flags | None = None) -> Citizen:
    """An invented person with the `number`-th synthetic id."""
    name = f"{draw.choice(GIVEN)} {draw.choice(FAMILY)}"
    return Citizen(synthetic(number), name, draw.randrange(1310, 1384), flags, later)


def arrival(draw: random.Random) -> float:
    """Most come in the middle of the morning, the rest towards the evening."""
    peak = 0.2 if draw.random() < 0.55 else 0.75
    return draw.triangular(0, LAST_ARRIVAL_SECONDS, peak * LAST_ARRIVAL_SECONDS)


def choice(draw: random.Random, contest: ContestDefinition, weights: Sequence[float]) -> tuple[str, ...]:
    """Codes without repetition, popular ones more often; sometimes blank."""
    if draw.random() < BLANK_SHARE:
        return ()
    wanted = min(
        contest.max_choices, len(contest.codes), draw.randint(1, contest.max_choices) + contest.max_choices // 3
    )
    chosen: dict[str, None] = {}
    while len(chosen) < wanted:
        chosen.update(dict.fromkeys(draw.choices(contest.codes, cum_weights=weights, k=wanted - len(chosen))))
    return tuple(sorted(chosen))


def popularity(draw: random.Random, contest: ContestDefinition) -> list[float]:
    """Cumulative weights: a few are well known, most are not."""
    weights = [1 / (rank + 1.5) for rank in range(len(contest.codes))]
    draw.shuffle(weights)
    total = 0.0
    return [total := total + weight for weight in weights]


def invent(*, voters: int, stations: Mapping[str, int], contests: Sequence[ContestDefinition], seed: int) -> Crowd:
    """`voters` people who come, some twice, and those who stay at home.  `stations` are ids with their booths."""
    draw = random.Random(f"people {seed}")
    weights = {contest.id: popularity(draw, contest) for contest in contests}
    citizens: list[Citizen] = []
    visits: list[Visit] = []
    ids, booths = list(stations), list(stations.values())
    for number in range(voters):
        lot = draw.random()
        flags, later = Flags(), None
        if lot < STALE_SHARE:
            flags, later = (UNDER_AGE, Flags()) if draw.random() < 0.3 else (Flags(), draw.choice(ABSENT))
        person = citizen(draw, number, flags, later)
        citizens.append(person)
        wanted = {contest.id: choice(draw, contest, weights[contest.id]) for contest in contests}
        kind = draw.random()
        at, station = arrival(draw), draw.choices(ids, booths)[0]
        leaves = kind < LEAVE_SHARE
        visits.append(
            Visit(at, person.national_id, station, wanted, int(not leaves and draw.random() < TEST_SHARE), leaves)
        )
        if kind > 1 - DOUBLE_SHARE and len(ids) > 1:
            again = draw.choice([other for other in ids if other != station])
            later_at = draw.uniform(at, LAST_ARRIVAL_SECONDS)
            visits.append(Visit(later_at, person.national_id, again, wanted))
    at_home = round(voters * (ELECTORATE_PER_VOTER - 1))
    citizens += [citizen(draw, voters + number, Flags()) for number in range(at_home)]
    visits.sort(key=lambda visit: visit.at)
    return Crowd(citizens, visits)


def from_rows(rows: Sequence[Row], *, seed: int) -> Crowd:
    """The visits that the rows describe, in file order per station and evenly over the day.

    Rows of one voter at one station that name different contests are one visit; a contest named again begins another.
    """
    ids = voter_ids(rows)
    open_visits: dict[tuple[str, NationalId], dict[str, tuple[str, ...]]] = {}
    queues: dict[str, list[tuple[NationalId, dict[str, tuple[str, ...]]]]] = {}
    for row in rows:
        key = (row.station, ids[row.voter])
        wanted = open_visits.get(key)
        if wanted is None or row.contest in wanted:
            wanted = open_visits[key] = {}
            queues.setdefault(row.station, []).append((ids[row.voter], wanted))
        wanted[row.contest] = tuple(row.choices)
    draw = random.Random(f"rows {seed}")
    visits = [
        Visit((place + draw.random()) * LAST_ARRIVAL_SECONDS / len(queue), person, station, wanted)
        for station, queue in queues.items()
        for place, (person, wanted) in enumerate(queue)
    ]
    visits.sort(key=lambda visit: visit.at)
    people = list(dict.fromkeys(ids.values()))
    citizens = [
        Citizen(person, f"{draw.choice(GIVEN)} {draw.choice(FAMILY)}", draw.randrange(1310, 1384), Flags())
        for person in people
    ]
    return Crowd(citizens, visits, ids)
