"""The machines of a simulated day: their disks, wires and cables, and what is done to them from outside."""

import asyncio
import contextlib
import contextvars
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from amanat.errors import AmanatError
from amanat.records.ballot import ballot_id
from amanat.records.cbor import as_bytes
from amanat.records.journal import Entry, entry_hash
from amanat.rehearsal.simulation.disk import Disk
from amanat.rehearsal.simulation.draw import Draw
from amanat.rehearsal.simulation.election import COUNTIES, Election
from amanat.rehearsal.simulation.events import Note
from amanat.rehearsal.simulation.headquarters import Busy, Headquarters
from amanat.rehearsal.simulation.loop import VirtualLoop
from amanat.rehearsal.simulation.machine import Machine
from amanat.rehearsal.simulation.network import CALM, Network, Way
from amanat.rehearsal.simulation.swarm import Swarm
from amanat.rehearsal.simulation.visit import PowerGone
from amanat.station.day import GIVE, TELL
from amanat.station.ports import Declined
from amanat.sync.messages import Head
from amanat.sync.station_side import head_of

MEDIA: Final = ("A", "B")
NEWER: Final = ("/lan/head", "/lan/presence", GIVE, TELL, "/lan/carried-refused")
"""What an older program does not know of a colleague's questions."""
SHEET_MS: Final = (600_000, 7_200_000)  # between two acts at a clone
AGAIN_MS: Final = 300_000  # a terminal that does not start is started again
Answer = tuple[Mapping[str, str], bytes]


@dataclass(eq=False)
class Box:
    """One terminal in its box: disks, folder and wires stay, whatever becomes of the program."""

    device: int
    station: int
    disks: tuple[Disk, Disk]
    failing: Disk  # the one that may do its worst
    machine: Machine
    clone: Machine | None = None
    image: tuple[bytes, bytes] | None = None  # of an earlier hour
    is_wanted_on: bool = False
    is_starting: bool = False
    lost: str = ""  # why it does not start
    last: Head | None = None  # of its journal, where it died and a spare carries that on


def _nothing() -> None:
    """Nobody waits for it."""


