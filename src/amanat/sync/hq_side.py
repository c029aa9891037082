"""Headquarters' end of delivery: takes what comes, each entry once, and states what it holds.  Clauses S-1 to S-6, J-7.

The same path for the link and for USB.  Judging one entry is the table JUDGEMENT; what is kept is kept by a Store, in
one transaction for several pushes, before their answers are made (S-8).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, Protocol

from amanat.errors import Interrupted, PeerFault
from amanat.records.cbor import Malformed, Value
from amanat.records.identifiers import ElectionHash, identifier, is_signed, sign
from amanat.records.journal import Entry, SignedEntry
from amanat.records.permit import PrivatePart
from amanat.sync import messages
from amanat.sync.judging import STORED_END as STORED_END
from amanat.sync.judging import Batch, Judge, Sound
from amanat.sync.judging import DeadLetter as DeadLetter
from amanat.sync.judging import Known as Known
from amanat.sync.messages import FROM_START, SHOWN_MAX, Answer, Envelope, Head, NewsItem, Push, SignedDelta

Place = tuple[int, int]
"""(device, seq)."""


class Fate(Enum):
    """What becomes of a sound entry."""

    STORED = "stored"
    REPEAT = "repeat"
    FORK = "fork"


class Held(Enum):
    """What the store has at the entry's (device, seq)."""

    NOTHING = "nothing"
    SAME = "the same"
    ANOTHER = "another"


JUDGEMENT: Final[Mapping[Held, Fate]] = {
    Held.NOTHING: Fate.STORED,
    Held.SAME: Fate.REPEAT,  # by hash: the path, the day and the number of times do not matter
    Held.ANOTHER: Fate.FORK,  # kept as well, and the device is set apart
}


@dataclass(frozen=True, slots=True)
class Arrived:
    """A sound entry as the store is given it; `news` for a check-in whose private part came along."""

    entry: Entry
    hash: bytes
    signed: SignedEntry
    station: int
    fate: Fate
    news: NewsItem | None


@dataclass(slots=True)
class Chain:
    """One device's branches: tips by hash, and entries that wait for the one before them, by its hash."""

    tips: dict[bytes, int] = field(default_factory=dict)
    loose: dict[bytes, list[tuple[int, bytes]]] = field(default_factory=dict)

    def link(self, entry: Entry, hash: bytes, *, parent_is_chained: bool) -> None:
        """Puts an entry in its place; all that waited for it follow."""
        if not parent_is_chained and entry.prev not in self.tips:
            self.loose.setdefault(entry.prev, []).append((entry.seq, hash))
            return
        self.tips.pop(entry.prev, None)
        ready = [(entry.seq, hash)]
        while ready:
            seq, at = ready.pop()
            followers = self.loose.pop(at, [])
            ready += followers
            if not followers:
                self.tips[at] = seq

    def is_loose(self, hash: bytes) -> bool:
        """Whether this entry is held but not chained."""
        return any(hash == waiting for rows in self.loose.values() for _, waiting in rows)


