"""Nothing comes from nothing: no ballot without a permit that a desk wrote first, and none after closing."""

from collections.abc import Iterable

from amanat.records.ballot import Core
from amanat.records.cbor import as_bytes
from amanat.records.permit import Permit
from amanat.rehearsal.simulation.checkers.sight import Checker, Sight, Told, Wrote
from amanat.rehearsal.simulation.events import Event


class Bounds(Checker):
    """Ballots of a station are at most its permits, one by one, at every moment."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight)
        self._owed = Told(sight)
        self._permits: dict[bytes, int] = {}
        self._refused: set[tuple[int, bytes]] = set()
        self._refused_anywhere: set[bytes] = set()
        self._pending: list[tuple[int, bytes]] = []  # replacements to be asked about: a desk, and what it replaced
        self._closed: set[int] = set()
        self._latest: dict[bytes, bytes] = {}  # first serial of a chain -> its last
        self._dead_booths: set[str] = set()  # serials of which a desk wrote that their booth is silent

    def hear(self, event: Event) -> Iterable[str]:
        """A slip is in somebody's hand: its permit stands in a journal.  Every journal was read up to this event."""
        pending, self._pending = self._pending, []
        for device, before in pending:
            if before.hex() not in self._dead_booths and before not in self._refused_anywhere:
                yield f"D{device} replaced permit {before.hex()}, and its booth was not asked"
        if event.kind == "told" and event.facts["what"] == "permit":
            serial = str(event.facts["id"])
            self._owed.owe(event, serial, f"{event.facts['person']} holds a slip of {serial}, which no journal has")
        yield from self._owed.missing(event, lambda serial: bytes.fromhex(serial) in self._permits)

    def wrote(self, wrote: Wrote) -> Iterable[str]:
        """Permits come before their ballots, and nothing after `closed`."""
        entry, device = wrote.entry, wrote.device
        if device in self._closed and not self.sight.was_rolled_back(device):
            yield f"D{device} wrote {entry.kind} after it was closed"
        if entry.kind == "permit":
            permit = Permit.decode(as_bytes(entry.body[0], "permit"))
            if self._permits.setdefault(permit.serial, permit.station) != permit.station:
                yield f"the serial {permit.serial.hex()} was given at two stations"
            self._replaced(device, permit)
        elif entry.kind == "incident" and entry.body[0] == "booth-dead":
            self._dead_booths.add(str(entry.body[1]).split(" ")[1])
        elif entry.kind == "permit-refused":
            self._refused.add((device, as_bytes(entry.body[0], "serial")))
            self._refused_anywhere.add(as_bytes(entry.body[0], "serial"))
        elif entry.kind == "ballot-cast":
            permit = Permit.decode(Core.decode(as_bytes(entry.body[0], "ballot")).permit)
            if permit.serial not in self._permits:
                yield f"D{device} cast a ballot with permit {permit.serial.hex()}, which no desk wrote"
            if (device, permit.serial) in self._refused and not self.sight.was_rolled_back(device):
                yield f"D{device} cast a ballot with permit {permit.serial.hex()}, which it had refused"
        elif entry.kind == "closed":
            self._closed.add(device)

    def _replaced(self, device: int, permit: Permit) -> None:
        """C-7: its booth refuses the one before from now on, or it is written that the booth was silent."""
        first = permit.replaces or permit.serial
        before, self._latest[first] = self._latest.get(first), permit.serial
        if before is None or permit.replaces is None or self.sight.was_rolled_back(device):
            return
        self._pending.append((device, before))
