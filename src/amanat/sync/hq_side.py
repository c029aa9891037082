"""Headquarters' end of delivery: takes what comes, each entry once, and states what it holds.  Clauses S-1 to S-6, J-7.

The same path for the link and for USB.  Judging one entry is the table JUDGEMENT; what is kept is kept by a Store, in
one transaction a push, before the answer is made.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, NamedTuple, Protocol

import amanat_crypto
from amanat.errors import PeerFault
from amanat.records import cbor
from amanat.records.cbor import Malformed, Value
from amanat.records.device import Certificate
from amanat.records.identifiers import ElectionHash, identifier, is_signed, sign
from amanat.records.journal import Entry, SignedEntry, entry_hash
from amanat.records.permit import PrivatePart
from amanat.sync import messages
from amanat.sync.messages import Answer, Envelope, Head, NewsItem, Push, SignedDelta

STORED_END: Final = 1 << 63  # databases count with a sign
Place = tuple[int, int]
"""(device, seq)."""


class Known(NamedTuple):
    """An enrolled device: its certificate, and the `prev` of its first entry."""

    certificate: Certificate
    genesis: bytes


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


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What could not be taken, whole, with its reason (a code) and the device that it names, if any."""

    raw: bytes
    reason: str
    device: int | None = None


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

    def atomic(self) -> AbstractContextManager[object]:
        """A transaction."""

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


@dataclass(slots=True)
class Taken:
    """What became of a batch."""

    stored: int = 0
    repeats: int = 0
    forks: int = 0
    dead: int = 0
    devices: set[int] = field(default_factory=set)


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

    def receive(self, data: bytes, now_ms: int) -> bytes:
        """Takes a push and answers it; the answer states only what is committed (S-2).

        Raises:
            PeerFault: not a push signed by an enrolled device; nothing was changed, but that a signed message which
                is no push is kept as a dead letter.
        """
        answer = self.receive_all([data], now_ms)[0]
        if isinstance(answer, PeerFault):
            raise answer
        return answer

    def receive_all(self, pushes: Sequence[bytes], now_ms: int) -> list[bytes | PeerFault]:
        """Takes several pushes in one transaction, since a commit waits for the disk; an answer or refusal for each."""
        results: list[PeerFault | tuple[Push, Taken]] = []
        with self._store.atomic():
            for data in pushes:
                try:
                    push = self._opened(data)
                except PeerFault as fault:
                    results.append(fault)
                    continue
                results.append((push, self._take(push.entries)))
                self._store.heard(push.device, push.heads, now_ms)
        return [self._answer(*one, now_ms) if isinstance(one, tuple) else one for one in results]

    def _answer(self, push: Push, taken: Taken, now_ms: int) -> bytes:
        chains = self._store.chains(taken.devices | {head.device for head in push.heads})
        cursor, news = self._store.news(push.cursor)
        answer = Answer(
            push.nonce,
            self._store.epoch(),
            [Head(d, seq, hash) for d in sorted(chains) for hash, seq in sorted(chains[d].tips.items())],
            cursor,
            news,
            self._store.deltas(push.register_version),
            self._pace_ms,
            now_ms,
        )
        payload = messages.encode_answer(answer)
        digest = identifier("sync-answer", self._eh, payload)
        return Envelope(payload, None, sign(self._seed, "sync-answer", self._eh, digest)).encode()

    def take(self, triples: Sequence[Value]) -> Taken:
        """Takes triples that came another way (USB), in one transaction."""
        with self._store.atomic():
            return self._take(triples)

    def _opened(self, data: bytes) -> Push:
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
            self._store.bury([DeadLetter(data, "sync-push", envelope.signer)])
            raise
        if push.device != envelope.signer:
            raise PeerFault("sync-signature")
        return replace(push, heads=[head for head in push.heads if self._certificates(head.device)])

    def _take(self, triples: Sequence[Value]) -> Taken:
        letters: list[DeadLetter] = []
        sound = self._signed(self._readable(triples, letters), letters)
        new, taken = self._judged(sound)
        if new:
            chains = self._linked(new)
            self._store.keep(new, chains)
        if letters:
            self._store.bury(letters)
        taken.dead = len(letters)
        taken.devices = {entry.device for entry, _, _ in sound}
        return taken

    def _readable(self, triples: Sequence[Value], letters: list[DeadLetter]) -> list[tuple[Entry, SignedEntry]]:
        """The triples that are entries of enrolled devices, with a private part that fits, signatures unchecked."""
        rows = []
        for value in triples:
            reason, device = "entry-unreadable", None
            match value:
                case [bytes(data), bytes(signature), bytes() | None as private] if len(signature) == 64:
                    try:
                        entry = Entry.decode(data)
                    except Malformed:
                        letters.append(DeadLetter(cbor.encode(value), reason))
                        continue
                    device = entry.device
                    digest = None if private is None else hashlib.sha256(private).digest()
                    if self._certificates(device) is None:
                        reason = "device-unknown"
                    elif max(entry.seq, entry.wall_ms) >= STORED_END:
                        reason = "entry-range"
                    elif digest is not None and digest != entry.private_hash:
                        reason = "private-part-differs"
                    else:
                        rows.append((entry, SignedEntry(data, signature, private)))
                        continue
            letters.append(DeadLetter(cbor.encode(value), reason, device))
        return rows

    def _signed(
        self, rows: Sequence[tuple[Entry, SignedEntry]], letters: list[DeadLetter]
    ) -> list[tuple[Entry, bytes, SignedEntry]]:
        """The rows whose signature holds, with their hashes; the seq 0 of a journal must follow its certificate."""
        if not rows:
            return []
        hashes = [entry_hash(self._eh, signed.entry) for _, signed in rows]
        bad = set(
            amanat_crypto.verify_signatures(
                domain="journal",
                eh=self._eh,
                keys=b"".join(self._known(entry.device).certificate.key for entry, _ in rows),
                digests=b"".join(hashes),
                signatures=b"".join(signed.signature for _, signed in rows),
            )
        )
        sound = []
        for index, ((entry, signed), hash) in enumerate(zip(rows, hashes, strict=True)):
            if index in bad:
                reason = "entry-signature"
            elif entry.seq == 0 and entry.prev != self._known(entry.device).genesis:
                reason = "entry-genesis"
            else:
                sound.append((entry, hash, signed))
                continue
            raw = cbor.encode([signed.entry, signed.signature, signed.private])
            letters.append(DeadLetter(raw, reason, entry.device))
        return sound

    def _judged(self, sound: Iterable[tuple[Entry, bytes, SignedEntry]]) -> tuple[list[Arrived], Taken]:
        sound = list(sound)
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
            station = self._known(entry.device).certificate.station
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

    def _known(self, device: int) -> Known:
        known = self._certificates(device)
        assert known is not None  # asked after `_readable` only
        return known

    def _news(self, entry: Entry, signed: SignedEntry, station: int) -> NewsItem | None:
        if entry.kind != "permit" or signed.private is None:
            return None
        try:
            person = PrivatePart.decode(signed.private).national_id
        except Malformed:
            return None  # the entry is kept; that its private part names nobody is a case for the boards
        return NewsItem(messages.news_digest(self._eh, person), station)
