"""All stations return after a national cut, with measured service times: is there a storm, and when is it over?  S-9.

A queueing model in whole microseconds, not the shipped programs: intake processes of one core each, lines, bounds and
groups as `hq/intake/admission.py` and `line.py` have them, and their own class for appointments.  A live push waits
for the whole commit that runs (on PostgreSQL it need not): the times of news are upper bounds.
"""

import heapq
from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from amanat.hq.intake.appointments import SECOND_US, Appointments
from amanat.rehearsal.simulation.draw import Draw
from amanat.sync.messages import ENTRIES_MAX

BULK_MAX: Final = 64  # as the admission's; tests hold these equal
GROUP_MAX: Final = 12
LIVE_GROUP_MAX: Final = 16
BIN_US: Final = 10 * SECOND_US


class Costs(NamedTuple):
    """Microseconds of one core, PostgreSQL's part included: a push, each entry in it, and a push that is declined."""

    push_us: int
    entry_us: int
    declined_us: int


class Plan(NamedTuple):
    """What happened: `linked` of a thousand stations kept their link; backlogs are even between half and one and a half
    times the mean; all return within `spread_us`; afterwards and meanwhile a station has a live push every so often."""

    stations: int
    processes: int
    entries: int
    linked: int = 50
    spread_us: int = 10 * SECOND_US
    live_us: int = 102 * SECOND_US
    live_entries: int = 3
    way_us: int = 100_000


