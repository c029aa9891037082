"""Which faults a seed has, and how often: every seed draws its own subset and its own rates.

Three kinds of rates stand under one name each: *accidents* in a million acts, *acts* by their mean distance in seconds,
*habits* in a million people.  The names are those of `docs/faults.md`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeVar

from amanat.errors import BadInput
from amanat.rehearsal.simulation.disk import DiskFaults
from amanat.rehearsal.simulation.draw import MILLION, Draw
from amanat.rehearsal.simulation.election import TERMINALS
from amanat.rehearsal.simulation.headquarters import HqFaults
from amanat.rehearsal.simulation.network import Weather

T = TypeVar("T")
Range = tuple[int, int]

MEDIUM: Final[Mapping[str, Range]] = {
    "failed-write": (20, 3_000),
    "failed-but-persisted": (20, 3_000),
    "torn-write": (20, 3_000),
    "misdirected": (20, 1_000),
    "failed-sync": (20, 3_000),
    "failed-sync-persisted": (20, 3_000),
    "lying-sync": (20, MILLION),
    "slow": (20, 3_000),
    "rot": (20, 3_000),
    "failed-read": (1_000, 100_000),
}
"""Accidents of the one medium of a device that fails."""
WIRE: Final[Mapping[str, Range]] = {
    "loss": (1_000, 300_000),
    "answer-loss": (1_000, 300_000),
    "duplicate": (1_000, 200_000),
    "late": (1_000, 200_000),
    "stale-answer": (1_000, 100_000),
}
"""Accidents of wires to headquarters and cables between colleagues."""
HEADQUARTERS: Final[Mapping[str, Range]] = {
    "hq-crash-before": (500, 30_000),
    "hq-crash-inside": (500, 30_000),
    "hq-crash-after": (500, 30_000),
    "hq-serialization": (1_000, 400_000),
    "hq-busy": (1_000, 300_000),
    "hq-restore": (50_000, 500_000),
    "hq-fail-over": (50_000, 500_000),
}
ACTS: Final[Mapping[str, Range]] = {
    "cut": (300, 7_200),
    "silent": (600, 14_400),
    "one-way": (600, 14_400),
    "partition": (1_800, 20_000),
    "cable-cut": (1_800, 20_000),
    "power-cut": (900, 20_000),
    "power-station": (1_800, 30_000),
    "kill": (600, 20_000),
    "kill-in-recovery": (3_600, 30_000),
    "pause": (1_800, 30_000),
    "clock": (1_800, 30_000),
    "removed": (7_200, 40_000),
    "full": (7_200, 40_000),
    "read-only": (7_200, 40_000),
    "yesterday": (10_000, 60_000),
    "clone": (10_000, 60_000),
    "machine-dead": (10_000, 60_000),
    "printer-jam": (3_600, 40_000),
    "printer-mute": (3_600, 40_000),
    "hq-kill": (1_800, 20_000),
    "poison": (1_800, 20_000),
    "stick": (1_800, 20_000),
}
"""What the world does to things, by the mean distance between two in seconds."""
HABITS: Final[Mapping[str, Range]] = {
    "twice-here": (5_000, 100_000),
    "twice-elsewhere": (5_000, 200_000),
    "two-documents": (5_000, 100_000),
    "walks-away": (5_000, 100_000),
    "tests": (5_000, 200_000),
    "voided": (2_000, 30_000),
    "replaced": (2_000, 30_000),
    "appeal": (2_000, 30_000),
    "ineligible": (5_000, 50_000),
}
PROGRAM: Final[Mapping[str, Range]] = {"older-program": (50_000, 500_000)}
"""In a million terminals."""
STICK: Final[Mapping[str, Range]] = {
    "stick-twice": (100_000, 900_000),
    "stick-late": (100_000, 900_000),
    "stick-lost": (100_000, 500_000),
    "stick-swapped": (100_000, 500_000),
}
BEYOND: Final[Mapping[str, Range]] = {"theft": (5_000, 40_000), "both-media": (5_000, 40_000)}
"""Acts outside the fault model: what they lose is named and bounded."""
KINDS: Final = (MEDIUM, WIRE, HEADQUARTERS, ACTS, HABITS, STICK, PROGRAM)
NAMES: Final = tuple(name for kind in (*KINDS, BEYOND) for name in kind)
BEYOND_EVERY: Final = 8  # of so many seeds one leaves the model
STATIONS_MAX: Final = len(TERMINALS)
VOTERS: Final = (50, 100, 300, 600, 1_000, 1_000, 1_000, 1_500, 2_500)


@dataclass(frozen=True, slots=True)
class Swarm:
    """What one seed does: which stations (indices) and how many voters, the rate of each fault it has."""

    stations: tuple[int, ...]
    voters: int
    rates: Mapping[str, int]

    def rate(self, name: str) -> int:
        """0 where this seed has no such fault."""
        return self.rates.get(name, 0)

    @property
    def is_beyond(self) -> bool:
        """Whether this seed leaves the fault model."""
        return any(name in BEYOND for name in self.rates)

    def without(self, names: Collection[str]) -> "Swarm":
        """The same without these faults."""
        return replace(self, rates={name: rate for name, rate in self.rates.items() if name not in names})

    def only(self, names: Collection[str]) -> "Swarm":
        """The same with none but these."""
        return replace(self, rates={name: rate for name, rate in self.rates.items() if name in names})

    def disk(self) -> DiskFaults:
        """What the failing medium of a device does."""
        return self._filled(DiskFaults)

    def weather(self) -> Weather:
        """What wires and cables do."""
        return Weather(
            loss=self.rate("loss"),
            answer_loss=self.rate("answer-loss"),
            duplicate=self.rate("duplicate"),
            late=self.rate("late"),
            stale=self.rate("stale-answer"),
        )

    def headquarters(self) -> HqFaults:
        """What headquarters' program does."""
        return self._filled(HqFaults, prefix="hq-")

    def _filled(self, kind: type[T], prefix: str = "") -> T:
        rates: dict[str, Any] = {
            field.name: self.rate(prefix + field.name.replace("_", "-"))
            for field in fields(kind)  # type: ignore[arg-type]
        }
        return kind(**rates)


