"""Decisions that a desk took without headquarters, taken again with all data up to then.  Clauses C-10, C-1, R-2.

*Offline*: no answer from headquarters in the 60 s before, as the entry's body says.  *Contradicted*: headquarters, with
every check-in and register delta dated up to that moment, decides otherwise.  Times are devices' own: evidence for a
figure, never for a right (J-5).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from amanat.hq.elections.deltas import register_view
from amanat.hq.elections.models import RegisterDelta
from amanat.hq.home import Home
from amanat.hq.writing import rows_of
from amanat.records.register import RegisterView
from amanat.rules.eligibility import Eligible, decide
from amanat.rules.national_id import NationalId

OFFLINE_SECONDS: Final = 60
Contradiction = Literal["checked-in-elsewhere", "not-eligible", "eligible"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision of a desk: permitted or refused, whom, where, when."""

    permitted: bool
    station: int
    person: str
    wall_ms: int


@dataclass(slots=True)
class Figures:
    """What the situation room and the summary show."""

    decisions: int = 0
    made: int = 0
    by_reason: Counter[str] = field(default_factory=Counter)

    @property
    def contradicted(self) -> int:
        """How many were contradicted, for whatever reason."""
        return sum(self.by_reason.values())

    def as_json(self) -> dict[str, object]:
        """As `status --json` has them."""
        return {"made": self.made, "contradicted": self.contradicted, "by_reason": dict(self.by_reason)}


def figures(here: Home) -> Figures:
    """The figures as of what is held now; a decision without its private part cannot be taken again."""
    found = Figures(decisions=_count("permit") + _count("refusal WHERE reason <> 'withdrawn'"))
    visits = _visits()
    views = _Views(here)
    for taken in _offline():
        found.made += 1
        reason = contradiction(taken, views.at(taken.wall_ms), visits.get(taken.person, ()))
        if reason is not None:
            found.by_reason[reason] += 1
    return found


def contradiction(taken: Taken, view: RegisterView, visits: Sequence[tuple[int, int]]) -> Contradiction | None:
    """Why headquarters decides otherwise, or None; `visits` are the person's permits as (wall ms, station)."""
    person = view.look(NationalId(taken.person))
    is_eligible = person is not None and isinstance(decide(person.flags), Eligible)
    before = {station for at, station in visits if at < taken.wall_ms}
    if taken.permitted:
        if before - {taken.station}:
            return "checked-in-elsewhere"
        return None if is_eligible else "not-eligible"
    return "eligible" if is_eligible and not before else None


class _Views:
    """The register as it stood at a moment: one view per number of deltas."""

    def __init__(self, here: Home) -> None:
        self._here = here
        self._moments = list(RegisterDelta.objects.order_by("version").values_list("at_ms", flat=True))
        self._views: dict[int, RegisterView] = {}

    def at(self, ms: int) -> RegisterView:
        """The register with the deltas made up to `ms`."""
        number = sum(moment <= ms for moment in self._moments)
        if number not in self._views:
            until = self._moments[number - 1] if number else -1
            self._views[number] = register_view(self._here, until_ms=until)
        return self._views[number]


def _count(table: str) -> int:
    return int(rows_of(f"SELECT COUNT(*) FROM intake_{table}")[0][0])


def _offline() -> Iterator[Taken]:
    """Decisions taken offline: permits that begin a visit (not replacements), and refusals by the desk (a look-up that
    the clerk withdrew decided nothing)."""
    rest = f"person IS NOT NULL AND (seconds IS NULL OR seconds > {OFFLINE_SECONDS})"
    sql = f"SELECT station, person, wall_ms FROM intake_permit WHERE replaces IS NULL AND {rest}"
    yield from (Taken(True, *row) for row in rows_of(sql))
    sql = f"SELECT station, person, wall_ms FROM intake_refusal WHERE reason <> 'withdrawn' AND {rest}"
    yield from (Taken(False, *row) for row in rows_of(sql))


def _visits() -> Mapping[str, list[tuple[int, int]]]:
    """Permits of the persons about whom something was decided offline."""
    found: dict[str, list[tuple[int, int]]] = {}
    asked = f"seconds IS NULL OR seconds > {OFFLINE_SECONDS}"
    sql = (
        "SELECT person, wall_ms, station FROM intake_permit WHERE person IN "
        f"(SELECT person FROM intake_permit WHERE {asked} UNION SELECT person FROM intake_refusal WHERE {asked})"
    )
    for person, at, station in rows_of(sql):
        found.setdefault(person, []).append((at, station))
    return found
