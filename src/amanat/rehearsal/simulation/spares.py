"""A terminal of the simulation dies for good with its media whole, and its station's spare takes its place (J-8)."""

import asyncio
from collections.abc import Mapping
from typing import Final

from amanat.errors import AmanatError
from amanat.rehearsal.simulation.draw import Draw
from amanat.rehearsal.simulation.events import Note
from amanat.rehearsal.simulation.stations import Box, Stations
from amanat.rehearsal.simulation.visit import OFFICERS, Place, PowerGone
from amanat.sync.station_side import head_of

CARRY_MS: Final = 1_200_000  # from the last breath to the spare on the table
AGAIN_MS: Final = 120_000
DEAD: Final = "dead"


class Spares:
    """The spares of all stations; each takes over once."""

    def __init__(self, draw: Draw, stations: Stations, places: Mapping[int, Place], *, note: Note) -> None:
        self._draw = draw
        self._stations = stations
        self._places = places
        self._note = note
        self._work: list[asyncio.Task[None]] = []

    def die(self, device: int) -> bool:
        """This terminal never starts again; false where it cannot be spared."""
        box = self._stations.boxes[device]
        spare = self._stations.election.spare_of(box.station)
        if box.lost or not box.machine.is_on or spare in self._stations.boxes:
            return False
        box.lost = DEAD
        box.last = head_of(self._stations.election.eh, box.machine.journal.entries[-1])
        self._stations.switch_off(device)
        stand_in = self._stations.unpack(spare, box.station)
        self._work.append(asyncio.get_running_loop().create_task(self._take_over(box, stand_in)))
        return True

    async def _take_over(self, dead: Box, spare: Box) -> None:
        """Two officers put one medium of the dead terminal into the spare and then the other, start it and open it."""
        await asyncio.sleep(CARRY_MS / 1000)
        taken = [self._take(spare, disk.image()) for disk in self._draw.shuffled(dead.disks)]
        assert any(taken)  # one of the two is whole
        spare.lost = ""
        self._stations.switch_on(spare.device)
        place = self._places[dead.station]
        while True:
            try:
                screen = await spare.machine.post("/api/open", officers=list(OFFICERS), witnesses="")
            except (PowerGone, AmanatError):
                screen = {}
            if screen.get("ok"):
                break
            await asyncio.sleep(AGAIN_MS / 1000)
        place.stand_ins[dead.device] = spare.device
        if place.desk_device == dead.device:
            place.desk_device = spare.device
        self._note("take-over", f"D{spare.device}", dead=dead.device)

    def _take(self, spare: Box, image: bytes) -> bool:
        try:
            spare.machine.take_over(image)
        except AmanatError as fault:  # this medium is not what it was: nobody knew which one
            self._note("not-taken-over", f"D{spare.device}", code=fault.code)
            return False
        return True

    def are_busy(self) -> bool:
        """Whether one is on its way."""
        return not all(task.done() for task in self._work)

    def faults(self) -> list[BaseException]:
        """What went wrong with a spare."""
        return [fault for task in self._work if task.done() and (fault := task.exception()) is not None]
