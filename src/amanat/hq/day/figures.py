"""The day in figures: what devices say they hold, what is here, who is silent, what an outage cost.

Nothing is computed by subtraction of counts that were not taken at one moment: *waiting* compares the head that a
device named in its last push with the head that is held now, entry by entry; of a silent station nothing is known.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from amanat.hq.cases import doubles, offline
from amanat.hq.day import exposure
from amanat.hq.day.exposure import Knowledge
from amanat.hq.devices.endings import Ending, endings
from amanat.hq.home import Home
from amanat.hq.intake import narrow
from amanat.hq.writing import rows_of
from amanat.records.order import DeviceStatus
from amanat.rules import persian

KEPT_SECONDS: Final = 15.0
SILENT_PACES: Final = 3  # an idle link speaks once a pace; three missed are silence
STATES: Final = ("open", "silent", "never", "closed", "apart")
HOUR_MS: Final = 3_600_000
IRAN_MS: Final = int(persian.IRAN.total_seconds() * 1000)


@dataclass(slots=True)
class StationDay:
    """One station as the situation room sees it; `heard_ms` None: never by link."""

    id: str
    name: str
    county: str
    devices: int = 0
    ballots: int = 0
    permits: int = 0
    refused: int = 0
    waiting: int = 0
    held: int = 0
    closed: int = 0
    apart: int = 0
    heard_ms: int | None = None
    narrow: dict[str, Any] | None = None

    def state(self, now_ms: int, silent_ms: int) -> str:
        """never · open · silent · closed · apart, the most urgent first."""
        if self.apart:
            return "apart"
        if self.devices and self.closed == self.devices:
            return "closed"
        if not self.held:
            return "never"
        if self.heard_ms is None or now_ms - self.heard_ms > silent_ms:
            return "silent"
        return "open"

    def as_json(self, now_ms: int, silent_ms: int) -> dict[str, object]:
        """As the page's module reads it."""
        state = self.state(now_ms, silent_ms)
        is_known = self.heard_ms is not None and state != "silent"
        return {
            "id": self.id,
            "name": self.name,
            "county": self.county,
            "devices": self.devices,
            "ballots": self.ballots,
            "permits": self.permits,
            "refused": self.refused,
            "waiting": self.waiting if is_known else None,
            "heard": None if self.heard_ms is None else max(0, now_ms - self.heard_ms) // 1000,
            "state": state,
            "narrow": self._narrow_json(now_ms),
        }

    def _narrow_json(self, now_ms: int) -> dict[str, object] | None:
        """What text messages said: provisional, never added to what was delivered."""
        if self.narrow is None:
            return None
        said = {name: self.narrow[name] for name in ("permits", "cast", "closed")}
        return said | {"heard": max(0, now_ms - self.narrow["at_ms"]) // 1000}


@dataclass(slots=True)
class Day:
    """Everything on the page."""

    stations: list[StationDay]
    hours: dict[int, int] = field(default_factory=dict)


def day(here: Home, *, now_ms: int) -> dict[str, Any]:
    """The page's figures as one JSON object."""
    found = Day(_stations(here))
    ends = endings()
    _count_devices(found, ends)
    _count_votes(found)
    _tell_narrow(found)
    silent_ms = SILENT_PACES * int(here.machine["pace_ms"])
    decided, known = _decided(here, ends)
    exposed = known.exposure(now_ms)
    stations = [
        station.as_json(now_ms, silent_ms) | {"exposure": exposed.at([place]), "unheard": exposed.unheard_at([place])}
        for place, station in enumerate(found.stations)
        if station.devices
    ]
    return {
        "now": persian.jalali_moment(now_ms),
        "totals": {
            "ballots": sum(s.ballots for s in found.stations),
            "permits": sum(s.permits for s in found.stations),
            "refused": sum(s.refused for s in found.stations),
            "waiting": sum(s["waiting"] or 0 for s in stations),
            "narrow": _narrow_total(found),
            "cases": len(doubles.cases()),
            "apart": sum(s.apart for s in found.stations),
            "dead_letters": _number("SELECT COUNT(*) FROM intake_deadletter"),
            "unsound": _number("SELECT COUNT(*) FROM intake_ballot WHERE verdict <> ''"),
            "bulletin": _number("SELECT COUNT(*) FROM bulletin_logentry"),
        },
        "states": {state: sum(s["state"] == state for s in stations) for state in STATES},
        "offline": decided.as_json() | {"decisions": decided.decisions},
        "exposure": exposure.as_json(exposed, *_places(found, now_ms, silent_ms)),
        "hours": [{"hour": hour, "ballots": count} for hour, count in sorted(found.hours.items())],
        "stations": stations,
    }


def _places(found: Day, now_ms: int, silent_ms: int) -> tuple[dict[str, list[int]], list[int]]:
    """The stations of each county, and those that are cut off: silent, or never heard."""
    counties: dict[str, list[int]] = {}
    cut_off = []
    for place, station in enumerate(found.stations):
        counties.setdefault(station.county, []).append(place)
        if station.devices and station.state(now_ms, silent_ms) in ("silent", "never"):
            cut_off.append(place)
    return counties, cut_off


@dataclass(slots=True)
class _Kept:
    """What a pass over all persons gave: that is not for every page that is open."""

    folder: object = None
    until: float = 0.0
    figures: tuple[offline.Figures, Knowledge] | None = None


_kept = _Kept()


def forget() -> None:
    """The next page is made of what the tables hold then."""
    _kept.figures = None


def _decided(here: Home, ends: Sequence[Ending]) -> tuple[offline.Figures, Knowledge]:
    """Decisions taken again and what bounds the exposure, at most KEPT_SECONDS old."""
    if _kept.figures is None or _kept.folder != here.folder or time.monotonic() >= _kept.until:
        _kept.folder, _kept.figures = here.folder, (offline.figures(here), exposure.knowledge(here, ends))
        _kept.until = time.monotonic() + KEPT_SECONDS
    return _kept.figures


def _stations(here: Home) -> list[StationDay]:
    names = here.texts["stations"]
    return [
        StationDay(station.id, str(name), station.county)
        for station, name in zip(here.manifest.stations, names, strict=True)
    ]


def _count_devices(found: Day, ends: Sequence[Ending]) -> None:
    tips = dict(rows_of("SELECT device, MAX(seq) FROM intake_tip GROUP BY device"))
    links = {device: (heard, seq) for device, heard, seq in rows_of("SELECT device, heard_ms, seq FROM intake_link")}
    places = dict(rows_of("SELECT device, station FROM devices_device"))
    for ending in ends:
        station = found.stations[places[ending.device]]
        station.devices += 1
        station.closed += ending.status is DeviceStatus.CLOSED
        station.apart += ending.status is DeviceStatus.APART
        station.held += ending.device in tips
        if ending.device in links:
            heard, seq = links[ending.device]
            station.heard_ms = max(heard, station.heard_ms or 0)
            station.waiting += max(0, seq - tips.get(ending.device, -1))


def _count_votes(found: Day) -> None:
    for name, table in (("ballots", "ballot"), ("permits", "permit"), ("refused", "refusal")):
        for station, count in rows_of(f"SELECT station, COUNT(*) FROM intake_{table} GROUP BY station"):
            setattr(found.stations[station], name, count)
    bucket = f"(wall_ms + {IRAN_MS}) / {HOUR_MS}"
    sql = f"SELECT {bucket}, COUNT(*) FROM intake_ballot GROUP BY {bucket}"
    for hour, count in rows_of(sql):
        found.hours[hour % 24] = found.hours.get(hour % 24, 0) + count


def _tell_narrow(found: Day) -> None:
    places = dict(rows_of("SELECT device, station FROM devices_device"))
    for device, said in narrow.provisional().items():
        found.stations[places[device]].narrow = said


def _narrow_total(found: Day) -> int | None:
    """Ballots in boxes as text messages tell; None where none does."""
    told = [s.narrow["cast"] for s in found.stations if s.narrow and s.narrow["cast"] is not None]
    return sum(told) if told else None


def _number(sql: str) -> int:
    return int(rows_of(sql)[0][0])
