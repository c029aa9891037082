"""The auditor: after every event it reads what journals took up since, and asks every checker.

It knows what each voter was told and what each device ever wrote, from outside the programs: from the log, the media
and headquarters' store.  Reading is incremental, so that an event costs microseconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from amanat.records import cbor
from amanat.records.cbor import Malformed, as_bytes
from amanat.records.journal import Entry, SignedEntry, entry_hash
from amanat.records.permit import Permit, PrivatePart
from amanat.rehearsal.simulation.checkers.acknowledged import Acknowledged
from amanat.rehearsal.simulation.checkers.autonomy import Autonomy
from amanat.rehearsal.simulation.checkers.bounds import Bounds
from amanat.rehearsal.simulation.checkers.branches import Branches
from amanat.rehearsal.simulation.checkers.durable import OLDER, Durable
from amanat.rehearsal.simulation.checkers.eligibility import Eligibility
from amanat.rehearsal.simulation.checkers.equations import Equations
from amanat.rehearsal.simulation.checkers.exactly_once import ExactlyOnce
from amanat.rehearsal.simulation.checkers.exposure import Exposed
from amanat.rehearsal.simulation.checkers.liveness import Liveness
from amanat.rehearsal.simulation.checkers.media import Media
from amanat.rehearsal.simulation.checkers.news import News
from amanat.rehearsal.simulation.checkers.sight import Checker, Wrote, device_of
from amanat.rehearsal.simulation.election import OPENS_MS, is_eligible
from amanat.rehearsal.simulation.events import Event
from amanat.rules.exposure import Desk, Exposure, Limits, exposure
from amanat.sync.messages import news_digest

if TYPE_CHECKING:
    from amanat.rehearsal.simulation.world import World

CHECK_IN_MS: Final = 12_000  # the world's clerks are no quicker
LATE_MS: Final = 700_000  # on the road, and repeated on the road
SURELY_MS: Final = 1_200_000  # what a desk was told so long ago it knew when it decided, paused and slow as it may be


class WorldSight:
    """See `checkers.sight.Sight`."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._eligible = {person for number, person in enumerate(world.election.people) if is_eligible(number)}
        self._told: dict[int, list[tuple[int, int, bytes, int]]] = {}  # device -> (at, start, epoch, cursor)
        self._letters: set[bytes] = set()
        self._digests: set[bytes] = set()  # of headquarters' news, perhaps not of the last few
        self._whole: dict[int, int] = {}  # device -> entries before this one are all held
        self._visits: dict[bytes, tuple[str, int] | None] = {}
        self.written: dict[tuple[int, int], set[bytes]] = {}
        self.places: dict[bytes, tuple[int, int]] = {}  # of written payloads
        self.hashes: dict[int, list[bytes]] = {}
        self.rolled_back: set[int] = set()
        self.older_store = False  # headquarters went back, and nobody said so

    def is_durable(self, device: int, payload: bytes) -> bool:
        """See `Sight`."""
        box = self._world.stations.boxes[device]
        honest = box.disks[1] if box.failing is box.disks[0] else box.disks[0]
        return honest.is_durable(payload)

    def journal(self, device: int) -> list[bytes]:
        """See `Sight`."""
        return self.hashes.get(device, [])

    def is_running(self, device: int) -> bool:
        """See `Sight`."""
        return self._world.machines[device].running is not None

    def was_written(self, device: int, seq: int, hash: bytes) -> bool:
        """See `Sight`."""
        return hash in self.written.get((device, seq), ())

    def was_rolled_back(self, device: int) -> bool:
        """See `Sight`."""
        return device in self.rolled_back

    def holds(self, device: int, seq: int, hash: bytes) -> bool:
        """See `Sight`."""
        entries = self._world.store.entries
        if not any(one.hash == hash for one in entries.get((device, seq), ())):
            return False
        whole = self._whole.get(device, 0)
        while whole < seq and (device, whole) in entries:
            whole += 1
        self._whole[device] = whole
        return whole >= seq

    def forget_store(self) -> None:
        """Headquarters went back: what it held is asked again."""
        self._whole.clear()
        self._digests.clear()

    def health(self, device: int, letter: str) -> str:
        """See `Sight`."""
        terminal = self._world.machines[device].running
        return "dead" if terminal is None else str(terminal.journal.health()[letter.lower()])

    def is_contradicted(self, device: int) -> bool:
        """See `Sight`."""
        terminal, hashes = self._world.machines[device].running, self.hashes.get(device, [])
        if terminal is None or terminal.link is None:
            return False
        stated = terminal.link._side._stated.get(device, ())
        return any(head.seq >= len(hashes) or hashes[head.seq] != head.hash for head in stated)

    def branches(self, device: int) -> int:
        """See `Sight`."""
        branch = self._world.store.branches.get(device)
        return 0 if branch is None else len(branch.tips)

    def sample(self, at_ms: int, device: int) -> None:
        """Remember how far this desk says that it has read headquarters' news."""
        machine = self._world.machines[device]
        side = machine.terminal.link._side
        told = self._told.setdefault(device, [])
        told.append((at_ms, machine.starts, side.epoch or b"", side.cursor))
        while len(told) > 1 and told[1][0] <= at_ms - SURELY_MS:
            del told[0]

    def news_read(self, device: int, person: str) -> bool:
        """See `Sight`."""
        told, store, machine = self._told.get(device), self._world.store, self._world.machines[device]
        if not told or self.older_store:
            return False
        at_ms, starts, epoch, cursor = told[0]
        now_ms = self._world.loop.now_ms - OPENS_MS
        if at_ms > now_ms - SURELY_MS or starts != machine.starts or epoch != store.epoch():
            return False
        digest = news_digest(self._world.election.eh, person)
        return any(item.digest == digest for item in store.items[:cursor])

    def has_news(self, device: int, seq: int, person: str) -> bool:
        """See `Sight`."""
        store = self._world.store
        if all(one.signed.private is None for one in store.entries.get((device, seq), ())):
            return True
        self._digests.update(item.digest for item in store.items[len(self._digests) :])
        digest = news_digest(self._world.election.eh, person)
        return digest in self._digests or any(item.digest == digest for item in store.items)

    def buried(self) -> Iterable[tuple[int, int]]:
        """See `Sight`."""
        letters = self._world.store.letters
        if len(letters) == len(self._letters):
            return
        for raw in list(letters):
            if raw not in self._letters:
                self._letters.add(raw)
                yield from self._place_of(raw)

    def _place_of(self, raw: bytes) -> Iterable[tuple[int, int]]:
        try:
            place = self.places.get(SignedEntry.from_value(cbor.decode(raw)).entry)
        except Malformed:
            return
        if place is not None:
            yield place

    def is_eligible(self, person: str) -> bool:
        """See `Sight`."""
        return person in self._eligible

    def is_gone(self, device: int) -> bool:
        """See `Sight`."""
        return device in self._world.stations.given_up

    # Exposure

    def exposure(self) -> Exposure:
        """What headquarters can say at this moment of persons served twice."""
        world = self._world
        visits: list[tuple[str, int]] = []
        seqs: dict[int, list[int]] = {}
        for (device, seq), there in world.store.entries.items():
            for one in there:
                visit = self._visit(one.hash, one.entry, one.signed) if one.entry.kind == "permit" else None
                if visit is not None:
                    visits.append(visit)
                    seqs.setdefault(device, []).append(seq)
        firsts = [world.election.devices_of(station)[0] for station in world.swarm.stations]
        spares = [world.election.spare_of(station) for station in world.swarm.stations]
        desks = [self._desk(device, seqs) for device in [*firsts, *spares] if device in world.stations.boxes]
        limits = Limits(OPENS_MS, CHECK_IN_MS, LATE_MS, len(world.election.people))
        return exposure(desks, visits, limits, world.loop.now_ms)

    def _desk(self, device: int, seqs: dict[int, list[int]]) -> Desk:
        store, station = self._world.store, self._world.stations.boxes[device].station
        mine, heard, chain_ = seqs.get(device, []), store.links.get(device), store.branches.get(device)
        if heard is None or heard.gateway != device:
            return Desk(device, station, permits=len(mine))
        tip = max(chain_.tips.values(), default=-1) if chain_ is not None else -1
        later = sum(seq > heard.seq for seq in mine)
        missing = max(0, heard.seq - tip)
        return Desk(device, station, len(mine), 0, missing, heard.at_ms, later=later)

    def _visit(self, hash: bytes, entry: Entry, signed: SignedEntry) -> tuple[str, int] | None:
        if hash not in self._visits:
            replaces = Permit.decode(as_bytes(entry.body[0], "permit")).replaces
            is_first = replaces is None and signed.private is not None
            person = str(PrivatePart.decode(signed.private).national_id) if is_first and signed.private else ""
            self._visits[hash] = (person, entry.device) if is_first else None
        return self._visits[hash]


