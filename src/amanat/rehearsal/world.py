"""The day's outside world: mains, links, headquarters' machine, media.  It does what the plan says and logs it."""

import asyncio
import csv
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TextIO

from amanat.rehearsal.clock import Clock
from amanat.rehearsal.network import Network
from amanat.rehearsal.plan import MediumLoss, Plan, PowerCut
from amanat.rehearsal.programs import Program
from amanat.rehearsal.visit import Place

LOG_HEADER: Final = ("time", "what", "which", "from", "to")
RESTART_SECONDS: Final = 600  # virtual time until a killed headquarters serves again
PATIENCE_SECONDS: Final = 3600  # an armed power cut that finds no visit within an hour falls anyway
CUT_WITHIN_SECONDS: Final = 0.004  # real time between a request and the cut that falls into it


class World:
    """`programs` are the processes that run a station's terminals; a station with a power cut has its own."""

    def __init__(
        self,
        plan: Plan,
        *,
        clock: Clock,
        network: Network,
        places: Mapping[str, Place],
        programs: Mapping[str, Program],
        headquarters: Program,
        log: Path,
        seed: int,
        medium_file: Callable[[MediumLoss], Path],
    ) -> None:
        self.plan = plan
        self.clock = clock
        self.network = network
        self.places = places
        self.programs = programs
        self.headquarters = headquarters
        self.headquarters_up = True
        self.headquarters_back_at = 0.0
        self.medium_file = medium_file
        self.draw = random.Random(f"world {seed}")
        self.cuts = sorted(plan.power_cuts, key=lambda cut: cut.at)
        self.losses = sorted(plan.media, key=lambda loss: loss.at)
        self.kills = list(plan.headquarters_kills)
        self.dark: dict[str, float] = {}
        self.armed: list[PowerCut] = []
        self.log_file: TextIO = log.open("w", encoding="utf-8", newline="")
        self.log = csv.writer(self.log_file, lineterminator="\n")
        self.log.writerow(LOG_HEADER)
        self.happened: list[tuple[float, str, str, str]] = []
        self.now = 0.0

    def note(self, what: str, which: str, before: str, after: str) -> None:
        """One line of link-log.csv."""
        self.log.writerow((self.clock.moment(), what, which, before, after))
        self.happened.append((self.now, what, which, after))

    async def until(self, now: float) -> None:
        """Makes everything happen that the plan has up to `now` (seconds since opening).

        Raises ProgramFailed if a program that should run has ended by itself.
        """
        self.require_running()
        self.set_links(now)
        while self.kills and self.kills[0] <= now:
            self.kills.pop(0)
            self.kill_headquarters()
        while self.cuts and self.cuts[0].at <= now:
            self.arm(self.cuts.pop(0))
        for cut in [cut for cut in self.armed if cut.at + PATIENCE_SECONDS <= now]:
            self.power_cut(cut)  # nobody comes: the mains fail all the same
        while self.losses and self.losses[0].at <= now:
            self.lose(self.losses.pop(0))
        for station in [station for station, end in self.dark.items() if end <= now]:
            del self.dark[station]
            await self.power_back(station)
        if self.headquarters_back_at <= now and not self.headquarters_up:
            await self.headquarters_back()

    def require_running(self) -> None:
        """Whoever was not killed by us is alive."""
        for station, program in self.programs.items():
            if self.places[station].powered:
                program.require_running()
        if self.headquarters_up:
            self.headquarters.require_running()

    def set_links(self, now: float) -> None:
        """Every line is up or down as the plan has it at this moment (also before the terminals are started)."""
        self.now = now
        for station, line in self.network.lines.items():
            self.set_link(station, up=self.plan.is_up(station, now), line_up=line.up)

    def set_link(self, station: str, *, up: bool, line_up: bool) -> None:
        """Cuts or restores one station's line if that is a change."""
        if up == line_up:
            return
        line = self.network.lines[station]
        line.restore() if up else line.cut()
        names = ("down", "up") if up else ("up", "down")
        self.note("link", station, *names)

    def restore_links(self) -> None:
        """The polls are closed and the outages over: every line is up from now on."""
        self.plan = Plan(self.plan.kind)
        for station, line in self.network.lines.items():
            self.set_link(station, up=True, line_up=line.up)

    def kill_headquarters(self) -> None:
        """kill -9, and its machine starts it again: some minutes later it serves."""
        self.headquarters.kill()
        self.headquarters_up = False
        self.headquarters_back_at = self.now + RESTART_SECONDS
        self.note("process", "headquarters", "running", "killed")
        self.headquarters.start()

    async def headquarters_back(self) -> None:
        """Waits, while virtual time stands still, until headquarters serves again."""
        await self.headquarters.ready()
        self.headquarters_up = True
        self.note("process", "headquarters", "killed", "running")

    def arm(self, cut: PowerCut) -> None:
        """The mains will fail in the middle of the station's `requests`-th request from now."""
        left = cut.requests
        place = self.places[cut.station]
        self.armed.append(cut)

        def on_request() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                delay = self.draw.uniform(0, CUT_WITHIN_SECONDS)
                asyncio.get_running_loop().call_later(delay, self.cut_if_armed, cut)

        for terminal in place.terminals:
            terminal.on_request = on_request

    def cut_if_armed(self, cut: PowerCut) -> None:
        """The moment has come, unless patience ended before."""
        if cut in self.armed:
            self.power_cut(cut)

    def power_cut(self, cut: PowerCut) -> None:
        """SIGKILL for everything that runs in the station."""
        place = self.places[cut.station]
        self.armed.remove(cut)
        for terminal in place.terminals:
            terminal.on_request = None
        place.powered = False
        self.programs[cut.station].kill()
        self.dark[cut.station] = self.now + cut.dark_seconds
        self.note("power", cut.station, "on", "off")

    async def power_back(self, station: str) -> None:
        """The station's machines start again and recover from their media; virtual time stands still meanwhile."""
        program, place = self.programs[station], self.places[station]
        program.start()
        await program.ready(count=len(place.terminals))
        place.powered = True
        self.note("power", station, "off", "on")

    def lose(self, loss: MediumLoss) -> None:
        """One medium's content is gone; the terminal goes on and must notice."""
        os.truncate(self.medium_file(loss), 0)
        self.note("medium", f"{loss.station}-{loss.terminal}-{loss.medium}", "good", "lost")

    def close(self) -> None:
        """Ends the log."""
        self.log_file.close()
