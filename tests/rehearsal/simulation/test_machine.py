"""The shipped terminal in a simulated machine: it serves, dies at any step, starts again, and has forgotten nothing."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from amanat.errors import Rejected
from amanat.records.journal import Entry
from amanat.records.permit import slip
from amanat.rehearsal.simulation.disk import HONEST, Disk, DiskFaults
from amanat.rehearsal.simulation.draw import Draw
from amanat.rehearsal.simulation.election import OPENS_MS, the_election
from amanat.rehearsal.simulation.events import Log
from amanat.rehearsal.simulation.hq_store import MemoryStore
from amanat.rehearsal.simulation.loop import VirtualLoop
from amanat.rehearsal.simulation.machine import Machine
from amanat.rehearsal.simulation.visit import OFFICERS, PowerGone

PERSON = 2  # of the election's people: eligible
CHOICES = {"majlis": ["1002"], "council": ["1001", "1003"]}


class Room:
    """One machine with headquarters behind it, in a world of its own."""

    def __init__(self, faults: DiskFaults = HONEST) -> None:
        self.loop = VirtualLoop(OPENS_MS)
        self.log = Log(lambda: self.loop.now_ms, keeps=True)
        self.election = the_election()
        self.store = MemoryStore()
        side = self.election.side(self.store)
        draw = Draw(7)
        self.disks = (
            Disk("A", draw.fork("A"), faults=faults),
            Disk("B", draw.fork("B")),
        )

        async def wire(data: bytes) -> bytes:
            await asyncio.sleep(0.1)
            return side.receive(data, self.loop.now_ms)

        self.wire = wire
        self.machine = self._machine(0, self.disks, draw)
        self.person = self.election.people[PERSON]

    def _machine(self, device: int, disks: tuple[Disk, Disk], draw: Draw) -> Machine:
        return Machine(
            self.election.identity(device),
            disks=disks,
            draw=draw.fork("machine"),
            note=self.log.note,
            now_ms=lambda: self.loop.now_ms,
            wire=self.wire,
        )

    def another(self, device: int) -> Machine:
        """Another terminal, whose cables lead nowhere."""
        draw = Draw(device)
        return self._machine(device, (Disk("A", draw.fork("A")), Disk("B", draw.fork("B"))), draw)

    def run(self, act: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Do it in virtual time, then let everything go."""
        try:
            return self.loop.run_until_complete(act())
        finally:
            self.machine.close()
            self.loop.close()
            assert self.loop.faults == []

    async def open(self) -> None:
        await self.machine.start()
        assert (await self.machine.post("/api/open", officers=list(OFFICERS)))["ok"]

    async def visit(self) -> str:
        """From the desk to slip 2: the ballot's id.  PowerGone where the machine dies of it."""
        machine = self.machine
        await machine.post("/api/desk/look", national_id=self.person)
        await machine.post("/api/desk/issue", national_id=self.person, document=0)
        permit = machine.take("permit")
        assert permit is not None
        return await self.vote(permit.qr or "")

    async def vote(self, paper: str) -> str:
        """At the booth."""
        machine = self.machine
        told = await machine.post("/api/booth/permit", slip=paper)
        if told.get("told") != "cast":
            await machine.post("/api/booth/seal", choices=CHOICES)
            await machine.post("/api/booth/cast")
        cast = machine.take("cast")
        assert cast is not None
        return cast.fields["ballot"]

    def kinds(self) -> list[str]:
        """Of the entries on the first disk's journal, as the running terminal folds them."""
        return [Entry.decode(signed.entry).kind for signed in self.machine.journal.entries]


def test_a_voter_is_served_and_headquarters_hears() -> None:
    """Desk, booth, link: the shipped ones; what is written arrives within two minutes of virtual time."""
    room = Room()

    async def act() -> None:
        await room.open()
        await room.visit()
        await asyncio.sleep(120)
        assert room.kinds() == ["opened", "zero-sheet", "permit", "ballot-prepared", "ballot-cast"]
        assert [seq for _, seq in room.store.entries] == list(range(5))

    room.run(act)


def steps_of_a_visit() -> int:
    """How many steps a whole visit takes."""
    room = Room()

    async def act() -> int:
        await room.open()
        boot = room.machine._boot
        assert boot is not None
        boot.doom(1_000_000, lambda: None)
        await room.visit()
        return 1_000_000 - (boot._steps_left or 0)

    return int(room.run(act))


@pytest.mark.parametrize("power", [False, True])
def test_killed_at_every_step_of_a_visit_one_ballot_is_cast(power: bool) -> None:
    """Whatever step it dies at, with or without the power, the voter ends with one ballot, told and durable."""
    total = steps_of_a_visit()
    assert total > 40
    for step in range(0, total, 4 if power else 3):
        room = Room()

        async def act(room: Room = room, step: int = step) -> None:
            await room.open()
            cut = (lambda: [disk.power_cut() for disk in room.disks]) if power else (lambda: None)
            room.machine.kill_after(step, cut)  # type: ignore[arg-type]
            held = None
            try:
                told = await room.visit()
            except PowerGone:
                assert not room.machine.is_on
                held = room.machine.take("permit")
                await room.machine.start()
                if held is None:
                    room.machine.take("cast")
                    again = await room.machine.post("/api/desk/issue", national_id=room.person, document=0)
                    assert again["ok"], again
                    held = room.machine.take("permit")
                if held is None:  # it had left the tray, and the voter has it
                    serial = next(iter(room.machine.journal.state.checked_in.values()))
                    held_text = _slip_of(room, serial)
                else:
                    held_text = held.qr or ""
                told = await room.vote(held_text)
            room.machine.kill_after(1_000_000)
            if not room.machine.is_on:  # it died while the voter went
                await room.machine.start()
            casts = [kind for kind in room.kinds() if kind == "ballot-cast"]
            assert casts == ["ballot-cast"], step
            assert told in {id_.hex() for id_ in room.machine.journal.state.cast.values()}
            await asyncio.sleep(200)
            assert len(room.store.entries) == len(room.machine.journal.entries)

        room.run(act)


