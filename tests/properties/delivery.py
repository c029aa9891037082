"""Devices, journals and gateways for the stories of delivery: keys that are known, entries that mean nothing."""

import hashlib
from collections.abc import Sequence

import amanat_crypto
from amanat.records.device import Certificate, certificate_id
from amanat.records.identifiers import ElectionHash
from amanat.records.journal import Entry, SignedEntry, entry_hash, make
from amanat.records.permit import PrivatePart
from amanat.rules.national_id import synthetic
from amanat.sync.hq_side import Known
from amanat.sync.messages import Head
from amanat.sync.station_side import NewsArrived, StationSide, head_of

EH = ElectionHash(hashlib.sha256(b"a test election").digest())
HQ_SEED = b"h" * 32
SEEDS = {device: bytes([device + 1]) * 32 for device in range(3)}
CERTIFICATES = {
    device: Certificate(device, device // 2, 3, amanat_crypto.public_key(seed), "seal")
    for device, seed in SEEDS.items()
}
KNOWN = {d: Known(c, certificate_id(EH, c.encode())) for d, c in CERTIFICATES.items()}


def entry(
    device: int, seq: int, prev: bytes, text: str, *, kind: str = "link", private: bytes | None = None
) -> SignedEntry:
    """An entry whose meaning is nobody's business here."""
    return make(
        eh=EH, seed=SEEDS[device], device=device, seq=seq, prev=prev, kind=kind, body=[text], wall_ms=seq,
        monotonic_ms=seq, boot_id=bytes(16), private=private,
    )  # fmt: skip


def private_part(number: int) -> bytes:
    """V of a made-up person."""
    return PrivatePart(bytes(32), synthetic(number), bytes(32), 1, 0).encode()


class Journal:
    """A device's journal as its media hold it, or a copy that a colleague keeps."""

    def __init__(self, device: int, entries: Sequence[SignedEntry] = ()) -> None:
        self.device = device
        self.entries: list[SignedEntry] = []
        self.parents: dict[bytes, bytes] = {}
        self.take(entries)

    def take(self, entries: Sequence[SignedEntry]) -> None:
        """Append what follows."""
        self.entries += entries
        self.parents.update((entry_hash(EH, one.entry), Entry.decode(one.entry).prev) for one in entries)

    def append(self, text: str, *, kind: str = "link", private: bytes | None = None) -> None:
        """Write one entry."""
        prev = self.head.hash if self.head else KNOWN[self.device].genesis
        self.take([entry(self.device, len(self.entries), prev, text, kind=kind, private=private)])

    @property
    def head(self) -> Head | None:
        """None: nothing was written yet."""
        return head_of(EH, self.entries[-1]) if self.entries else None

    def hashes(self) -> set[bytes]:
        """Of all entries."""
        return set(self.parents)


class Sender:
    """A gateway: its journals, its end of the link, and the news that it has on its medium."""

    def __init__(self, gateway: int, journals: Sequence[Journal]) -> None:
        self.gateway = gateway
        self.journals = {journal.device: journal for journal in journals}
        self.told: set[bytes] = set()
        self.restart()

    def restart(self) -> None:
        """It knows nothing any more of what headquarters said, but the news."""
        self.side = StationSide(EH, self.gateway, SEEDS[self.gateway], amanat_crypto.public_key(HQ_SEED))

    def heads(self) -> list[Head]:
        """Of the journals that have any entry."""
        return [journal.head for journal in self.journals.values() if journal.head]

    def push(self, nonce: bytes) -> bytes:
        """The next message."""
        return self.side.next_push(self.heads(), lambda d, seq: self.journals[d].entries[seq + 1 :], nonce=nonce)

    def receive(self, answer: bytes) -> list[object]:
        """What an answer says; its news are kept."""
        events: list[object] = list(self.side.receive(answer, 7))
        for event in events:
            if isinstance(event, NewsArrived):
                self.told |= {item.digest for item in event.items}
        return events
