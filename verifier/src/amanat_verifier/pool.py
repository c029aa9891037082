"""Heavy work on all cores: tasks go to forked children, which find the record's state in place and send results."""

from collections.abc import Callable, Sequence
from multiprocessing import current_process, get_context
from typing import Any, TypeVar

from amanat_verifier.group import ZERO, Sum, add, combine, total
from amanat_verifier.record import Record
from amanat_verifier.shapes import Fault

State = TypeVar("State")
Task = TypeVar("Task")
Result = TypeVar("Result")

SHARED_TERMS_MIN = 5_000  # below it, children cost more than they save

_state: Any = None  # what the children of the running pool inherit


def _call(task: tuple[Callable[[Any, Any], Any], Any]) -> Any:
    function, argument = task
    return function(_state, argument)


def spread(jobs: int, state: State, work: Callable[[State, Task], Result], tasks: Sequence[Task]) -> list[Result]:
    """work(state, task) for each task, in order.  `work` is a module's function; a Fault in it is raised here."""
    global _state
    if jobs == 1 or len(tasks) < 2 or current_process().daemon:  # a child has no children of its own
        return [work(state, task) for task in tasks]
    _state = state
    try:
        with get_context("fork").Pool(min(jobs, len(tasks))) as pool:
            results: list[Result] = pool.map(_call, [(work, task) for task in tasks], chunksize=1)
    finally:
        _state = None
    return results


def pieces(count: int, jobs: int, *, at_least: int) -> list[range]:
    """0 … count - 1 cut into ranges: enough for all jobs, none needlessly small."""
    size = max(at_least, -(-count // (4 * jobs)))
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def split_units(record: Record, sizes: list[int]) -> tuple[list[int], list[int]]:
    """Positions of units that children take whole, and of those so big that all children share each one's sum."""
    most = max(SHARED_TERMS_MIN // 10, sum(sizes) // (2 * record.jobs))
    big = [i for i, size in enumerate(sizes) if record.jobs > 1 and size > most]
    return [i for i in range(len(sizes)) if i not in set(big)], big


def _combine_part(terms: list[tuple[int, bytes]], part: range) -> bytes:
    return combine(terms[part.start : part.stop])


def _vanishes(record: Record, whole: Sum) -> bool:
    if record.jobs == 1 or len(whole) < SHARED_TERMS_MIN:
        return whole.vanishes()
    terms = list(whole.terms())
    parts = spread(record.jobs, terms, _combine_part, pieces(len(terms), record.jobs, at_least=SHARED_TERMS_MIN // 10))
    return add(whole.at_base(), total(parts)) == ZERO


def require_vanishing(record: Record, proofs: Sequence[tuple[str, Callable[[Sum], None]]], why: str) -> None:
    """Each proof adds its equations to a sum.  All as one sum; if it does not vanish, each alone, to name the place."""
    whole = Sum()
    for _, gather in proofs:
        gather(whole)
    if _vanishes(record, whole):
        return
    for at, gather in proofs:
        alone = Sum()
        gather(alone)
        if not _vanishes(record, alone):
            raise Fault(f"{at}: {why}")
    raise Fault(f"{proofs[0][0]}: {why}, or one that was checked with it")
