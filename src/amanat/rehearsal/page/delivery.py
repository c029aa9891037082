"""The day's chart: votes that voters were told of, votes that headquarters held, and the outages between them."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from amanat.rehearsal.page.facts import Facts
from amanat.rehearsal.page.svg import drawing, element, fa, text, title

WIDTH, HEIGHT = 1080.0, 420.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 20.0, 34.0, 70.0
OPENS_AT_HOUR = 8
SHADE_SECONDS = 300


class Axes:
    """Seconds and votes to the drawing's points."""

    def __init__(self, seconds: float, votes: int) -> None:
        self.seconds = seconds
        self.votes = nice_top(votes)

    def x(self, at: float) -> float:
        """Seconds since opening, to the right."""
        return LEFT + (WIDTH - LEFT - RIGHT) * at / self.seconds

    def y(self, votes: float) -> float:
        """Votes, upwards."""
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * votes / self.votes


def nice_top(votes: int) -> int:
    """The least of 1, 2, 2.5, 4, 5, 8 times a power of ten that is not below `votes`."""
    scale = 1
    while True:
        for step in (10, 20, 25, 40, 50, 80):
            if step * scale >= max(votes, 4) * 10:
                return step * scale // 10 if step * scale % 10 == 0 else step * scale
        scale *= 10


def path(points: Sequence[tuple[float, float]], *, closed_at: float | None = None) -> str:
    """A line through points; `closed_at` brings it down to that height and back."""
    line = "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
    if closed_at is not None and points:
        line += f"L{points[-1][0]:.1f},{closed_at:.1f}L{points[0][0]:.1f},{closed_at:.1f}Z"
    return line


def shades(facts: Facts, axes: Axes) -> Iterator[str]:
    """For each five minutes a band, the darker the more stations were cut off."""
    stations = len(facts.stations) or 1
    at = 0.0
    while at < axes.seconds:
        middle = at + SHADE_SECONDS / 2
        cut_off = sum(any(start <= middle < end for start, end in outages) for outages in facts.outages)
        if cut_off:
            words = f"{clock(at)}: {fa(cut_off)} شعبه بی‌ارتباط"
            width = axes.x(min(at + SHADE_SECONDS, axes.seconds)) - axes.x(at)
            yield element(
                "rect",
                title(words),
                x=axes.x(at),
                y=TOP,
                width=width + 0.4,
                height=HEIGHT - TOP - BOTTOM,
                class_="shade",
                fill_opacity=0.08 + 0.5 * cut_off / stations,
            )
        at += SHADE_SECONDS


def clock(at: float) -> str:
    """A time of day, in Persian digits."""
    minutes = OPENS_AT_HOUR * 60 + int(at // 60)
    return "".join("۰۱۲۳۴۵۶۷۸۹"[int(c)] if c.isdigit() else c for c in f"{minutes // 60 % 24:02}:{minutes % 60:02}")


def grid(axes: Axes) -> Iterator[str]:
    """Quarter lines of votes and full hours."""
    for part in range(5):
        votes = axes.votes * part / 4
        yield element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=axes.y(votes), y2=axes.y(votes), class_="grid")
        yield text(LEFT - 10, axes.y(votes) + 5, fa(votes), class_="tick", anchor="end")
    hours = int(axes.seconds // 3600)
    step = 1 if hours <= 14 else 2 if hours <= 28 else 6
    for hour in range(0, hours + 1, step):
        x = axes.x(hour * 3600)
        yield element("line", x1=x, x2=x, y1=HEIGHT - BOTTOM, y2=HEIGHT - BOTTOM + 6, class_="axis")
        yield text(x, HEIGHT - BOTTOM + 24, clock(hour * 3600), class_="tick")


def marks(facts: Facts, axes: Axes) -> Iterator[str]:
    """Headquarters killed, power lost, a medium lost: a line each, named at its head where there is room."""
    taken = -1000.0
    for mark in sorted(facts.marks, key=lambda mark: mark.at):
        x = axes.x(mark.at)
        yield element("line", title(mark.text), x1=x, x2=x, y1=TOP - 4, y2=HEIGHT - BOTTOM, class_=f"mark {mark.kind}")
        if mark.kind == "process" or x - taken > 90:
            yield text(x, TOP - 12, mark.text, class_=f"mark-name {mark.kind}")
            taken = x


def delivery(facts: Facts) -> Markup:
    """The drawing."""
    last = facts.samples[-1][0]
    axes = Axes(max(36000.0, last), max(on_devices for _, on_devices, _ in facts.samples))
    told = [(axes.x(at), axes.y(votes)) for at, votes, _ in facts.samples]
    held = [(axes.x(at), axes.y(votes)) for at, _, votes in facts.samples if votes is not None]
    floor = axes.y(0)
    return drawing(
        WIDTH,
        HEIGHT,
        *shades(facts, axes),
        *grid(axes),
        element("path", d=path(told, closed_at=floor), class_="waiting"),
        element("path", d=path(held, closed_at=floor), class_="held"),
        element("path", d=path(told), class_="told-line"),
        element("path", d=path(held), class_="held-line"),
        element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=floor, y2=floor, class_="axis"),
        *marks(facts, axes),
        label="رأی‌های ثبت‌شده در شعبه‌ها و رأی‌های رسیده به ستاد در طول روز",
    )
