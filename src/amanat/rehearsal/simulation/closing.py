"""The end of a station's day in the simulation: two officers close every terminal, its gateway last (J-9)."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from amanat.rehearsal.simulation.events import Note
from amanat.rehearsal.simulation.stations import Stations
from amanat.rehearsal.simulation.visit import OFFICERS, PowerGone

AGAIN_MS: Final = 120_000
TRIES_MAX: Final = 30
STOPPED: Final = ("journal-rolled-back", "journal-forked")
"""Why a terminal says that another story of it is about (J-7)."""
WORDS: Final = "پایان روز"


async def close_station(stations: Stations, station: int, *, note: Note, write_stick: Callable[[int], None]) -> None:
    """Until every terminal that still stands says that it is closed, or people give up and say so."""
    devices = stations.election.devices_of(station)
    spare = [device for device in [stations.election.spare_of(station)] if device in stations.boxes]
    for device in [*devices[1:], *spare, devices[0]]:
        for _ in range(TRIES_MAX):
            if stations.boxes[device].lost:
                break
            try:
                screen = await stations.machine(device).post("/api/close", explanation=WORDS, officers=list(OFFICERS))
            except PowerGone:
                screen = {"code": "power-gone"}
            if screen.get("ok"):
                note("closed", f"S{station}", device=device)
                if stations.boxes[devices[0]].lost and not spare:  # nobody else delivers for it
                    write_stick(device)
                break
            code = str(screen.get("code"))
            note("not-closed", f"S{station}", device=device, code=code)
            if code in STOPPED:  # it writes nothing more; what it wrote is carried by hand
                break
            await _help(stations, device, code)
            await asyncio.sleep(AGAIN_MS / 1000)


async def _help(stations: Stations, device: int, code: str) -> None:
    """Somebody went without a word: an officer draws the curtain."""
    if code == "booth-busy":
        with contextlib.suppress(PowerGone):
            await stations.machine(device).post("/api/booth/leave")


async def open_station(stations: Stations, station: int, *, note: Note) -> None:
    """Before the doors: everything is on and everybody is there."""
    for device in stations.election.devices_of(station):
        screen = await stations.machine(device).post("/api/open", officers=list(OFFICERS), witnesses="")
        assert screen.get("ok"), screen
        note("opened", f"S{station}", device=device)
