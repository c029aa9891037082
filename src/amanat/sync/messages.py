"""What travels: pushes, answers, and the signed envelope around both.  Clauses S-1, S-2, S-5, S-6.

Envelope = CBOR([payload, signer device or null, signature]); a push is signed by the device of the link, an answer by
headquarters (null).  Reading checks form only; who signed is for the ends to check.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from amanat.errors import PeerFault
from amanat.records import cbor
from amanat.records.cbor import Encodable, Value
from amanat.records.identifiers import ElectionHash, identifier
from amanat.records.journal import SignedEntry

VERSION: Final = 1
ENTRIES_MAX: Final = 256  # a push that fails costs little to repeat, and one transaction stays short
BYTES_MAX: Final = 1 << 20
LIVE_BYTES: Final = 16 << 10  # a push of so many bytes at most goes before backlogs (S-9)
NEWS_MAX: Final = 4096  # 4,096 items are 90 kB: news of an hour of a county in one answer
NONCE_BYTES: Final = 16
SHOWN_MAX: Final = 8  # entries shown in one answer; one is enough to stop a device
EPOCH_BYTES: Final = 16
DIGEST_BYTES: Final = 10
SIGNATURE_BYTES: Final = 64
ARRAY: Final = 0x80  # CBOR: an array of fewer than 24
ITEM: Final = bytes([ARRAY | 2, 0x40 | DIGEST_BYTES])  # an array of two, and of it a byte string of ten
FROM_START: Final = -1  # the sequence number before the first


class Head(NamedTuple):
    """The last entry of one branch of a device's journal."""

    device: int
    seq: int
    hash: bytes


class NewsItem(NamedTuple):
    """Somebody was checked in at a station: the first ten bytes of ID("news", national id), and the station."""

    digest: bytes
    station: int


class SignedDelta(NamedTuple):
    """A register delta as headquarters signed it."""

    delta: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Push:
    """What a station sends.  ``entries`` are raw triples: whether one is sound is judged entry by entry."""

    device: int
    nonce: bytes
    cursor: int
    register_version: int
    entries: Sequence[Value]
    heads: Sequence[Head]


