"""Large sums of points on all cores; small ones where they are."""

from __future__ import annotations

from amanat_verifier.group import ZERO, Sum, add, combine, total
from amanat_verifier.pool import pieces, spread
from amanat_verifier.record import Record

BIG_UNIT = 5_000  # ballots: above it one unit's sum is shared out, below it whole units are


def big(record: Record, ballots: int) -> bool:
    """Whether a unit's own sum is worth sharing out."""
    return record.jobs > 1 and ballots > BIG_UNIT


def _combine_part(terms: list[tuple[int, bytes]], part: range) -> bytes:
    return combine(terms[part.start : part.stop])


def vanishes(record: Record, whole: Sum) -> bool:
    """Whether the sum is the identity."""
    if not big(record, len(whole)):
        return whole.vanishes()
    terms = list(whole.terms())
    parts = spread(record.jobs, terms, _combine_part, pieces(len(terms), record.jobs, at_least=BIG_UNIT))
    return add(whole.at_base(), total(parts)) == ZERO
