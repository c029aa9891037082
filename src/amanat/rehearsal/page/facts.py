"""What the page shows: plain values, gathered by the rehearsal when everything is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Point = tuple[float, float]
"""Latitude and longitude, degrees."""


@dataclass(frozen=True)
class StationFact:
    """One station.  `position` is None where the election gives none; `real` is False for an invented position."""

    id: str
    name_fa: str
    county: str
    position: Point | None
    real: bool
    cast: int
    refused: int
    offline_hours: float


@dataclass(frozen=True)
class Mark:
    """Something that happened at a moment of the day (seconds since opening)."""

    at: float
    text: str
    kind: str  # process | power | medium


@dataclass(frozen=True)
class ContestFact:
    """A contest's titles, seats and candidates' names by code."""

    id: str
    title_fa: str
    seats: int
    names: Mapping[str, str]


@dataclass(frozen=True)
class Facts:
    """The whole page.  `samples` are (seconds, votes told of, votes at headquarters or None)."""

    title_fa: str
    day_fa: str
    synthetic: bool
    summary: Mapping[str, Any]
    samples: Sequence[tuple[float, int, int | None]]
    outages: Sequence[Sequence[tuple[float, float]]]
    marks: Sequence[Mark]
    stations: Sequence[StationFact]
    places: Mapping[str, Sequence[Point]]
    """Settlements of each county, for its outline."""
    towns: Sequence[tuple[str, Point]]
    contests: Sequence[ContestFact]
    checks: Sequence[Mapping[str, Any]]
    pictures: Sequence[tuple[str, str]] = field(default=())
    """(caption, data URI)."""
