"""Headquarters in the simulation: it acknowledges what it holds, dies around a commit, and says that it is busy."""

import pytest

from amanat.records.journal import SignedEntry, make
from amanat.rehearsal.simulation.draw import MILLION, Draw
from amanat.rehearsal.simulation.election import the_election
from amanat.rehearsal.simulation.events import Log
from amanat.rehearsal.simulation.headquarters import Busy, Headquarters, HqFaults
from amanat.rehearsal.simulation.hq_store import MemoryStore
from amanat.rehearsal.simulation.loop import VirtualLoop
from amanat.sync.station_side import Acknowledged, StationSide, head_of


class Office:
    """Headquarters, and one terminal's journal of one entry that is pushed to it."""

    def __init__(self, **faults: int) -> None:
        self.loop = VirtualLoop()
        self.log = Log(lambda: self.loop.now_ms, keeps=True)
        self.store = MemoryStore()
        election = the_election()
        side = election.side(self.store)
        self.hq = Headquarters(self.store, side, Draw(5), note=self.log.note, now_ms=lambda: self.loop.now_ms)
        self.hq.faults = HqFaults(**faults)
        manifest = election.package.manifest
        self.side = StationSide(election.eh, 0, election.seeds[0], manifest.hq_key)
        entry: SignedEntry = make(
            eh=election.eh, seed=election.seeds[0], device=0, seq=0, prev=election.known[0].genesis, kind="opened",
            body=[1, []], wall_ms=0, monotonic_ms=0, boot_id=bytes(16),
        )  # fmt: skip
        self.entries = [entry]
        self.head = head_of(election.eh, entry)

    def push(self) -> list[object]:
        """What the terminal hears of one push; raises what its wire would."""
        data = self.side.next_push([self.head], lambda _, seq: self.entries[seq + 1 :], nonce=bytes(16))
        answer: bytes = self.loop.run_until_complete(self.hq.push(data))
        return [*self.side.receive(answer, self.loop.now_ms)]

    def kinds(self) -> list[str]:
        return [event.kind for event in self.log.events]


def test_what_it_acknowledges_it_holds() -> None:
    """One push, one entry, one promise in the log."""
    office = Office()
    assert Acknowledged((office.head,)) in office.push()
    assert office.store.holds(office.head)
    assert office.kinds() == ["acknowledged"]


@pytest.mark.parametrize(
    ("fault", "is_held"), [("crash_before", False), ("crash_inside", False), ("crash_after", True)]
)
def test_it_dies_around_a_commit_and_starts_again(fault: str, is_held: bool) -> None:
    """The terminal hears a broken connection and nothing was promised; later it serves again, and has the entry."""
    office = Office(**{fault: MILLION})
    with pytest.raises(ConnectionError):
        office.push()
    assert office.store.holds(office.head) is is_held
    assert "acknowledged" not in office.kinds()
    assert not office.hq.is_up
    with pytest.raises(ConnectionRefusedError):
        office.push()
    office.hq.faults = HqFaults()
    office.loop.run_until_ms(office.loop.now_ms + 1_000_000)
    assert office.kinds()[-1] == "hq-start"
    assert Acknowledged((office.head,)) in office.push()


@pytest.mark.parametrize("fault", ["busy", "serialization"])
def test_who_is_not_served_is_told_when_to_come_again(fault: str) -> None:
    """No room in line, or five transactions that another one undid: nothing is held and nothing was promised."""
    office = Office(**{fault: MILLION})
    with pytest.raises(Busy) as caught:
        office.push()
    assert caught.value.seconds >= 1
    assert not office.store.holds(office.head)
    assert "acknowledged" not in office.kinds()


def test_a_restored_headquarters_is_refilled() -> None:
    """A backup of before the push, a crash, a restore: what was promised is not there, and comes again by itself."""
    office = Office()
    office.hq.back_up()
    office.push()
    office.hq.faults = HqFaults(restore=MILLION)
    office.loop.run_until_complete(crash(office.hq))
    office.loop.run_until_ms(office.loop.now_ms + 1_000_000)
    assert not office.store.holds(office.head)
    office.push()
    office.push()
    assert office.store.holds(office.head)


async def crash(hq: Headquarters) -> None:
    hq.crash()
