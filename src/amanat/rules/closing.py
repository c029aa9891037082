"""What must add up when a station closes and when a result is published.  Ground: the minutes; clauses J-6, B-8, V25.

Every number is counted on its own; none is had by subtraction, else an equation would hold by construction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from amanat.errors import Rejected


@dataclass(frozen=True, slots=True)
class Difference:
    """An equation that does not hold: its name, what stands left and what the parts on the right give."""

    equation: str
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Account:
    """What one device or, summed, one station did.

    ``permits_refused`` are permits voided by the terminal they named, ``left`` permits that nobody used; both are
    known for a whole station only, so None for a device.
    """

    permits: int
    refused: int
    prepared: int
    cast: int
    tested: int
    dropped: int
    permits_refused: int | None = None
    left: int | None = None

    def differences(self) -> list[Difference]:
        """prepared = cast + tested + dropped; for a station permits = cast + refused permits + left."""
        found = _compare("prepared", self.prepared, (self.cast, self.tested, self.dropped))
        if self.permits_refused is not None and self.left is not None:
            found += _compare("permits", self.permits, (self.cast, self.permits_refused, self.left))
        return found


@dataclass(frozen=True, slots=True)
class Visits:
    """What became of everybody who came: attempts = cast + all refused + left."""

    attempts: int
    cast: int
    refused: int
    left: int

    def differences(self) -> list[Difference]:
        """The equation of the day."""
        return _compare("attempts", self.attempts, (self.cast, self.refused, self.left))


@dataclass(frozen=True, slots=True)
class PaperStock:
    """What became of a station's ballot papers: received = used + spoiled + left."""

    received: int
    used: int
    spoiled: int
    left: int

    def differences(self) -> list[Difference]:
        """The equation of the paper minutes."""
        return _compare("paper", self.received, (self.used, self.spoiled, self.left))


@dataclass(frozen=True, slots=True)
class Received:
    """What became of every ballot received: received = counted + each kind of set aside."""

    received: int
    counted: int
    duplicate: int
    paper: int
    annulled: int
    late: int

    def differences(self) -> list[Difference]:
        """The equation of the count."""
        parts = (self.counted, self.duplicate, self.paper, self.annulled, self.late)
        return _compare("received", self.received, parts)


@dataclass(frozen=True, slots=True)
class ContestBallots:
    """One contest's ballots: counted = valid + blank + unreadable."""

    counted: int
    valid: int
    blank: int
    unreadable: int

    def differences(self) -> list[Difference]:
        """The equation of the contest."""
        return _compare("counted", self.counted, (self.valid, self.blank, self.unreadable))


AnyAccount = Account | Visits | PaperStock | Received | ContestBallots


def differences(account: AnyAccount) -> list[Difference]:
    """The equations of this account that do not hold; an empty list is good news."""
    return account.differences()


def require_balanced(account: AnyAccount) -> None:
    """Raise Rejected("account-unbalanced") naming the first equation that does not hold."""
    for found in account.differences():
        raise Rejected("account-unbalanced", equation=found.equation, left=found.left, right=found.right)


def total(accounts: Iterable[Account]) -> Account:
    """The sum over devices, as a station's account without its own two numbers."""
    rows = [(a.permits, a.refused, a.prepared, a.cast, a.tested, a.dropped) for a in accounts]
    return Account(*(sum(column) for column in zip(*rows, strict=True))) if rows else Account(0, 0, 0, 0, 0, 0)


def _compare(equation: str, left: int, parts: Sequence[int]) -> list[Difference]:
    right = sum(parts)
    return [] if left == right else [Difference(equation, left, right)]
