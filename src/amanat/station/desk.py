"""The check-in desk: who may vote is decided here and now, from what this terminal holds (clauses C-1 to C-4, C-7).

The decision reads the register, this device's fold and the news received.  It takes no lock, asks nobody, and does not
know whether there is a link; that age only stands in the entry as evidence (C-10).
"""

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, assert_never

from amanat.records import cbor, permit
from amanat.records.journal import Entry
from amanat.records.permit import IssuedPermit, Permit, PrivatePart
from amanat.records.register import Person, RegisterView
from amanat.rules import eligibility, persian
from amanat.rules.national_id import NationalId, parse
from amanat.station.journal import Journal
from amanat.station.news import News
from amanat.station.package import Identity
from amanat.station.printer import Printer, Slip
from amanat.station.refusal import Refused

Screen = dict[str, Any]
DOCUMENTS = 16  # kinds of identity document a clerk can name


@dataclass(frozen=True, slots=True)
class Eligible:
    """May vote; ``resumed``: has a permit of ours already whose slip nobody saw coming out."""

    person: Person
    resumed: bytes | None = None


@dataclass(frozen=True, slots=True)
class CheckedInAlready:
    """Was checked in: ``here``, or ``elsewhere:`` and a station's id."""

    where: str


@dataclass(frozen=True, slots=True)
class NotEligible:
    """The register says no, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Not in the register."""


Decision = Eligible | CheckedInAlready | NotEligible | Unknown
Void = Callable[[IssuedPermit, str], Awaitable[bool]]
"""Asks the named terminal to refuse a permit; False if it is dead.  Raises Refused if it was cast."""


