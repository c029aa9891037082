"""The journal of a device: signed, chained entries, and the fold that is its state.  Clauses J-1, J-4, J-6.

*Used* is no second write: the cast entry is the use of the permit.  Time is kept as evidence and decides nothing (J-5).
"""

import hashlib
import re
from bisect import insort
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, ClassVar, Final

from amanat.errors import Rejected
from amanat.records import cbor
from amanat.records.ballot import Core, ballot_id
from amanat.records.cbor import Value, as_bytes, as_list, as_text, as_uint
from amanat.records.device import ROLE_APPROVE, Certificate, certificate_id
from amanat.records.identifiers import BallotId, PermitHash, identifier, merkle_root, sign
from amanat.records.permit import Permit, PrivatePart, permit_hash
from amanat.records.shape import Bit, Bytes16, Bytes32, Bytes64, Check, Record
from amanat.records.sheet import Sheet
from amanat.rules.closing import Account, PaperStock

_KINDS: Final = """
opened zero-sheet permit refused approval permit-refused ballot-prepared ballot-cast ballot-tested ballot-dropped
register-delta link clock-step incident extension paper-mode sheet closed recovered hand-over
"""
KINDS: Final = frozenset(_KINDS.split())
_LEFT: Final = re.compile(r"((?:[0-9a-f]{32} )+)(.*)", re.DOTALL)


def _as_kind(value: Value, what: str) -> str:
    return value if value in KINDS and isinstance(value, str) else cbor.refuse(what)


DECODED_MAX: Final = 2_048


@dataclass(frozen=True, slots=True)
class Entry(Record):
    """One entry; times in ms (Unix epoch; since boot), `private_hash` = SHA-256 of the part that stands beside it."""

    VERSION: ClassVar[int] = 1

    device: int
    seq: int
    prev: Bytes32
    kind: Annotated[str, Check(_as_kind)]
    body: list[Value]
    private_hash: Bytes32 | None
    wall_ms: int
    monotonic_ms: int
    boot_id: Bytes16

    @classmethod
    @lru_cache(maxsize=DECODED_MAX)
    def decode(cls, data: bytes) -> "Entry":
        """See `Record`.  The last ones are remembered: on its way an entry is read by many, and changed by nobody."""
        return cls.from_value(cbor.decode(data))


@dataclass(frozen=True, slots=True)
class SignedEntry(Record):
    """What is stored and travels: entry bytes, Sign(device, "journal", hash), private part or None."""

    entry: bytes
    signature: Bytes64
    private: bytes | None


def entry_hash(eh: bytes, entry: bytes) -> bytes:
    """ID("journal", entry)."""
    return identifier("journal", eh, entry)


def genesis(eh: bytes, certificate: bytes) -> bytes:
    """The `prev` of entry 0: ID("device", certificate)."""
    return certificate_id(eh, certificate)


def make(
    *,
    eh: bytes,
    seed: bytes,
    device: int,
    seq: int,
    prev: bytes,
    kind: str,
    body: list[Value],
    wall_ms: int,
    monotonic_ms: int,
    boot_id: bytes,
    private: bytes | None = None,
) -> SignedEntry:
    """A signed entry by the device whose key has this 32-byte seed."""
    assert kind in KINDS
    beside = None if private is None else hashlib.sha256(private).digest()
    entry = Entry(device, seq, prev, kind, body, beside, wall_ms, monotonic_ms, boot_id).encode()
    return SignedEntry(entry, sign(seed, "journal", eh, entry_hash(eh, entry)), private)


@dataclass(frozen=True, slots=True)
class PaperNote(Record):
    """The whole body of `paper-mode`: on paper now or not, the serials received (from, to), and what became of them.

    `used` ballots of voters, `spoiled` ones and those `left` are null until they were counted.
    """

    on: Bit
    received: tuple[tuple[int, int], ...]
    used: int | None
    spoiled: int | None
    left: int | None

    def require_sound(self) -> None:
        """Serials ascending, none twice; the three counts together or not at all."""
        if any(first > last for first, last in self.received):
            cbor.refuse("serials")
        if any(before[1] >= after[0] for before, after in pairwise(self.received)):
            cbor.refuse("serials")
        if len({count is None for count in (self.used, self.spoiled, self.left)}) > 1:
            cbor.refuse("stock")

    @property
    def stock(self) -> PaperStock | None:
        """What the minutes' equation is asked of, once it was counted."""
        if self.used is None or self.spoiled is None or self.left is None:
            return None
        return PaperStock(sum(last - first + 1 for first, last in self.received), self.used, self.spoiled, self.left)


