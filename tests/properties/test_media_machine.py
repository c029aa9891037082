"""A device's journal on its two media, whatever strikes: what was durable once is there after any restart (J-2, J-3).

The shipped journal and media stand on the simulation's storage devices.  Each act may be struck at any of its steps:
the process is killed, power goes, a write or sync fails in one of its ways, or a device breaks its promise and says
nothing.  After each act a power cut is tried on copies of the devices.  Within the model: a device breaks its promise
silently, rots, is pulled or cannot be read only while the other holds everything.

`make test` takes a sample; `make faults-machines` takes 50,000 steps (AMANAT_MACHINES: how many).
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.properties.delivery import CERTIFICATES, EH, KNOWN, SEEDS

from amanat.errors import BadInput, MediumLost, Rejected
from amanat.records.journal import SignedEntry
from amanat.rehearsal.simulation.disk import HONEST, Disk, DiskFaults
from amanat.rehearsal.simulation.draw import MILLION, Draw
from amanat.station.frames import payloads
from amanat.station.journal import Journal
from amanat.station.media import TwoMedia
from amanat.station.patience import AtOnce

OWNER = KNOWN[0].genesis
ENDS = ("killed-before", "killed-after", "power-before", "power-after")
ERRORS = ("failed_write", "failed_but_persisted", "torn_write", "failed_sync", "failed_sync_persisted")
SILENT = ("misdirected", "lying_sync", "failed_read")
WIDE = int(os.environ.get("AMANAT_MACHINES", "0"))
LENGTH = 50


class Ended(BaseException):
    """The process is gone; `power`: and so is what was not synced."""

    def __init__(self, *, power: bool) -> None:
        super().__init__(power)
        self.power = power


@dataclass
class Strike:
    """At the ``at``-th step on any device at which `kind` can happen it does, once."""

    at: int
    kind: str
    seen: int = 0

    def now(self, faults: tuple[str, ...]) -> str | None:
        """What happens at this step, where these faults can."""
        if self.kind not in ENDS + faults:
            return None
        self.seen += 1
        return self.kind if self.seen - 1 == self.at else None


STRIKES = st.none() | st.builds(Strike, at=st.integers(0, 5), kind=st.sampled_from(ENDS + ERRORS + SILENT))


class Struck(Disk):
    """The simulation's device, struck by plan and not by chance."""

    strike: Strike | None = None
    other: "Struck | None" = None
    whole: bool = True
    """Whether it held, before this act, all that is durable."""

    @property
    def is_jammed(self) -> bool:
        """Whether it takes nothing until people do something."""
        return self.removed or self.read_only or self.full

    @contextlib.contextmanager
    def _step(self, faults: tuple[str, ...]) -> Iterator[None]:
        kind = self.strike.now(faults) if self.strike else None
        if kind in SILENT and not (self.other and self.other.whole):
            kind = None
        if kind in ("killed-before", "power-before"):
            raise Ended(power=kind == "power-before")
        self.faults = DiskFaults(**{kind: MILLION}) if kind in faults else HONEST
        try:
            yield
        finally:
            self.faults = HONEST
        if kind in ("killed-after", "power-after"):
            raise Ended(power=kind == "power-after")

    def read(self, offset: int, length: int) -> bytes:
        with self._step(("failed_read",)):
            return super().read(offset, length)

    def write(self, offset: int, data: bytes) -> None:
        with self._step(("failed_write", "failed_but_persisted", "torn_write", "misdirected")):
            super().write(offset, data)

    def sync(self) -> None:
        with self._step(("failed_sync", "failed_sync_persisted", "lying_sync")):
            super().sync()


class Clock:
    """It stands still."""

    boot_id = bytes(16)

    def now_ms(self) -> int:
        return 7

    def monotonic_ms(self) -> int:
        return 7

    async def sleep(self, seconds: float) -> None:
        return


def journal_on(disks: list[Struck]) -> Journal:
    """The shipped journal over these devices."""
    certificate = CERTIFICATES[0].encode()
    media = TwoMedia(disks, owner=OWNER, hands=AtOnce())
    return Journal(media, eh=EH, certificate=certificate, seed=SEEDS[0], clock=Clock(), hands=AtOnce())


