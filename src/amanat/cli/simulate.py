"""`amanat simulate`: the deterministic simulation of polling days full of faults."""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from amanat.errors import Usage
from amanat.rehearsal.simulation.campaign import campaign, story
from amanat.rehearsal.simulation.report import Report, total
from amanat.rehearsal.simulation.swarm import plan
from amanat.rehearsal.simulation.worker import Job

WORKERS: Final = 2
PICTURES: Final = Path("out/violations")
EXAMPLE: Final = """example:
  amanat simulate --stations 5 --voters 1000 --seed 17
  amanat simulate --seed 1 --seeds 1000 --out out/simulation.jsonl --json

The same seed gives the same digest on every machine.  A campaign that was interrupted goes on from its --out file.
Exit 1 where a vote was lost, counted twice, or anything else was not as promised; the seed's command repeats it.
"""


def add_commands(sub: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `simulate`."""
    parser = sub.add_parser(
        "simulate",
        help="the deterministic simulation of a day of faults",
        description="Polling days in virtual time: the shipped station and headquarters among simulated media, wires, "
        "power cuts and people.  Tokens stand for cryptography unless --crypto.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, required=True, metavar="N", help="of the first day")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="so many days, each with the next seed")
    parser.add_argument("--stations", type=int, metavar="N", help="1 to 8 (default: the seed draws)")
    parser.add_argument("--voters", type=int, metavar="N", help="1 to 3,500 (default: the seed draws)")
    parser.add_argument("--faults", default="all", metavar="PLAN", help="all, none, or names joined by commas")
    parser.add_argument("--workers", type=int, default=WORKERS, metavar="N", help=f"processes (default {WORKERS})")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a line for each day; read again to go on")
    parser.add_argument("--pictures", type=Path, default=PICTURES, metavar="DIR", help=f"of violations ({PICTURES})")
    parser.add_argument("--crypto", action="store_true", help="the real cryptography, many times slower")
    parser.add_argument("--json", action="store_true", help="the totals as JSON")
    parser.set_defaults(run=run)


BOUNDS: Final = {
    "seed": (0, (1 << 63) - 1),
    "seeds": (1, 1_000_000),
    "stations": (1, 8),
    "voters": (1, 3_500),
    "workers": (1, 64),
}


def run(arguments: argparse.Namespace) -> int:
    """Runs the days; 0 if all was as promised."""
    for name, (low, high) in BOUNDS.items():
        value = getattr(arguments, name)
        if value is not None and not low <= value <= high:
            raise Usage("simulate-number", option=f"--{name}", low=low, high=high)
    faults = plan(arguments.faults)
    jobs = [
        Job(seed, arguments.stations, arguments.voters, faults)
        for seed in range(arguments.seed, arguments.seed + arguments.seeds)
    ]
    reports = campaign(jobs, workers=arguments.workers, crypto=arguments.crypto, out=arguments.out, progress=_progress)
    found = total(reports)
    print(json.dumps(found.fields(), ensure_ascii=False, sort_keys=True) if arguments.json else _words(found))
    for violation in found.violations:
        print(violation, file=sys.stderr)
    violated = {report.seed for report in reports if report.violations}
    broken = [job for job in jobs if job.seed in violated]
    if broken:
        print(story(broken[0], arguments.pictures, crypto=arguments.crypto), file=sys.stderr)
    return 1 if found.violations else 0


def _progress(done: int, of: int, report: Report) -> None:
    if of > 1 and sys.stderr.isatty():
        print(f"\r{done:,} of {of:,} days, last seed {report.seed}", end="\n" if done == of else "", file=sys.stderr)


def _words(found: Report) -> str:
    faults = sum(found.faults.values())
    return (
        f"{found.seeds:,} days · {found.votes:,} votes · acknowledged {found.acknowledged:,} · lost {found.lost} · "
        f"counted twice {found.counted_twice} · violations {len(found.violations)} · {faults:,} faults of "
        f"{len(found.faults)} kinds · beyond the model {sum(found.beyond_model.values())} · quiet after at most "
        f"{found.quiet_after_hours} hours\ndigest {found.digest}"
    )
