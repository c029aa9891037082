"""The rule set (M-5, M-6): who is elected, who goes to a second round, who stands level, and what lots decide."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from amanat_verifier.shapes import Fault

SEAT, RUNOFF = 0, 1  # purposes of a lot


@dataclass(frozen=True)
class Rule:
    """One round's rule; `share` is None where the most votes win outright."""

    share: Fraction | None
    runoff_per_seat: int
    runoff_needs_more_than_seats: bool


@dataclass(frozen=True)
class Outcome:
    """Codes ascending.  Where `tied` is not empty, a lot of `purpose` must name `missing` of them."""

    elected: tuple[str, ...]
    runoff: tuple[str, ...]
    tied: tuple[str, ...] = ()
    missing: int = 0
    purpose: int = SEAT


def read_rule(data: bytes, number: int) -> Rule:
    """The rule of round `number`; raises Fault for one that this verifier does not know."""
    try:
        rule: dict[str, Any] = tomllib.loads(data.decode())["round"][str(number)]
        method = rule.pop("method")
        if method == "plurality" and not rule:
            return Rule(None, 0, False)
        if method == "share" and set(rule) <= {"share", "runoff_per_seat", "runoff_needs_more_than_seats"}:
            share = Fraction(str(rule["share"]))
            return Rule(share, int(rule.get("runoff_per_seat", 0)), bool(rule.get("runoff_needs_more_than_seats")))
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as cause:
        raise Fault(f"rules.toml: the rule of round {number} cannot be read ({cause!r})") from cause
    raise Fault(f"rules.toml: the method of round {number} is not known to this verifier")


def _best(order: list[str], votes: Mapping[str, int], places: int) -> tuple[list[str], list[str]]:
    """The first `places` of an order, and those who stand level across its edge."""
    if len(order) <= places:
        return order, []
    if places == 0 or votes[order[places - 1]] > votes[order[places]]:
        return order[:places], []
    level = votes[order[places]]
    return [c for c in order if votes[c] > level], [c for c in order if votes[c] == level]


def decide(
    rule: Rule, votes: Mapping[str, int], *, valid: int, seats: int, drawn: Mapping[int, tuple[str, ...]]
) -> Outcome:
    """One contest; `drawn` holds what recorded lots named, by purpose."""
    order = sorted((c for c in votes if votes[c] > 0), key=lambda c: (-votes[c], c))
    share = rule.share
    over = [c for c in order if share is None or votes[c] * share.denominator >= share.numerator * valid]
    elected, tied = _best(over, votes, seats)
    if tied and SEAT not in drawn:
        return Outcome(tuple(sorted(elected)), (), tuple(sorted(tied)), seats - len(elected), SEAT)
    elected = elected + (list(drawn[SEAT]) if tied else [])
    opened = seats - len(elected)
    others = [c for c in order if c not in elected]
    if not opened or not rule.runoff_per_seat or (rule.runoff_needs_more_than_seats and len(others) <= opened):
        return Outcome(tuple(sorted(elected)), ())
    places = rule.runoff_per_seat * opened
    runoff, tied = _best(others, votes, places)
    if tied and RUNOFF not in drawn:
        missing = places - len(runoff)
        return Outcome(tuple(sorted(elected)), tuple(sorted(runoff)), tuple(sorted(tied)), missing, RUNOFF)
    runoff = runoff + (list(drawn[RUNOFF]) if tied else [])
    return Outcome(tuple(sorted(elected)), tuple(sorted(runoff)))
