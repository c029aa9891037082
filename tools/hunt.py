"""Seeds one after another until one shows a violation: what `make mutants` runs in a copy with a bug.

    python tools/hunt.py FIRST LAST VOTERS [SECONDS]

Prints the violation and exits with 1; exits with 0 where every seed kept every promise, or a minute of the processor
(or so many seconds) is over.
"""

import sys
import time
from collections.abc import Sequence
from typing import Final

from amanat.rehearsal.simulation import worker
from amanat.rehearsal.simulation.worker import Job

FOUND: Final = 1
PROCESSOR_SECONDS: Final = 60.0


def hunt(first: int, last: int, voters: int, seconds: float = PROCESSOR_SECONDS) -> tuple[str, int]:
    """The first violation of these seeds, or nothing, and how many were run.  An exception of the shipped code is one
    too."""
    worker.begin(crypto=False)
    from amanat.rehearsal.simulation.day import simulate  # after `begin`

    for seed in range(first, last + 1):
        try:
            violations = simulate(Job(seed, voters=voters)).violations
        except Exception as fault:  # whatever a planted bug broke in us, it did not go unseen
            violations = [f"amanat simulate --voters {voters} --seed {seed}: the simulation itself ended in {fault!r}"]
        if violations:
            return violations[0], seed - first + 1
        if time.process_time() > seconds:
            last = seed
            break
    return "", last - first + 1


def main(arguments: Sequence[str]) -> int:
    """See the module."""
    found, days = hunt(*map(int, arguments))
    print(f"{days} days, {time.process_time():.0f} s of one processor: {found or 'nothing'}")
    return FOUND if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
