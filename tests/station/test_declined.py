"""S-9 at the station: headquarters says later, and the link waits as long as it was told, without calling it down."""

from tests.station.conftest import Booths

from amanat.station.clock import Clock
from amanat.station.deltas import Deltas
from amanat.station.link import Link
from amanat.station.ports import RETRY_SECONDS_MAX, Declined
from amanat.station.terminal import Terminal


class FullWire:
    """Headquarters that has no room."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self.asked = 0

    async def push(self, data: bytes) -> bytes:
        self.asked += 1
        raise Declined(self.seconds)

    async def close(self) -> None:
        """See `Wire`."""


class Sleeps:
    """A clock that notes how long somebody waited."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.slept: list[float] = []

    @property
    def boot_id(self) -> bytes:
        return self._clock.boot_id

    def now_ms(self) -> int:
        return self._clock.now_ms()

    def monotonic_ms(self) -> int:
        return self._clock.monotonic_ms()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def link_of(terminal: Terminal, wire: FullWire, clock: Sleeps) -> Link:
    deltas = Deltas(terminal.home / "deltas", terminal.identity)
    parts = terminal.identity, terminal.journal, terminal.lan, terminal.news
    return Link(*parts, deltas.view(0), deltas, clock, wire)


async def test_the_link_waits_as_long_as_it_was_told(booths: Booths) -> None:
    """Forty times headquarters says *in 20 seconds*.  Wanted: each wait is 20 to 30 seconds, they are not all the same,
    no back-off grows, the next try is on the strip, and the link is not said to be down."""
    terminal = await booths.opened()
    clock, wire = Sleeps(terminal.clock), FullWire(20)
    link = link_of(terminal, wire, clock)
    for _ in range(40):
        await link._turn()
    assert wire.asked == len(clock.slept) == 40
    assert all(20 <= seconds <= 30 for seconds in clock.slept)
    assert len(set(clock.slept)) > 10
    shown = link.state(safe=0)
    assert link.down_since_ms is None
    assert shown.next_try_ms is not None


async def test_nobody_is_told_to_wait_for_hours(booths: Booths) -> None:
    """Whoever stands on the line says *in a day*; it is not signed.  Wanted: seven and a half minutes at most."""
    terminal = await booths.opened()
    clock = Sleeps(terminal.clock)
    await link_of(terminal, FullWire(86_400), clock)._turn()
    assert RETRY_SECONDS_MAX <= clock.slept[0] <= RETRY_SECONDS_MAX * 1.5
