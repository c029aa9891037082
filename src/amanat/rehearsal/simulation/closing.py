"""The end of a station's day in the simulation: two officers close every terminal, its gateway last (J-9)."""

import asyncio
from typing import Final

from amanat.rehearsal.simulation.events import Note
from amanat.rehearsal.simulation.stations import Stations
from amanat.rehearsal.simulation.visit import OFFICERS, PowerGone

AGAIN_MS: Final = 120_000
TRIES_MAX: Final = 30
WORDS: Final = "پایان روز"


async def close_station(stations: Stations, station: int, *, note: Note) -> None:
    """Until every terminal that still stands says that it is closed, or people give up and say so."""
    devices = stations.election.devices_of(station)
    for device in [*devices[1:], devices[0]]:
        for _ in range(TRIES_MAX):
            if stations.boxes[device].lost:
                break
            try:
                screen = await stations.machine(device).post("/api/close", explanation=WORDS, officers=list(OFFICERS))
            except PowerGone:
                screen = {"code": "power-gone"}
            if screen.get("ok"):
                note("closed", f"S{station}", device=device)
                break
            note("not-closed", f"S{station}", device=device, code=str(screen.get("code")))
            await asyncio.sleep(AGAIN_MS / 1000)


async def open_station(stations: Stations, station: int, *, note: Note) -> None:
    """Before the doors: everything is on and everybody is there."""
    for device in stations.election.devices_of(station):
        screen = await stations.machine(device).post("/api/open", officers=list(OFFICERS), witnesses="")
        assert screen.get("ok"), screen
        note("opened", f"S{station}", device=device)