class DeviceState:
    """The fold: one device's state after each entry in order, cheap to apply; roots are computed when asked for.

    Signatures are the caller's to verify (they come in batches).  Reading attributes is free; only `apply` writes.
    """

    def __init__(self, eh: bytes, certificate: bytes) -> None:
        self.eh = eh
        self.device = Certificate.decode(certificate).device
        self._approves = Certificate.decode(certificate).has(ROLE_APPROVE)
        self.next_seq = 0
        self.head = genesis(eh, certificate)
        self.opened = False
        self.closed = False
        self.closing_sheet: bytes | None = None
        self.carries: dict[int, tuple[int, bytes]] = {}  # devices taken over from: their last seq and head (J-8)
        self.paper_mode = False
        self.paper: PaperNote | None = None
        self.extended_until_ms: int | None = None
        self.extensions: list[bytes] = []
        self.paused: str | None = None
        self.ended = False
        self.left: dict[bytes, str] = {}
        self.register_version = 0
        self.entries: Counter[str] = Counter()
        self.permits: dict[bytes, PermitHash] = {}
        self.issued_ms: dict[bytes, int] = {}
        self.checked_in: dict[str, bytes] = {}
        self.refused_serials: set[bytes] = set()
        self.approvals: dict[bytes, tuple[int, bytes]] = {}
        self.cast: dict[bytes, BallotId] = {}
        self.tested: list[bytes] = []
        self.open_prepared: bytes | None = None
        self.oddities: list[str] = []
        self._cast_ids: list[bytes] = []
        self._permit_hashes: list[bytes] = []

    def apply(self, signed: SignedEntry) -> Entry:
        """Take the next entry and return it decoded.

        Malformed if it cannot be read, Rejected("journal-chain") if it is not this device's next; nothing has
        changed then.  What a sound program would not write (a cast never prepared) is kept in `oddities`.
        """
        entry = Entry.decode(signed.entry)
        if (entry.device, entry.seq, entry.prev) != (self.device, self.next_seq, self.head):
            raise Rejected("journal-chain", device=self.device, expected=self.next_seq, seq=entry.seq)
        if signed.private is not None and hashlib.sha256(signed.private).digest() != entry.private_hash:
            raise Rejected("journal-private", device=self.device, seq=entry.seq)
        fold = _FOLDS.get(entry.kind)
        if fold is not None:
            fold(self, entry, signed.private)
        self.entries[entry.kind] += 1
        self.next_seq += 1
        self.head = entry_hash(self.eh, signed.entry)
        return entry

    @property
    def account(self) -> Account:
        """The counts of a sheet; `left` and refused permits are a station's, not a device's.

        A pad issues none: its `permits` are those that it approved (C-9, J-6).
        """
        count = self.entries
        return Account(
            permits=len(self._permit_hashes) if self._approves else count["permit"],
            refused=count["refused"],
            prepared=count["ballot-prepared"],
            cast=count["ballot-cast"],
            tested=count["ballot-tested"],
            dropped=count["ballot-dropped"],
        )

    @property
    def permit_root(self) -> bytes:
        """RFC 6962 root over this device's permit hashes, sorted; over those that it approved, if it is a pad."""
        return merkle_root(self._permit_hashes)

    @property
    def box_root(self) -> bytes:
        """RFC 6962 root over the ids cast on this device, sorted."""
        return merkle_root(self._cast_ids)

    @property
    def permit_hashes(self) -> tuple[bytes, ...]:
        """What permit_root is over."""
        return tuple(self._permit_hashes)

    @property
    def cast_ids(self) -> tuple[bytes, ...]:
        """The ids cast on this device, sorted."""
        return tuple(self._cast_ids)

    def sheet(self, kind: int) -> Sheet:
        """The sheet of the state after the last entry; there is one at least."""
        assert self.next_seq > 0
        a = self.account
        counts = (a.permits, a.refused, a.prepared, a.cast, a.tested, a.dropped)
        return Sheet(kind, self.device, self.next_seq - 1, self.head, *counts, self.permit_root, self.box_root)

    def _odd(self, entry: Entry, what: str) -> None:
        self.oddities.append(f"{entry.seq}: {what}")

    def _settle(self, entry: Entry, id_: bytes) -> None:
        if self.open_prepared != id_:
            self._odd(entry, f"{entry.kind} of another ballot than the one prepared")
        self.open_prepared = None


def _on_permit(state: DeviceState, entry: Entry, private: bytes | None) -> None:
    permit, signature, seconds = as_list(entry.body, "permit", size=3)
    as_bytes(signature, "signature", size=64)
    if seconds is not None:
        as_uint(seconds, "seconds")
    encoded = as_bytes(permit, "permit")
    serial = Permit.decode(encoded).serial
    person = None if private is None else PrivatePart.decode(private).national_id
    ph = permit_hash(state.eh, encoded)
    if serial in state.permits:
        state._odd(entry, "serial used twice")
    state.permits[serial] = ph
    state.issued_ms[serial] = entry.wall_ms
    if not state._approves:
        insort(state._permit_hashes, ph)
    if person is not None:
        state.checked_in.setdefault(person, serial)


