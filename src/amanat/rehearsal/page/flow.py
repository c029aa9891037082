"""From every attempt to what became of it, read from right to left; the widths are numbers of visits and ballots."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from amanat.rehearsal.page.svg import drawing, element, fa, text, title

WIDTH, HEIGHT = 1080.0, 380.0
BAR = 16.0
TOP, GAP = 30.0, 34.0
THIN = 2.0
TEXT_SPACE = 176.0

REFUSED = {
    "checked-in-already": "پیش‌تر پذیرفته‌شده",
    "not-eligible": "فاقد شرایط",
    "unknown": "ناشناخته در فهرست",
}
SET_ASIDE = {"duplicate": "تکراری", "paper": "کاغذی", "annulled": "باطل‌شده", "late": "دیررسیده"}


@dataclass(frozen=True)
class Node:
    """One heap: a name, a count, its look."""

    name: str
    count: int
    look: str


@dataclass
class Placed:
    """A heap where it stands; `used` is how much of its left side has flowed on."""

    node: Node
    x: float
    y: float
    height: float
    used: float = 0.0


def columns(summary: Mapping[str, Any]) -> list[list[Node]]:
    """Attempts; what voters were told; what headquarters received; what was counted."""
    refused = [Node(REFUSED.get(k, k), n, "refused") for k, n in summary["refused"].items() if n]
    left = [Node("رفت و رأی نداد", summary["left"], "left")] if summary["left"] else []
    aside = [Node(SET_ASIDE.get(k, k), n, "aside") for k, n in summary["set_aside"].items() if n]
    return [
        [Node("مراجعه", summary["attempts"], "attempt")],
        [Node("رأی در صندوق", summary["cast"], "cast"), *refused, *left],
        [Node("رسیده به ستاد", summary["received"], "received")],
        [Node("شمرده‌شده", summary["counted"], "counted"), *aside],
    ]


def placed(nodes: Sequence[Node], x: float, scale: float) -> list[Placed]:
    """A column, from the top, the smallest still visible."""
    out: list[Placed] = []
    y = TOP
    for node in nodes:
        height = max(THIN, node.count * scale)
        out.append(Placed(node, x, y, height))
        y += height + GAP
    return out


def ribbon(source: Placed, target: Placed) -> str:
    """What flows from one heap to the next, leftwards."""
    x1, x2 = source.x, target.x + BAR
    y1, y2, height = source.y + source.used, target.y, target.height
    source.used += height
    middle = (x1 + x2) / 2
    d = (
        f"M{x1:.1f},{y1:.1f}C{middle:.1f},{y1:.1f} {middle:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"
        f"V{y2 + height:.1f}C{middle:.1f},{y2 + height:.1f} {middle:.1f},{y1 + height:.1f} {x1:.1f},{y1 + height:.1f}Z"
    )
    words = f"{target.node.name}: {fa(target.node.count)}"
    return element("path", title(words), d=d, class_=f"ribbon {target.node.look}")


def heap(place: Placed, *, first: bool) -> Iterator[str]:
    """The heap's bar, its name and count to the left of it (the first one's above)."""
    yield element("rect", x=place.x, y=place.y, width=BAR, height=place.height, rx=3, class_=f"heap {place.node.look}")
    x, anchor = (place.x + BAR, "end") if first else (place.x - 8, "end")
    y = place.y - 10 if first else place.y + min(place.height / 2, 60) + 5
    label = f"{place.node.name}  {fa(place.node.count)}"
    yield text(x, y, label, class_="heap-name", anchor=anchor)


def flow(summary: Mapping[str, Any]) -> Markup:
    """The drawing.  No heap is computed from another: each is the summary's own count."""
    given = columns(summary)
    most = max(sum(node.count for node in column) for column in given) or 1
    tallest = max(len(column) for column in given)
    scale = (HEIGHT - TOP - 20 - GAP * (tallest - 1)) / most
    step = (WIDTH - BAR - TEXT_SPACE) / (len(given) - 1)
    rows = [placed(column, WIDTH - BAR - place * step, scale) for place, column in enumerate(given)]
    ribbons = [ribbon(rows[0][0], target) for target in rows[1]]
    ribbons += [ribbon(rows[1][0], rows[2][0])]
    ribbons += [ribbon(rows[2][0], target) for target in rows[3]]
    heaps = [part for place, row in enumerate(rows) for one in row for part in heap(one, first=place == 0)]
    return drawing(WIDTH, HEIGHT, *ribbons, *heaps, label="از مراجعه تا شمارش")
