"""The end of a simulated day: which ballots count, by the shipped rule, and whether people were told the truth.

`lost` and `counted_twice` are found person by person from what people were told and what they hold, never by
subtraction.  The tag of a person stands for what t trustees would compute from a credential (T-3).
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from amanat.count.set_aside import Claim, Tagged, set_aside
from amanat.records.ballot import Core, ballot_id
from amanat.records.cbor import Malformed, as_bytes
from amanat.records.identifiers import ElectionHash
from amanat.records.permit import Permit, PrivatePart
from amanat.rehearsal.simulation.hq_store import MemoryStore
from amanat.rehearsal.simulation.ledger import Ledger
from amanat.sync.hq_side import Place


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a day's ballots; ``lost`` are (person, ballot), ``twice`` and ``ghosts`` persons and ballots."""

    held: int
    counted: int
    set_aside: int
    lost: tuple[tuple[str, str], ...]
    twice: tuple[str, ...]
    ghosts: tuple[str, ...]
    """counted, though nobody pressed the key for it."""


@dataclass(slots=True)
class _Held:
    """What headquarters holds of ballots and permits."""

    ballots: dict[bytes, Permit] = field(default_factory=dict)
    tags: dict[tuple[int, bytes], bytes] = field(default_factory=dict)
    """By (issuer, serial), from the private part, so without what no headquarters could know."""


def judge(store: MemoryStore, eh: ElectionHash, ledger: Ledger, holders: Mapping[str, str]) -> Verdict:
    """``holders`` are the persons by the serial of each permit that was printed for them: what their credential says,
    for permits whose private part headquarters never got."""
    held = _read(store, eh)
    ids = sorted(held.ballots)
    permits = [held.ballots[id_] for id_ in ids]
    tags = [_tag(held, permit, holders) for permit in permits]
    claims = [Claim(permit.check_in_device, permit.serial, permit.replaces) for permit in permits]
    aside = set_aside(Tagged(ids, tags, claims.__getitem__), annulled={}, exclusions={}, earlier={})
    counted = {id_.hex() for at, id_ in enumerate(ids) if at not in aside}
    return _compared(ledger, {id_.hex() for id_ in ids}, counted, len(aside))


def _compared(ledger: Ledger, held: set[str], counted: set[str], aside: int) -> Verdict:
    lost: list[tuple[str, str]] = []
    twice: list[str] = []
    known: set[str] = set()
    for person, account in sorted(ledger.people.items()):
        theirs = {*account.cast, *account.pressed}
        known |= theirs
        kept = len(theirs & counted)
        lost += [(person, ballot) for ballot in account.cast if ballot not in held or not kept]
        if kept > 1:
            twice.append(person)
    return Verdict(len(held), len(counted), aside, tuple(lost), tuple(twice), tuple(sorted(counted - known)))


def ballots_by_place(store: MemoryStore, eh: ElectionHash) -> Iterator[tuple[Place, str]]:
    """(device, seq) and id in hex of every ballot that headquarters holds."""
    for place in sorted(store.entries):
        for one in store.entries[place]:
            if one.entry.kind == "ballot-cast":
                yield place, ballot_id(eh, as_bytes(one.entry.body[0], "ballot")).hex()


def _read(store: MemoryStore, eh: ElectionHash) -> _Held:
    found = _Held()
    for place in sorted(store.entries):
        for one in store.entries[place]:
            try:
                if one.entry.kind == "ballot-cast":
                    core = as_bytes(one.entry.body[0], "ballot")
                    found.ballots[ballot_id(eh, core)] = Permit.decode(Core.decode(core).permit)
                elif one.entry.kind == "permit" and one.signed.private is not None:
                    permit = Permit.decode(as_bytes(one.entry.body[0], "permit"))
                    person = PrivatePart.decode(one.signed.private).national_id
                    found.tags[permit.check_in_device, permit.serial] = _tag_of(person)
            except Malformed:
                continue  # a poison entry: kept by headquarters, and no ballot
    return found


def _tag(held: _Held, permit: Permit, holders: Mapping[str, str]) -> bytes | None:
    tag = held.tags.get((permit.check_in_device, permit.serial))
    if tag is None and (person := holders.get(permit.serial.hex())) is not None:
        tag = _tag_of(person)
    return tag


def _tag_of(person: str) -> bytes:
    return hashlib.sha256(b"tag " + person.encode("ascii")).digest()