def _slip_of(room: Room, serial: bytes) -> str:
    """The paper that the voter took from the tray before the machine died."""
    return slip(room.machine.terminal.desk._issued[serial][1])


def test_what_a_dead_program_would_have_done_is_not_done() -> None:
    """Between sealing and cast it stops: the restart drops the sealed ballot, and nothing more was written."""
    room = Room()

    async def act() -> None:
        await room.open()
        machine = room.machine
        await machine.post("/api/desk/issue", national_id=room.person, document=0)
        permit = machine.take("permit")
        assert permit is not None
        await machine.post("/api/booth/permit", slip=permit.qr)
        await machine.post("/api/booth/seal", choices=CHOICES)
        machine.stop()
        with pytest.raises(PowerGone):
            await machine.post("/api/booth/cast")
        with pytest.raises(ConnectionResetError):
            await machine.look("/api/status")
        await machine.start()
        await room.vote(permit.qr or "")
        assert room.kinds()[-5:] == ["ballot-prepared", "ballot-dropped", "recovered", "ballot-prepared", "ballot-cast"]

    room.run(act)


def test_yesterdays_image_is_stopped_by_headquarters() -> None:
    """Both disks go back to an earlier hour: headquarters shows an entry of our own, and we sign no more."""
    room = Room()

    async def act() -> None:
        await room.open()
        image = room.disks[0].image()
        await room.visit()
        await asyncio.sleep(120)
        room.machine.stop()
        for disk in room.disks:
            disk.become(image)
        await room.machine.start()
        await asyncio.sleep(400)
        assert isinstance(room.machine.journal.stopped, Rejected)
        screen = await room.machine.post("/api/desk/look", national_id=room.election.people[3])
        assert screen["code"] == "journal-rolled-back"

    room.run(act)


def test_a_slow_medium_is_given_up_once_the_other_has_it() -> None:
    """A device that takes a minute for each write holds nobody up for longer than patience lasts."""
    room = Room(DiskFaults(slow=1_000_000))

    async def act() -> None:
        await room.open()
        assert room.machine.journal.health()["a"] == "dead"
        began = room.loop.now_ms
        await room.visit()
        assert room.loop.now_ms - began < 30_000

    room.run(act)


def test_a_paused_machine_answers_when_it_goes_on() -> None:
    """Stopped like a process in a debugger: the page waits, and gets its answer afterwards."""
    room = Room()

    async def act() -> None:
        await room.open()
        room.machine.pause(True)
        asked = asyncio.ensure_future(room.machine.post("/api/desk/look", national_id=room.person))
        await asyncio.sleep(60)
        assert not asked.done()
        room.machine.pause(False)
        assert (await asked)["decision"] == "eligible"

    room.run(act)


def test_a_spare_takes_over_from_a_dead_terminal() -> None:
    """The gateway dies: the spare carries its journal on, delivers it, and knows who has voted."""
    room = Room()
    spare = room.another(room.election.spare_of(0))

    async def act() -> None:
        await room.open()
        told = await room.visit()
        room.machine.stop()
        assert spare.take_over(room.disks[1].image()) == 0
        await spare.start()
        assert (await spare.post("/api/open", officers=list(OFFICERS)))["ok"]
        await asyncio.sleep(120)
        assert {device for device, _ in room.store.entries} == {0, spare.device}
        serial, cast = next(iter(spare.terminal.carried.states[0].cast.items()))
        assert cast.hex() == told
        assert serial
        spare.close()

    room.run(act)


def test_an_older_program_and_a_wrong_setting_only_delay() -> None:
    """A gateway without an address for its link delivers later; an older program answers a colleague 404."""
    room = Room()

    async def act() -> None:
        room.machine.configure(link_url="")
        room.machine.unknown = frozenset({"/lan/head"})
        await room.open()
        await room.visit()
        assert await room.machine.lan("/lan/head", b"", {}) == ({}, b"404")
        await asyncio.sleep(600)
        assert not room.store.entries
        room.machine.stop()
        room.machine.configure(link_url="simulated")
        await room.machine.start()
        await asyncio.sleep(600)
        assert len(room.store.entries) == 5

    room.run(act)


def test_the_same_draw_is_the_same_day() -> None:
    """Two worlds of one draw write the same bytes."""

    def day() -> list[bytes]:
        room = Room()

        async def act() -> list[bytes]:
            await room.open()
            await room.machine.post("/api/desk/issue", national_id=room.person, document=0)
            return [signed.entry for signed in room.machine.journal.entries]

        return list(room.run(act))

    assert day() == day()
