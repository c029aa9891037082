"""One process of a campaign: tokens first, then whatever imports cryptography, then one seed after another."""

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
    if not crypto:
        tokens.install()


def work(job: Job) -> dict[str, Any]:
    """The report of one seed, see `report.Report`."""
    from amanat.rehearsal.simulation.day import simulate  # after `begin`

    return simulate(job).fields()
