"""What will go wrong, and when: made from the seed before the day begins, always within the fault model.

Moments are seconds of virtual time since the polls opened.  Nobody gives up: voters wait until power is back.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["online", "offline", "flaky", "usb", "demo"]
DAY_SECONDS: Final = 10 * 3600
MINUTE: Final = 60
WHOLE_DAY: Final = ((0, 10 * DAY_SECONDS),)  # to be ended by the conductor when the polls have closed


@dataclass(frozen=True)
class PowerCut:
    """One station's mains fail: its programs are killed in the middle of their `requests`-th request after `at`."""

    at: int
    station: str
    requests: int
    dark_seconds: int


@dataclass(frozen=True)
class MediumLoss:
    """One of a terminal's two media fails for good."""

    at: int
    station: str
    terminal: int
    medium: Literal["a", "b"]


@dataclass(frozen=True)
class Plan:
    """The day's faults.  `outages` are (from, to) per station, in order and apart."""

    kind: Kind
    outages: dict[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    headquarters_kills: tuple[int, ...] = ()
    power_cuts: tuple[PowerCut, ...] = ()
    media: tuple[MediumLoss, ...] = ()

    def is_up(self, station: str, at: float) -> bool:
        """Whether the station's link is up at this moment."""
        return not any(start <= at < end for start, end in self.outages.get(station, ()))

    def offline_hours(self, station: str) -> float:
        """Hours of the day without a link."""
        return sum(max(0, min(end, DAY_SECONDS) - max(0, start)) for start, end in self.outages.get(station, ())) / 3600


def alternating(draw: random.Random) -> list[tuple[int, int]]:
    """A flaky link's outages: up 5 to 40 minutes, down 1 to 120, in turn, beginning at a random point of it."""
    outages = []
    moment = -draw.randrange(0, 40 * MINUTE)
    while moment < DAY_SECONDS:
        start = moment + draw.randrange(5 * MINUTE, 40 * MINUTE)
        moment = start + draw.randrange(MINUTE, 120 * MINUTE)
        if moment > 0 and start < DAY_SECONDS:
            outages.append((max(0, start), moment))
    return outages


def power_cuts(draw: random.Random, stations: Sequence[str], count: int) -> tuple[PowerCut, ...]:
    """`count` different stations lose power once, in the middle of somebody's visit."""
    return tuple(
        PowerCut(
            at=draw.randrange(30 * MINUTE, 9 * 3600),
            station=station,
            requests=draw.randrange(1, 9),
            dark_seconds=draw.randrange(5 * MINUTE, 25 * MINUTE),
        )
        for station in draw.sample(list(stations), count)
    )


def media_losses(draw: random.Random, terminals: Sequence[tuple[str, int]], count: int) -> tuple[MediumLoss, ...]:
    """`count` different booths lose one of their two media."""
    return tuple(
        MediumLoss(draw.randrange(60 * MINUTE, 8 * 3600), station, terminal, draw.choice(("a", "b")))
        for station, terminal in draw.sample(list(terminals), count)
    )


def make(kind: Kind, *, seed: int, terminals: Sequence[tuple[str, int]]) -> Plan:
    """The plan of this kind; `terminals` are (station id, terminal number), every booth of the election."""
    draw = random.Random(f"plan {kind} {seed}")
    stations = list(dict.fromkeys(station for station, _ in terminals))
    if kind in ("offline", "usb"):
        return Plan(kind, outages=dict.fromkeys(stations, WHOLE_DAY))
    if kind == "flaky":
        return Plan(
            kind,
            outages={station: alternating(draw) for station in stations},
            headquarters_kills=tuple(sorted(draw.sample(range(30 * MINUTE, 9 * 3600), 2))),
            power_cuts=power_cuts(draw, stations, max(1, round(0.03 * len(stations)))),
            media=media_losses(draw, terminals, max(1, round(0.01 * len(terminals)))),
        )
    if kind == "demo":
        cut_off = draw.sample(stations, round(0.4 * len(stations)))
        starts = {station: draw.randrange(-2 * 3600, 7 * 3600) for station in cut_off}  # some before the polls open
        return Plan(
            kind,
            outages={s: ((start, start + draw.randrange(2 * 3600, 6 * 3600)),) for s, start in starts.items()},
            headquarters_kills=(draw.randrange(2 * 3600, 8 * 3600),),
            power_cuts=power_cuts(draw, stations, min(3, len(stations))),
        )
    return Plan(kind)
