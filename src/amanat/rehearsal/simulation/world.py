"""A simulated polling day: stations, wires, headquarters, people, and everything that goes wrong between them.

`run` is chaos with the auditor after every event, `heal` ends all faults, and `run_until_quiet` waits until everything
that stands on a medium is at headquarters; a world that is not quiet by then fails in its own words.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from amanat.records import cbor
from amanat.records.journal import SignedEntry
from amanat.rehearsal.simulation import swarm as swarms
from amanat.rehearsal.simulation import tokens
from amanat.rehearsal.simulation.chaos import Chaos
from amanat.rehearsal.simulation.closing import STOPPED, close_station, open_station
from amanat.rehearsal.simulation.draw import Draw
from amanat.rehearsal.simulation.election import OPENS_MS, the_election
from amanat.rehearsal.simulation.events import Event, Log
from amanat.rehearsal.simulation.headquarters import Headquarters
from amanat.rehearsal.simulation.hq_store import MemoryStore
from amanat.rehearsal.simulation.judge import Verdict, ballots_by_place, judge
from amanat.rehearsal.simulation.ledger import Ledger
from amanat.rehearsal.simulation.loop import VirtualLoop
from amanat.rehearsal.simulation.network import Network
from amanat.rehearsal.simulation.own_faults import OwnFaults
from amanat.rehearsal.simulation.people import Coming, crowd
from amanat.rehearsal.simulation.spares import Spares
from amanat.rehearsal.simulation.stations import Stations
from amanat.rehearsal.simulation.sticks import Sticks
from amanat.rehearsal.simulation.swarm import Swarm
from amanat.rehearsal.simulation.visit import Place, Visit
from amanat.station.usb import to_carry
from amanat.sync.messages import triple
from amanat.sync.station_side import head_of

HOURS: Final = 10
QUIET_HOURS_MAX: Final = 24
HOUR_MS: Final = 3_600_000
MORNING_MS: Final = 600_000  # terminals are switched on and opened before the doors
CLOSING_MS: Final = (34_500_000, 36_000_000)  # after the opening, while faults strike
LOOK_MS: Final = 60_000
SAID_MAX: Final = 3  # sentences of one kind


class World:
    """One seed's day.  ``listeners`` of its log hear every event; `violations` are sentences."""

    def __init__(
        self,
        seed: int,
        *,
        stations: int | None = None,
        voters: int | None = None,
        swarm: Swarm | None = None,
        keeps_events: bool = False,
    ) -> None:
        self.seed = seed
        self.asked: dict[str, int | str | None] = {"stations": stations, "voters": voters}
        self.draw = Draw(seed)
        self.swarm = swarm or swarms.drawn(seed, stations=stations, voters=voters)
        self.election = the_election()
        if tokens.are_installed():
            tokens.begin()
        self.loop = VirtualLoop(OPENS_MS - MORNING_MS)
        self.log = Log(lambda: self.loop.now_ms - OPENS_MS, keeps=keeps_events)
        self.note = self.log.note
        self.violations: list[str] = []
        self.store = MemoryStore()
        side = self.election.side(self.store)
        self.headquarters = Headquarters(
            self.store, side, self.draw.fork("hq"), note=self.note, now_ms=lambda: self.loop.now_ms
        )
        self.network = Network(tell=self._tell_wire)
        self.stations = Stations(
            self.draw, self.swarm, self.election, self.network, self.headquarters, self.loop, self.note
        )
        self.ledger = Ledger(self.note)
        self.sticks = Sticks(self.draw.fork("sticks"), self.swarm, note=self.note, take=self.headquarters.take)
        self.chaos = Chaos(self)
        self.places = {n: self._place(n) for n in self.swarm.stations}
        self.spares = Spares(self.draw.fork("spares"), self.stations, self.places, note=self.note)
        self.verdict: Verdict | None = None
        self.quiet_after_ms: int | None = None
        self.acknowledged: dict[int, int] = {}  # the last entry of each device that an answer covered
        self.beyond: dict[str, int] = {}
        self.lost: list[str] = []  # within the model
        self.listeners.append(self._hear)
        self._own_faults = OwnFaults(self.violations.append)
        self._by_hand: set[int] = set()
        self._closing: list[asyncio.Task[None]] = []
        self._visits = 0
        self._healed_ms = 0

    @property
    def listeners(self) -> list[Callable[[Event], None]]:
        """Who hears every event, in order."""
        return self.log.listeners

    @property
    def machines(self) -> Mapping[int, Any]:
        """The terminals' programs by device."""
        return {device: box.machine for device, box in self.stations.boxes.items()}

    def _hear(self, event: Event) -> None:
        if event.kind == "acknowledged":
            device, seq = int(event.facts["device"]), int(event.facts["seq"])
            self.acknowledged[device] = max(self.acknowledged.get(device, -1), seq)

    def _place(self, station: int) -> Place:
        devices = [*self.election.devices_of(station), self.election.spare_of(station)]
        return Place(f"S{station}", devices, devices[0], self.stations.machine)

    def _tell_wire(self, which: str, way: str) -> None:
        component = "wire" if way.endswith("headquarters") else "cable"
        if which == "duplicate-refused":  # what became of one, no fault of its own
            self.note(which, way)
        else:
            self.note("fault", way, which=which, component=component)

    # The day

    def run(self, hours: int = HOURS) -> None:
        """Open everything, then let people and faults come."""
        self.loop.run_until_complete(self._open())
        self.loop.run_until_ms(OPENS_MS)
        self.loop.call_soon(self._begin)
        self.loop.run_until_ms(OPENS_MS + hours * HOUR_MS, unless=lambda: bool(self.violations))

    async def _open(self) -> None:
        for device in self.stations.boxes:
            self.stations.switch_on(device)
        await asyncio.sleep(1)
        for station in self.swarm.stations:
            await open_station(self.stations, station, note=self.note)

    def _begin(self) -> None:
        self.headquarters.faults = self.swarm.headquarters()
        self.stations.begin_faults()
        self.chaos.start()
        closing = self.draw.fork("closing")
        for station in self.swarm.stations:
            if closing.below(2):  # the others close when all faults are over
                self.loop.call_later(closing.between(*CLOSING_MS) / 1000, self._close_station, station)
        for coming in crowd(self.draw.fork("people"), self.swarm, self.election):
            self._visits += 1
            self.loop.call_later(coming.at_ms / 1000, self._arrive, coming)

    def _arrive(self, coming: Coming) -> None:
        if coming.habit:
            self.note("fault", f"S{coming.station}", which=coming.habit, component="people")
        draw = self.draw.fork(f"visit {coming.wish.person} {coming.at_ms} {coming.habit}")
        visit = Visit(coming.wish, self.places[coming.station], draw, self.ledger, lambda: self.loop.now_ms)
        self.loop.create_task(visit.run()).add_done_callback(self._left)

    def _left(self, visit: asyncio.Task[None]) -> None:
        self._visits -= 1
        if not visit.cancelled() and (fault := visit.exception()) is not None:
            self.violations.append(f"a visit ended in {fault!r}")

    def heal(self) -> None:
        """All faults end, now."""

        def act() -> None:
            self.chaos.stop()
            self.headquarters.heal()
            self.stations.heal()
            self.sticks.heal()
            for clone in self.stations.clones():  # found, and what it wrote is carried to headquarters
                self.sticks.write(clone.name, clone.journal.entries)
                clone.stop()
            self.note("healed", "world")

        self._healed_ms = self.loop.now_ms
        self.loop.call_soon(act)
        self.loop.run_until_ms(self.loop.now_ms)

    def run_until_quiet(self, at_most_hours: int = QUIET_HOURS_MAX) -> None:
        """Everybody goes home, every station closes, and everything arrives; else a violation says what did not."""
        if self.violations:
            return  # the day broke off: what would have arrived nobody can say
        limit = self.loop.now_ms + at_most_hours * HOUR_MS
        self.loop.run_until_ms(
            limit, unless=lambda: not (self._visits or self.spares.are_busy()) or bool(self.violations)
        )
        for station in self.swarm.stations:
            self._close_station(station)
        while self.loop.now_ms < limit and not self.violations:
            self.loop.run_until_ms(self.loop.now_ms + LOOK_MS)
            self.loop.call_soon(self._carry_by_hand)
            if not self.waiting():
                self.quiet_after_ms = self.loop.now_ms - self._healed_ms
                self.note("quiet", "world")
                break
        if self.quiet_after_ms is None:
            hours = (self.loop.now_ms - self._healed_ms) // HOUR_MS
            self.violations += [f"not quiet {hours} hours after all faults ended: {one}" for one in self.waiting()[:3]]
        if self.quiet_after_ms is not None or self.loop.now_ms >= limit:
            self._judge()

    def _close_station(self, station: int) -> None:
        closing = close_station(self.stations, station, note=self.note, write_stick=self.write_stick)
        self._closing.append(self.loop.create_task(closing))

    def _carry_by_hand(self) -> None:
        """A terminal that says that another story of it is about: its gateway takes nothing of it, a stick does."""
        for device, box in self.stations.boxes.items():
            terminal = box.machine.running
            stopped = terminal.journal.stopped if terminal is not None else None
            if stopped is not None and stopped.code in STOPPED and device not in self._by_hand:
                self._by_hand.add(device)
                self.write_stick(device)

    def waiting(self) -> list[str]:
        """What is still to come, in words."""
        found = [why for device in self.stations.boxes if (why := self.stations.waits_at(device))]
        if self._visits:
            found.append(f"{self._visits} people are still here")
        if not all(task.done() for task in self._closing):
            found.append("a station is not closed")
        if self.spares.are_busy():
            found.append("a spare is on its way")
        if self.sticks.under_way:
            found.append(f"{self.sticks.under_way} sticks are on the road")
        return found

    def _judge(self) -> None:
        """What is lost or counted twice; what has not arrived in time is lost, and said so already."""
        self.verdict = verdict = judge(self.store, self.election.eh, self.ledger, self.ledger.holders())
        gone = {ballot.hex(): why for why, ballots in self.stations.given_up.values() for ballot in ballots}
        for person, ballot in verdict.lost:
            if ballot in gone:
                self.beyond[gone[ballot]] = self.beyond.get(gone[ballot], 0) + 1
            else:
                device = self.ledger.where[ballot]
                self.lost.append(f"lost: {person} was told at D{device} that {ballot} is cast")
        for sentences in (
            self.lost,
            [f"counted twice: {person}" for person in verdict.twice],
            [f"counted, and nobody cast it: {ballot}" for ballot in verdict.ghosts],
            [f"nobody caught: {fault!r}" for fault in [*self.loop.faults, *self.spares.faults()]],
        ):
            more = len(sentences) - SAID_MAX
            self.violations += sentences[:SAID_MAX] + ([f"{more} more of these"] if more > 0 else [])

    def acknowledged_ballots(self) -> int:
        """Of the ballots that people were told of, those that an answer of headquarters covered."""
        return len(self.ledger.where.keys() & self._acknowledged())

    def _acknowledged(self) -> set[str]:
        return {
            ballot
            for (device, seq), ballot in ballots_by_place(self.store, self.election.eh)
            if seq <= self.acknowledged.get(device, -1)
        }

    def close(self) -> None:
        """Let everything go."""
        self._own_faults.close()
        self.chaos.stop()
        self.stations.close()
        self.loop.close()

    def again(self) -> str:
        """The command that repeats this seed."""
        words = [f"--{name} {value}" for name, value in self.asked.items() if value is not None]
        if not tokens.are_installed():
            words.append("--crypto")
        return " ".join(["amanat simulate", *words, f"--seed {self.seed}"])

    # What chaos does through the world

    def write_stick(self, device: int) -> None:
        """A supervisor writes a stick at this terminal."""
        terminal = self.stations.machine(device).terminal
        journals = [terminal.journal.entries, *(copies.entries for copies in terminal.lan.copies.values())]
        station = self.stations.boxes[device].station
        lost = bool(self.stations.boxes[self.election.devices_of(station)[0]].lost)
        self.sticks.write(f"S{station}", list(to_carry(journals, lost=lost)))

    def poison(self, draw: Draw) -> None:
        """What no program of ours wrote comes to headquarters among what is good, on a stick."""
        device = draw.choice(self.stations.devices)
        machine = self.stations.machine(device)
        good = [triple(entry) for entry in machine.journal.entries[:: draw.between(1, 5)]] if machine.is_on else []
        poison: Sequence[cbor.Value] = [
            [b"no entry", bytes(64), None],
            [draw.below(9), "what"],
            draw.bytes(8),
            [cbor.encode([1, device, draw.below(1 << 40), draw.bytes(32)]), bytes(64), None],
        ]
        at, good = draw.below(len(good) + 1), good[:200]
        try:
            self.headquarters.take([*good[:at], draw.choice(poison), *good[at:]])
        except ConnectionError:
            return  # headquarters was down, or died of it and starts again
        for value in good:
            head = head_of(self.election.eh, SignedEntry.from_value(value))
            if head.hash not in self.store.held([(head.device, head.seq)]).get((head.device, head.seq), ()):
                self.violations.append(f"poison stopped entry {head.seq} of D{head.device}")