@dataclass(eq=False)
class Auditor:
    """Hears the log of one world; what it finds goes to the world's `violations`."""

    world: "World"
    sight: WorldSight
    checkers: list[Checker]
    _read: dict[int, tuple[object, int]] = field(default_factory=dict)
    _cloned: dict[object, int] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        """After every event."""
        if event.kind == "fault":
            if event.facts["which"] in OLDER:
                self.sight.rolled_back.add(device_of(event))
            self.sight.older_store |= event.facts["which"] == "hq-fail-over"
        elif event.kind == "hq-restore":
            self.sight.forget_store()
        elif event.kind == "acknowledged" and event.facts["gateway"] == event.facts["device"]:
            self._sample(event)
        wrote = self._news()
        for checker in self.checkers:
            name = type(checker).__name__
            for said in self._asked(checker, wrote, event):
                self.world.violations.append(f"{name}: {said}")

    @staticmethod
    def _asked(checker: Checker, wrote: list[Wrote], event: Event) -> Iterable[str]:
        """What was written before the event is told before it."""
        for one in wrote:
            yield from checker.wrote(one)
        yield from checker.hear(event)

    def _sample(self, event: Event) -> None:
        device = int(event.facts["device"])
        if self._entries(device) is not None:
            self.sight.sample(event.at_ms, device)

    def _entries(self, device: int) -> tuple[object, list[SignedEntry]] | None:
        machine = self.world.stations.boxes[device].machine
        terminal = machine.running
        return None if terminal is None else (terminal.journal, terminal.journal.entries)

    def _news(self) -> list[Wrote]:
        found: list[Wrote] = []
        for device in self.world.stations.boxes:
            running = self._entries(device)
            if running is None:
                continue
            journal, entries = running
            before, count = self._read.get(device, (None, 0))
            if before is not journal:
                count, self.sight.hashes[device] = 0, []
            if count < len(entries):
                found += self._taken(device, entries, count)
            self._read[device] = journal, len(entries)
        self._read_clones()
        return found

    def _read_clones(self) -> None:
        """What a clone writes is true, and headquarters may acknowledge it; no voter is told anything by one."""
        for clone in self.world.stations.clones():
            if clone.running is None:
                continue
            entries, count = clone.running.journal.entries, self._cloned.get(clone, 0)
            for seq in range(count, len(entries)):
                hash = entry_hash(self.world.election.eh, entries[seq].entry)
                self.sight.written.setdefault((clone.device, seq), set()).add(hash)
                self.sight.places[entries[seq].entry] = clone.device, seq
            self._cloned[clone] = len(entries)

    def _taken(self, device: int, entries: list[SignedEntry], begin: int) -> Iterable[Wrote]:
        eh, sight = self.world.election.eh, self.sight
        now_ms = self.world.loop.now_ms - OPENS_MS
        for seq in range(begin, len(entries)):
            signed = entries[seq]
            hash = entry_hash(eh, signed.entry)
            sight.hashes[device].append(hash)
            there = sight.written.setdefault((device, seq), set())
            if hash not in there:
                there.add(hash)
                sight.places[signed.entry] = device, seq
                yield Wrote(now_ms, device, Entry.decode(signed.entry), hash, signed.encode(), signed.private)


def attach(world: "World") -> Auditor:
    """An auditor of this world, from now on."""
    sight = WorldSight(world)
    checkers: list[Checker] = [
        ExactlyOnce(sight, world.election.eh),
        Autonomy(sight),
        Eligibility(sight),
        Equations(sight),
        Bounds(sight),
        Durable(sight),
        Media(sight),
        Acknowledged(sight),
        Branches(sight),
        News(sight),
        Exposed(sight, sight.exposure),
        Liveness(sight),
    ]
    auditor = Auditor(world, sight, checkers)
    world.listeners.append(auditor)
    return auditor
