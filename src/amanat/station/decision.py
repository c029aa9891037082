"""What a desk can decide about a person (clause C-1)."""

from dataclasses import dataclass

from amanat.records.register import Person


@dataclass(frozen=True, slots=True)
class Eligible:
    """May vote; ``resumed``: has a permit of ours already whose slip nobody saw coming out."""

    person: Person
    resumed: bytes | None = None


@dataclass(frozen=True, slots=True)
class CheckedInAlready:
    """Was checked in: ``here``, or ``elsewhere:`` and a station's id."""

    where: str


@dataclass(frozen=True, slots=True)
class NotEligible:
    """The register says no, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Not in the register."""


Decision = Eligible | CheckedInAlready | NotEligible | Unknown
