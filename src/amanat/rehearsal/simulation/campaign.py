"""Many seeds on several processes, with progress; what is done stands in a file, and is not done again."""

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from amanat.errors import BadInput
from amanat.rehearsal.simulation import worker
from amanat.rehearsal.simulation.report import Report
from amanat.rehearsal.simulation.worker import Job

SEEDS_A_PROCESS: Final = 50  # then a fresh one: memory that Python does not give back


def campaign(
    jobs: Sequence[Job],
    *,
    workers: int,
    crypto: bool = False,
    out: Path | None = None,
    progress: Callable[[int, int, Report], None] = lambda done, of, report: None,
) -> list[Report]:
    """The report of every job, see `report.Report`.

    ``out`` gets a JSON line for each as it is done; the jobs whose seeds stand there already are read from it.

    Raises:
        BadInput: ``out`` is no such file.
    """
    done = {} if out is None else dict(_read(out, jobs, crypto))
    reports = [done[job.seed] for job in jobs if job.seed in done]
    left = [job for job in jobs if job.seed not in done]
    jobs_by_seed = {job.seed: job for job in jobs}
    with ExitStack() as stack:
        file = None if out is None else stack.enter_context(out.open("a", encoding="utf-8"))
        for report in _worked(left, workers=workers, crypto=crypto):
            reports.append(report)
            if file is not None:
                file.write(json.dumps(_words(jobs_by_seed[report.seed], crypto) | report.fields()) + "\n")
                file.flush()
            progress(len(reports), len(jobs), report)
    return sorted(reports, key=lambda report: report.seed)


def story(job: Job, out: Path, *, crypto: bool = False) -> str:
    """The smallest day that still breaks what this one broke, its events, and its picture in the folder ``out``."""
    with get_context("spawn").Pool(1, initializer=worker.begin, initargs=(crypto,)) as pool:
        return pool.apply(worker.explain, (job, out))


def _begin(crypto: bool) -> None:
    """A worker leaves the interrupt of the keyboard to the one who waits for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.begin(crypto)


def _worked(jobs: Sequence[Job], *, workers: int, crypto: bool) -> Iterator[Report]:
    if not jobs:
        return
    context = get_context("spawn")  # a fresh interpreter: nothing of ours has imported the real cryptography
    with context.Pool(
        min(workers, len(jobs)), initializer=_begin, initargs=(crypto,), maxtasksperchild=SEEDS_A_PROCESS
    ) as pool:
        for fields in pool.imap_unordered(worker.work, jobs):
            yield Report(**fields)


def _words(job: Job, crypto: bool) -> dict[str, Any]:
    """What was asked, beside the seed: the same line for another question is no answer."""
    return {"asked": [job.stations, job.voters, None if job.faults is None else list(job.faults), crypto]}


def _read(out: Path, jobs: Sequence[Job], crypto: bool) -> Iterator[tuple[int, Report]]:
    if not out.exists():
        return
    wanted = {job.seed: _words(job, crypto)["asked"] for job in jobs}
    for number, line in enumerate(out.read_bytes().splitlines(), start=1):
        try:
            fields = json.loads(line)
            asked = fields.pop("asked")
            report = Report(**fields)
            if wanted.get(report.seed, asked) != asked:
                raise ValueError("another campaign's")
        except (ValueError, TypeError, KeyError, AttributeError) as cause:
            raise BadInput("simulate-file", file=str(out), line=number) from cause
        yield report.seed, report
