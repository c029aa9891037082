"""An older copy of headquarters takes its place, told by a new epoch or not: nothing of a station stays missing."""

import itertools

import pytest

from amanat.records.journal import SignedEntry, genesis, make
from amanat.rehearsal.simulation.election import Election, the_election
from amanat.rehearsal.simulation.hq_store import MemoryStore
from amanat.sync.messages import ENTRIES_MAX, Head, NewsItem
from amanat.sync.station_side import StationSide, head_of


class Gateway:
    """Device 0 with a journal of incidents, and headquarters behind it."""

    def __init__(self, election: Election) -> None:
        self.election = election
        self.store = MemoryStore()
        self.hq = election.side(self.store)
        identity = election.identity(0)
        self.side = StationSide(identity.eh, 0, identity.seed, identity.manifest.hq_key)
        self.entries: list[SignedEntry] = []
        self.nonces = itertools.count()
        certificate = election.package.certificates[0]
        self.prev = genesis(identity.eh, certificate)

    def write(self, count: int) -> None:
        """So many more entries."""
        identity = self.election.identity(0)
        for _ in range(count):
            signed = make(
                eh=identity.eh,
                seed=identity.seed,
                device=0,
                seq=len(self.entries),
                prev=self.prev,
                kind="incident",
                body=["supervisor", "x"],
                wall_ms=1,
                monotonic_ms=1,
                boot_id=bytes(16),
                private=None,
            )
            self.entries.append(signed)
            self.prev = head_of(identity.eh, signed).hash

    def heads(self) -> list[Head]:
        return [head_of(self.election.eh, self.entries[-1])]

    def push(self) -> None:
        """Once there and back."""
        nonce = next(self.nonces).to_bytes(16, "big")
        sent = self.side.next_push(self.heads(), lambda device, seq: self.entries[seq + 1 :], nonce=nonce)
        self.side.receive(self.hq.receive(sent, 1), 1)

    def deliver(self) -> None:
        """As often as it takes for what waits, and once more for the answer about it."""
        for _ in range(2 + len(self.entries) // ENTRIES_MAX):
            self.push()


@pytest.mark.parametrize("new_epoch", [False, True])
def test_an_older_copy_is_refilled(new_epoch: bool) -> None:
    """Headquarters held all; a copy from before stands in its place, and gets what came after it once more."""
    gateway = Gateway(the_election())
    gateway.write(5)
    gateway.deliver()
    backup = gateway.store.backup()
    gateway.write(5)
    gateway.deliver()
    gateway.store.restore(backup, new_epoch=new_epoch)
    gateway.write(3)  # pushed after heads that headquarters no longer has
    gateway.deliver()
    assert sorted(seq for _, seq in gateway.store.entries) == list(range(13))
    assert gateway.side.undelivered(gateway.heads()) == 0


@pytest.mark.parametrize("new_epoch", [False, True])
def test_news_that_an_older_copy_numbers_anew_are_heard(new_epoch: bool) -> None:
    """The cursor counted news that are no more; what takes their numbers must not be passed over."""
    gateway = Gateway(the_election())
    gateway.write(2)
    gateway.deliver()
    backup = gateway.store.backup()
    gateway.write(2)
    gateway.store.items += [NewsItem(bytes(10), 1)] * 5
    gateway.deliver()
    assert gateway.side.cursor == 5
    gateway.store.restore(backup, new_epoch=new_epoch)
    gateway.store.items += [NewsItem(b"1" * 10, 1)] * 2
    gateway.deliver()
    assert gateway.side.cursor == 2
