"""What a person at the terminal sees of a rehearsal: a cell a station, counters, and what just happened.

On a terminal the picture is drawn over itself; elsewhere (a log, a pipe) there is a plain line now and then.
"""

import sys
import time
from collections.abc import Mapping
from typing import Final, TextIO

from amanat.rehearsal.day import OPENING_SECONDS, Day
from amanat.rehearsal.plan import DAY_SECONDS

FRAME_SECONDS: Final = 0.25
LINE_SECONDS: Final = 15.0
COLUMNS: Final = 60
OPENS_AT_HOUR: Final = 8
UP, DOWN, DARK = "\033[32m■\033[0m", "\033[33m□\033[0m", "\033[31m✕\033[0m"
EVENTS: Final[Mapping[tuple[str, str], str]] = {
    ("process", "killed"): "{which} killed (kill -9)",
    ("process", "running"): "{which} is back",
    ("power", "off"): "{which}: power cut",
    ("power", "on"): "{which}: power is back, recovered",
    ("medium", "lost"): "{which}: a medium is lost",
}


def clock(at: float) -> str:
    """The time of day at `at` seconds since opening."""
    minutes = OPENS_AT_HOUR * 60 + int(at // 60)
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


class View:
    """Progress on one stream, normally standard error."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self.stream = stream
        self.live = stream.isatty()
        self.shown = 0.0
        self.rows = 0
        self.told = 0

    def say(self, words: str) -> None:
        """A line that stays."""
        self.rows = 0
        print(words, file=self.stream, flush=True)

    def day(self, day: Day) -> None:
        """The day so far; drawn at most four times a second, and events at once."""
        for at, what, which, after in day.world.happened[self.told :]:
            if (what, after) in EVENTS:
                self.say(f"{clock(at)}  {EVENTS[what, after].format(which=which)}")
        self.told = len(day.world.happened)
        now = time.monotonic()
        if now - self.shown < (FRAME_SECONDS if self.live else LINE_SECONDS):
            return
        self.shown = now
        if self.live:
            self.draw(day)
        else:
            self.say(self.counters(day))

    def counters(self, day: Day) -> str:
        """Votes on devices, votes at headquarters, stations without a link."""
        down = sum(not line.up for line in day.network.lines.values())
        dark = sum(not place.powered for place in day.places.values())
        held = next((s.at_headquarters for s in reversed(day.samples) if s.at_headquarters is not None), None)
        known = "not measured yet" if held is None else f"{held:,}"
        hq = "" if day.world.headquarters_up else " · HEADQUARTERS DOWN"
        return (
            f"{clock(day.now)}  votes on devices {day.ledger.cast:,} · at headquarters {known} · "
            f"{down} stations cut off · {dark} dark{hq}"
        )

    def draw(self, day: Day) -> None:
        """The picture: counters, a bar of the day, a cell a station."""
        cells = [
            DARK if not place.powered else UP if day.network.lines[station].up else DOWN
            for station, place in day.places.items()
        ]
        rows = ["".join(cells[start : start + COLUMNS]) for start in range(0, len(cells), COLUMNS)]
        share = min(1.0, max(0.0, (day.now + OPENING_SECONDS) / (DAY_SECONDS + OPENING_SECONDS)))
        bar = "━" * round(COLUMNS * share) + "─" * (COLUMNS - round(COLUMNS * share))
        picture = [bar, *rows, self.counters(day)]
        back = f"\033[{self.rows}A" if self.rows else ""
        self.stream.write(back + "".join(f"\033[2K{row}\n" for row in picture))
        self.stream.flush()
        self.rows = len(picture)
