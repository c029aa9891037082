"""A fresh campaign of simulated days, and which cells of the fault matrix it reached: `make faults SEED=n`.

Days are run until every cell was reached and DAYS_MIN are done; exit 1 where a promise was broken, where DAYS_MAX are
over and a cell was never reached, or where something was injected that the matrix promises nothing about.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

from amanat.rehearsal.simulation import marks
from amanat.rehearsal.simulation.campaign import campaign, story
from amanat.rehearsal.simulation.report import Report
from amanat.rehearsal.simulation.worker import Job

DAYS_MIN = 40
DAYS_MAX = 240
AT_ONCE = 20
VOTERS = 150
SEEDS_APART = 1_000_000  # campaigns of different SEEDs share no day


def main() -> int:
    """0 if every promise was kept and every cell reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the campaign")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("out/faults"), help="folder of the pictures of violations")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    reports: list[Report] = []
    first = options.seed * SEEDS_APART
    for begin in range(first, first + DAYS_MAX, AT_ONCE):
        jobs = [Job(seed, voters=VOTERS) for seed in range(begin, begin + AT_ONCE)]
        reports += campaign(jobs, workers=options.workers)
        counts.update(_counted(reports[-AT_ONCE:]))
        broken = [report for report in reports if report.violations]
        if broken or (len(reports) >= DAYS_MIN and not marks.unreached(counts)):
            break
    print(_table(counts))
    votes = sum(report.votes for report in reports)
    print(f"{len(reports)} days, {votes:,} votes, {sum(counts.values()):,} faults in {len(counts)} cells")
    return _verdict(counts, reports, options.out)


def _counted(reports: list[Report]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for report in reports:
        counts.update(report.reached)
    return counts


def _table(counts: Counter[str]) -> str:
    cells = marks.matrix()
    width = max(len(cell.fault) for cell in cells)
    return "\n".join(
        f"{cell.component:13}{cell.fault:{width + 2}}{counts[cell.mark] or '— not reached':>9}" for cell in cells
    )


def _verdict(counts: Counter[str], reports: list[Report], out: Path) -> int:
    said = [f"not reached: {mark}" for mark in marks.unreached(counts)]
    said += [f"nothing is promised about: {mark}" for mark in marks.unpromised(counts)]
    broken = [report for report in reports if report.violations]
    said += [violation for report in broken for violation in report.violations]
    if broken:
        said.append(story(Job(broken[0].seed, voters=VOTERS), out))
    for sentence in said:
        print(sentence, file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
