"""No act of a voter or a clerk waits for a link (P-6): its time is that of people, paper and media alone."""

from collections.abc import Iterable
from typing import Final

from amanat.rehearsal.simulation.checkers.sight import Checker, Sight, device_of
from amanat.rehearsal.simulation.events import Event

LONGEST_MS: Final = 15_000  # with paper, and with a queue for it
ASKS_COLLEAGUES: Final = ("/api/desk/void", "/api/desk/replace")  # a booth is asked before its permit is voided (C-7)
PREFIXES: Final = ("/api/desk/", "/api/booth/")


class Autonomy(Checker):
    """An act may take long only where a medium was slow, or the machine stood still, meanwhile or shortly before."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight)
        self._excused_until: dict[int, int] = {}

    def hear(self, event: Event) -> Iterable[str]:
        """`acted` tells path and milliseconds of an act; faults tell what excuses it."""
        device = device_of(event)
        if event.kind == "fault" and event.facts["which"] in ("slow", "pause", "medium-slow"):
            self._excused_until[device] = event.at_ms + 900_000  # a pause lasts up to ten minutes, and others queue
        if event.kind != "acted" or event.at_ms < self._excused_until.get(device, -1):
            return
        path, took = str(event.facts["path"]), int(event.facts["ms"])
        if path.startswith(PREFIXES) and path not in ASKS_COLLEAGUES and took > LONGEST_MS:
            yield f"D{device} took {took} ms for {path}, and no medium was slow"
