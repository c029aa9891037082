"""Who may vote: the flags of the register and the decision they give.  Ground: article 11; clause C-1.

Whether the person has voted already is not here: that is the fold of journals and news, not the register.
"""

from dataclasses import dataclass, fields
from datetime import date
from typing import Final, Literal, Self

from amanat.rules.persian import years_before

Reason = Literal["dead", "not-citizen", "abroad", "under-age", "barred", "elsewhere"]
REASONS: Final[tuple[Reason, ...]] = ("dead", "not-citizen", "abroad", "under-age", "barred", "elsewhere")


@dataclass(frozen=True, slots=True)
class Flags:
    """What the register says of a person, for this constituency and round; each flag False refuses, in this order.

    ``here`` is False for who voted in another constituency in an earlier round (article 9, note 4).
    """

    alive: bool = True
    citizen: bool = True
    in_country: bool = True
    of_age: bool = True
    not_barred: bool = True
    here: bool = True

    def bits(self) -> int:
        """As one number below 64, the first flag lowest."""
        return sum(1 << place for place, one in enumerate(fields(self)) if getattr(self, one.name))

    @classmethod
    def from_bits(cls, bits: int) -> Self:
        """The reverse of ``bits``; ValueError for a number that is none."""
        if not 0 <= bits < 1 << len(fields(cls)):
            raise ValueError(f"no flags: {bits}")
        return cls(*(bool(bits >> place & 1) for place in range(len(fields(cls)))))


@dataclass(frozen=True, slots=True)
class Eligible:
    """The register has nothing against it."""


@dataclass(frozen=True, slots=True)
class NotEligible:
    """The register says no, for this reason: the first that holds."""

    reason: Reason


def decide(flags: Flags) -> Eligible | NotEligible:
    """What the register alone says."""
    for one, reason in zip(fields(flags), REASONS, strict=True):
        if not getattr(flags, one.name):
            return NotEligible(reason)
    return Eligible()


def born_on_or_before(polling_day: date, years: int) -> date:
    """The last day of birth that is old enough: so many full Jalali years on that round's day."""
    return years_before(polling_day, years)
