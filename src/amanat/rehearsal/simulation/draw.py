"""The simulation's own lots: SplitMix64, integers only, the same on every machine and Python version.

A fork has its own sequence by its name, so that one part of the world that draws once more changes no other part.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, TypeVar

T = TypeVar("T")
MILLION: Final = 1_000_000
_MASK: Final = (1 << 64) - 1


class Draw:
    """A sequence of lots that only `seed` (0 ≤ seed < 2**64) decides."""

    __slots__ = ("_seed", "_state")

    def __init__(self, seed: int) -> None:
        self._seed = seed & _MASK
        self._state = self._seed

    def fork(self, name: str) -> "Draw":
        """The sequence of this name; what was drawn here before does not matter."""
        word = blake2b(f"{self._seed}\n{name}".encode(), digest_size=8).digest()
        return Draw(int.from_bytes(word, "big"))

    def word(self) -> int:
        """64 bits."""
        self._state = state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        return state ^ (state >> 31)

    def below(self, end: int) -> int:
        """0 ≤ n < end; the bias of less than end / 2**64 is nobody's business here."""
        assert end > 0
        return (self.word() * end) >> 64

    def between(self, low: int, high: int) -> int:
        """low ≤ n ≤ high."""
        return low + self.below(high - low + 1)

    def chance(self, per_million: int) -> bool:
        """True so often in a million."""
        return per_million > 0 and self.below(MILLION) < per_million

    def choice(self, of: Sequence[T]) -> T:
        """One of them."""
        return of[self.below(len(of))]

    def shuffled(self, of: Sequence[T]) -> list[T]:
        """All of them in another order."""
        cards = list(of)
        for last in range(len(cards) - 1, 0, -1):
            at = self.below(last + 1)
            cards[last], cards[at] = cards[at], cards[last]
        return cards

    def bytes(self, length: int) -> bytes:
        """So many bytes."""
        return b"".join(self.word().to_bytes(8, "big") for _ in range(-(-length // 8)))[:length]
