"""Which ballots are not counted, and why (T-4, T-5), so that no person has two (P-1): pure, from the public record.

It knows positions, hashes and tags; who the persons are is not known here.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from amanat.errors import Rejected
from amanat.records.order import Reason

IDENTITY: Final = bytes(32)
Aside = tuple[Reason, bytes | None]
"""(reason, reference): a duplicate refers to the id kept, an exclusion and a decision to themselves, else None."""


class Claim(NamedTuple):
    """What a permit says of its place in a chain of replaced permits (C-7)."""

    issuer: int
    serial: bytes
    replaces: bytes | None


@dataclass(frozen=True)
class Tagged:
    """A session's ballots as T-5 sees them; `ids` ascending; rows of `tags` are None where the ballot has no row."""

    ids: Sequence[bytes]
    tags: Sequence[bytes | None]
    claim: Callable[[int], Claim]


def lottery(tag: bytes, ballot: bytes) -> bytes:
    """The number that decides between two ballots of one person; nobody knew `tag` when the ballots were fixed."""
    return hashlib.sha256(b"amanat/v1/lottery" + tag + ballot).digest()


def set_aside(
    ballots: Tagged,
    *,
    annulled: Mapping[int, Aside],
    exclusions: Mapping[bytes, Aside],
    earlier: Mapping[bytes, bytes],
) -> dict[int, Aside]:
    """Position → why it is set aside, by the first rule that applies.

    `annulled` is T-5 (a) by position; `exclusions` (b) by tag; `earlier` the id counted before, by tag.
    """
    result = dict(annulled)
    groups: dict[bytes, list[int]] = defaultdict(list)
    for at, tag in enumerate(ballots.tags):
        if at in result:
            continue
        if tag is None or tag == IDENTITY:
            result[at] = (Reason.ANNULLED, None)  # a bad credential: no person can be behind it
        elif tag in exclusions:
            result[at] = exclusions[tag]
        else:
            groups[tag].append(at)
    for tag, group in groups.items():
        if tag in earlier:
            result.update((at, (Reason.DUPLICATE, earlier[tag])) for at in group)
        elif len(group) > 1:
            kept = keep(ballots, tag, group)
            result.update((at, (Reason.DUPLICATE, ballots.ids[kept])) for at in group if at != kept)
    return result


def keep(ballots: Tagged, tag: bytes, group: Sequence[int]) -> int:
    """The position that counts among ballots of one person (T-5 c): a replaced permit's wins, then the lottery.

    Were every one of them dropped as a replacement (permits that name each other), the lottery is among all.
    """
    claims = {at: ballots.claim(at) for at in group}
    left = [at for at in group if not any(_replaces(claims[at], claims[other]) for other in group if other != at)]
    return min(left or group, key=lambda at: lottery(tag, ballots.ids[at]))


def _replaces(one: Claim, other: Claim) -> bool:
    return one.replaces is not None and one.replaces == other.serial and one.issuer == other.issuer


def require_same_groups(
    private: Iterable[Iterable[bytes]], permits: Sequence[bytes], tags: Sequence[bytes], *, known: Collection[bytes]
) -> int:
    """T-6: headquarters' groups of one person's permits are the tags' groups, both restricted to permits with a row.

    `permits` are the rows' permit hashes with their `tags`; `known` those whose private part headquarters holds.
    Returns the number of groups of two and more.  Raises Rejected naming a permit of the first difference.
    """
    rows = dict(zip(permits, tags, strict=True))
    compared = frozenset(rows) & frozenset(known)
    by_tag: dict[bytes, set[bytes]] = defaultdict(set)
    for permit in compared:
        by_tag[rows[permit]].add(permit)
    from_tags = {frozenset(group) for group in by_tag.values() if len(group) > 1}
    restricted = (compared.intersection(group) for group in private)
    from_people = {group for group in restricted if len(group) > 1}
    if different := from_tags ^ from_people:
        first = min(min(group) for group in different)
        raise Rejected("case-groups-differ", permit=first.hex(), groups=len(different))
    return len(from_tags)
