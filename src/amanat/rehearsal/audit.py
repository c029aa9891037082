"""The voters' ledger against the published record: was anybody's vote lost, or counted twice?

It reads the record's ballots and set-aside lists by itself and trusts no total of anybody.  Ground: properties
exactly-once (P1) and, for the ids, B-6.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from amanat.records import cbor
from amanat.records.cbor import Value, as_bytes, as_list, as_uint
from amanat.records.identifiers import identifier
from amanat.rehearsal.ledger import Line

REASONS = {1: "duplicate", 2: "paper", 3: "annulled", 4: "late"}


@dataclass(frozen=True)
class Published:
    """What the record says became of each ballot id."""

    election_hash: str
    received: frozenset[bytes]
    set_aside: dict[bytes, str]
    repeated: frozenset[bytes] = frozenset()


@dataclass(frozen=True)
class Verdict:
    """`lost`: ids that a voter was told of and that the record does not have, or the person who was told *cast* and
    holds no id; `counted_twice`: persons."""

    lost: tuple[str, ...]
    counted_twice: tuple[str, ...]


def read_record(record: Path, *, session: int = 1) -> Published:
    """Received ids and what was set aside, in this session.  Raises Malformed and OSError."""
    eh = hashlib.sha256((record / "manifest.cbor").read_bytes()).digest()  # the election hash, M-1
    ballots = cbor.decode_seq((record / f"ballots/{session}.seq").read_bytes())
    times = Counter(identifier("ballot", eh, core_of(item)) for item in ballots)
    repeated = frozenset(ballot for ballot, count in times.items() if count > 1)
    items = cbor.decode_seq((record / f"dedup/{session}/set-aside.seq").read_bytes())
    set_aside: dict[bytes, str] = {}
    for item in items:
        ballot, reason, _ = as_list(item, "set-aside", size=3)
        set_aside[as_bytes(ballot, "ballot id", size=32)] = REASONS[as_uint(reason, "reason")]
    return Published(eh.hex(), frozenset(times), set_aside, repeated)


def core_of(item: Value) -> bytes:
    """The Core of an item of a ballots file."""
    return as_bytes(as_list(item, "ballot", size=2)[0], "Core")


def audit(lines: Iterable[Line], published: Published) -> Verdict:
    """Holds what voters were told against what was published."""
    lost = []
    counted: dict[str, set[bytes]] = {}
    repeated: set[str] = set()
    for line in lines:
        if line.ballot is None:
            if line.told == "cast":
                lost.append(line.person)
            continue
        ballot = bytes.fromhex(line.ballot)
        if ballot not in published.received:
            lost.append(line.ballot)
        elif ballot not in published.set_aside:
            counted.setdefault(line.person, set()).add(ballot)
            if ballot in published.repeated:
                repeated.add(line.person)
    twice = (person for person, ballots in counted.items() if len(ballots) > 1 or person in repeated)
    return Verdict(tuple(lost), tuple(twice))


def votes_told(lines: Iterable[Line], published: Published) -> dict[str, Counter[str]]:
    """The tally by the voters' own ledger: what all chose whose ballot stands in the record and is not set aside."""
    votes: dict[str, Counter[str]] = {}
    counted = published.received - published.set_aside.keys()
    for line in lines:
        if line.ballot and bytes.fromhex(line.ballot) in counted:
            for contest, codes in line.choices.items():
                votes.setdefault(contest, Counter()).update(codes)
    return votes


def differing_totals(told: Mapping[str, Counter[str]], contests: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
    """`contest/code` of each total that the voters' ledger does not give; `contests` is contest → code → votes."""
    return tuple(
        f"{contest}/{code}"
        for contest, votes in contests.items()
        for code in sorted(votes.keys() | told.get(contest, Counter()).keys())
        if votes.get(code, 0) != told.get(contest, Counter())[code]
    )
