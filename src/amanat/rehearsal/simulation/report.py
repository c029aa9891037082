"""What a simulated day, or many of them, came to: the JSON of `amanat simulate`."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Report:
    """The totals; `faults` by name, `reached` by cell of the matrix, `beyond_model` losses by what caused them."""

    votes: int = 0
    acknowledged: int = 0
    lost: int | None = None  # None: a day broke off at a violation, so nobody counted
    counted_twice: int | None = None
    beyond_model: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    quiet_after_hours: float = 0.0
    seed: int = 0
    seeds: int = 1
    digest: str = ""

    def fields(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def total(reports: Iterable[Report]) -> Report:
    """Many seeds as one; the digest is of all digests in the order of the seeds."""
    ordered = sorted(reports, key=lambda report: report.seed)
    digest = hashlib.sha256()
    counters: dict[str, Counter[str]] = {"beyond_model": Counter(), "faults": Counter(), "reached": Counter()}
    for report in ordered:
        digest.update(bytes.fromhex(report.digest))
        for name, counter in counters.items():
            counter.update(getattr(report, name))
    return Report(
        votes=sum(report.votes for report in ordered),
        acknowledged=sum(report.acknowledged for report in ordered),
        lost=_sum([report.lost for report in ordered]),
        counted_twice=_sum([report.counted_twice for report in ordered]),
        violations=[violation for report in ordered for violation in report.violations],
        quiet_after_hours=max((report.quiet_after_hours for report in ordered), default=0.0),
        seed=ordered[0].seed if ordered else 0,
        seeds=len(ordered),
        digest=digest.hexdigest(),
        **{name: dict(sorted(counter.items())) for name, counter in counters.items()},
    )


def _sum(parts: Sequence[int | None]) -> int | None:
    """None where one part was not measured."""
    return None if None in parts else sum(part for part in parts if part is not None)
