"""Only who may vote gets a permit, once at each desk, and not where the desk knows of another (C-1)."""

from collections.abc import Iterable

from amanat.records.cbor import as_bytes
from amanat.records.permit import Permit, PrivatePart
from amanat.rehearsal.simulation.checkers.sight import Checker, Sight, Wrote


class Eligibility(Checker):
    """Judged by the register, by the desk's own journal, and by what headquarters' answers told the desk."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight)
        self._served: dict[tuple[int, str], bytes] = {}
        self._appeal: set[int] = set()  # desks at which two officers answered for the next one

    def wrote(self, wrote: Wrote) -> Iterable[str]:
        """A permit that replaces none, without the appeal of two officers just before."""
        entry, device = wrote.entry, wrote.device
        if entry.kind == "incident" and entry.body[0] == "appeal":
            self._appeal.add(device)
        if entry.kind == "hand-over":  # whom the dead desk served, this one has served (J-8)
            served = [(person, serial) for (desk, person), serial in self._served.items() if desk == entry.body[0]]
            self._served |= {(device, person): serial for person, serial in served}
        if entry.kind != "permit" or wrote.private is None:
            return
        appealed = device in self._appeal
        self._appeal.discard(device)
        serial = Permit.decode(as_bytes(entry.body[0], "permit")).serial
        person = str(PrivatePart.decode(wrote.private).national_id)
        if not self.sight.is_eligible(person):
            yield f"D{device} gave {person} a permit, who may not vote"
        if Permit.decode(as_bytes(entry.body[0], "permit")).replaces is not None:
            return
        first = self._served.setdefault((device, person), serial)
        if first != serial and not appealed and not self.sight.was_rolled_back(device):
            yield f"D{device} gave {person} two permits"
        if first == serial and not appealed and self.sight.news_read(device, person):
            yield f"D{device} gave {person} a permit, though it was told of one elsewhere"
