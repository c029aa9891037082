"""A station's end of delivery: what to push next, and what an answer means.  Clauses S-1, S-2, S-4, S-5, J-7.

The caller sends, waits and retries; it may send several pushes before an answer comes, lose any, get any twice.  Only
the answer to the latest push counts; another one changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from amanat.errors import PeerFault
from amanat.records.identifiers import ElectionHash, identifier, is_signed, sign
from amanat.records.journal import Entry, SignedEntry, entry_hash
from amanat.sync import messages
from amanat.sync.messages import FROM_START, Answer, Envelope, Head, NewsItem, Push, SignedDelta


class Phase(Enum):
    """Where this end stands."""

    QUIET = "quiet"
    WAITING = "waiting"


class Happening(Enum):
    """What moves it."""

    PUSHED = "pushed"
    ANSWERED = "answered"
    STALE = "stale answer"


NEXT: Final[Mapping[tuple[Phase, Happening], Phase]] = {
    (Phase.QUIET, Happening.PUSHED): Phase.WAITING,
    (Phase.WAITING, Happening.PUSHED): Phase.WAITING,  # the one before is given up: its answer is stale from now on
    (Phase.WAITING, Happening.ANSWERED): Phase.QUIET,
    (Phase.WAITING, Happening.STALE): Phase.WAITING,
    (Phase.QUIET, Happening.STALE): Phase.QUIET,  # a second copy of an answer already taken
}


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Headquarters holds these heads durably; never a licence to delete."""

    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True)
class NewEpoch:
    """Headquarters was restored; it is refilled from the heads that it states (S-4)."""

    epoch: bytes


@dataclass(frozen=True, slots=True)
class Ahead:
    """Headquarters holds more of a device of ours than we do: it was rolled back, if that is true (J-7)."""

    head: Head


@dataclass(frozen=True, slots=True)
class Shown:
    """Entries that headquarters holds of our own journal beyond, or beside, our head: their signatures, not its word,
    say whether we must stop (J-7).  Unchecked."""

    entries: tuple[SignedEntry, ...]


@dataclass(frozen=True, slots=True)
class Stuck:
    """Headquarters got entries after `seq` and did not chain them; later ones are sent all the same."""

    device: int
    seq: int


@dataclass(frozen=True, slots=True)
class NewsArrived:
    """Check-ins at other stations (and at ours)."""

    items: tuple[NewsItem, ...]


@dataclass(frozen=True, slots=True)
class DeltaArrived:
    """A register delta; its signature is for the register's overlay to check."""

    delta: SignedDelta


@dataclass(frozen=True, slots=True)
class Paced:
    """Headquarters answered at `now_ms` of the caller's clock; an idle link may rest for `pace_ms`."""

    now_ms: int
    pace_ms: int
    headquarters_ms: int


Event = Acknowledged | NewEpoch | Ahead | Shown | Stuck | NewsArrived | DeltaArrived | Paced
ReadAfter = Callable[[int, int], Iterable[SignedEntry]]
"""(device, seq) -> this device's entries after seq, ascending; FROM_START gives all.  A bounded part is enough."""


