"""The check-in desk: who may vote is decided here and now, from what this terminal holds (clauses C-1 to C-4, C-7).

The decision reads the register, this device's fold and the news received.  It takes no lock, asks nobody, and does not
know whether there is a link; that age only stands in the entry as evidence (C-10).
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, assert_never

from amanat.records import cbor, permit
from amanat.records.ballot import Core
from amanat.records.journal import Entry, SignedEntry
from amanat.records.permit import IssuedPermit, Permit, PrivatePart
from amanat.records.register import RegisterView
from amanat.rules import eligibility, persian
from amanat.rules.national_id import NationalId, parse
from amanat.station.approval import Approvals, Void
from amanat.station.decision import CheckedInAlready, Decision, Eligible, NotEligible, Unknown
from amanat.station.journal import Journal
from amanat.station.news import News
from amanat.station.package import Identity
from amanat.station.printer import Printer, Slip
from amanat.station.refusal import Refused
from amanat.station.short_code import Guesses, grouped, short_code
from amanat.station.verification import Verification

Screen = dict[str, Any]
PAPERS_OWED = 2  # permits whose slips are not out: one prints, one waits; a restart looks at as many
DOCUMENTS = 16  # kinds of identity document a clerk can name
WHY_NOT = ("", "typed-wrong", "other-document", "left")  # why a look-up that could have a permit ended without one
COMPANIONS = ("", "relative", "trusted")  # who may help a voter that cannot read or write (notice 14)


class _Paper(NamedTuple):
    """A permit whose slip is owed; ``repeated``: it was issued before."""

    serial: bytes
    repeated: bool


@dataclass
class Desk:
    """One clerk's desk.  ``seconds_since_answer`` is of headquarters' last answer, ``choose_booth`` gives a device
    (the given one, if it is as good as any)."""

    _identity: Identity
    _journal: Journal
    register: RegisterView
    _news: News
    _printer: Printer
    _seconds_since_answer: Callable[[], int | None]
    _choose_booth: Callable[[int | None], int]
    _void: Void
    verification: Verification
    approvals: Approvals
    carried: Sequence[SignedEntry] = ()  # of a dead desk whose journal we carry on (J-8)

    def __post_init__(self) -> None:
        self._acts = asyncio.Lock()  # one permit at a time, since a medium may be slow: a double click issues once
        self._pending: NationalId | None = None
        self._owed = asyncio.Semaphore(PAPERS_OWED)
        self._paper = asyncio.Lock()  # one slip at a time, in order: two questions about one permit print it once
        self._booth_shown: int | None = None
        self.guesses = Guesses(most=60)  # of each booth: with two desks each hears of the other's permits too
        self._voided: set[bytes] = set()
        self.sent: Counter[int] = Counter()  # our latest permits by the booth that they name
        self._issued: dict[bytes, tuple[Permit, IssuedPermit]] = {}  # an index of the fold, never its own truth
        self._latest: dict[bytes, bytes] = {}  # first serial of a chain to its last
        self._of_person: dict[str, bytes] = {}  # the last serial of each
        self._last: bytes | None = None
        order: list[bytes] = []
        for signed in [*self.carried, *self._journal.entries]:
            if signed.private is not None and (entry := Entry.decode(signed.entry)).kind == "permit":
                encoded, signature = (cbor.as_bytes(part, "permit") for part in entry.body[:2])
                order.append(self._enter(IssuedPermit(encoded, signature, signed.private)))
            elif b"fvoided" in signed.entry and (words := Entry.decode(signed.entry).body)[:1] == ["voided"]:
                self._voided.add(bytes.fromhex(cbor.as_text(words[1], "voided").split(" ")[0]))
        latest = [serial for serial in order if self._latest[self._issued[serial][0].replaces or serial] == serial]
        self._unprinted = set(latest[-PAPERS_OWED:])  # power may have gone before the paper
        if self.approvals.needed:
            self._unprinted |= {s for s, (_, issued) in self._issued.items() if self.approvals.of(issued) is None}
        self._unprinted -= self._journal.state.refused_serials | self._voided | _cast_in(self.carried)
        day = persian.jalali(date.fromisoformat(self._identity.manifest.polling_day))
        self._jalali_year = int(persian.fold_digits(day).split()[-1])

    def decide(self, national_id: NationalId) -> Decision:
        """Clause C-1."""
        serial = self._of_person.get(national_id)
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
                told = {"ok": True, "decision": "eligible", "reason": "", "serial": serial}
                return told | shown | self._booth_words(resumed) | {"biometric": self.verification.needed(national_id)}
            case CheckedInAlready(where):
                return self._refuse(national_id, "checked-in-already", where) | self._already(national_id)
            case NotEligible(reason):
                return self._refuse(national_id, "not-eligible", reason)
            case Unknown():
                return self._refuse(national_id, "unknown", "")
            case never:
                assert_never(never)

    def _booth_words(self, resumed: bytes | None) -> Screen:
        """The booth that Enter will name; none where all are out, which the permit itself would be refused for."""
        if resumed is not None:
            return {"ballot_terminal": self._identity.number(self._issued[resumed][0].ballot_device)}
        with contextlib.suppress(Refused):
            self._booth_shown = self._choose_booth(None)
            return {"ballot_terminal": self._identity.number(self._booth_shown)}
        return {"ballot_terminal": None}

    def _already(self, national_id: NationalId) -> Screen:
        """Where and, if it was at this desk, when; news from elsewhere have a place and no time."""
        serial = self._journal.state.checked_in.get(national_id)
        if serial is not None:
            moment = persian.jalali_moment(self._journal.state.issued_ms[serial]).rpartition(" ")[2]
            latest = self._latest.get(serial, serial)
            voided = latest.hex() if latest in self._voided else None
            return {"place_fa": self._identity.place_name, "time_fa": moment, "voided_serial": voided}
        station = self._news.station_of(national_id)
        rows = self._identity.package.stations
        return {"place_fa": "" if station is None else str(rows[station]["name_fa"]), "time_fa": ""}

    def _refuse(self, national_id: NationalId, reason: str, detail: str) -> Screen:
        private = cbor.encode([self._identity.random(32), national_id])
        self._journal.write("refused", [reason, detail, self._seconds_since_answer()], private)
        return {"ok": True, "decision": reason, "reason": detail}

    def withdraw(self, text: str, why: str = "") -> Screen:
        """Not this person, or they went away before a permit; ``why`` is one of `WHY_NOT` (R-3)."""
        national_id = self._read(text)
        if why not in WHY_NOT:
            raise Refused("request-field", field="reason")
        if self._pending != national_id:
            raise Refused("nobody-waits")
        self._pending = None
        return self._refuse(national_id, "withdrawn", why)

    async def verify(self, text: str) -> Screen:
        """One try of the biometric reader for the person at the desk."""
        national_id = self._read(text)
        if self._pending != national_id:
            raise Refused("nobody-waits")
        return await self.verification.compare(national_id)

    async def issue(
        self,
        text: str,
        *,
        document: int,
        contests: Sequence[str] | None = None,
        appeal: Sequence[str] = (),
        companion: str = "",
    ) -> Screen:
        """A permit for an eligible person; two officers in ``appeal`` may answer for one who was checked in already
        (C-1), or whose finger the reader does not know.

        Asked again for the person served last it answers the same permit, and prints it again (marked) only where
        the paper was not seen coming out.
        """
        national_id = self._read(text)
        if not 0 <= document < DOCUMENTS:
            raise Refused("document-unknown")
        if companion not in COMPANIONS:
            raise Refused("request-field", field="companion")
        async with self._owed:
            async with self._acts:
                found = await self._issue(national_id, document, contests, appeal, companion)
            return found if isinstance(found, dict) else await self._serve(*found)

    async def _issue(
        self,
        national_id: NationalId,
        document: int,
        contests: Sequence[str] | None,
        appeal: Sequence[str],
        companion: str,
    ) -> Screen | _Paper:
        decision = self.decide(national_id)
        serial = self._of_person.get(national_id)
        if serial is not None and not appeal and (serial in self._unprinted or serial == self._last):
            self._pending = None
            return _Paper(serial, repeated=True)
        mask, answered_for = self._mask(contests), len(set(appeal)) >= 2
        if not isinstance(decision, Eligible) and not (isinstance(decision, CheckedInAlready) and answered_for):
            return self.look(national_id) | {"serial": None}
        self._require_room()
        if self.verification.needed(national_id):
            if not answered_for:
                raise Refused("biometric-first")
            self.verification.waive(national_id, appeal)
        if isinstance(decision, CheckedInAlready):
            self._journal.write("incident", ["appeal", " · ".join(appeal)])
        if companion:  # that there was one is public; for whom stands beside it, for headquarters alone
            self._journal.write(
                "incident", ["companion", companion], cbor.encode([self._identity.random(32), national_id])
            )
        self._pending = None
        return await self._new(national_id, document=document, mask=mask, replaces=None)

    async def _new(self, national_id: NationalId, *, document: int, mask: int, replaces: bytes | None) -> _Paper:
        self._require_room()
        identity = self._identity
        issued = permit.issue(
            manifest=identity.manifest,
            eh=identity.eh,
            national_id=national_id,
            seed=identity.random(32),
            salt=identity.random(32),
            serial=identity.random(16),
            station=identity.station,
            check_in_device=identity.device,
            ballot_device=self._choose_booth(self._booth_shown),
            mask=mask,
            register_version=self.register.version,
            document=document,
            signing_seed=identity.seed,
            replaces=replaces,
        )
        body: list[cbor.Value] = [issued.permit, issued.signature, self._seconds_since_answer()]
        # Cut before this line: nobody was checked in.  After it: checked in, and the slip can be printed again.
        await self._journal.commit("permit", body, issued.private)
        serial = self._enter(issued)
        self._unprinted.add(serial)
        return _Paper(serial, repeated=False)

    async def _serve(self, serial: bytes, repeated: bool) -> Screen:
        """The slip into the clerk's hand, where the station asks for it only once an observer approved (C-9)."""
        decoded, issued = self._issued[serial]
        told, approval = self._told(serial, repeated=repeated), Screen()
        if self.approvals.needed:
            approval = await self.approvals.ask(issued)
            if approval["approval"] == "refused" and serial in self._unprinted:
                self._unprinted.discard(serial)
                self.sent[decoded.ballot_device] -= 1
            if approval["approval"] != "approved":
                return told | approval
        async with self._paper:
            if self._latest[decoded.replaces or serial] != serial:  # while it waited for the printer
                raise Refused("permit-replaced")
            if serial in self._voided:
                raise Refused("permit-voided")
            if serial in self._unprinted:
                again = not self.approvals.take_fresh(issued) if self.approvals.needed else repeated
                await self._hand_out(serial, duplicate=again)
        return told | approval

    async def approval(self, text: str) -> Screen:
        """The page asks what became of the person who waits; the slip comes out with the answer *approved*."""
        return await self._serve(self._latest_of(text), repeated=False)

    async def aside(self) -> Screen:
        """The person who waits steps aside; who types the same id again goes on with the same permit."""
        await self.approvals.over()
        return {"ok": True}

    async def _hand_out(self, serial: bytes, *, duplicate: bool) -> None:
        decoded, issued = self._issued[serial]
        fields = {
            "station": self._identity.place_name,
            "serial": serial.hex(),
            "short_code": grouped(short_code(serial)),
            "ballot_terminal": str(self._identity.number(decoded.ballot_device)),
        }
        text = permit.slip(issued, self.approvals.of(issued))
        await self._printer.print(Slip("permit", self._identity.device, fields, text, duplicate))
        self._unprinted.discard(serial)

    def _told(self, serial: bytes, *, repeated: bool) -> Screen:
        booth = self._issued[serial][0].ballot_device
        number = self._identity.number(booth)
        shown = {"serial": serial.hex(), "ballot_terminal": number, "ballot_device": booth, "repeated": repeated}
        return {"ok": True, "decision": "eligible"} | shown

    def latest(self) -> Iterator[tuple[Permit, IssuedPermit]]:
        """The permits of ours that no other has replaced."""
        return (self._issued[serial] for serial in self._latest.values())

    def _latest_of(self, text: str) -> bytes:
        """The serial of a permit of ours that no other has replaced."""
        serial = next((serial for serial in self._issued if serial.hex() == text.lower()), None)
        if serial is None:
            raise Refused("permit-not-ours")
        if self._latest[self._issued[serial][0].replaces or serial] != serial:
            raise Refused("permit-replaced")
        return serial

    async def void(self, text: str, reason: str, officers: Sequence[str]) -> Screen:
        """Two officers void a permit at its booth, and none is issued yet; `replace` may follow when the voter is back.

        Raises:
            Refused: the booth does not answer, and might still take it; or it was cast, which nobody can undo.
        """
        serial = self._latest_of(text)
        decoded, issued = self._issued[serial]
        if not await self._void(issued, reason):
            raise Refused("booth-silent", terminal=self._identity.number(decoded.ballot_device))
        self._journal.write("incident", ["voided", f"{serial.hex()} {reason} {' · '.join(officers)}"])
        self.sent[decoded.ballot_device] -= 1  # LIMIT: counted as on its way again after a restart
        self._unprinted.discard(serial)
        self._voided.add(serial)
        return {"ok": True, "serial": serial.hex()}

    async def replace(
        self, text: str, reason: str, *, officers: Sequence[str] = (), contests: Sequence[str] | None = None
    ) -> Screen:
        """Void a permit at the terminal that it names, if that lives, and only then issue another (C-7)."""
        serial = self._latest_of(text)
        old, issued = self._issued[serial]
        private = PrivatePart.decode(issued.private)
        first = old.replaces or serial
        mask = old.mask if contests is None else self._mask(contests)
        self._require_room()
        alive = await self._void(issued, reason)
        has_place = serial in self._unprinted
        async with contextlib.nullcontext() if has_place else self._owed:
            async with self._acts:
                if self._latest[first] != serial:  # somebody else replaced it while we asked
                    raise Refused("permit-replaced")
                if not alive:
                    self._journal.write("incident", ["booth-dead", f"{old.ballot_device} {serial.hex()} {reason}"])
                if officers:
                    self._journal.write("incident", ["replaced", f"{serial.hex()} {reason} {' · '.join(officers)}"])
                self._booth_shown = None
                paper = await self._new(private.national_id, document=private.document, mask=mask, replaces=first)
            return await self._serve(*paper)

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
        before = self._latest.get(decoded.replaces) if decoded.replaces else None
        if before is not None:
            self.sent[self._issued[before][0].ballot_device] -= 1
        self.sent[decoded.ballot_device] += 1
        self._booth_shown = None
        self._issued[decoded.serial] = decoded, issued
        self._latest[decoded.replaces or decoded.serial] = self._last = decoded.serial
        self._of_person[PrivatePart.decode(issued.private).national_id] = decoded.serial
        return decoded.serial


def _cast_in(entries: Iterable[SignedEntry]) -> set[bytes]:
    """The serials of the permits that were cast in these entries."""
    decoded = (Entry.decode(signed.entry) for signed in entries if b"kballot-cast" in signed.entry)
    cores = (cbor.as_bytes(entry.body[0], "core") for entry in decoded if entry.kind == "ballot-cast")
    return {Permit.decode(Core.decode(core).permit).serial for core in cores}
