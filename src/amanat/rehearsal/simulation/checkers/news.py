"""Every check-in that headquarters acknowledged is told to all stations (S-5)."""

from collections.abc import Iterable

from amanat.records.permit import PrivatePart
from amanat.rehearsal.simulation.checkers.sight import Checker, Sight, Wrote
from amanat.rehearsal.simulation.events import Event


class News(Checker):
    """Asked when an answer first covers the permit."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight)
        self._waiting: dict[int, dict[int, str]] = {}  # device -> seq -> person

    def hear(self, event: Event) -> Iterable[str]:
        """Headquarters holds this device's entries up to here."""
        if event.kind != "acknowledged":
            return
        device, last = int(event.facts["device"]), int(event.facts["seq"])
        waiting = self._waiting.get(device, {})
        for seq in [seq for seq in waiting if seq <= last]:
            person = waiting.pop(seq)
            if not self.sight.has_news(device, seq, person):
                yield f"headquarters acknowledged the permit of {person} (D{device}, {seq}), and tells nobody of it"

    def wrote(self, wrote: Wrote) -> Iterable[str]:
        """A permit whose private part says for whom."""
        if wrote.entry.kind == "permit" and wrote.private is not None:
            person = str(PrivatePart.decode(wrote.private).national_id)
            self._waiting.setdefault(wrote.device, {})[wrote.entry.seq] = person
        return ()
