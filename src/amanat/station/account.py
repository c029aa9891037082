"""What the whole station did, as far as this terminal holds its colleagues' journals (clauses B-8, C-7, J-9).

Only the gateway holds them all.  Each number is counted on its own, from the journal of the device that did it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amanat.errors import AmanatError
from amanat.records.cbor import as_bytes, as_text
from amanat.records.device import ROLE_CHECK_IN
from amanat.records.journal import DeviceState, Entry, SignedEntry
from amanat.records.permit import Permit
from amanat.rules.closing import Account, total
from amanat.station.journal import Journal
from amanat.station.news import Copies
from amanat.station.package import Identity
from amanat.station.refusal import Refused


@dataclass(frozen=True, slots=True)
class OpenPermit:
    """A permit of which nobody knows yet what became: for this booth's device, since then."""

    serial: bytes
    ballot_device: int
    since_ms: int


class StationAccount:
    """The fold of all journals that this terminal holds; `follow` takes up what came since, cheaply."""

    def __init__(self, identity: Identity, journal: Journal, copies: Mapping[int, Copies]) -> None:
        self._identity = identity
        self._journal = journal
        self._copies = copies
        self._folded: dict[int, DeviceState] = {}
        self._read = 0
        self._issued: dict[bytes, OpenPermit] = {}
        self._dead: set[bytes] = set()
        gateway = next(c.device for c in identity.colleagues if c.has(ROLE_CHECK_IN))
        self.is_whole = gateway == identity.device

    def follow(self) -> Mapping[int, DeviceState]:
        """The states by device, our own too, after the last entries that are here."""
        for signed in self._journal.entries[self._read :]:
            self._note(Entry.decode(signed.entry))
        self._read = len(self._journal.entries)
        for device, copies in self._copies.items():
            if device in self._identity.package.certificates:
                self._fold(device, copies.entries)
        return {**self._folded, self._identity.device: self._journal.state}

    def _fold(self, device: int, entries: Sequence[SignedEntry]) -> None:
        state = self._folded.get(device)
        if state is None:
            state = DeviceState(self._identity.eh, self._identity.package.certificates[device])
            self._folded[device] = state
        for signed in entries[state.next_seq :]:
            try:
                self._note(state.apply(signed))
            except AmanatError:
                return  # an entry that nobody can read: what follows is unknown here, so the equation will not hold

    def _note(self, entry: Entry) -> None:
        if entry.kind == "permit":
            permit = Permit.decode(as_bytes(entry.body[0], "permit"))
            self._issued[permit.serial] = OpenPermit(permit.serial, permit.ballot_device, entry.wall_ms)
        elif entry.kind == "incident" and entry.body[:1] == ["booth-dead"]:  # replaced, and the booth cannot refuse it
            self._dead.add(bytes.fromhex(as_text(entry.body[1], "serial").split(" ")[1]))

    def account(self) -> Account:
        """The station's account with both numbers that only it has."""
        states = self.follow()
        counted = total(state.account for state in states.values())
        cast = {serial for state in states.values() for serial in state.cast}
        voided = self._dead.union(*(state.refused_serials for state in states.values())) - cast
        left = set().union(*(state.left for state in states.values())) - cast - voided
        desks = [s for device, s in states.items() if self._identity.package.devices[device].has(ROLE_CHECK_IN)]
        permits = sum(state.entries["permit"] for state in desks)
        return Account(
            permits, counted.refused, counted.prepared, counted.cast, counted.tested, counted.dropped,
            permits_refused=len(voided), left=len(left),
        )  # fmt: skip

    def require_not_cast(self, serial: bytes) -> None:
        """Refused where a journal that is here tells that this permit was cast, though its booth may be dead now."""
        if any(serial in state.cast for state in self.follow().values()):
            raise Refused("permit-cast")

    def open_permits(self) -> list[OpenPermit]:
        """Permits neither cast, nor refused, nor replaced, nor explained; the oldest first."""
        states = self.follow()
        settled = self._dead.union(*({*s.cast, *s.refused_serials, *s.left} for s in states.values()))
        found = [permit for serial, permit in self._issued.items() if serial not in settled]
        return sorted(found, key=lambda permit: (permit.since_ms, permit.serial))

    def behind(self) -> list[int]:
        """Devices that were used, as far as known here, and whose closing sheet is not here yet."""
        states = self.follow()
        used = {device for device, state in states.items() if state.opened}
        used |= {permit.ballot_device for permit in self._issued.values()}
        used.discard(self._identity.device)
        return sorted(device for device in used if device not in states or not states[device].closed)