class Media(RuleBasedStateMachine):
    """`durable`: the entries that the journal took up, which nobody may ever miss again."""

    steps = 0

    @initialize(seed=st.integers(0, 1 << 32))
    def begin(self, seed: int) -> None:
        self.draw = Draw(seed)
        self.disks = [self.blank(name) for name in "AB"]
        self.durable: list[SignedEntry] = []
        self.journal: Journal | None = None
        self.restart(None)
        self.numbers = 0

    def blank(self, name: str) -> Struck:
        return Struck(name, self.draw.fork(f"{name}{self.draw.below(MILLION)}"))

    def hold(self, strike: Strike | None) -> None:
        """The next act is struck so; which device is whole is seen now."""
        a, b = self.disks
        a.other, b.other = b, a
        for disk in self.disks:
            disk.strike = strike
            disk.whole = self.is_whole(disk)

    def is_whole(self, disk: Struck) -> bool:
        """Whether this device alone, after a power cut, gives everything back."""
        wanted = [signed.encode() for signed in self.durable]
        try:
            return not disk.removed and payloads(OWNER, disk.image())[: len(wanted)] == wanted
        except Rejected:
            return False

    def ended(self, end: Ended) -> None:
        """The process is gone: what it had taken up before is durable, of one more entry nobody knows."""
        if self.journal is not None:
            self.durable = list(self.journal.entries)
        self.journal = None
        if end.power:
            for disk in self.disks:
                disk.power_cut()

    # What happens

    @rule(strike=STRIKES)
    def restart(self, strike: Strike | None) -> None:
        """A start recovers; struck in its middle, the next start recovers from what that left."""
        for attempt in (strike, None):
            self.hold(attempt)
            journal = journal_on(self.disks)
            try:
                journal.recover()
            except Ended as end:
                self.journal = None
                self.ended(end)
                continue
            except MediumLost:
                assert attempt is not None or all(disk.is_jammed for disk in self.disks)
                continue
            assert journal.entries[: len(self.durable)] == self.durable
            assert len(journal.entries) <= len(self.durable) + 1
            self.journal, self.durable = journal, list(journal.entries)
            for disk in self.disks:
                disk.removed |= attempt is not None and attempt.kind == "failed_read" and journal.has_died(disk.name)
            return

    @precondition(lambda self: self.journal is not None)
    @rule(strike=STRIKES, size=st.sampled_from([1, 1, 1, 90_000]))
    def write(self, strike: Strike | None, size: int) -> None:
        """An entry is written: then it is durable; or it is full and nothing was written; or nobody knows."""
        assert self.journal is not None
        self.hold(strike)
        before = len(self.journal.entries)
        self.numbers += 1
        try:
            self.journal.write("link", [f"{self.numbers} {'x' * size}"])
        except Ended as end:
            self.ended(end)
        except MediumLost as fault:
            self.durable = list(self.journal.entries)
            if fault.code == "media-lost":
                assert self.journal.stopped is not None
                self.journal = None
        else:
            assert len(self.journal.entries) > before
            self.durable = list(self.journal.entries)

    @precondition(lambda self: self.journal is not None)
    @rule(strike=STRIKES)
    def scrub(self, strike: Strike | None) -> None:
        assert self.journal is not None
        self.hold(strike)
        try:
            self.journal.scrub()
        except Ended as end:
            self.ended(end)
        except MediumLost:
            self.durable, self.journal = list(self.journal.entries), None
        else:
            self.durable = list(self.journal.entries)

    @precondition(lambda self: self.journal is not None)
    @rule(which=st.integers(0, 1), strike=STRIKES)
    def replace(self, which: int, strike: Strike | None) -> None:
        """A blank device in the place of a dead one; refused, the old one goes back into its slot."""
        assert self.journal is not None
        old = self.disks[which]
        if not self.journal.has_died(old.name):
            return
        new = self.blank(old.name)
        self.disks[which] = new
        self.hold(strike)
        try:
            self.journal.replace_medium(new)
        except Ended as end:
            self.ended(end)
        except (BadInput, Rejected, MediumLost):
            pass
        else:
            return
        if not self.is_whole(new):
            self.disks[which] = old

    @rule()
    def power_cut(self) -> None:
        """And a start after it."""
        self.ended(Ended(power=True))
        self.restart(None)

    @rule(which=st.integers(0, 1))
    def rot(self, which: int) -> None:
        if self.is_whole(self.disks[1 - which]):
            self.disks[which].rot()

    @rule(which=st.integers(0, 1))
    def pull(self, which: int) -> None:
        """One device is pulled while the other holds everything; it comes back by `replace` only."""
        if self.is_whole(self.disks[1 - which]):
            self.disks[which].removed = True

    @rule(which=st.integers(0, 1), full=st.booleans(), read_only=st.booleans())
    def jam(self, which: int, full: bool, read_only: bool) -> None:
        """A device is full or read-only from now on, or is so no more."""
        disk, other = self.disks[which], self.disks[1 - which]
        disk.full, disk.read_only = full, read_only and not other.read_only and not other.removed

    @invariant()
    def a_power_cut_now_would_lose_nothing(self) -> None:
        """Tried on copies of the devices, with all that is unsynced gone."""
        Media.steps += 1
        copies = []
        for disk in self.disks:
            copy = Struck(disk.name, Draw(0))
            copy.become(disk.image())
            copy.removed = disk.removed
            copies.append(copy)
        found = TwoMedia(copies, owner=OWNER, hands=AtOnce()).recover()
        assert found[: len(self.durable)] == [signed.encode() for signed in self.durable]


def test_nothing_durable_is_ever_missing() -> None:
    """The story of this file's first lines."""
    Media.steps = 0
    while Media.steps < max(1, WIDE):
        run_state_machine_as_test(
            Media,
            settings=settings(
                max_examples=20 if WIDE else 30, stateful_step_count=LENGTH, deadline=None, database=None,
                derandomize=not WIDE, suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
        print(f"\n{Media.steps} steps", flush=True)


def test_a_tail_that_stands_in_the_cache_only_is_made_durable() -> None:
    """One medium is pulled, the sync of the other fails, the program starts again and reads the entry back: it is in
    the cache, not on the medium.  Recovery takes it up, and so must write it again before anybody believes it."""
    machine = Media()
    machine.begin(seed=1)
    machine.write(strike=None, size=1)
    machine.pull(which=1)
    machine.write(strike=Strike(0, "failed_sync"), size=1)
    assert machine.journal is None
    machine.restart(strike=None)
    assert len(machine.durable) == 2
    machine.a_power_cut_now_would_lose_nothing()
