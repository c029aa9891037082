"""Headquarters' database in memory: a transaction leaves all of it or nothing, and a backup is what was committed."""

from hashlib import sha256

import pytest

from amanat.records.journal import Entry, SignedEntry, make
from amanat.rehearsal.simulation.hq_store import MemoryStore
from amanat.sync.hq_side import Arrived, Chain, DeadLetter, Fate
from amanat.sync.messages import Head, NewsItem

EH = sha256(b"an election").digest()


def arrived(seq: int) -> Arrived:
    signed = make(
        eh=EH, seed=bytes(32), device=3, seq=seq, prev=bytes(32), kind="link", body=[], wall_ms=0, monotonic_ms=0,
        boot_id=bytes(16),
    )  # fmt: skip
    return Arrived(Entry.decode(signed.entry), sha256(signed.entry).digest(), signed, 1, Fate.STORED, NEWS)


NEWS = NewsItem(bytes(10), 1)


def fill(store: MemoryStore, seq: int) -> None:
    """One push of everything that a store keeps."""
    with store.atomic([3]):
        one = arrived(seq)
        store.keep([one], {3: Chain({one.hash: seq})})
        store.bury([DeadLetter(b"rubbish %d" % seq, "entry-unreadable")])
        store.heard(3, [Head(3, seq, one.hash)], 1000 + seq)


def everything(store: MemoryStore) -> object:
    return (store.entries, store.branches, store.letters, store.items, store.links)


@pytest.mark.parametrize(("step", "is_kept"), [("begin", False), ("commit", False), ("committed", True)])
def test_a_crash_leaves_all_or_nothing(step: str, is_kept: bool) -> None:
    """The program dies before, inside and after the commit of a second push."""
    store, before, after = MemoryStore(), MemoryStore(), MemoryStore()
    for one, count in ((store, 1), (before, 1), (after, 2)):
        for seq in range(count):
            fill(one, seq)

    def die(at: str) -> None:
        if at == step:
            raise ConnectionResetError

    store.at_step = die
    with pytest.raises(ConnectionResetError):
        fill(store, 1)
    assert everything(store) == everything(after if is_kept else before)
    assert len(store.backup()) == len((after if is_kept else before).backup())


def test_a_restore_is_what_was_committed_then() -> None:
    """A backup after one push, two more pushes, a restore: one push is there, under a new epoch; and it goes on."""
    store = MemoryStore()
    fill(store, 0)
    backup, epoch = store.backup(), store.epoch()
    fill(store, 1)
    fill(store, 2)
    store.restore(backup)
    assert sorted(store.entries) == [(3, 0)]
    assert store.epoch() != epoch
    store.restore(backup, new_epoch=False)
    fill(store, 1)
    assert store.news(0) == (2, [NEWS, NEWS])
    assert store.news(7) == (7, [])
    head = arrived(1)
    assert store.holds(Head(3, 1, head.hash))
    assert not store.holds(Head(3, 2, head.hash))


def test_what_is_shown_of_an_entry_has_no_private_part() -> None:
    """A station is shown its own entry: nobody's name comes with it."""
    store = MemoryStore()
    one = arrived(0)
    told = one.signed
    secret = Arrived(one.entry, one.hash, SignedEntry(told.entry, told.signature, b"a name"), 1, Fate.STORED, None)
    with store.atomic([3]):
        store.keep([secret], {3: Chain({one.hash: 0})})
    assert store.shown([Head(3, 0, one.hash), Head(3, 0, bytes(32))]) == [SignedEntry(told.entry, told.signature, None)]