@dataclass(frozen=True, slots=True)
class Answer:
    """What headquarters states: the heads it holds durably (each branch), news after the cursor, deltas, pace.

    ``shown``: entries of the pushing device's journal, without private parts, that its own head does not cover (J-7).
    """

    nonce: bytes
    epoch: bytes
    heads: Sequence[Head]
    cursor: int
    news: Sequence[NewsItem]
    deltas: Sequence[SignedDelta]
    pace_ms: int
    now_ms: int
    shown: Sequence[SignedEntry] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, the device that says it signed (None: headquarters), and the signature."""

    payload: bytes
    signer: int | None
    signature: bytes

    def encode(self) -> bytes:
        """As it travels."""
        return cbor.encode([self.payload, self.signer, self.signature])


def news_digest(eh: ElectionHash, national_id: str) -> bytes:
    """The ten bytes by which a check-in is told to other stations."""
    return identifier("news", eh, national_id.encode("ascii"))[:DIGEST_BYTES]


def triple(entry: SignedEntry) -> Value:
    """A signed entry as it travels."""
    return [entry.entry, entry.signature, entry.private]


def bounded(entries: Iterable[SignedEntry]) -> list[Value]:
    """As many of the entries, from the first on, as one push takes; at least one if there is one."""
    taken: list[Value] = []
    size = 0
    for entry in entries:
        size += len(entry.entry) + len(entry.signature) + len(entry.private or b"") + 16
        if taken and (len(taken) == ENTRIES_MAX or size > BYTES_MAX):
            break
        taken.append(triple(entry))
    return taken


def encode_push(push: Push) -> bytes:
    """The payload of a push."""
    heads: list[Encodable] = [list(head) for head in push.heads]
    return cbor.encode(
        [VERSION, "push", push.device, push.nonce, push.cursor, push.register_version, push.entries, heads]
    )


def encode_answer(answer: Answer) -> bytes:
    """The payload of an answer."""
    heads: list[Encodable] = [list(head) for head in answer.heads]
    deltas: list[Encodable] = [list(delta) for delta in answer.deltas]
    first: list[Encodable] = [VERSION, "answer", answer.nonce, answer.epoch, heads, answer.cursor]
    last: list[Encodable] = [deltas, answer.pace_ms, answer.now_ms]
    if answer.shown:  # only then: a program that does not know of it reads all other answers
        last.append([[one.entry, one.signature] for one in answer.shown])
    count = len(first) + 1 + len(last)
    return bytes([ARRAY | count]) + cbor.encode_seq(first) + _encoded_news(answer.news) + cbor.encode_seq(last)


def _encoded_news(items: Sequence[NewsItem]) -> bytes:
    """The array of the items, put together: an answer has thousands, and each is two ids that need no walk."""
    stations = {station: cbor.encode(station) for station in {item.station for item in items}}
    if any(len(item.digest) != DIGEST_BYTES for item in items):
        raise cbor.Malformed("news")
    head = cbor.encode([None] * len(items))[: -len(items) or None]
    return head + b"".join(ITEM + item.digest + stations[item.station] for item in items)


def decode_envelope(data: bytes) -> Envelope:
    """Raises PeerFault when it is none, or larger than any push."""
    match _decoded(data if len(data) <= 2 * BYTES_MAX else b""):
        case [bytes(payload), int() | None as signer, bytes(signature)]:
            return Envelope(payload, signer, signature)
    raise PeerFault("sync-envelope")


def decode_push(payload: bytes) -> Push:
    """Raises PeerFault when the payload is no push of this version."""
    match _decoded(payload):
        case [1, "push", int(device), bytes(nonce), int(cursor), int(version), list(entries), list(heads)]:
            if len(nonce) == NONCE_BYTES and len(entries) <= ENTRIES_MAX:
                return Push(device, nonce, cursor, version, entries, _heads(heads))
    raise PeerFault("sync-push")


def decode_answer(payload: bytes) -> Answer:
    """Raises PeerFault when the payload is no answer of this version."""
    match _decoded(payload):
        case [
            1, "answer", bytes(nonce), bytes(epoch), list(heads), int(cursor), list(news), list(deltas),
            int(pace), int(now), *more,
        ] if len(more) <= 1:  # fmt: skip
            items, shown = [_news(item) for item in news], _shown(more[0]) if more else []
            return Answer(nonce, epoch, _heads(heads), cursor, items, [_delta(d) for d in deltas], pace, now, shown)
    raise PeerFault("sync-answer")


def _decoded(data: bytes) -> Value:
    try:
        return cbor.decode(data)
    except cbor.Malformed:
        return None


def _heads(values: Sequence[Value]) -> list[Head]:
    heads = []
    for value in values:
        match value:
            case [int(device), int(seq), bytes(hash)] if len(hash) == 32:
                heads.append(Head(device, seq, hash))
            case _:
                raise PeerFault("sync-heads")
    return heads


def _news(value: Value) -> NewsItem:
    match value:
        case [bytes(digest), int(station)] if len(digest) == DIGEST_BYTES:
            return NewsItem(digest, station)
    raise PeerFault("sync-answer")


def _shown(value: Value) -> list[SignedEntry]:
    entries = []
    for one in value if isinstance(value, list) and 0 < len(value) <= SHOWN_MAX else [None]:
        match one:
            case [bytes(entry), bytes(signature)] if len(signature) == SIGNATURE_BYTES:
                entries.append(SignedEntry(entry, signature, None))
            case _:
                raise PeerFault("sync-answer")
    return entries


def _delta(value: Value) -> SignedDelta:
    match value:
        case [bytes(delta), bytes(signature)] if len(signature) == SIGNATURE_BYTES:
            return SignedDelta(delta, signature)
    raise PeerFault("sync-answer")