def drawn(seed: int, *, stations: int | None = None, voters: int | None = None) -> Swarm:
    """The swarm of a seed; ``stations`` and ``voters`` instead of what it would have drawn."""
    draw = Draw(seed).fork("swarm")
    count = draw.between(3, STATIONS_MAX)
    chosen = sorted(draw.shuffled(range(STATIONS_MAX))[: count if stations is None else stations])
    people = draw.choice(VOTERS)
    rates: dict[str, int] = {}
    for kind in KINDS:
        if draw.below(8) == 0:
            continue  # a whole kind is left out: others are seen more clearly
        for name, (low, high) in kind.items():
            if draw.below(2):
                rates[name] = _between(draw, low, high)
    if draw.below(BEYOND_EVERY) == 0:
        name = draw.choice(list(BEYOND))
        rates[name] = _between(draw, *BEYOND[name])
    return Swarm(tuple(chosen), people if voters is None else voters, rates)


def _between(draw: Draw, low: int, high: int) -> int:
    """Small values as often as large ones: by doublings."""
    doublings = (high // low).bit_length()
    return min(high, draw.between(low, 2 * low) << draw.below(doublings))


def plan(text: str) -> tuple[str, ...] | None:
    """The names of ``--faults``: ``all`` (None), ``none``, or names joined by commas.

    Raises:
        BadInput: a name that is no fault's.
    """
    if text == "all":
        return None
    names = () if text == "none" else tuple(part.strip() for part in text.split(","))
    for name in names:
        if name not in NAMES:
            raise BadInput("simulate-fault-unknown", fault=name)
    return names
