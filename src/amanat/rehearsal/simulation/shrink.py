"""The smallest day that still breaks the same promise: fewer voters, fewer stations, fewer kinds of faults, run again.

What is left is a command, a short list of events, and a picture.
"""

import re
from collections.abc import Callable, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Final

from amanat.rehearsal.simulation import swarm as swarms
from amanat.rehearsal.simulation.events import Event
from amanat.rehearsal.simulation.picture import picture
from amanat.rehearsal.simulation.worker import Job

if TYPE_CHECKING:
    from amanat.rehearsal.simulation.world import World

RUNS_MAX: Final = 60
FEWER_VOTERS: Final = (10, 25, 50, 100, 200, 400)
EVENTS_MAX: Final = 40
DULL: Final = ("acted", "acknowledged", "stick-written", "stick-read")
NAMED: Final = re.compile(r"\b(?:D\d+|S\d+|\d{10}|[0-9a-f]{32,64})\b")
Violations = Callable[[Job], Sequence[str]]
"""The violations of a day, each begun with the command that repeats it."""


class _Tries:
    """Runs days while there are runs left; a day *fails* if it breaks the same promise."""

    def __init__(self, violations: Violations, promise: str) -> None:
        self._violations = violations
        self._promise = promise
        self._left = RUNS_MAX

    def fails(self, job: Job) -> bool:
        """Whether this smaller day breaks it too."""
        if self._left == 0:
            return False
        self._left -= 1
        return any(promise_of(said) == self._promise for said in self._violations(job))


def promise_of(violation: str) -> str:
    """What was broken: the checker's name, or the world's first words."""
    return violation.rpartition("--seed ")[2].partition(": ")[2].partition(":")[0]


def shrunk(job: Job, violation: str, violations: Violations) -> Job:
    """The smallest job found that breaks the promise of this violation; each of its parts is needed for that."""
    tries = _Tries(violations, promise_of(violation))
    drawn = swarms.drawn(job.seed, stations=job.stations, voters=job.voters)
    names = tuple(name for name in drawn.rates if job.faults is None or name in job.faults)
    found = job._replace(faults=names, voters=drawn.voters, stations=len(drawn.stations))
    for voters in FEWER_VOTERS:
        if voters < drawn.voters and tries.fails(found._replace(voters=voters)):
            found = found._replace(voters=voters)
            break
    for stations in range(1, len(drawn.stations)):
        if tries.fails(found._replace(stations=stations)):
            found = found._replace(stations=stations)
            break
    return _fewer_faults(found, tries)


def _fewer_faults(job: Job, tries: _Tries) -> Job:
    """Without as many kinds as can be left out: halves first, then quarters, then one by one."""
    names, size = list(job.faults or ()), max(1, len(job.faults or ()) // 2)
    while names:
        for at in range(0, len(names), size):
            left = names[:at] + names[at + size :]
            if tries.fails(job._replace(faults=tuple(left))):
                names = left
                break
        else:
            if size == 1:
                break
            size //= 2
    return job._replace(faults=tuple(names))


def command(job: Job) -> str:
    """What repeats this day."""
    words = ["amanat simulate", f"--seed {job.seed}"]
    words += [f"--{name} {value}" for name, value in (("stations", job.stations), ("voters", job.voters)) if value]
    return " ".join(words + ([f"--faults {','.join(job.faults) or 'none'}"] if job.faults is not None else []))


def telling(events: Sequence[Event], violation: str) -> list[Event]:
    """The last events about the persons and papers that a violation names, and what befell its devices and stations;
    where it names nobody, what everybody there was told.  Headquarters' falls, and the end, are everybody's."""
    names = set(NAMED.findall(violation))
    places = {name for name in names if name[0] in "DS"}
    found = [event for event in events if event.kind not in DULL and _is_about(event, places, names - places)]
    return found[-EVENTS_MAX:]


def _is_about(event: Event, places: Set[str], people: Set[str]) -> bool:
    if not people.isdisjoint(map(str, event.facts.values())):
        return True
    if people and event.kind == "told":
        return False
    here = {event.where.split("/")[0].split("-")[0], f"D{event.facts.get('device', '')}"}
    shared = event.where == "headquarters" and event.kind in ("fault", "hq-crash", "hq-start", "hq-restore")
    return not here.isdisjoint(places) or shared or event.kind in ("healed", "quiet")


def explained(job: Job, out: Path) -> str:
    """Runs a day that broke a promise again and again, smaller each time; the story of the smallest, in words.

    The picture goes into the folder ``out``.
    """
    first = _violations(job)
    if not first:
        return f"{command(job)}: no violation when it was run again"
    small = shrunk(job, first[0], _violations)
    violations, events = _day(small)
    told = telling(events, violations[0] if violations else first[0])
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"violation-{job.seed}.svg"
    path.write_text(picture(told, violations[0] if violations else first[0], command(small)), encoding="utf-8")
    lines = [command(small), *violations[:1], *(f"  {event.line()}" for event in told), f"picture: {path}"]
    return "\n".join(lines)


def _violations(job: Job) -> Sequence[str]:
    from amanat.rehearsal.simulation.day import simulate  # after `worker.begin`

    return simulate(job).violations


def _day(job: Job) -> tuple[list[str], list[Event]]:
    from amanat.rehearsal.simulation import auditor, day  # after `worker.begin`

    events: list[Event] = []

    def listen(world: "World") -> None:
        world.listeners.append(events.append)
        auditor.attach(world)

    return day.simulate(job, listen).violations, events
