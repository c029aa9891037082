"""A medium that raised an error is given up: no second try, no reading back (J-2)."""

from collections.abc import Iterable
from typing import Final

from amanat.rehearsal.simulation.checkers.sight import Checker, Sight, Wrote, device_of
from amanat.rehearsal.simulation.events import Event

ERRORS: Final = ("failed-write", "failed-but-persisted", "torn-write", "failed-sync", "failed-sync-persisted")


class Media(Checker):
    """Asked when the next entry but one is taken up by the same program: the one under way may have been before."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight)
        self._failed: dict[int, dict[str, int]] = {}  # device -> disk's letter -> entries taken up since

    def hear(self, event: Event) -> Iterable[str]:
        """An error was raised to a program; a program begins."""
        if event.kind == "fault" and event.facts["which"] in ERRORS:
            self._failed.setdefault(device_of(event), {})[event.where.split("/")[1]] = 0
        elif event.kind in ("crash", "start", "recovered", "stopped"):
            self._failed.pop(device_of(event), None)
        return ()

    def wrote(self, wrote: Wrote) -> Iterable[str]:
        """It went on without the medium."""
        failed = self._failed.get(wrote.device, {})
        for letter in list(failed):
            failed[letter] += 1
            if failed[letter] > 1:
                del failed[letter]
                if self.sight.health(wrote.device, letter) != "dead":
                    yield f"D{wrote.device} goes on with medium {letter}, which raised an error"
