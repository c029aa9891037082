"""Heavy work on all cores: tasks go to forked children, which find the record's state in place and send results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from multiprocessing import current_process, get_context
from typing import Any, TypeVar

State = TypeVar("State")
Task = TypeVar("Task")
Result = TypeVar("Result")

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