@dataclass(slots=True)
class Return:
    """What came of it.  Lists are by ten seconds."""

    plan: Plan
    entries: int = 0
    pushes: int = 0
    declined: int = 0
    drained_us: int = 0
    busy_us: int = 0
    declining_us: int = 0
    left: list[int] = field(default_factory=list)
    declined_in: list[int] = field(default_factory=list)
    news_us: list[int] = field(default_factory=list)

    def news_percentile(self, per_thousand: int) -> int:
        """Microseconds from a check-in's push until it is acknowledged."""
        return sorted(self.news_us)[len(self.news_us) * per_thousand // 1000] if self.news_us else 0


@dataclass(slots=True)
class _Push:
    station: int
    entries: int
    born_us: int  # when it was first tried
    is_live: bool


@dataclass(slots=True)
class _Process:
    """One intake process and what waits before it."""

    live: deque[_Push] = field(default_factory=deque)
    bulk: deque[_Push] = field(default_factory=deque)
    running: list[_Push] = field(default_factory=list)
    since_us: int = 0
    late_us: int = 0  # spent on declining since the commit began: it ends so much later
    appointments: Appointments = field(default_factory=Appointments)


class _World:
    def __init__(self, plan: Plan, costs: Costs, seed: int) -> None:
        self.plan, self.costs, self.draw = plan, costs, Draw(seed)
        self.done = Return(plan)
        self.processes = [_Process() for _ in range(plan.processes)]
        self.backlog: list[int] = []
        self.stations_left = 0
        self.events: list[tuple[int, int, int, _Push | None]] = []  # moment, number, process or -1, push
        self.number = 0

    def at(self, moment_us: int, process: int, push: _Push | None) -> None:
        self.number += 1
        heapq.heappush(self.events, (moment_us, self.number, process, push))

    def begin(self) -> None:
        plan = self.plan
        for station in range(plan.stations):
            is_cut = self.draw.below(1000) >= plan.linked
            self.backlog.append(self.draw.between(plan.entries // 2, plan.entries * 3 // 2) if is_cut else 0)
            if is_cut:
                self.stations_left += 1
                self.next_bulk(station, self.draw.below(plan.spread_us))
            else:
                self.next_live(station, 0)
        self.done.entries = sum(self.backlog)

    def next_bulk(self, station: int, now: int) -> None:
        entries = min(ENTRIES_MAX, self.backlog[station])
        self.at(now + self.plan.way_us, -1, _Push(station, entries, now, is_live=False))

    def next_live(self, station: int, now: int) -> None:
        wait = self.draw.below(2 * self.plan.live_us)
        born = now + wait
        self.at(born + self.plan.way_us, -1, _Push(station, self.plan.live_entries, born, is_live=True))

    def run(self) -> Return:
        self.begin()
        while self.stations_left and self.events:
            now, _, number, push = heapq.heappop(self.events)
            self.note(now)
            if push is None:
                self.ended(now, number)
            else:
                self.arrived(now, push)
        self.done.drained_us = now
        return self.done

    def note(self, now: int) -> None:
        while len(self.done.left) * BIN_US <= now:
            self.done.left.append(self.stations_left)
            self.done.declined_in.append(0)

    def arrived(self, now: int, push: _Push) -> None:
        number = self.draw.below(len(self.processes))  # whichever accepts first
        process = self.processes[number]
        if not push.is_live and len(process.bulk) >= BULK_MAX:
            self.decline(now, process, push)
            return
        (process.live if push.is_live else process.bulk).append(push)
        if not process.running:
            self.commit(now, number)

    def decline(self, now: int, process: _Process, push: _Push) -> None:
        cost = self.costs.declined_us
        process.late_us += cost
        self.done.declining_us += cost
        self.done.declined += 1
        self.done.declined_in[-1] += 1
        after = process.appointments.give(now, self.draw.below) * SECOND_US
        after += self.draw.below(after // 2 + 1)  # the station's own lot
        self.at(now + after + 2 * self.plan.way_us, -1, push)

    def commit(self, now: int, number: int) -> None:
        """Begins the next commit: news first."""
        process = self.processes[number]
        line, most = (process.live, LIVE_GROUP_MAX) if process.live else (process.bulk, GROUP_MAX)
        process.running = [line.popleft() for _ in range(min(most, len(line)))]
        process.since_us = now
        process.late_us = 0
        if process.running:
            work = sum(self.costs.push_us + one.entries * self.costs.entry_us for one in process.running)
            self.done.busy_us += work
            self.at(now + work, number, None)

    def ended(self, now: int, number: int) -> None:
        process = self.processes[number]
        if process.late_us:
            self.at(now + process.late_us, number, None)
            process.late_us = 0
            return
        process.appointments.served(len(process.running), now - process.since_us)
        for push in process.running:
            self.acknowledged(now + self.plan.way_us, push)
        self.commit(now, number)

    def acknowledged(self, now: int, push: _Push) -> None:
        self.done.pushes += 1
        if push.is_live:
            self.done.news_us.append(now - push.born_us)
        else:
            self.backlog[push.station] -= push.entries
        if self.backlog[push.station]:
            self.next_bulk(push.station, now)
            return
        self.stations_left -= not push.is_live
        self.next_live(push.station, now)


def rehearse(plan: Plan, costs: Costs, *, seed: int = 1) -> Return:
    """All stations return; ends when the last has delivered."""
    return _World(plan, costs, seed).run()


def predicted_us(plan: Plan, costs: Costs) -> int:
    """When all should be drained if nothing but the work itself took time: work over cores, live pushes included."""
    cut = plan.stations * (1000 - plan.linked) // 1000
    pushes = cut * -(-plan.entries // ENTRIES_MAX)
    work = pushes * costs.push_us + cut * plan.entries * costs.entry_us
    live = plan.stations * (costs.push_us + plan.live_entries * costs.entry_us) * SECOND_US // plan.live_us
    free = plan.processes * SECOND_US - live // 2  # on average half of the stations are back
    return work * SECOND_US // free


def line_through(points: list[tuple[int, int]]) -> tuple[int, int]:
    """(seconds at size 0, microseconds for each station more) of the least squares line through (stations, µs)."""
    n = len(points)
    sx, sy = sum(x for x, _ in points), sum(y for _, y in points)
    sxx, sxy = sum(x * x for x, _ in points), sum(x * y for x, y in points)
    slope = (n * sxy - sx * sy) // (n * sxx - sx * sx)
    return (sy - slope * sx) // n // SECOND_US, slope
