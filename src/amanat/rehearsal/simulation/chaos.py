"""What happens to a simulated day besides its voters: each act of the swarm at its own times, until the world heals.

Within the model one medium of a device fails, or all of its machines' images are old, never both; and nothing is made
old that another does not hold.  Acts beyond the model are noted in `World.given_up`.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from amanat.rehearsal.simulation.network import State
from amanat.rehearsal.simulation.swarm import ACTS, BEYOND

if TYPE_CHECKING:
    from amanat.rehearsal.simulation.world import World

OUTAGE_MS: Final = (30_000, 7_200_000)
DARK_MS: Final = (5_000, 1_800_000)
PAUSED_MS: Final = (5_000, 600_000)
STEPS_MAX: Final = 60  # turns and disk acts of a program until it is cut
CLOCK_MS_MAX: Final = 21_600_000
BACK_UP_MS: Final = 1_800_000


class Chaos:
    """One task for each act that the swarm has."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._tasks: list[asyncio.Task[None]] = []
        self._acts: dict[str, Callable[[], None]] = {
            "cut": lambda: self._wire("cut", State.CUT),
            "silent": lambda: self._wire("silent", State.SILENT),
            "one-way": lambda: self._wire("one-way", State.ONE_WAY),
            "partition": self._partition,
            "cable-cut": self._cable,
            "power-cut": self._power_cut,
            "power-station": self._power_station,
            "kill": self._kill,
            "kill-in-recovery": self._kill_in_recovery,
            "pause": self._pause,
            "clock": self._clock,
            "removed": lambda: self._medium("removed"),
            "full": lambda: self._medium("full"),
            "read-only": lambda: self._medium("read-only"),
            "yesterday": self._yesterday,
            "clone": self._clone,
            "machine-dead": self._dead,
            "printer-jam": lambda: self._printer("printer-jam", "jams"),
            "printer-mute": lambda: self._printer("printer-mute", "mute"),
            "hq-kill": self._hq_kill,
            "poison": self._poison,
            "stick": self._stick,
            "theft": self._theft,
            "both-media": self._both_media,
        }
        assert self._acts.keys() == ACTS.keys() | BEYOND.keys()
        self._draw = world.draw.fork("chaos")

    def start(self) -> None:
        """Let it begin."""
        loop = asyncio.get_running_loop()
        for name, act in self._acts.items():
            if rate := self._world.swarm.rate(name):
                self._tasks.append(loop.create_task(self._again_and_again(name, act, rate)))
        self._tasks.append(loop.create_task(self._back_up()))

    def stop(self) -> None:
        """Nothing more happens."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    async def _again_and_again(self, name: str, act: Callable[[], None], mean_seconds: int) -> None:
        draw = self._world.draw.fork(f"chaos {name}")
        while True:
            await _pass(draw.below(2_000 * mean_seconds) + 1)
            act()

    async def _back_up(self) -> None:
        """Headquarters lays a copy of its data aside, somebody copies the media of one device."""
        while True:
            await _pass(self._draw.below(2 * BACK_UP_MS) + 1)
            self._world.headquarters.back_up()
            self._world.stations.take_image(self._one())

    def _after(self, bounds: tuple[int, int], act: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(self._draw.between(*bounds) / 1000, act)

    def _fault(self, which: str, component: str, where: str) -> None:
        self._world.note("fault", where, which=which, component=component)

    # Wires and cables

    def _wire(self, which: str, state: State) -> None:
        way = self._draw.choice(self._world.stations.gateway_wires())
        self._fault(which, "wire", way.name)
        way.state = state
        self._after(OUTAGE_MS, way.restore)

    def _partition(self) -> None:
        ways = self._world.stations.gateway_wires()
        county = self._draw.choice(ways).county
        for way in ways:
            if way.county == county:
                self._fault("partition", "wire", way.name)
                way.state = State.CUT
                self._after(OUTAGE_MS, way.restore)

    def _cable(self) -> None:
        ways = list(self._world.stations.cables.values())
        if ways:
            way = self._draw.choice(ways)
            self._fault("cable-cut", "cable", way.name)
            way.state = self._draw.choice((State.CUT, State.SILENT, State.ONE_WAY))
            self._after(OUTAGE_MS, way.restore)

    # Machines

    def _one(self) -> int:
        return self._draw.choice(self._world.stations.devices)

    def _off_and_on(self, device: int) -> None:
        """At any step of whatever the terminal does."""
        again = partial(self._after, DARK_MS, partial(self._world.stations.switch_on, device))
        self._world.stations.switch_off(device, steps=self._draw.below(STEPS_MAX), then=again)

    def _power_cut(self) -> None:
        device = self._one()
        if self._world.stations.is_on(device):
            self._fault("power-cut", "machine", f"D{device}")
            self._off_and_on(device)

    def _power_station(self) -> None:
        station = self._draw.choice(self._world.swarm.stations)
        self._fault("power-station", "machine", f"S{station}")
        for device in self._world.election.devices_of(station):
            if self._world.stations.is_on(device):
                self._off_and_on(device)

    def _kill(self) -> None:
        device = self._one()
        if self._world.stations.is_on(device):
            self._fault("kill", "machine", f"D{device}")
            again = partial(self._after, DARK_MS, partial(self._world.stations.switch_on, device))
            self._world.stations.kill(device, steps=self._draw.below(STEPS_MAX), then=again)

    def _kill_in_recovery(self) -> None:
        """The program dies, starts, dies while it starts, and then the power goes too."""
        device = self._one()
        if not self._world.stations.is_on(device):
            return
        self._fault("kill-in-recovery", "machine", f"D{device}")
        self._world.stations.kill(device)
        self._world.stations.switch_on(device)
        self._after((0, 0), lambda: self._off_and_on(device))

    def _pause(self) -> None:
        device = self._one()
        if self._world.stations.is_on(device):
            self._fault("pause", "machine", f"D{device}")
            self._world.stations.pause(device)
            self._after(PAUSED_MS, lambda: self._world.stations.go_on(device))

    def _clock(self) -> None:
        device = self._one()
        step = self._draw.below(2 * CLOCK_MS_MAX) - CLOCK_MS_MAX
        self._fault("clock", "machine", f"D{device}")
        self._world.stations.machine(device).clock.step(step)

    # Media

    def _medium(self, which: str) -> None:
        disk = self._world.stations.boxes[self._one()].failing
        self._fault(which, "medium", disk.name)
        setattr(disk, which.replace("-", "_"), True)

    def _yesterday(self) -> None:
        """A device starts again from an earlier image, of which all that is missing is held elsewhere."""
        device = self._one()
        if self._world.stations.put_back_image(device):
            self._fault("yesterday", "machine", f"D{device}")

    def _clone(self) -> None:
        """Somebody starts another machine from a copy of a running device's media."""
        device = self._one()
        if self._world.stations.clone(device):
            self._fault("clone", "machine", f"D{device}")

    def _dead(self) -> None:
        """Its board is burnt, its media are whole."""
        device = self._one()
        if self._world.spares.die(device):
            self._fault("machine-dead", "machine", f"D{device}")

    def _printer(self, which: str, how: str) -> None:
        """Nothing comes out of it, or it does not say that something did; until somebody opens its lid."""
        device = self._one()
        if not self._world.stations.is_on(device):
            return
        tray = self._world.stations.machine(device).tray
        self._fault(which, "printer", f"D{device}")
        setattr(tray, how, True)
        self._after(PAUSED_MS, partial(setattr, tray, how, False))

    # Headquarters and sticks

    def _hq_kill(self) -> None:
        if self._world.headquarters.is_up:
            self._fault("hq-kill", "headquarters", "headquarters")
            self._world.headquarters.crash()

    def _poison(self) -> None:
        self._fault("poison", "headquarters", "headquarters")
        self._world.poison(self._draw)

    def _stick(self) -> None:
        device = self._one()
        if self._world.stations.is_on(device):
            self._world.write_stick(device)

    # Beyond the model

    def _theft(self) -> None:
        device = self._one()
        if self._world.stations.give_up(device, "theft"):
            self._fault("theft", "machine", f"D{device}")

    def _both_media(self) -> None:
        device = self._one()
        if self._world.stations.give_up(device, "both-media"):
            self._fault("both-media", "medium", f"D{device}")


async def _pass(ms: int) -> None:
    await asyncio.sleep(ms / 1000)