@dataclass
class Desk:
    """One clerk's desk.  ``seconds_since_answer`` is of headquarters' last answer, ``choose_booth`` gives a device."""

    _identity: Identity
    _journal: Journal
    register: RegisterView
    _news: News
    _printer: Printer
    _seconds_since_answer: Callable[[], int | None]
    _choose_booth: Callable[[], int]
    _void: Void

    def __post_init__(self) -> None:
        self._pending: NationalId | None = None
        self._issued: dict[bytes, tuple[Permit, IssuedPermit]] = {}  # an index of the fold, never its own truth
        self._latest: dict[bytes, bytes] = {}  # first serial of a chain to its last
        self._last: bytes | None = None
        for signed in self._journal.entries:
            if signed.private is not None and (entry := Entry.decode(signed.entry)).kind == "permit":
                encoded, signature = (cbor.as_bytes(part, "permit") for part in entry.body[:2])
                self._enter(IssuedPermit(encoded, signature, signed.private))
        self._unprinted: set[bytes] = {self._last} if self._last else set()  # power may have gone before the paper
        day = persian.jalali(date.fromisoformat(self._identity.manifest.polling_day))
        self._jalali_year = int(persian.fold_digits(day).split()[-1])

    def decide(self, national_id: NationalId) -> Decision:
        """Clause C-1."""
        serial = self._journal.state.checked_in.get(national_id)
        person = self.register.look(national_id)
        if person is not None and serial in self._unprinted and serial not in self._journal.state.cast:
            return Eligible(person, resumed=serial)
        if serial is not None:
            return CheckedInAlready("here")
        station = self._news.station_of(national_id)
        if station is not None:
            return CheckedInAlready(f"elsewhere:{self._identity.manifest.stations[station].id}")
        if person is None:
            return Unknown()
        match eligibility.decide(person.flags):
            case eligibility.NotEligible(reason):
                return NotEligible(reason)
            case eligibility.Eligible():
                return Eligible(person)
            case never:
                assert_never(never)

    def look(self, text: str) -> Screen:
        """The tenth digit was typed.  A refusal is an entry at once (R-3); an eligible person waits for the clerk."""
        national_id = self._read(text)
        if self._pending is not None and self._pending != national_id:
            self.withdraw(self._pending)
        decision = self.decide(national_id)
        match decision:
            case Eligible(person, resumed):
                self._pending = national_id
                age = self._jalali_year - person.birth_year
                shown = {"name_fa": person.name_fa, "birth_year": person.birth_year, "age": age}
                serial = resumed.hex() if resumed else None
                return {"ok": True, "decision": "eligible", "reason": "", "serial": serial} | shown
            case CheckedInAlready(where):
                return self._refuse(national_id, "checked-in-already", where)
            case NotEligible(reason):
                return self._refuse(national_id, "not-eligible", reason)
            case Unknown():
                return self._refuse(national_id, "unknown", "")
            case never:
                assert_never(never)

    def _refuse(self, national_id: NationalId, reason: str, detail: str) -> Screen:
        private = cbor.encode([os.urandom(32), national_id])
        self._journal.write("refused", [reason, detail, self._seconds_since_answer()], private)
        return {"ok": True, "decision": reason, "reason": detail}

    def withdraw(self, text: str) -> Screen:
        """Not this person, or they went away before a permit."""
        national_id = self._read(text)
        if self._pending != national_id:
            raise Refused("nobody-waits")
        self._pending = None
        return self._refuse(national_id, "withdrawn", "")

    async def issue(
        self, text: str, *, document: int, contests: Sequence[str] | None = None, appeal: Sequence[str] = ()
    ) -> Screen:
        """A permit for an eligible person; on appeal by two officers also for one who was checked in already (C-1).

        Asked again for the person served last it answers the same permit, and prints it again (marked) only where
        the paper was not seen coming out.
        """
        national_id = self._read(text)
        if not 0 <= document < DOCUMENTS:
            raise Refused("document-unknown")
        decision = self.decide(national_id)
        serial = self._journal.state.checked_in.get(national_id)
        if serial is not None and not appeal and (serial in self._unprinted or serial == self._last):
            return await self._again(serial)
        if isinstance(decision, CheckedInAlready) and len(set(appeal)) >= 2:
            self._require_room()
            self._journal.write("incident", ["appeal", " · ".join(appeal)])
        elif not isinstance(decision, Eligible):
            return self.look(national_id) | {"serial": None}
        self._pending = None
        return await self._new(national_id, document=document, mask=self._mask(contests), replaces=None)

    async def _new(self, national_id: NationalId, *, document: int, mask: int, replaces: bytes | None) -> Screen:
        self._require_room()
        identity = self._identity
        issued = permit.issue(
            manifest=identity.manifest,
            eh=identity.eh,
            national_id=national_id,
            seed=os.urandom(32),
            salt=os.urandom(32),
            serial=os.urandom(16),
            station=identity.station,
            check_in_device=identity.device,
            ballot_device=self._choose_booth(),
            mask=mask,
            register_version=self.register.version,
            document=document,
            signing_seed=identity.seed,
            replaces=replaces,
        )
        body: list[cbor.Value] = [issued.permit, issued.signature, self._seconds_since_answer()]
        # Cut before this line: nobody was checked in.  After it: checked in, and the slip can be printed again.
        self._journal.write("permit", body, issued.private)
        serial = self._enter(issued)
        self._unprinted.add(serial)
        await self._hand_out(serial, duplicate=False)
        return self._told(serial, repeated=False)

    async def _again(self, serial: bytes) -> Screen:
        self._pending = None
        if serial in self._unprinted:
            await self._hand_out(serial, duplicate=True)
        return self._told(serial, repeated=True)

    async def _hand_out(self, serial: bytes, *, duplicate: bool) -> None:
        decoded, issued = self._issued[serial]
        fields = {
            "station": self._identity.place_name,
            "serial": serial.hex(),
            "ballot_terminal": str(self._identity.number(decoded.ballot_device)),
        }
        await self._printer.print(Slip("permit", self._identity.device, fields, permit.slip(issued), duplicate))
        self._unprinted.discard(serial)

    def _told(self, serial: bytes, *, repeated: bool) -> Screen:
        booth = self._issued[serial][0].ballot_device
        number = self._identity.number(booth)
        shown = {"serial": serial.hex(), "ballot_terminal": number, "ballot_device": booth, "repeated": repeated}
        return {"ok": True, "decision": "eligible"} | shown

    async def replace(self, text: str, reason: str) -> Screen:
        """Void a permit at the terminal that it names, if that lives, and only then issue another (C-7)."""
        serial = next((serial for serial in self._issued if serial.hex() == text.lower()), None)
        if serial is None:
            raise Refused("permit-not-ours")
        old, issued = self._issued[serial]
        private = PrivatePart.decode(issued.private)
        first = old.replaces or serial
        if self._latest[first] != serial:
            raise Refused("permit-replaced")
        self._require_room()
        alive = await self._void(issued, reason)
        if self._latest[first] != serial:  # somebody else replaced it while we asked
            raise Refused("permit-replaced")
        if not alive:
            self._journal.write("incident", ["booth-dead", f"{old.ballot_device} {serial.hex()} {reason}"])
        return await self._new(private.national_id, document=private.document, mask=old.mask, replaces=first)

    def _read(self, text: str) -> NationalId:
        national_id = parse(text)
        if national_id is None:
            raise Refused("national-id-wrong")
        return national_id

    def _mask(self, contests: Sequence[str] | None) -> int:
        known = [contest.id for contest in self._identity.manifest.contests]
        wanted = known if contests is None else contests
        if not wanted or not set(wanted) <= set(known):
            raise Refused("contest-unknown")
        return sum(1 << index for index, id_ in enumerate(known) if id_ in wanted)

    def _require_room(self) -> None:
        """Refuse the next voter here, not in the booth, while what was promised still fits."""
        if not self._journal.has_room(permits=2, ballots=0, ballot_bytes=0):
            raise Refused("desk-full")

    def _enter(self, issued: IssuedPermit) -> bytes:
        decoded = Permit.decode(issued.permit)
        self._issued[decoded.serial] = decoded, issued
        self._latest[decoded.replaces or decoded.serial] = self._last = decoded.serial
        return decoded.serial
