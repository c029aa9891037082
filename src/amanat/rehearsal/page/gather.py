"""Gathers what the page shows from what a rehearsal left."""

import base64
import csv
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from amanat.records.definition import Definition
from amanat.rehearsal.page.facts import ContestFact, Facts, Mark, Point, StationFact
from amanat.rehearsal.plan import DAY_SECONDS, Plan
from amanat.rules.persian import jalali, to_persian_digits

SETTLEMENTS = "settlements.csv"
PICTURES = {
    "thirty-check-in-3-may-vote": "میز پذیرش: می‌تواند رأی بدهد",
    "thirty-check-in-5-already": "میز پذیرش: پیش‌تر پذیرفته شده",
    "thirty-ballot-3-tray": "صندوق: سی نام از ۳٬۵۴۵ نام، همه در یک نگاه",
    "thirty-ballot-5-search": "صندوق: جست‌وجوی نام",
    "one-ballot-8-seal": "صندوق: به صندوق انداختن یا آزمودن دستگاه",
    "one-ballot-done": "صندوق: رأی شما در صندوق است",
}
"""Screens that the page shows: names of `make screenshots`, and captions; made small by tools/page_pictures.py."""
KIND_WORDS = {"process": "ستاد", "power": "برق {which}", "medium": "حافظهٔ {which}"}
SYNTHETIC_WORD = "ساختگی"


def marks(happened: Sequence[tuple[float, str, str, str]]) -> Iterator[Mark]:
    """Kills, power cuts and lost media; links are the shading."""
    for at, what, which, after in happened:
        if what in KIND_WORDS and after in ("killed", "off", "lost") and at <= DAY_SECONDS:
            yield Mark(at, KIND_WORDS[what].format(which=which), what)


def positions(election: Path) -> dict[str, bool]:
    """Whether a station's position is a real one, by station id, where the stations' file has such a column."""
    definition = tomllib.loads((election / "election.toml").read_text(encoding="utf-8-sig"))
    with (election / definition["stations"]["file"]).open(encoding="utf-8-sig", newline="") as rows:
        return {row.get("id", ""): row.get("position") == "geonames" for row in csv.DictReader(rows)}


def settlements(election: Path) -> tuple[dict[str, list[Point]], list[tuple[str, Point]]]:
    """Settlements of each county, and the towns with their names; both empty where the election has no such file."""
    counties: dict[str, list[Point]] = {}
    towns: list[tuple[str, Point]] = []
    if not (election / SETTLEMENTS).exists():
        return counties, towns
    with (election / SETTLEMENTS).open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            point = float(row["lat"]), float(row["lon"])
            counties.setdefault(row["county"], []).append(point)
            if row["kind"] == "city":
                towns.append((row["name_fa"], point))
    return counties, towns


def pictures() -> list[tuple[str, str]]:
    """Booth and desk as data URIs."""
    folder = resources.files("amanat.rehearsal.page").joinpath("pictures")
    found = [(caption, folder.joinpath(f"{name}.webp")) for name, caption in PICTURES.items()]
    return [
        (caption, "data:image/webp;base64," + base64.b64encode(file.read_bytes()).decode())
        for caption, file in found
        if file.is_file()
    ]


def station_facts(
    definition: Definition, election: Path, plan: Plan, summary: dict[str, Any], refused: Mapping[str, int]
) -> list[StationFact]:
    """A row a station.  A station's votes are those of its first contest."""
    real = positions(election)
    first = definition.contests[0].id
    return [
        StationFact(
            id=station.id,
            name_fa=to_persian_digits(station.name_fa),
            county=station.county,
            position=None if station.lat is None or station.lon is None else (station.lat, station.lon),
            real=real.get(station.id, False),
            cast=summary["by_station"][station.id][first]["cast"],
            refused=refused.get(station.id, 0),
            offline_hours=plan.offline_hours(station.id),
        )
        for station in definition.stations
    ]


def gather(
    definition: Definition,
    *,
    election: Path,
    plan: Plan,
    summary: dict[str, Any],
    checks: Sequence[Mapping[str, Any]],
    samples: Sequence[tuple[float, int, int | None]],
    happened: Sequence[tuple[float, str, str, str]],
    refused: Mapping[str, int],
) -> Facts:
    """Everything on the page."""
    places, towns = settlements(election)
    title = definition.title["fa"]
    return Facts(
        title_fa=title,
        day_fa=jalali(definition.polling_day),
        synthetic=SYNTHETIC_WORD in title,
        summary=summary,
        samples=samples,
        outages=list(plan.outages.values()),
        marks=list(marks(happened)),
        stations=station_facts(definition, election, plan, summary, refused),
        places=places,
        towns=towns,
        contests=[
            ContestFact(c.id, c.title["fa"], c.seats, {x.code: x.name_fa for x in c.candidates})
            for c in definition.contests
        ],
        checks=checks,
        pictures=pictures(),
    )