class Store(Protocol):
    """Where headquarters keeps what came.  Promise: after `atomic` ends without an exception all of it is durable;
    after an exception, or a crash before, none of it is there."""

    def atomic(self, devices: Collection[int]) -> AbstractContextManager[object]:
        """A transaction in which nobody else reads and writes the journals of these devices."""

    def held(self, places: Collection[Place]) -> Mapping[Place, Sequence[bytes]]:
        """The hashes held at each of these places."""

    def chains(self, devices: Collection[int]) -> dict[int, Chain]:
        """The branches of these devices; empty ones for devices never heard of."""

    def keep(self, arrived: Sequence[Arrived], chains: Mapping[int, Chain]) -> None:
        """Adds new entries (no repeats) and their news, and replaces the branches of these devices."""

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Adds dead letters; one that is there already stays as it is."""

    def heard(self, gateway: int, heads: Sequence[Head], now_ms: int) -> None:
        """Notes that a link spoke, and which heads it named of enrolled devices."""

    def news(self, cursor: int) -> tuple[int, Sequence[NewsItem]]:
        """The next at most NEWS_MAX items after a cursor, and the cursor after them."""

    def deltas(self, version: int) -> Sequence[SignedDelta]:
        """The register deltas after this version, in order."""

    def epoch(self) -> bytes:
        """16 bytes, new after each restore from a backup."""

    def shown(self, heads: Collection[Head]) -> Sequence[SignedEntry]:
        """The entries of these heads, without private parts."""


@dataclass(slots=True)
class Taken:
    """What became of a batch."""

    stored: int = 0
    repeats: int = 0
    forks: int = 0
    dead: int = 0
    devices: set[int] = field(default_factory=set)


class NotKept(Interrupted):
    """What was committed is not found again: nothing of it is acknowledged, and sending it again is safe."""


class HqSide:
    """Delivery seen from headquarters: bytes in, bytes out, what is between is in the store."""

    def __init__(
        self,
        store: Store,
        eh: ElectionHash,
        certificates: Callable[[int], Known | None],
        hq_seed: bytes,
        *,
        pace_ms: int,
    ) -> None:
        self._store = store
        self._eh = eh
        self._certificates = certificates
        self._seed = hq_seed
        self._pace_ms = pace_ms
        self._judge = Judge(eh, certificates)

    def receive(self, data: bytes, now_ms: int) -> bytes:
        """Takes a push and answers it; the answer states only what is committed (S-2).

        Raises:
            PeerFault: not a push signed by an enrolled device; nothing was changed, but that a signed message which
                is no push is kept as a dead letter.
            NotKept: see there.
        """
        answer = self.receive_all([data], now_ms)[0]
        if isinstance(answer, PeerFault):
            raise answer
        return answer

    def receive_all(self, pushes: Sequence[bytes], now_ms: int) -> list[bytes | PeerFault]:
        """Takes several pushes in one transaction, since a commit waits for the disk; an answer or refusal for each."""
        opened: list[Push | PeerFault] = []
        for data in pushes:
            try:
                opened.append(self.open(data))
            except PeerFault as fault:
                opened.append(fault)
        answers = iter(self.answer_all([one for one in opened if isinstance(one, Push)], now_ms))
        return [next(answers) if isinstance(one, Push) else one for one in opened]

    def open(self, data: bytes) -> Push:
        """A push that an enrolled device signed; its entries are unread.  Raises PeerFault, see `receive`."""
        envelope = messages.decode_envelope(data)
        known = None if envelope.signer is None else self._certificates(envelope.signer)
        if known is None or len(envelope.signature) != 64:
            raise PeerFault("sync-unknown-device")
        digest = identifier("sync", self._eh, envelope.payload)
        if not is_signed(known.certificate.key, "sync", self._eh, digest, envelope.signature):
            raise PeerFault("sync-signature")
        try:
            push = messages.decode_push(envelope.payload)
        except PeerFault:
            with self._store.atomic(()):
                self._store.bury([DeadLetter(data, "sync-push", envelope.signer)])
            raise
        if push.device != envelope.signer:
            raise PeerFault("sync-signature")
        return replace(push, heads=[head for head in push.heads if self._certificates(head.device)])

    def answer_all(self, pushes: Sequence[Push], now_ms: int) -> list[bytes]:
        """Takes opened pushes in one transaction, all their signatures checked in one call before it, and answers them
        after it (S-2, S-8).  Raises NotKept."""
        if not pushes:
            return []
        batches = self._judge.read([push.entries for push in pushes])
        named = [{push.device, *(head.device for head in push.heads)} for push in pushes]
        told = [devices | batch.devices for devices, batch in zip(named, batches, strict=True)]
        devices = set().union(*told)
        with self._store.atomic(devices):
            self._take(batches)
            for push in pushes:
                self._store.heard(push.device, push.heads, now_ms)
        return self._answers(pushes, told, self._read_back(batches, devices), now_ms)

    def take(self, triples: Sequence[Value]) -> Taken:
        """Takes triples that came another way (USB), in one transaction.  Raises NotKept."""
        batches = self._judge.read([triples])
        with self._store.atomic(batches[0].devices):
            taken = self._take(batches)
        self._read_back(batches, batches[0].devices)
        return taken

    def _read_back(self, batches: Sequence[Batch], devices: Collection[int]) -> dict[int, Chain]:
        """The branches of these devices as they are after the commit: each entry of the batches and each head is found
        again by its hash.  Raises NotKept."""
        chains = self._store.chains(devices)
        wanted = {(entry.device, entry.seq, hash) for batch in batches for entry, hash, _ in batch.sound}
        wanted |= {(device, seq, hash) for device, chain in chains.items() for hash, seq in chain.tips.items()}
        held = self._store.held({(device, seq) for device, seq, _ in wanted})
        for device, seq, hash in wanted:
            if hash not in held.get((device, seq), ()):
                raise NotKept("hq-not-kept", device=device, seq=seq)
        return chains

    def _answers(
        self, pushes: Sequence[Push], told: Sequence[Collection[int]], chains: Mapping[int, Chain], now_ms: int
    ) -> list[bytes]:
        news = {cursor: self._store.news(cursor) for cursor in sorted({push.cursor for push in pushes})}
        versions = sorted({push.register_version for push in pushes})
        deltas = {version: self._store.deltas(version) for version in versions}
        epoch = self._store.epoch()
        answers = []
        for push, devices in zip(pushes, told, strict=True):
            heads = [Head(d, seq, hash) for d in sorted(devices) for hash, seq in sorted(chains[d].tips.items())]
            late = deltas[push.register_version]
            shown = self._store.shown(beyond) if (beyond := _beyond(push, heads)) else ()
            answer = Answer(push.nonce, epoch, heads, *news[push.cursor], late, self._pace_ms, now_ms, shown)
            payload = messages.encode_answer(answer)
            digest = identifier("sync-answer", self._eh, payload)
            answers.append(Envelope(payload, None, sign(self._seed, "sync-answer", self._eh, digest)).encode())
        return answers

    def _take(self, batches: Sequence[Batch]) -> Taken:
        sound = [row for batch in batches for row in batch.sound]
        letters = [letter for batch in batches for letter in batch.letters]
        new, taken = self._judged(sound)
        if new:
            chains = self._linked(new)
            self._store.keep(new, chains)
        if letters:
            self._store.bury(letters)
        taken.dead = len(letters)
        taken.devices = set().union(*(batch.devices for batch in batches))
        return taken

    def _judged(self, sound: Sequence[Sound]) -> tuple[list[Arrived], Taken]:
        taken, new = Taken(), []
        held = {k: list(v) for k, v in self._store.held({(e.device, e.seq) for e, _, _ in sound}).items()}
        for entry, hash, signed in sound:
            there = held.setdefault((entry.device, entry.seq), [])
            fate = JUDGEMENT[Held.SAME if hash in there else Held.ANOTHER if there else Held.NOTHING]
            taken.repeats += fate is Fate.REPEAT
            taken.stored += fate is Fate.STORED
            taken.forks += fate is Fate.FORK
            if fate is Fate.REPEAT:
                continue
            there.append(hash)
            station = self._judge.known(entry.device).certificate.station
            new.append(Arrived(entry, hash, signed, station, fate, self._news(entry, signed, station)))
        new.sort(key=lambda one: (one.entry.device, one.entry.seq))
        return new, taken

    def _linked(self, new: Sequence[Arrived]) -> dict[int, Chain]:
        """The branches of these devices with the new entries in their places."""
        chains = self._store.chains({one.entry.device for one in new})
        before = self._store.held({(one.entry.device, one.entry.seq - 1) for one in new if one.entry.seq})
        here = {one.hash for one in new}
        for one in new:
            chain, entry = chains[one.entry.device], one.entry
            parent = entry.seq == 0 or entry.prev in here or entry.prev in before.get((entry.device, entry.seq - 1), ())
            chain.link(entry, one.hash, parent_is_chained=parent and not chain.is_loose(entry.prev))
        return chains

    def _news(self, entry: Entry, signed: SignedEntry, station: int) -> NewsItem | None:
        if entry.kind != "permit" or signed.private is None:
            return None
        try:
            person = PrivatePart.decode(signed.private).national_id
        except Malformed:
            return None  # the entry is kept; that its private part names nobody is a case for the boards
        return NewsItem(messages.news_digest(self._eh, person), station)


def _beyond(push: Push, heads: Sequence[Head]) -> list[Head]:
    """Heads of the pusher's own journal that its head does not cover: longer, beside it, or several branches (J-7)."""
    own = next((head for head in push.heads if head.device == push.device), Head(push.device, FROM_START, b""))
    held = [head for head in heads if head.device == push.device and head != own]
    further = [head for head in held if head.seq >= own.seq]
    is_forked = len(held) > 1 or own in heads  # our head is a tip, and another tip is a branch, however short
    return (held if is_forked else further)[:SHOWN_MAX]
