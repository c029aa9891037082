"""The return of all as a picture: who has not delivered yet, how many were declined, over time; and the fitted line."""

from collections.abc import Sequence

from amanat.hq.intake.appointments import SECOND_US
from amanat.rehearsal.page.svg import drawing, element, text
from amanat.rehearsal.return_of_all import Return, line_through

WIDTH, HEIGHT, LEFT, TOP, HIGH = 720.0, 560.0, 64.0, 40.0, 180.0
WIDE = WIDTH - LEFT - 24
COLOURS = ("#1b6ca8", "#b8862b", "#a83232")
STYLE = "text{font:12px sans-serif;fill:#222}.axis{stroke:#888}.line{fill:none;stroke-width:2}"


def picture(returns: Sequence[Return], costs_said: str, *, processes: int) -> str:
    """An SVG of some returns, the largest last, and the line through their times."""
    end = max(len(one.left) for one in returns)
    most = max(one.plan.stations for one in returns)
    parts = [element("style", STYLE), element("rect", width=WIDTH, height=HEIGHT, fill="#fff")]
    parts += _panel(0, f"stations that have not delivered ({processes} intake processes)", most, end * 10)
    parts += _panel(1, "declined a second: come again in 1 to 300 s", top := _most_declined(returns), end * 10)
    for one, colour in zip(returns, COLOURS, strict=False):
        parts.append(_line(0, [n / most for n in one.left], end, colour))
        parts.append(_line(1, [n / 10 / top for n in one.declined_in], end, colour))
    parts += _words(returns, costs_said)
    drawn = drawing(WIDTH, HEIGHT, *parts, label="The return of all stations after a national cut")
    return str(drawn).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"


def _most_declined(returns: Sequence[Return]) -> int:
    return max(1, *(max(one.declined_in) // 10 for one in returns))


def _panel(row: int, said: str, most: int, seconds: int) -> list[str]:
    low = TOP + row * (HIGH + 40) + HIGH
    return [
        text(LEFT, low - HIGH - 8, said, anchor="start"),
        text(LEFT - 6, low - HIGH + 12, f"{most:,}", anchor="end"),
        text(LEFT - 6, low, "0", anchor="end"),
        text(LEFT + WIDE, low + 16, f"{seconds:,} s", anchor="end"),
        element("line", x1=LEFT, x2=LEFT + WIDE, y1=low, y2=low, class_="axis"),
        element("line", x1=LEFT, x2=LEFT, y1=low - HIGH, y2=low, class_="axis"),
    ]


def _line(row: int, shares: Sequence[float], end: int, colour: str) -> str:
    low = TOP + row * (HIGH + 40) + HIGH
    points = " ".join(f"{LEFT + WIDE * at / end:.1f},{low - HIGH * share:.1f}" for at, share in enumerate(shares))
    return element("polyline", points=points, class_="line", stroke=colour)


def _words(returns: Sequence[Return], costs_said: str) -> list[str]:
    low = TOP + 2 * (HIGH + 40) + 4
    fixed, each = line_through([(one.plan.stations, one.drained_us) for one in returns])
    rows = [
        f"{one.plan.stations:,} stations, {one.entries:,} entries: {one.drained_us // SECOND_US} s; news p99 "
        f"{one.news_percentile(990) / SECOND_US:.2f} s; {one.declined:,} declined of {one.pushes + one.declined:,}"
        for one in returns
    ]
    parts = [
        element("rect", x=LEFT, y=low + 20 * n - 9, width=14, height=4, fill=colour)
        for n, colour in zip(range(len(rows)), COLOURS, strict=False)
    ]
    parts += [text(LEFT + 22, low + 20 * n, row, anchor="start") for n, row in enumerate(rows)]
    said = f"line through them: {fixed} s + {each / 1000:.2f} ms a station; {costs_said}"
    return [*parts, text(LEFT, low + 20 * len(rows), said, anchor="start")]
