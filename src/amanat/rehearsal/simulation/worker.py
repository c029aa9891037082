"""One process of a campaign: tokens first, then whatever imports cryptography, then one seed after another."""

import warnings
from pathlib import Path
from typing import Any, NamedTuple

from amanat.rehearsal.simulation import tokens


class Job(NamedTuple):
    """A seed and what the command line said instead of its own draw; ``faults`` None: all that it draws."""

    seed: int
    stations: int | None = None
    voters: int | None = None
    faults: tuple[str, ...] | None = None


def begin(crypto: bool) -> None:
    """What a fresh process does before its first seed."""
    warnings.filterwarnings("ignore", "coroutine .* was never awaited")  # a killed program leaves what it had begun
    if not crypto:
        tokens.install()


def work(job: Job) -> dict[str, Any]:
    """The report of one seed, see `report.Report`."""
    from amanat.rehearsal.simulation.day import simulate  # after `begin`

    return simulate(job).fields()


def explain(job: Job, out: Path) -> str:
    """The story of a violated day, see `shrink.explained`."""
    from amanat.rehearsal.simulation.shrink import explained  # after `begin`

    return explained(job, out)
