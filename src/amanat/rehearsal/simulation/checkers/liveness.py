"""When all faults have ended, everything arrives within bounded time (P-7)."""

from collections.abc import Iterable
from typing import Final

from amanat.rehearsal.simulation.checkers.sight import Checker, Sight
from amanat.rehearsal.simulation.events import Event

LONGEST_MS: Final = 14 * 3_600_000  # a stick may be twelve hours on its road


class Liveness(Checker):
    """From `healed` to `quiet`."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight)
        self._healed_ms: int | None = None

    def hear(self, event: Event) -> Iterable[str]:
        """The first event after the time is over tells it, once."""
        if event.kind == "healed":
            self._healed_ms = event.at_ms
        elif self._healed_ms is not None and event.at_ms - self._healed_ms > LONGEST_MS:
            yield f"not everything had arrived {LONGEST_MS // 3_600_000} hours after all faults ended"
            self._healed_ms = None
        elif event.kind == "quiet":
            self._healed_ms = None
