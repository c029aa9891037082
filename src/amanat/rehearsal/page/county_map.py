"""The map: a dot a station (size: votes; ring: hours without a link), a county as the hull of its settlements.

Hulls are indicative, not borders.  An invented position is drawn hollow, never as a real one.
"""

import math
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from amanat.rehearsal.page.facts import Facts, Point, StationFact
from amanat.rehearsal.page.svg import drawing, element, fa, text, title

WIDTH = 1080.0
MARGIN = 60.0
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
DAY_HOURS = 10.0
DOT_MIN, DOT_MAX = 2.6, 9.0


class Projection:
    """Equirectangular, true at the middle latitude, fitted to the drawing's width."""

    def __init__(self, points: Sequence[Point]) -> None:
        lats, lons = [p[0] for p in points], [p[1] for p in points]
        self.west, self.north = min(lons), max(lats)
        self.squeeze = math.cos(math.radians((min(lats) + max(lats)) / 2))
        self.scale = (WIDTH - 2 * MARGIN) / ((max(lons) - self.west) * self.squeeze or 1)
        self.height = (self.north - min(lats)) * self.scale + 2 * MARGIN

    def at(self, point: Point) -> tuple[float, float]:
        """A point of the drawing."""
        lat, lon = point
        return MARGIN + (lon - self.west) * self.squeeze * self.scale, MARGIN + (self.north - lat) * self.scale


def hull(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The convex hull, by Andrew's monotone chain."""
    ordered = sorted(set(points))
    half: list[list[tuple[float, float]]] = []
    for sequence in (ordered, ordered[::-1]):
        chain: list[tuple[float, float]] = []
        for p in sequence:
            while len(chain) > 1 and turn(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        half.append(chain[:-1])
    return half[0] + half[1]


def turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    """Positive for a left turn at b."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def spread(stations: Sequence[StationFact], projection: Projection) -> Iterator[tuple[StationFact, float, float]]:
    """Where each dot goes: stations of one settlement lie round it like a sunflower's seeds."""
    seen: dict[Point, int] = {}
    for station in stations:
        if station.position is None:
            continue
        place = seen[station.position] = seen.get(station.position, -1) + 1
        x, y = projection.at(station.position)
        radius, angle = 13.0 * math.sqrt(place), place * GOLDEN_ANGLE
        yield station, x + radius * math.cos(angle), y + radius * math.sin(angle)


def dot(station: StationFact, x: float, y: float, most: int) -> str:
    """One station: the dot, and the part of a ring that says how long its link was down."""
    radius = DOT_MIN + (DOT_MAX - DOT_MIN) * math.sqrt(station.cast / most) if most else DOT_MIN
    words = f"{station.name_fa}: {fa(station.cast)} رأی، {fa(round(station.offline_hours, 1))} ساعت بی‌ارتباط"
    parts = [element("circle", cx=x, cy=y, r=radius, class_="dot" if station.real else "dot synthetic")]
    share = min(1.0, station.offline_hours / DAY_HOURS)
    if share > 0:
        ring = radius + 2.4
        around = 2 * math.pi * ring
        parts.append(
            element(
                "circle",
                cx=x,
                cy=y,
                r=ring,
                class_="ring",
                stroke_dasharray=f"{around * share:.1f} {around:.1f}",
                transform=f"rotate(-90 {x:.1f} {y:.1f})",
            )
        )
    return element("g", title(words), *parts)


def counties(facts: Facts, projection: Projection) -> Iterator[str]:
    """Each county's hull, rounded, with its name."""
    for name, points in facts.places.items():
        corners = hull([projection.at(p) for p in points])
        d = "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in corners) + "Z"
        yield element("path", d=d, class_="county")
        top = min(corners, key=lambda corner: corner[1])
        yield text(top[0], top[1] - 28, f"شهرستان {name}", class_="county-name")


def towns(facts: Facts, projection: Projection) -> Iterator[str]:
    """Town names with a halo, each below its cluster unless another name is there."""
    taken: list[tuple[float, float]] = []
    around: dict[Point, int] = {}
    for station in facts.stations:
        if station.position is not None:
            around[station.position] = around.get(station.position, 0) + 1
    for name, point in facts.towns:
        x, y = projection.at(point)
        y += 24 + 13 * math.sqrt(around.get(point, 1))
        while any(abs(x - other_x) < 70 and abs(y - other_y) < 18 for other_x, other_y in taken):
            y += 18
        taken.append((x, y))
        yield text(x, y, name, class_="town")


def county_map(facts: Facts) -> Markup | None:
    """The drawing, or None where stations have no positions."""
    points = [p for county in facts.places.values() for p in county]
    points += [s.position for s in facts.stations if s.position is not None]
    if len(points) < 3:
        return None
    projection = Projection(points)
    most = max((station.cast for station in facts.stations), default=0)
    dots = [dot(station, x, y, most) for station, x, y in spread(facts.stations, projection)]
    return drawing(
        WIDTH,
        projection.height,
        *counties(facts, projection),
        *dots,
        *towns(facts, projection),
        label="نقشهٔ شعبه‌ها",
    )
