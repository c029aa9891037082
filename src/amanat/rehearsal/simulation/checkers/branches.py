"""A journal has one branch unless a device was rolled back or cloned; a true entry is never laid among the unreadable
(J-7, S-3)."""

from collections.abc import Iterable
from typing import Final

from amanat.rehearsal.simulation.checkers.durable import OLDER
from amanat.rehearsal.simulation.checkers.sight import Checker, Sight, Wrote, device_of
from amanat.rehearsal.simulation.events import Event

ACTS: Final = ("permit", "ballot-prepared", "ballot-cast")


class Branches(Checker):
    """Seen in what is written, and in what headquarters holds."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight)
        self._older: set[int] = set()
        self._wrote: dict[tuple[int, int], bytes] = {}
        self._longest: dict[int, int] = {}
        self._acts: dict[int, int] = {}  # since they could know it
        self._behind: set[int] = set()  # started with less than they had written

    def hear(self, event: Event) -> Iterable[str]:
        """Asked at every answer and at every stick that was read."""
        if event.kind == "fault" and event.facts["which"] in OLDER:
            self._older.add(device_of(event))
        if event.kind == "recovered":
            device = device_of(event)
            self._acts.pop(device, None)
            (self._behind.add if self._is_behind(device) else self._behind.discard)(device)
        if event.kind == "acknowledged":
            device = int(event.facts["device"])
            if device not in self._older and self.sight.branches(device) > 1:
                yield f"headquarters holds two branches of D{device}, which was never rolled back"
        if event.kind in ("acknowledged", "stick-read", "quiet"):
            for device, seq in self.sight.buried():
                yield f"headquarters laid the true entry {seq} of D{device} among the unreadable"

    def _is_behind(self, device: int) -> bool:
        now = self.sight.journal(device)
        return len(now) <= self._longest.get(device, -1) or any(
            self._wrote.get((device, seq), hash) != hash for seq, hash in enumerate(now)
        )

    def wrote(self, wrote: Wrote) -> Iterable[str]:
        """One entry in each place."""
        device = wrote.device
        self._longest[device] = max(self._longest.get(device, -1), wrote.entry.seq)
        if device in self._behind and wrote.entry.kind in ACTS and self.sight.is_contradicted(device):
            self._acts[device] = self._acts.get(device, 0) + 1
        if self._acts.get(device, 0) > 1:  # the first was under way when the answer came
            del self._acts[device]
            yield f"D{device} was rolled back, was shown it, and goes on with {wrote.entry.kind} {wrote.entry.seq}"
        before = self._wrote.setdefault((wrote.device, wrote.entry.seq), wrote.hash)
        if before != wrote.hash and wrote.device not in self._older:
            yield f"D{wrote.device} wrote two entries {wrote.entry.seq}"
