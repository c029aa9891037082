"""Headquarters' upper bound of persons served twice is never below the truth, as a whole and at each station (C-13)."""

from collections.abc import Callable, Iterable

from amanat.records.cbor import as_bytes
from amanat.records.permit import Permit, PrivatePart
from amanat.rehearsal.simulation.checkers.sight import Checker, Sight, Wrote
from amanat.rules.exposure import Exposure


class Exposed(Checker):
    """The truth grows only as permits are written, so the bound is asked then, and at every ``every``-th permit."""

    def __init__(self, sight: Sight, bound: Callable[[], Exposure], every: int = 50) -> None:
        super().__init__(sight)
        self._bound = bound
        self._every = every
        self._permits = 0
        self._is_off = False  # LIMIT of the bound: a roll-back of which nobody has heard
        self._desks: dict[str, dict[int, int]] = {}  # person -> device -> station
        self._twice: dict[str, set[int]] = {}

    def wrote(self, wrote: Wrote) -> Iterable[str]:
        """A visit: a permit that replaces none."""
        self._is_off |= self.sight.was_rolled_back(wrote.device)
        if wrote.entry.kind != "permit" or wrote.private is None or self._is_off:
            return
        permit = Permit.decode(as_bytes(wrote.entry.body[0], "permit"))
        if permit.replaces is not None:
            return
        person = str(PrivatePart.decode(wrote.private).national_id)
        desks = self._desks.setdefault(person, {})
        desks[wrote.device] = permit.station
        if len(desks) > 1:
            self._twice[person] = set(desks.values())
        self._permits += 1
        if len(desks) > 1 or self._permits % self._every == 0:
            yield from self._compared()

    def _compared(self) -> Iterable[str]:
        bound, truth = self._bound(), len(self._twice)
        if bound.bound < truth:
            yield f"{truth} persons were served twice, and headquarters says at most {bound.bound}"
        for station in sorted({station for stations in self._twice.values() for station in stations}):
            here = sum(station in stations for stations in self._twice.values())
            if bound.at([station]) < here:
                yield f"{here} persons served twice were at station {station}, headquarters says at most " + str(
                    bound.at([station])
                )
