"""Who comes when and where in a simulated day, and how each of them behaves: drawn from the habits of the swarm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from amanat.records.manifest import Contest
from amanat.rehearsal.simulation.draw import Draw
from amanat.rehearsal.simulation.election import Election, is_eligible
from amanat.rehearsal.simulation.swarm import Swarm
from amanat.rehearsal.simulation.visit import Wish

ARRIVALS_MS: Final = 34_200_000  # half an hour before the legal end the last one comes
AGAIN_MS: Final = (60_000, 7_200_000)
NATIONAL_CARD: Final = 0
OTHER_DOCUMENT: Final = 1


@dataclass(frozen=True, slots=True)
class Coming:
    """Somebody at a station's door, so long after the opening."""

    at_ms: int
    station: int
    wish: Wish
    habit: str = ""


def crowd(draw: Draw, swarm: Swarm, election: Election) -> list[Coming]:
    """Everybody's visits in the order of arrival."""
    numbers = draw.shuffled(range(len(election.people)))
    voters = [n for n in numbers if is_eligible(n)][: swarm.voters]
    strangers = [n for n in numbers if not is_eligible(n)]
    contests = election.package.manifest.contests
    found: list[Coming] = []
    for number in voters:
        found += _visits(draw, swarm, election, number, contests)
    for number in strangers[: swarm.voters * swarm.rate("ineligible") // 1_000_000]:
        wish = Wish(election.people[number], _choices(draw, contests))
        found.append(Coming(draw.below(ARRIVALS_MS), draw.choice(swarm.stations), wish, "ineligible"))
    found.sort(key=lambda one: (one.at_ms, one.wish.person))
    return found


def _visits(draw: Draw, swarm: Swarm, election: Election, number: int, contests: Sequence[Contest]) -> list[Coming]:
    person, choices = election.people[number], _choices(draw, contests)
    at, station = draw.below(ARRIVALS_MS), draw.choice(swarm.stations)

    def has(habit: str) -> bool:
        return draw.chance(swarm.rate(habit))

    wish = Wish(
        person,
        choices,
        tests=draw.between(1, 2) if has("tests") else 0,
        walks_away=has("walks-away"),
        voided=has("voided"),
        replaced=has("replaced"),
    )
    habit = "walks-away" if wish.walks_away else "voided" if wish.voided else "replaced" if wish.replaced else ""
    visits = [Coming(at, station, wish, habit or ("tests" if wish.tests else ""))]
    again = {
        "twice-here": (station, Wish(person, choices)),
        "twice-elsewhere": (draw.choice(swarm.stations), Wish(person, choices)),
        "two-documents": (draw.choice(swarm.stations), Wish(person, choices, document=OTHER_DOCUMENT)),
        "appeal": (station, Wish(person, choices, appeal=True)),
    }
    for name, (where, wanted) in again.items():
        if has(name):
            later = min(ARRIVALS_MS, at + draw.between(*AGAIN_MS))
            visits.append(Coming(at if name == "twice-elsewhere" and draw.below(2) else later, where, wanted, name))
    return visits


def _choices(draw: Draw, contests: Sequence[Contest]) -> Mapping[str, Sequence[str]]:
    return {
        contest.id: sorted(draw.shuffled(contest.codes)[: draw.below(contest.max_choices + 1)]) for contest in contests
    }
