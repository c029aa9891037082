"""Headquarters' database in memory: all of `sync.hq_side.Store`, with transactions that fail and backups that are old.

What was committed is a list of operations; the state is its fold, so a restore folds a shorter list.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from amanat.records.journal import SignedEntry
from amanat.sync.hq_side import Arrived, Chain, DeadLetter, Place
from amanat.sync.messages import EPOCH_BYTES, NEWS_MAX, Head, NewsItem, SignedDelta

BEGIN: Final = "begin"
COMMIT: Final = "commit"
COMMITTED: Final = "committed"
Operation = Callable[[], None]
Backup = tuple[Operation, ...]


class Heard(NamedTuple):
    """When a device's head was named last, by which gateway, and how far."""

    gateway: int
    at_ms: int
    seq: int


class SerializationFailure(Exception):
    """The database took another transaction instead of this one; trying again is right."""


def _at_any_step(step: str) -> None:
    """Nothing happens at a step of a transaction."""


class MemoryStore:
    """See `Store`.  ``at_step`` is called at BEGIN, COMMIT and COMMITTED of each transaction: what it raises at the
    first two leaves nothing, at the third everything."""

    def __init__(self, *, at_step: Callable[[str], None] = _at_any_step) -> None:
        self.at_step = at_step
        self._register_deltas: list[tuple[int, SignedDelta]] = []  # of the organisation, kept apart from the backups
        self._number = 1
        self._done: list[Operation] = []
        self._undo: list[Callable[[], object]] | None = None
        self._forget()

    def _forget(self) -> None:
        self.entries: dict[Place, list[Arrived]] = {}
        self.branches: dict[int, Chain] = {}
        self.letters: dict[bytes, DeadLetter] = {}
        self.items: list[NewsItem] = []
        self.links: dict[int, Heard] = {}

    @contextmanager
    def atomic(self, devices: Collection[int] = ()) -> Iterator[None]:
        """See `Store`; there is one thread, so nobody else is in here."""
        assert self._undo is None  # transactions do not nest
        self._undo, begun = [], len(self._done)
        try:
            self.at_step(BEGIN)
            yield
            self.at_step(COMMIT)
        except BaseException:
            for undo in reversed(self._undo):
                undo()
            del self._done[begun:]
            raise
        finally:
            self._undo = None
        self.at_step(COMMITTED)

    def _do(self, operation: Operation) -> None:
        assert self._undo is not None  # within `atomic` only
        operation()
        self._done.append(operation)

    def _undoing(self, undo: Callable[[], object]) -> None:
        if self._undo is not None:  # else a backup is being folded
            self._undo.append(undo)

    # What `Store` asks for

    def held(self, places: Collection[Place]) -> Mapping[Place, Sequence[bytes]]:
        """See `Store`."""
        return {place: [one.hash for one in self.entries[place]] for place in sorted(places) if place in self.entries}

    def chains(self, devices: Collection[int]) -> dict[int, Chain]:
        """See `Store`."""
        return {device: _copied(self.branches.get(device)) for device in sorted(devices)}

    def keep(self, arrived: Sequence[Arrived], chains: Mapping[int, Chain]) -> None:
        """See `Store`."""
        rows, branches = tuple(arrived), {device: _copied(chain) for device, chain in chains.items()}
        self._do(lambda: self._keep(rows, branches))

    def _keep(self, arrived: Sequence[Arrived], chains: Mapping[int, Chain]) -> None:
        told, before = len(self.items), {device: self.branches.get(device) for device in chains}
        for one in arrived:
            there = self.entries.setdefault((one.entry.device, one.entry.seq), [])
            assert one.hash not in [held.hash for held in there]  # `keep` is given no repeats
            there.append(one)
            if one.news is not None:
                self.items.append(one.news)
        self.branches.update(chains)
        self._undoing(lambda: self._unkeep(arrived, told, before))

    def _unkeep(self, arrived: Sequence[Arrived], told: int, before: Mapping[int, Chain | None]) -> None:
        for one in reversed(arrived):
            place = one.entry.device, one.entry.seq
            self.entries[place].pop()
            if not self.entries[place]:
                del self.entries[place]
        del self.items[told:]
        for device, chain in before.items():
            if chain is None:
                del self.branches[device]
            else:
                self.branches[device] = chain

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """See `Store`."""
        rows = tuple(letters)
        self._do(lambda: self._bury(rows))

    def _bury(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            if letter.raw not in self.letters:
                self.letters[letter.raw] = letter
                self._undoing(lambda raw=letter.raw: self.letters.pop(raw))  # type: ignore[misc]

    def heard(self, gateway: int, heads: Sequence[Head], now_ms: int) -> None:
        """See `Store`."""
        rows = {head.device: Heard(gateway, now_ms, head.seq) for head in heads}
        self._do(lambda: self._hear(rows))

    def _hear(self, rows: Mapping[int, Heard]) -> None:
        before = dict(self.links)
        self.links.update(rows)
        self._undoing(lambda: self._set_links(before))

    def _set_links(self, links: dict[int, Heard]) -> None:
        self.links = links

    def news(self, cursor: int) -> tuple[int, Sequence[NewsItem]]:
        """See `Store`."""
        items = self.items[cursor : cursor + NEWS_MAX]
        return (cursor + len(items) if items else cursor), items

    def deltas(self, version: int) -> Sequence[SignedDelta]:
        """See `Store`."""
        return [delta for at, delta in self._register_deltas if at > version]

    def epoch(self) -> bytes:
        """See `Store`."""
        return self._number.to_bytes(EPOCH_BYTES, "big")

    def shown(self, heads: Collection[Head]) -> Sequence[SignedEntry]:
        """See `Store`."""
        found = []
        for head in heads:
            for one in self.entries.get((head.device, head.seq), ()):
                if one.hash == head.hash:
                    found.append(SignedEntry(one.signed.entry, one.signed.signature, None))
        return found

    # What the organisation does

    def add_delta(self, version: int, delta: SignedDelta) -> None:
        """A register delta that leads to ``version``."""
        self._register_deltas.append((version, delta))

    def backup(self) -> Backup:
        """All that is committed now."""
        return tuple(self._done)

    def restore(self, backup: Backup, *, new_epoch: bool = True) -> None:
        """Be as the backup was.  Without a new epoch it is a fail-over to a copy that lagged behind, untold."""
        assert self._undo is None
        self._forget()
        self._done = list(backup)
        for operation in self._done:
            operation()
        self._number += new_epoch

    def holds(self, head: Head) -> bool:
        """Whether this very entry, and with it all before it on its branch, is held in its place."""
        place, chain = (head.device, head.seq), self.branches.get(head.device)
        here = any(one.hash == head.hash for one in self.entries.get(place, ()))
        return here and chain is not None and not chain.is_loose(head.hash)

    def all_hashes(self) -> list[bytes]:
        """The hash of every entry that is held."""
        return [one.hash for there in self.entries.values() for one in there]


def _copied(chain: Chain | None) -> Chain:
    if chain is None:
        return Chain()
    return Chain(dict(chain.tips), {prev: list(waiting) for prev, waiting in chain.loose.items()})