class StationSide:
    """Delivery of one station's journals over the link of `device`.

    `heads` given to `next_push` are of every journal this link carries; `cursor` and `epoch` may be forgotten at a
    restart: headquarters then tells all news again, which changes nothing.
    """

    def __init__(self, eh: ElectionHash, device: int, seed: bytes, hq_key: bytes) -> None:
        self.phase = Phase.QUIET
        self.cursor = 0
        self.epoch: bytes | None = None
        self.register_version = 0
        self._eh = eh
        self._device = device
        self._seed = seed
        self._hq_key = hq_key
        self._nonce = b""
        self._own: dict[int, Head] = {}
        self._stated: dict[int, list[Head]] = {}  # headquarters' heads by device, one a branch
        self._sent: dict[int, int] = {}  # the last seq of the push under way
        self._passed: dict[int, int] = {}  # headquarters had entries up to here and its head stayed behind

    def next_push(self, heads: Sequence[Head], read_after: ReadAfter, *, nonce: bytes) -> bytes:
        """The next message, of what follows headquarters' heads; `nonce` is 16 random bytes, never used before."""
        self.phase = NEXT[self.phase, Happening.PUSHED]
        self._nonce = nonce
        self._own = {head.device: head for head in heads}
        self._sent = {}
        picked = messages.bounded(self._following(heads, read_after))
        push = Push(self._device, nonce, self.cursor, self.register_version, picked, heads)
        payload = messages.encode_push(push)
        digest = identifier("sync", self._eh, payload)
        return Envelope(payload, self._device, sign(self._seed, "sync", self._eh, digest)).encode()

    def undelivered(self, heads: Sequence[Head]) -> int:
        """How many entries of these journals headquarters has not been heard to hold."""
        return sum(head.seq - max(self._known(head), self._passed.get(head.device, FROM_START)) for head in heads)

    def receive(self, data: bytes, now_ms: int) -> list[Event]:
        """What an answer says; of a stale one, nothing.

        Raises:
            PeerFault: it is no answer of our headquarters; nothing was changed, pushing again is safe.
        """
        envelope = messages.decode_envelope(data)
        digest = identifier("sync-answer", self._eh, envelope.payload)
        if envelope.signer is not None or len(envelope.signature) != 64:
            raise PeerFault("sync-answer")
        if not is_signed(self._hq_key, "sync-answer", self._eh, digest, envelope.signature):
            raise PeerFault("sync-answer")
        answer = messages.decode_answer(envelope.payload)
        fresh = self.phase is Phase.WAITING and answer.nonce == self._nonce
        self.phase = NEXT[self.phase, Happening.ANSWERED if fresh else Happening.STALE]
        return self._events(answer, now_ms) if fresh else []

    def _following(self, heads: Sequence[Head], read_after: ReadAfter) -> Iterable[SignedEntry]:
        """Entries after headquarters' heads, device by device; `_sent` notes the last one that was taken."""
        for head in heads:
            seq = max(self._matched(head, read_after), self._passed.get(head.device, FROM_START))
            for entry in read_after(head.device, seq):
                yield entry
                seq += 1
                self._sent[head.device] = seq

    def _matched(self, own: Head, read_after: ReadAfter) -> int:
        """The seq of the furthest of headquarters' heads that lies on our branch, else FROM_START."""
        for stated in sorted(self._stated.get(own.device, ()), key=lambda head: -head.seq):
            if stated == own:
                return stated.seq
            if stated.seq < own.seq:
                following = next(iter(read_after(own.device, stated.seq)), None)
                if following is not None and Entry.decode(following.entry).prev == stated.hash:
                    return stated.seq
        return FROM_START

    def _known(self, own: Head) -> int:
        return max((h.seq for h in self._stated.get(own.device, ()) if h.seq <= own.seq), default=FROM_START)

    def _events(self, answer: Answer, now_ms: int) -> list[Event]:
        events: list[Event] = [Paced(now_ms, answer.pace_ms, answer.now_ms)]
        before, self._stated = self._stated, {}
        for head in answer.heads:
            self._stated.setdefault(head.device, []).append(head)
        gone_back, is_restored = [*self._gone_back(before)], self.epoch not in (None, answer.epoch)
        if is_restored:
            events.append(NewEpoch(answer.epoch))
            gone_back = [*{**before, **self._passed, **self._sent}]
        # What was sent followed heads of another epoch, or of headquarters before an older copy took its place untold:
        # it says nothing about these heads.
        for device in gone_back:
            self._passed.pop(device, None)
            self._sent.pop(device, None)
        self.epoch = answer.epoch
        events.append(Acknowledged(tuple(answer.heads)))
        events += self._differences()
        if answer.shown:
            events.append(Shown(tuple(answer.shown)))
        self.cursor = 0 if is_restored or gone_back else answer.cursor  # all news again change nothing
        if answer.news:
            events.append(NewsArrived(tuple(answer.news)))
        events += [DeltaArrived(delta) for delta in answer.deltas]
        return events

    def _gone_back(self, before: Mapping[int, Sequence[Head]]) -> Iterable[int]:
        """Devices of which headquarters stated a head before that it now neither has nor has gone beyond."""
        for device, heads in before.items():
            stated = self._stated.get(device, [])
            if any(old not in stated and all(head.seq <= old.seq for head in stated) for old in heads):
                yield device

    def _differences(self) -> Iterable[Event]:
        """What headquarters' heads say that they should not, and where to go on in spite of it."""
        for own in self._own.values():
            stated = self._stated.get(own.device, [])
            yield from [Ahead(head) for head in stated if head.seq > own.seq]
            last = max((head.seq for head in stated), default=FROM_START)
            sent = self._sent.get(own.device, FROM_START)
            if last < sent:
                self._passed[own.device] = sent
                yield Stuck(own.device, last)


def head_of(eh: ElectionHash, entry: SignedEntry) -> Head:
    """The head that a journal has after this entry."""
    decoded = Entry.decode(entry.entry)
    return Head(decoded.device, decoded.seq, entry_hash(eh, entry.entry))
