"""A violation as a picture: one lane for each device, time downwards, every event with its words.  Plain SVG."""

from collections.abc import Sequence
from html import escape
from typing import Final

from amanat.rehearsal.simulation.events import Event

LANE: Final = 110
ROW: Final = 26
LEFT: Final = 120
TOP: Final = 130
WORDS: Final = 560
WORDS_MAX: Final = 84
PERSIAN: Final = {
    "fault": "خطا",
    "told": "به رأی‌دهنده گفته شد",
    "crash": "قطع",
    "start": "روشن شد",
    "recovered": "بازیابی شد",
    "stopped": "ایستاد",
    "acknowledged": "رسید ستاد",
    "closed": "بسته شد",
    "not-closed": "بسته نشد",
    "opened": "باز شد",
    "hq-crash": "قطع ستاد",
    "hq-start": "ستاد روشن شد",
    "hq-restore": "ستاد بازگردانده شد",
    "theft": "ربوده شد",
    "healed": "پایان خطاها",
    "quiet": "همه رسید",
}
COLOURS: Final = {"fault": "#b3261e", "crash": "#b3261e", "stopped": "#b3261e", "told": "#1d5fa8", "theft": "#b3261e"}
OTHERWISE: Final = "#4a5a52"


def lane_of(event: Event) -> str:
    """Disks and wires of a device are in its lane."""
    return event.where.split("/")[0].split("-")[0]


def picture(events: Sequence[Event], violation: str, command: str) -> str:
    """The whole SVG file; ``events`` in their order."""
    lanes = sorted(
        {lane_of(event) for event in events}, key=lambda name: (name[:1] not in "DS", name[:1], len(name), name)
    )
    width, height = LEFT + LANE * len(lanes) + WORDS, TOP + ROW * (len(events) + 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        _text(LEFT, 30, "نقض یک وعده در شبیه‌سازی · A promise broken in the simulation", size=18),
        _text(LEFT, 56, violation[:150], size=13, colour="#b3261e"),
        _text(LEFT, 78, command, size=12),
    ]
    for at, lane in enumerate(lanes):
        x = LEFT + LANE * at + LANE // 2
        parts.append(_text(x - 30, TOP - 16, lane, size=13))
        parts.append(f'<line x1="{x}" y1="{TOP - 8}" x2="{x}" y2="{height - ROW // 2}" stroke="#c9d2cd"/>')
    for row, event in enumerate(events):
        parts += _row(event, lanes.index(lane_of(event)), TOP + ROW * row + ROW // 2, len(lanes))
    return "\n".join([*parts, "</svg>", ""])


def _row(event: Event, lane: int, y: int, lanes: int) -> list[str]:
    colour = COLOURS.get(event.kind, OTHERWISE)
    x = LEFT + LANE * lane + LANE // 2
    words = " ".join(str(value) if len(str(value)) <= 24 else f"{str(value)[:10]}…" for value in event.facts.values())
    said = f"{PERSIAN.get(event.kind, event.kind)} · {event.kind} {words}"
    return [
        _text(10, y + 4, moment(event.at_ms), size=12),
        f'<circle cx="{x}" cy="{y}" r="6" fill="{colour}"/>',
        _text(LEFT + LANE * lanes + 10, y + 4, said[:WORDS_MAX], size=12, colour=colour),
    ]


def moment(at_ms: int) -> str:
    """Time since the opening: hours, minutes, seconds, milliseconds."""
    seconds, ms = divmod(abs(at_ms), 1000)
    sign = "−" if at_ms < 0 else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms:03}"


def _text(x: int, y: int, words: str, *, size: int, colour: str = "#1c2521") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}">{escape(words)}</text>'
