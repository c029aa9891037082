"""A line between a station's network and headquarters': IP packets through this program, which does to them what lines
do.

Two tunnel devices, one in the station's namespace, one in headquarters'; every packet passes `_forward`.  So loss,
delay, reordering and doubling happen below TCP, as in the field, on every kernel (`netem` is not in all).  Partition
is `ip link set down`, rate is `tc tbf`, both on the station's device.
"""

import asyncio
import fcntl
import os
import random
import struct
from dataclasses import dataclass, field
from typing import Final

from amanat.rehearsal.real_faults.jail import TUNNEL, network, system

TUNSETIFF: Final = 0x400454CA  # linux/if_tun.h
IFF_TUN_NO_PI: Final = 0x1001
PACKET_MAX: Final = 65536
MILLION: Final = 1_000_000


def tunnel(name: str) -> int:
    """A new tunnel device here; the descriptor through which its packets come and go."""
    descriptor = os.open(TUNNEL, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
    return descriptor


@dataclass
class Weather:
    """What a line does to packets: shares are of a million, delays in milliseconds.

    ``up`` and ``down`` say whether anything passes to and from headquarters: neither is a line that is open but silent.
    """

    loss: int = 0
    doubled: int = 0
    delay_ms: int = 0
    spread_ms: int = 0  # a packet waits up to so much longer than another: they arrive in another order
    up: bool = True
    down: bool = True


@dataclass
class Seen:
    """Packets that passed, and what befell them."""

    passed: int = 0
    lost: int = 0
    doubled: int = 0
    overtaken: int = 0
    silenced: int = 0


@dataclass
class Wire:
    """Line ``number`` (1…200): headquarters is 10.99.N.1 on it, the station 10.99.N.2; ``prefix`` enters its space."""

    number: int
    draw: random.Random
    weather: Weather = field(default_factory=Weather)
    seen: Seen = field(default_factory=Seen)
    prefix: tuple[str, ...] = ()

    def lay(self) -> None:
        """Makes namespace and devices, and forwards from now on.  Raises Usage."""
        near, far, space = f"hq{self.number}", f"st{self.number}", f"station{self.number}"
        self.prefix = network(space)
        self.device = far
        self.hq, self.station = tunnel(near), tunnel(far)
        system("ip", "addr", "add", f"{self.address}/32", "peer", f"10.99.{self.number}.2", "dev", near)
        system("ip", "link", "set", near, "up")
        system("ip", "link", "set", far, "netns", space)
        system(*self.prefix, "ip", "addr", "add", f"10.99.{self.number}.2/32", "peer", self.address, "dev", far)
        self.plug()
        loop = asyncio.get_running_loop()
        loop.add_reader(self.hq, self._read, self.hq, self.station)
        loop.add_reader(self.station, self._read, self.station, self.hq)
        self.due = 0.0

    @property
    def address(self) -> str:
        """Headquarters' address as the station reaches it."""
        return f"10.99.{self.number}.1"

    def pull(self) -> None:
        """Partition: the device of the station is down."""
        system(*self.prefix, "ip", "link", "set", self.device, "down")

    def plug(self) -> None:
        """The device is up."""
        system(*self.prefix, "ip", "link", "set", self.device, "up")

    def throttle(self, kilobits: int | None) -> None:
        """At most so many kilobits a second towards headquarters; None takes the limit away."""
        if kilobits is None:
            system(*self.prefix, "tc", "qdisc", "del", "dev", self.device, "root")
            return
        rate = ("rate", f"{kilobits}kbit", "burst", "4kb", "latency", "400ms")
        system(*self.prefix, "tc", "qdisc", "add", "dev", self.device, "root", "tbf", *rate)

    def _read(self, source: int, target: int) -> None:
        while True:
            try:
                packet = os.read(source, PACKET_MAX)
            except BlockingIOError:
                return
            except OSError:  # the device is down: its packets are gone
                return
            self._forward(packet, target)

    def _forward(self, packet: bytes, target: int) -> None:
        weather, seen = self.weather, self.seen
        if not (weather.up if target == self.hq else weather.down):
            seen.silenced += 1
            return
        if self.draw.randrange(MILLION) < weather.loss:
            seen.lost += 1
            return
        times = 1
        if self.draw.randrange(MILLION) < weather.doubled:
            seen.doubled += 1
            times = 2
        loop = asyncio.get_running_loop()
        for _ in range(times):
            wait = weather.delay_ms + (self.draw.randrange(weather.spread_ms) if weather.spread_ms else 0)
            due = loop.time() + wait / 1000
            if due < self.due:
                seen.overtaken += 1
            self.due = max(due, self.due)
            loop.call_later(wait / 1000, self._put, packet, target) if wait else self._put(packet, target)

    def _put(self, packet: bytes, target: int) -> None:
        try:
            os.write(target, packet)
        except OSError:  # down, or its queue is full: as lost as any
            self.seen.lost += 1
        else:
            self.seen.passed += 1