def _on_permit_refused(state: DeviceState, entry: Entry, _private: bytes | None) -> None:
    serial, reason = as_list(entry.body, "permit-refused", size=2)
    as_text(reason, "reason")
    state.refused_serials.add(as_bytes(serial, "serial", size=16))


def _on_approval(state: DeviceState, entry: Entry, _private: bytes | None) -> None:
    """On the pad that signed, and on the desk that was told: [ph, the pad's device, its signature] (C-9)."""
    ph, device, signature = as_list(entry.body, "approval", size=3)
    ph, approver = as_bytes(ph, "permit hash", size=32), as_uint(device, "device")
    made = approver, as_bytes(signature, "signature", size=64)
    if state._approves and approver == state.device and ph not in state.approvals:
        insort(state._permit_hashes, ph)
    state.approvals.setdefault(ph, made)


def _only_id(entry: Entry) -> bytes:
    return as_bytes(as_list(entry.body, entry.kind, size=1)[0], "id", size=32)


def _on_prepared(state: DeviceState, entry: Entry, _private: bytes | None) -> None:
    id_ = _only_id(entry)
    if state.open_prepared is not None:
        state._odd(entry, "prepared while another was open")
    state.open_prepared = id_


def _on_cast(state: DeviceState, entry: Entry, _private: bytes | None) -> None:
    core, signature = as_list(entry.body, "ballot-cast", size=2)
    as_bytes(signature, "signature", size=64)
    encoded = as_bytes(core, "ballot")
    serial = Permit.decode(Core.decode(encoded).permit).serial
    id_ = ballot_id(state.eh, encoded)
    state._settle(entry, id_)
    if serial in state.cast:
        state._odd(entry, "permit used twice")
    state.cast.setdefault(serial, id_)
    insort(state._cast_ids, id_)


def _on_tested(state: DeviceState, entry: Entry, _private: bytes | None) -> None:
    id_, signature = as_list(entry.body, "ballot-tested", size=2)
    as_bytes(signature, "signature", size=64)
    id_ = as_bytes(id_, "id", size=32)
    state._settle(entry, id_)
    state.tested.append(id_)


def _on_dropped(state: DeviceState, entry: Entry, _private: bytes | None) -> None:
    state._settle(entry, _only_id(entry))


def _on_opened(state: DeviceState, entry: Entry, _private: bytes | None) -> None:
    version, officers = as_list(entry.body, "opened", size=2)
    for name in as_list(officers, "officers"):
        as_text(name, "officer")
    state.register_version = as_uint(version, "register version")
    state.opened = True


def _on_closed(state: DeviceState, entry: Entry, _private: bytes | None) -> None:
    state.closing_sheet = _only_id(entry)
    state.closed = True


def _on_register_delta(state: DeviceState, entry: Entry, _private: bytes | None) -> None:
    version, digest = as_list(entry.body, "register-delta", size=2)
    as_bytes(digest, "delta", size=32)
    state.register_version = as_uint(version, "register version")


def _on_extension(state: DeviceState, entry: Entry, _private: bytes | None) -> None:
    until, order = as_list(entry.body, "extension", size=2)
    order = as_bytes(order, "order")
    state.extended_until_ms = as_uint(until, "until")
    state.extensions.append(order)
    state.ended = False


def _on_paper_mode(state: DeviceState, entry: Entry, _private: bytes | None) -> None:
    note = PaperNote.from_value(entry.body)
    state.paper = note
    state.paper_mode = bool(note.on)


def _on_incident(state: DeviceState, entry: Entry, _private: bytes | None) -> None:
    """Most are evidence only; four change what may be done next (J-9).  Any shape is taken: it was seen."""
    match entry.body:
        case ["paused", str(why)]:
            state.paused = why
        case ["resumed", str()]:
            state.paused = None
        case ["ended", str()]:
            state.ended = True
        case ["left", str(text)] if found := _LEFT.fullmatch(text):
            state.left.update((bytes.fromhex(serial), found[2]) for serial in found[1].split())


def _on_hand_over(state: DeviceState, entry: Entry, _private: bytes | None) -> None:
    device, seq, head = as_list(entry.body, "hand-over", size=3)
    state.carries[as_uint(device, "device")] = as_uint(seq, "seq"), as_bytes(head, "head", size=32)


_FOLDS: Final = {
    "opened": _on_opened,
    "permit": _on_permit,
    "permit-refused": _on_permit_refused,
    "approval": _on_approval,
    "ballot-prepared": _on_prepared,
    "ballot-cast": _on_cast,
    "ballot-tested": _on_tested,
    "ballot-dropped": _on_dropped,
    "register-delta": _on_register_delta,
    "extension": _on_extension,
    "paper-mode": _on_paper_mode,
    "hand-over": _on_hand_over,
    "incident": _on_incident,
    "closed": _on_closed,
}
"""How each kind changes the state; a kind that is not here is evidence only.  Each reads all before it writes any."""
