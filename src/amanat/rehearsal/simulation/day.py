"""One seed from its morning to its end."""

from collections import Counter
from collections.abc import Callable

from amanat.rehearsal.simulation import auditor
from amanat.rehearsal.simulation import swarm as swarms
from amanat.rehearsal.simulation.report import Report
from amanat.rehearsal.simulation.worker import Job
from amanat.rehearsal.simulation.world import World

Audit = Callable[[World], object]


def simulate(job: Job, audit: Audit = auditor.attach) -> Report:
    """One day from its morning to its end; ``audit`` gets the world before anything happens."""
    swarm = swarms.drawn(job.seed, stations=job.stations, voters=job.voters)
    if job.faults is not None:
        swarm = swarm.only(job.faults)
    world = World(job.seed, stations=job.stations, voters=job.voters, swarm=swarm)
    if job.faults is not None:
        world.asked["faults"] = ",".join(job.faults) or "none"
    reached: Counter[str] = Counter()
    world.listeners.append(
        lambda event: (
            reached.update([f"{event.facts['which']}:{event.facts['component']}"]) if event.kind == "fault" else None
        )
    )
    audit(world)
    try:
        world.run()
        world.heal()
        world.run_until_quiet()
        return _report(world, reached)
    finally:
        world.close()


def _report(world: World, reached: Counter[str]) -> Report:
    verdict, quiet = world.verdict, world.quiet_after_ms
    return Report(
        votes=world.ledger.votes,
        acknowledged=world.acknowledged_ballots(),
        lost=None if verdict is None else len(world.lost),
        counted_twice=None if verdict is None else len(verdict.twice),
        beyond_model=dict(sorted(world.beyond.items())),
        faults=dict(sorted(world.log.faults.items())),
        reached=dict(sorted(reached.items())),
        violations=[f"{world.again()}: {violation}" for violation in world.violations],
        quiet_after_hours=0.0 if quiet is None else round(quiet / 3_600_000, 2),
        seed=world.seed,
        digest=world.log.digest(),
    )
