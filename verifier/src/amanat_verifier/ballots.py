"""Ballots and permits as typed values (C-3, B-5), sessions, and the lists beside them (D-1)."""

from dataclasses import dataclass, field

from amanat_verifier.cbor import Malformed, decode
from amanat_verifier.hashes import identify
from amanat_verifier.manifest import manifest
from amanat_verifier.record import Record, names_below, once
from amanat_verifier.shapes import Fault, blob, many, only, optional, raw, require_ascending, row, uint

SUMMARIES = "journal-summaries"
PERMIT = row(only(1), raw(16), uint, uint, uint, uint, optional(raw(16)), raw(64))
CORE = row(only(1), blob, raw(64), many(blob), many(blob))


@dataclass(frozen=True, slots=True)
class Permit:
    """A permit; `e` is A‖B."""

    serial: bytes
    station: int
    issuer: int
    terminal: int
    mask: int
    replaces: bytes | None
    e: bytes

    def contests(self) -> list[int]:
        """Positions of the contests it is good for."""
        return [i for i in range(self.mask.bit_length()) if self.mask >> i & 1]


@dataclass(frozen=True, slots=True)
class Ballot:
    """One published ballot.  `permit` is None and the parts are empty where the bytes do not decode to that."""

    session: int
    item: int
    id: bytes
    cast: bytes  # the terminal's signature
    ph: bytes = b""
    permit: Permit | None = None
    permit_signature: bytes = b""
    ciphertexts: tuple[bytes, ...] = ()
    proofs: tuple[bytes, ...] = ()
    malformed: str = ""

    @property
    def at(self) -> str:
        """Its place, for people."""
        return f"ballots/{self.session}.seq: item {self.item} (ballot {self.id.hex()})"

    def part(self, contest: int) -> bytes | None:
        """The ciphertexts for one contest, None if it has none (though its permit may be for it: V7 fails then)."""
        contests = self.permit.contests() if self.permit else []
        given = dict(zip(contests, self.ciphertexts, strict=False))
        return given.get(contest)


def _ballot(eh: bytes, session: int, item: int, core: bytes, cast: bytes) -> Ballot:
    """A ballot with what of it can be decoded: the rest makes it fail V6 or V7."""
    own = identify(eh, "ballot", core)
    try:
        _, body, signature, ciphertexts, proofs = CORE(decode(core), "Core")
    except (Malformed, Fault) as cause:
        return Ballot(session, item, own, cast, malformed=str(cause))
    ph = identify(eh, "permit", body)
    try:
        permit = Permit(*PERMIT(decode(body), "permit")[1:])
    except (Malformed, Fault) as cause:
        return Ballot(session, item, own, cast, ph, None, signature, ciphertexts, proofs, str(cause))
    return Ballot(session, item, own, cast, ph, permit, signature, ciphertexts, proofs)


@once
def sessions(record: Record) -> list[int]:
    """Session numbers: 1, 2, …; each has its ballots and its order."""
    numbers = sorted(int(name[:-4]) for name in names_below(record, "ballots/") if name[:-4].isdecimal())
    orders = sorted({int(s) for s in (n.partition("/")[0] for n in names_below(record, "order/")) if s.isdecimal()})
    if numbers != list(range(1, len(numbers) + 1)) or not numbers or orders != numbers:
        raise Fault(f"ballots/: sessions 1, 2, … are expected, each with its order; found {numbers} and {orders}")
    return numbers


@once
def by_session(record: Record) -> dict[int, list[Ballot]]:
    """Each session's ballots in the file's order."""
    eh = manifest(record).eh
    return {
        s: [
            _ballot(eh, s, i, core, cast)
            for i, (core, cast) in enumerate(record.rows(f"ballots/{s}.seq", row(blob, raw(64))), 1)
        ]
        for s in sessions(record)
    }


@once
def ballots(record: Record) -> list[Ballot]:
    """All ballots."""
    return [ballot for session in by_session(record).values() for ballot in session]


@once
def permits(record: Record) -> list[tuple[bytes, int]]:
    """permits.seq: [ph, check-in device]."""
    path = f"{SUMMARIES}/permits.seq"
    rows: list[tuple[bytes, int]] = record.rows(path, row(raw(32), uint))
    require_ascending(rows, path)
    return rows


@once
def tested(record: Record) -> list[tuple[bytes, int, bytes]]:
    """tested.seq: [id, terminal, signature]."""
    return _signed_hashes(record, f"{SUMMARIES}/tested.seq")


@once
def approvals(record: Record) -> list[tuple[bytes, int, bytes]]:
    """approvals.seq: [ph, approver's device, signature]."""
    return _signed_hashes(record, f"{SUMMARIES}/approvals.seq")


def _signed_hashes(record: Record, path: str) -> list[tuple[bytes, int, bytes]]:
    rows: list[tuple[bytes, int, bytes]] = record.rows(path, row(raw(32), uint, raw(64)))
    require_ascending([item[:2] for item in rows], path)
    return rows


@dataclass(frozen=True)
class Aside:
    """One line of set-aside.seq."""

    id: bytes
    reason: int
    reference: bytes | None


STANDS, DUPLICATE, PAPER, ANNULLED, LATE = range(5)  # reasons (T-2)
REASONS = ("stands", "duplicate", "paper", "annulled", "late")


@once
def set_aside(record: Record) -> dict[int, list[Aside]]:
    """What the record says was set aside, by session."""
    found: dict[int, list[Aside]] = {}
    for s in sessions(record):
        path = f"dedup/{s}/set-aside.seq"
        rows = record.rows(path, row(raw(32), only(DUPLICATE, PAPER, ANNULLED, LATE), optional(raw(32))))
        require_ascending([r[0] for r in rows], path)
        found[s] = [Aside(*r) for r in rows]
    return found


@dataclass
class Failures:
    """Ballots that fail one check, with the reason."""

    why: dict[bytes, str] = field(default_factory=dict)

    def require_annulled(self, record: Record) -> None:
        """Whoever fails must be listed as annulled without a reference; the first who is not is the fault."""
        if not self.why:
            return
        try:
            listed = {(s, a.id) for s, rows in set_aside(record).items() for a in rows if is_plain_annulment(a)}
        except Fault:
            listed = set()  # V16 names what is wrong with the list
        for ballot in ballots(record):
            if ballot.id in self.why and (ballot.session, ballot.id) not in listed:
                raise Fault(f"{ballot.at}: {self.why[ballot.id]}")


def is_plain_annulment(aside: Aside) -> bool:
    """Annulled for what the ballot is, not by a decision or an exclusion."""
    return aside.reason == ANNULLED and aside.reference is None
