"""Result bars of one contest, longest first, growing to the left from the names."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from amanat.rehearsal.page.facts import ContestFact
from amanat.rehearsal.page.svg import drawing, element, fa, percent, text, title

WIDTH = 1080.0
ROW = 30.0
NAME_SPACE = 250.0
COUNT_SPACE = 150.0
SHOWN_MAX = 15
LOOKS = {"elected": "برگزیده", "runoff": "دور دوم", "tied": "برابر؛ قرعه می‌خواهد"}


def bars(contest: ContestFact, figures: Mapping[str, Any]) -> Markup:
    """The first names of a contest; who is elected, in the runoff or tied is marked by colour and word."""
    votes: Mapping[str, int] = figures["votes"]
    shown = max(SHOWN_MAX, contest.seats + 5)
    order = sorted(votes, key=lambda code: (-votes[code], code))[:shown]
    most = max((votes[code] for code in order), default=0) or 1
    right = WIDTH - NAME_SPACE
    space = right - COUNT_SPACE
    parts: list[str] = []
    for place, code in enumerate(order):
        y = place * ROW
        look = next((kind for kind in LOOKS if code in figures[kind]), "")
        width = max(1.5, space * votes[code] / most)
        note = f" — {LOOKS[look]}" if look else ""
        name = f"{contest.names[code]} "
        bar = element("rect", x=right - width, y=y + 5, width=width, height=ROW - 10, rx=4, class_=f"bar {look}")
        label = f"{fa(votes[code])}  ({percent(votes[code], figures['valid'])}){note}"
        parts += [
            element("g", title(f"{name}{code}: {fa(votes[code])}"), bar),
            text(WIDTH - 4, y + 20, name, class_="bar-name", anchor="end"),
            text(right - width - 10, y + 20, label, class_="bar-count", anchor="end"),
        ]
    return drawing(WIDTH, len(order) * ROW, *parts, label=f"نتیجهٔ {contest.title_fa}")


def rest(contest: ContestFact, figures: Mapping[str, Any]) -> tuple[int, int]:
    """How many names the bars leave out, and their votes together."""
    votes: Mapping[str, int] = figures["votes"]
    shown = max(SHOWN_MAX, contest.seats + 5)
    order = sorted(votes, key=lambda code: (-votes[code], code))[shown:]
    return len(order), sum(votes[code] for code in order)
