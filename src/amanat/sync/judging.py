"""Form and signatures of what came, before any store is asked: which triples are entries, whose.  Clauses S-3, S-8."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import amanat_crypto
from amanat.records import cbor
from amanat.records.cbor import Malformed, Value
from amanat.records.device import Certificate
from amanat.records.identifiers import ElectionHash
from amanat.records.journal import Entry, SignedEntry, entry_hash

STORED_END: Final = 1 << 63  # databases count with a sign


class Known(NamedTuple):
    """An enrolled device: its certificate, and the `prev` of its first entry."""

    certificate: Certificate
    genesis: bytes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What could not be taken, whole, with its reason (a code) and the device that it names, if any."""

    raw: bytes
    reason: str
    device: int | None = None


Read = tuple[Entry, SignedEntry]
Sound = tuple[Entry, bytes, SignedEntry]
"""An entry whose signature holds, its hash, and what was signed."""


@dataclass(slots=True)
class Batch:
    """The triples of one push, judged one by one."""

    sound: list[Sound] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)

    @property
    def devices(self) -> set[int]:
        """Whose entries these are."""
        return {entry.device for entry, _, _ in self.sound}


class Judge:
    """Reads triples of one election's enrolled devices."""

    def __init__(self, eh: ElectionHash, certificates: Callable[[int], Known | None]) -> None:
        self._eh = eh
        self._certificates = certificates

    def read(self, parts: Sequence[Sequence[Value]]) -> list[Batch]:
        """Judges form and signatures of the triples of several pushes, all signatures in one call."""
        batches = [Batch() for _ in parts]
        rows = [self._readable(part, batch.letters) for part, batch in zip(parts, batches, strict=True)]
        refused = self._refused([row for part in rows for row in part])
        for part, batch in zip(rows, batches, strict=True):
            batch.sound = self._signed(part, [next(refused) for _ in part], batch.letters)
        return batches

    def _readable(self, triples: Sequence[Value], letters: list[DeadLetter]) -> list[Read]:
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

    def _refused(self, rows: Sequence[Read]) -> Iterator[tuple[bytes, bool]]:
        """For each row its hash, and whether its signature is refused."""
        if not rows:
            return iter(())
        hashes = [entry_hash(self._eh, signed.entry) for _, signed in rows]
        keys = b"".join(self.known(entry.device).certificate.key for entry, _ in rows)
        signatures = b"".join(signed.signature for _, signed in rows)
        refused = set(
            amanat_crypto.verify_signatures(
                domain="journal", eh=self._eh, keys=keys, digests=b"".join(hashes), signatures=signatures
            )
        )
        return ((hash, index in refused) for index, hash in enumerate(hashes))

    def _signed(
        self, rows: Sequence[Read], verdicts: Sequence[tuple[bytes, bool]], letters: list[DeadLetter]
    ) -> list[Sound]:
        """The rows whose signature holds, with their hashes; the seq 0 of a journal must follow its certificate."""
        sound = []
        for (entry, signed), (hash, is_refused) in zip(rows, verdicts, strict=True):
            if is_refused:
                reason = "entry-signature"
            elif entry.seq == 0 and entry.prev != self.known(entry.device).genesis:
                reason = "entry-genesis"
            else:
                sound.append((entry, hash, signed))
                continue
            raw = cbor.encode([signed.entry, signed.signature, signed.private])
            letters.append(DeadLetter(raw, reason, entry.device))
        return sound

    def known(self, device: int) -> Known:
        """A device that `read` let pass."""
        known = self._certificates(device)
        assert known is not None  # asked after `_readable` only
        return known