class Stations:
    """All boxes of the seed's stations."""

    def __init__(
        self,
        draw: Draw,
        swarm: Swarm,
        election: Election,
        network: Network,
        headquarters: Headquarters,
        loop: VirtualLoop,
        note: Note,
    ) -> None:
        self._draw = draw
        self._swarm = swarm
        self._network = network
        self._headquarters = headquarters
        self._loop = loop
        self._note = note
        self._tasks: set[asyncio.Task[None]] = set()
        self.election = election
        self.wires: dict[int, Way[bytes]] = {}
        self.cables: dict[tuple[int, int], Way[Any]] = {}
        self.boxes: dict[int, Box] = {}
        self._is_healed = False
        self.given_up: dict[int, tuple[str, frozenset[bytes]]] = {}  # why, and the ballots that went with it
        for station in swarm.stations:
            for device in election.devices_of(station):
                self.boxes[device] = self._box(device, station)
        self.devices = tuple(self.boxes)

    def _box(self, device: int, station: int) -> Box:
        draw, name = self._draw.fork(f"device {device}"), f"D{device}"
        disks = [Disk(f"{name}/{letter}", draw.fork(letter), tell=self._tell_disk) for letter in MEDIA]
        failing = disks[draw.below(len(MEDIA))]
        county = sorted(set(COUNTIES)).index(COUNTIES[station])
        self.wires[device] = Way(f"{name}-headquarters", county, draw.fork("wire"))
        for other in [*self.election.devices_of(station), self.election.spare_of(station)]:
            if other != device:
                self.cables[device, other] = Way(f"{name}-D{other}", county, draw.fork(f"cable {other}"))
        machine = self._machine(device, (disks[0], disks[1]), draw)
        return Box(device, station, (disks[0], disks[1]), failing, machine)

    def _machine(self, device: int, disks: tuple[Disk, Disk], draw: Draw) -> Machine:
        return Machine(
            self.election.identity(device),
            disks=disks,
            draw=draw.fork("machine"),
            note=self._note,
            now_ms=lambda: self._loop.now_ms,
            wire=self._wire(device),
            cable=self._cable(device),
            get=self._get(device),
        )

    def _tell_disk(self, which: str, disk: str) -> None:
        self._note("fault", disk, which=which, component="medium")

    def _wire(self, device: int) -> Callable[[bytes], Any]:
        async def post(data: bytes) -> bytes:
            try:
                return await self._network.carry(self.wires[device], lambda: self._headquarters.push(data))
            except Busy as busy:
                raise Declined(busy.seconds) from None

        return post

    def _cable(self, device: int) -> Callable[..., Any]:
        async def call(to: int, path: str, body: bytes, headers: dict[str, str]) -> Answer:
            if to not in self.boxes:
                raise ConnectionRefusedError("in its box")

            async def deliver() -> Answer:
                return await self.boxes[to].machine.lan(path, body, headers)

            return await self._network.carry(self.cables[device, to], deliver)

        return call

    def _get(self, device: int) -> Callable[..., Any]:
        async def get(to: int, path: str) -> bytes:
            if to not in self.boxes:
                raise ConnectionRefusedError("in its box")
            return await self._network.carry(self.cables[device, to], lambda: self.boxes[to].machine.look(path))

        return get

    def unpack(self, spare: int, station: int) -> Box:
        """A station's spare is taken out of its box; it stays off until it has taken over."""
        self.boxes[spare] = box = self._box(spare, station)
        box.lost = "unpacked"
        return box

    # What is done to a machine

    def machine(self, device: int) -> Machine:
        """Whoever stands for this device."""
        return self.boxes[device].machine

    def is_on(self, device: int) -> bool:
        """Whether its program runs."""
        return self.boxes[device].machine.is_on

    def switch_on(self, device: int) -> None:
        """Power and program; it is tried again and again while the box is wanted on."""
        box = self.boxes[device]
        box.is_wanted_on = True
        if not box.lost and not box.machine.is_on and not box.is_starting:
            box.is_starting = True
            task = asyncio.get_running_loop().create_task(self._start(box))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _start(self, box: Box) -> None:
        try:
            while box.is_wanted_on and not box.lost:
                try:
                    return await box.machine.start()
                except (AmanatError, PowerGone):  # it said why; or it was killed while it recovered
                    await asyncio.sleep(AGAIN_MS / 1000)
        finally:
            box.is_starting = False

    def kill(self, device: int, *, steps: int = 0, then: Callable[[], None] = _nothing) -> None:
        """Kill -9, so many steps of its own from now; the disks' caches stay."""
        self._end(device, "kill", steps, then)

    def switch_off(self, device: int, *, steps: int = 0, then: Callable[[], None] = _nothing) -> None:
        """The mains fail, so many steps from now: what the disks had not made durable is kept, dropped or torn."""
        self._end(device, "power", steps, then)

    def _end(self, device: int, how: str, steps: int, then: Callable[[], None]) -> None:
        box = self.boxes[device]

        def ended() -> None:
            box.is_wanted_on = False
            if how == "power":
                self._darken(box)
            self._note("crash", f"D{device}", device=device, how=how)
            if self._is_healed:
                self.switch_on(device)
            else:
                then()

        if steps and box.machine.is_on:
            box.machine.kill_after(steps, lambda: contextvars.Context().run(ended))  # not in that of the dead
        else:
            box.machine.stop()
            ended()

    def _darken(self, box: Box) -> None:
        for disk in box.disks:
            if fates := disk.power_cut():
                self._note("fault", disk.name, which="unsynced", component="medium", fates=fates)
        if fates := box.machine.lose_notes():
            self._note("fault", f"D{box.device}", which="notes-torn", component="copies", fates=fates)

    def pause(self, device: int) -> None:
        """The program stands still and believes that no time passed."""
        self.boxes[device].machine.pause(True)

    def go_on(self, device: int) -> None:
        """It runs again."""
        self.boxes[device].machine.pause(False)

    def take_image(self, device: int) -> None:
        """Somebody copies both media of a device, as they are now."""
        box = self.boxes[device]
        if box.machine.is_on:
            box.image = box.disks[0].image(), box.disks[1].image()

    def put_back_image(self, device: int) -> bool:
        """Start it again from an earlier image, where every copy of headquarters' data has the rest."""
        box = self.boxes[device]
        if box.image is None or not box.machine.is_on or self.waits_at(device):
            return False
        self._headquarters.back_up_afresh()
        self.switch_off(device)
        for disk, image in zip(box.disks, box.image, strict=True):
            disk.become(image)
        box.image = None
        self.switch_on(device)
        return True

    def clone(self, device: int) -> bool:
        """Another machine with the same key goes on from a copy of both media, and writes a sheet now and then."""
        box = self.boxes[device]
        if box.clone is not None or not box.machine.is_on:
            return False
        draw = self._draw.fork(f"clone {device}")
        disks = tuple(Disk(f"D{device}*/{letter}", draw.fork(letter)) for letter in MEDIA)
        for disk, original in zip(disks, box.disks, strict=True):
            disk.become(original.image())
        box.clone = self._machine(device, (disks[0], disks[1]), draw)
        task = asyncio.get_running_loop().create_task(self._live(box.clone, draw))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._note("clone", f"D{device}", device=device)
        return True

    async def _live(self, clone: Machine, draw: Draw) -> None:
        with contextlib.suppress(AmanatError, PowerGone):
            await clone.start()
            while True:
                await asyncio.sleep(draw.between(*SHEET_MS) / 1000)
                await clone.post("/api/hourly")

    def clones(self) -> list[Machine]:
        """All that run."""
        return [box.clone for box in self.boxes.values() if box.clone is not None and box.clone.is_on]

    def give_up(self, device: int, why: str) -> bool:
        """It is gone, media and all; the ballots that headquarters does not hold stand in `given_up`."""
        box = self.boxes[device]
        if box.lost or not box.machine.is_on:
            return False
        self._headquarters.back_up_afresh()  # or what headquarters holds now might be lost with it
        self.given_up[device] = why, frozenset(self._unheld(device))
        box.lost = why
        self.switch_off(device)
        for disk in box.disks:
            disk.removed = True
        self._note("theft", f"D{device}", device=device, why=why, ballots=len(self.given_up[device][1]))
        return True

    def _unheld(self, device: int) -> Iterator[bytes]:
        """The ballots in this terminal's journal that headquarters does not hold."""
        eh, store = self.election.eh, self._headquarters.store
        for signed in self.boxes[device].machine.journal.entries:
            entry = Entry.decode(signed.entry)
            place = device, entry.seq
            if entry.kind == "ballot-cast" and entry_hash(eh, signed.entry) not in store.held([place]).get(place, ()):
                yield ballot_id(eh, as_bytes(entry.body[0], "ballot"))

    def begin_faults(self) -> None:
        """From now on media and ways do what the swarm says."""
        for device, box in self.boxes.items():
            box.failing.faults = self._swarm.disk()
            draw = self._draw.fork(f"program {device}")
            if draw.chance(self._swarm.rate("older-program")):
                box.machine.unknown = frozenset(draw.shuffled(NEWER)[: draw.between(1, len(NEWER))])
                self._note("fault", f"D{device}", which="older-program", component="machine")
        for way in (*self.wires.values(), *self.cables.values()):
            way.weather = self._swarm.weather()

    def close(self) -> None:
        """Let every machine go."""
        for box in self.boxes.values():
            box.is_wanted_on = False
            box.machine.close()
            if box.clone is not None:
                box.clone.close()

    def gateway_wires(self) -> list[Way[bytes]]:
        """The wires that are used while everything is well."""
        return [self.wires[self.election.devices_of(station)[0]] for station in self._swarm.stations]

    def heal(self) -> None:
        """No more faults: whatever is off and not gone starts; a medium that died stays dead."""
        self._is_healed = True
        for way in (*self.wires.values(), *self.cables.values()):
            way.weather = CALM
            way.restore()
        for device, box in self.boxes.items():
            for disk in box.disks:
                disk.heal()
            box.machine.tray.jams = box.machine.tray.mute = False
            self.go_on(device)
            self.switch_on(device)

    # What is still to come

    def waits_at(self, device: int) -> str:
        """Why not everything that stands in this terminal is at headquarters, or nothing."""
        box, branches = self.boxes[device], self._headquarters.store.branches
        if device in self.given_up:
            return ""
        if box.last is not None:
            is_there = self._headquarters.store.holds(box.last)
            return "" if is_there else f"D{device} died with {box.last.seq + 1} entries, headquarters lacks some"
        if not box.machine.is_on:
            return f"D{device} is off"
        entries = box.machine.journal.entries
        heads = [head_of(self.election.eh, entries[-1])] if entries else []
        for head in [*heads, *(copies.head for copies in box.machine.terminal.lan.copies.values())]:
            if head is not None and not self._headquarters.store.holds(head):
                chain = branches.get(head.device)
                tips = sorted(chain.tips.values()) if chain is not None else []
                return f"D{device} holds D{head.device} up to {head.seq}, headquarters {tips}"
        return ""
