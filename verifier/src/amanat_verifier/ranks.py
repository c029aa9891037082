"""Choices as numbers (B-1) and numbers as points (B-2), read backwards: a verifier only decodes."""

from bisect import bisect_right
from functools import lru_cache
from math import comb

from amanat_verifier.group import is_sound

LIMB_BITS = 246


def bound(candidates: int, choices_max: int) -> int:
    """B, the number of different ballots."""
    return sum(comb(candidates, j) for j in range(choices_max + 1))


def limbs(candidates: int, choices_max: int) -> int:
    """m, how many points a choice takes."""
    return max(1, -(-(bound(candidates, choices_max) - 1).bit_length() // LIMB_BITS))


@lru_cache(maxsize=16)
def _columns(candidates: int, choices_max: int) -> list[list[int]]:
    """Column i holds C(c, i) for c = 0 … candidates - 1."""
    return [[comb(c, i) for c in range(candidates)] for i in range(choices_max + 1)]


def choices(rank: int, candidates: int, choices_max: int) -> tuple[int, ...] | None:
    """The candidates of a rank, ascending; None for a rank that no ballot has."""
    size = 0
    while size <= choices_max and rank >= comb(candidates, size):
        rank -= comb(candidates, size)
        size += 1
    if size > choices_max:
        return None
    columns = _columns(candidates, choices_max)
    chosen = []
    for i in range(size, 0, -1):
        candidate = bisect_right(columns[i], rank) - 1
        chosen.append(candidate)
        rank -= columns[i][candidate]
    return tuple(reversed(chosen))


def limb(point: bytes) -> int | None:
    """The limb of a canonical point; None if a smaller counter would have given a point for it, or the identity."""
    if not is_sound(point):
        return None
    number, counter = divmod(int.from_bytes(point, "little") >> 1, 256)
    for smaller in range(counter):
        if is_sound((2 * (256 * number + smaller)).to_bytes(32, "little")):
            return None
    return number


def read_points(points: list[bytes], candidates: int, choices_max: int) -> tuple[int, ...] | None:
    """The choice in the plaintext points of one ballot; None is *unreadable* (T-9)."""
    rank = 0
    for i, point in enumerate(points):
        number = limb(point)
        if number is None:
            return None
        rank |= number << LIMB_BITS * i
    return choices(rank, candidates, choices_max)
