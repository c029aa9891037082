"""What a journal took up is on its medium, and is there again after every start (J-2, J-3)."""

from collections.abc import Iterable
from typing import Final

from amanat.rehearsal.simulation.checkers.sight import Checker, Sight, Wrote, device_of
from amanat.rehearsal.simulation.events import Event

OLDER: Final = ("yesterday", "clone")  # faults after which a device has two stories


class Durable(Checker):
    """Asked as each entry is taken up, of the medium that keeps its promise; and compared after each start."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight)
        self._seen: dict[int, list[bytes]] = {}
        self._older: set[int] = set()
        self._payloads: dict[int, dict[bytes, bytes]] = {}

    def hear(self, event: Event) -> Iterable[str]:
        """A start must find all that was there before, unless somebody put an old image back."""
        device = device_of(event)
        if event.kind == "fault" and event.facts["which"] == "yesterday":
            self._older.add(device)
        elif event.kind == "recovered":
            now, seen = self.sight.journal(device), self._seen.get(device, [])
            if device in self._older:
                self._seen[device] = list(now)
                self._older.discard(device)
            elif now[: len(seen)] != seen:
                at = next((n for n, (a, b) in enumerate(zip(now, seen, strict=False)) if a != b), len(now))
                yield f"D{device} started without its entry {at}, or with another in its place"

        elif event.kind == "quiet":
            for device, payloads in self._payloads.items():
                yield from self._lacking(device, payloads)

    def _lacking(self, device: int, payloads: dict[bytes, bytes]) -> Iterable[str]:
        if self.sight.is_gone(device):
            return
        for seq, hash in enumerate(self.sight.journal(device)):
            if not self.sight.is_durable(device, payloads[hash]):
                yield f"at the end of the day the good medium of D{device} does not hold its entry {seq}"
                return

    def wrote(self, wrote: Wrote) -> Iterable[str]:
        """Were the power to go now, this entry would still be there."""
        self._payloads.setdefault(wrote.device, {})[wrote.hash] = wrote.payload
        seen = self._seen.setdefault(wrote.device, [])
        if wrote.entry.seq == len(seen):
            seen.append(wrote.hash)
        if not self.sight.is_gone(wrote.device) and not self.sight.is_durable(wrote.device, wrote.payload):
            what = f"entry {wrote.entry.seq} ({wrote.entry.kind})"
            yield f"D{wrote.device} goes on from {what}, which a power cut would take"
