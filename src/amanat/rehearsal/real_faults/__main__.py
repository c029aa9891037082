"""`python -m amanat.rehearsal.real_faults`: a polling day under real faults, audited after each, counted at the end."""

import argparse
import asyncio
import json
import os
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from amanat.errors import AmanatError, Interrupted, Usage
from amanat.rehearsal import closing, summary
from amanat.rehearsal.day import Stopwatch
from amanat.rehearsal.folders import Folders, prepare
from amanat.rehearsal.real_faults import election, jail
from amanat.rehearsal.real_faults.faults import FAULTS, require_happened
from amanat.rehearsal.real_faults.field import Field, begin

REPORT: Final = "report.json"
MODULE: Final = "amanat.rehearsal.real_faults"


def arguments(words: list[str]) -> argparse.Namespace:
    """What the command was told."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="people, faults and moments (default 1)")
    parser.add_argument("--out", type=Path, default=Path("out/faults-real"), metavar="DIR")
    parser.add_argument("--stations", type=int, default=64, metavar="N", help="four of them faulted (default 64)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each fault comes (default 3)")
    parser.add_argument("--only", choices=list(FAULTS), action="append", help="this fault alone, or several")
    return parser.parse_args(words)


async def run(given: argparse.Namespace, folders: Folders) -> dict[str, Any]:
    """All faults in turn; what they did, what agreed, and the summary of the count.  Raises AmanatError."""
    began = time.monotonic()
    names = given.only or list(FAULTS)
    visits = 40 * given.rounds
    ground = election.make(
        folders.election, stations=given.stations, visits=visits, crowd_visits=6 * given.rounds, seed=given.seed
    )
    report: dict[str, Any] = {"seed": given.seed, "faults": {}}
    async with AsyncExitStack() as stack:
        stack.callback(folders.remove_sockets)
        field = await begin(folders, ground, seed=given.seed, stack=stack)
        report["setup_seconds"] = round(time.monotonic() - began, 1)
        for name in names:
            report["faults"][name] = await one(field, name, given.rounds)
            (folders.out / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        await field.vote(field.places(), 1)
        await field.close()
        await field.settle()
        report["closed"] = asdict(field.audit())
        field.ledger.close()
        watch = Stopwatch()
        counted = await asyncio.to_thread(closing.count_and_verify, folders, workers=2, watch=watch)
        report["summary"] = summary.make(ground.definition, folders, field.ledger, counted, seconds=watch.seconds)
    report["seconds"] = round(time.monotonic() - began, 1)
    (folders.out / REPORT).write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return report


async def one(field: Field, name: str, rounds: int) -> dict[str, Any]:
    """One fault, everybody's delivery after it, and the audit."""
    began = time.monotonic()
    figures = require_happened(name, await FAULTS[name](field, rounds))
    field.calm()
    await field.call_in(field.places())
    settled = await field.settle()
    agreed = field.audit()
    seconds = {"seconds": round(time.monotonic() - began, 1), "delivered_after_seconds": round(settled, 3)}
    say(f"{name}: {figures} · agreed: {agreed.entries} entries, {agreed.ballots} ballots")
    return {**figures, **seconds, "entries": agreed.entries, "ballots": agreed.ballots, "behind": agreed.behind}


def say(words: str) -> None:
    """Progress, for who waits."""
    print(words, file=sys.stderr, flush=True)


def main(words: list[str]) -> int:
    """Enters a jail, or does the run when in it."""
    given = arguments(words)
    try:
        if os.environ.get(jail.INSIDE) is None:
            if reason := jail.why_not():
                raise Usage("real-faults-impossible", reason=reason)
            os.execvpe(jail.UNSHARE[0], jail.inside(MODULE, *words), {**os.environ, jail.INSIDE: "yes"})
        jail.furnish()
        report = asyncio.run(run(given, prepare(given.out)))
    except KeyboardInterrupt:
        print(Interrupted("interrupted").both(), file=sys.stderr)
        return Interrupted.exit_code
    except AmanatError as fault:
        print(fault.both(), file=sys.stderr)
        return fault.exit_code
    found = report["summary"]
    right = found["verified"] and not (found["lost"] or found["counted_twice"] or found["totals_differ"])
    say(f"{found['cast']} cast, {found['lost']} lost, {found['counted_twice']} counted twice")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
