"""Large sums of points on all cores; small ones where they are."""

from __future__ import annotations

from amanat_verifier.group import ZERO, Sum, add, combine, total
from amanat_verifier.pool import pieces, spread
from amanat_verifier.record import Record

SHARED_TERMS_MIN = 5_000  # below it, children cost more than they save


def split_units(record: Record, sizes: list[int]) -> tuple[list[int], list[int]]:
    """Positions of units that children take whole, and of those so big that all children share each one's sum."""
    most = max(SHARED_TERMS_MIN // 10, sum(sizes) // (2 * record.jobs))
    big = [i for i, size in enumerate(sizes) if record.jobs > 1 and size > most]
    return [i for i in range(len(sizes)) if i not in set(big)], big


def _combine_part(terms: list[tuple[int, bytes]], part: range) -> bytes:
    return combine(terms[part.start : part.stop])


def vanishes(record: Record, whole: Sum) -> bool:
    """Whether the sum is the identity."""
    if record.jobs == 1 or len(whole) < SHARED_TERMS_MIN:
        return whole.vanishes()
    terms = list(whole.terms())
    parts = spread(record.jobs, terms, _combine_part, pieces(len(terms), record.jobs, at_least=SHARED_TERMS_MIN // 10))
    return add(whole.at_base(), total(parts)) == ZERO
