"""A terminal's process in which one person casts, and which is killed (SIGKILL) at a step of that cast.

`python -m tests.stories.killed HOME MS SLIP CHOICE STEP`; steps in their order: "slip 1", then with the entry on the
media "write a", "sync a", "write b", "sync b", then "slip 2"; it dies just before the step.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.stories.clock import HandClock

from amanat.records import sealed_key
from amanat.station.medium_file import FileMedium
from amanat.station.printer import FolderPrinter, Slip
from amanat.station.terminal import Terminal

STEPS = ("slip 1", "write a", "sync a", "write b", "sync b", "slip 2")
SLIPS = {"prepared": "slip 1", "cast": "slip 2"}


def die_before(step: str) -> None:
    """Sets the trap in the shipped classes of this process."""
    passed: set[str] = set()
    printing = FolderPrinter.print

    def reach(name: str) -> None:
        if name == step and (name == "slip 1" or "slip 1" in passed):
            os.kill(os.getpid(), signal.SIGKILL)

    def trapped(act: Callable[..., None], verb: str) -> Callable[..., None]:
        def guarded(self: FileMedium, *args: Any) -> None:
            reach(f"{verb} {self.name}")
            act(self, *args)

        return guarded

    async def trapped_printing(self: FolderPrinter, slip: Slip) -> None:
        reach(SLIPS[slip.kind])
        await printing(self, slip)
        passed.add(SLIPS[slip.kind])

    for verb in ("write", "sync"):
        setattr(FileMedium, verb, trapped(getattr(FileMedium, verb), verb))
    setattr(FolderPrinter, "print", trapped_printing)  # noqa: B010 - a method is replaced on purpose


async def visit(home: Path, clock: HandClock, slip: str, choice: str) -> None:
    """Behind the curtain, from the permit to slip 2."""
    terminal = Terminal(home, clock, printer=f"folder:{home / 'slips'}?draw=0")
    await terminal.booth.accept(slip)
    await terminal.booth.seal({"majlis": [choice]})
    await terminal.booth.cast()


def main(home: str, ms: str, slip: str, choice: str, step: str) -> None:
    sealed_key.SCRYPT_N = 1 << 4  # type: ignore[misc]  # as the stories' other terminals
    die_before(step)
    asyncio.run(visit(Path(home), HandClock(int(ms)), slip, choice))


if __name__ == "__main__":
    main(*sys.argv[1:])
