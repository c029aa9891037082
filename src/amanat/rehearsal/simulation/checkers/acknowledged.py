"""What headquarters says it holds, it holds; after a restore it holds it again before the day is quiet (S-2, S-4)."""

from collections.abc import Iterable

from amanat.rehearsal.simulation.checkers.sight import Checker, Sight
from amanat.rehearsal.simulation.events import Event


class Acknowledged(Checker):
    """The heads of its answers are promises."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight)
        self._promised: dict[int, tuple[int, bytes]] = {}
        self._owed: set[tuple[int, int, bytes]] = set()

    def hear(self, event: Event) -> Iterable[str]:
        """An answer; the end of a repair; the end of the day."""
        if event.kind == "acknowledged":
            yield from self._answered(event)
        elif event.kind == "hq-restore":
            self._owed |= {(device, *promise) for device, promise in self._promised.items()}
            self._promised.clear()
        elif event.kind == "hq-start":
            yield from self._missing((device, *promise) for device, promise in self._promised.items())
        elif event.kind == "quiet":
            yield from self._missing((device, *promise) for device, promise in self._promised.items())
            yield from self._missing(one for one in sorted(self._owed) if not self.sight.is_gone(one[0]))

    def _answered(self, event: Event) -> Iterable[str]:
        device, seq, hash = int(event.facts["device"]), int(event.facts["seq"]), bytes.fromhex(str(event.facts["hash"]))
        if not self.sight.was_written(device, seq, hash):
            yield f"headquarters acknowledged entry {seq} of D{device}, which D{device} never wrote"
        yield from self._missing([(device, seq, hash)])
        if seq >= self._promised.get(device, (-1, b""))[0]:
            self._promised[device] = seq, hash

    def _missing(self, promises: Iterable[tuple[int, int, bytes]]) -> Iterable[str]:
        for device, seq, hash in promises:
            if not self.sight.holds(device, seq, hash):
                yield f"headquarters acknowledged D{device} up to {seq}, and does not hold it"
