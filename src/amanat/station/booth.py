"""The voting booth: one permit, choices in memory alone, and the cast that consumes the permit (C-5, B-6 to B-9).

LIMIT: Python cannot overwrite what it held; choices are let go at the cast and nothing writes them anywhere.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amanat.records import ballot, base32, permit
from amanat.records.ballot import TESTS_MAX, SealedBallot
from amanat.records.cbor import Malformed
from amanat.records.device import ROLE_CHECK_IN
from amanat.records.identifiers import BallotId, is_signed
from amanat.records.permit import Permit, permit_hash
from amanat.station.approval import require_approved
from amanat.station.journal import Journal
from amanat.station.package import Identity
from amanat.station.printer import Printer, PrinterFault, Slip
from amanat.station.private_choices import VisitKey
from amanat.station.refusal import Refused, screen_of
from amanat.station.short_code import Guesses
from amanat.station.tests_used import FILE, TestsUsed

Screen = dict[str, Any]
Choices = Mapping[int, Sequence[int]]  # candidates' numbers by contest index


@dataclass(slots=True)
class Session:
    """The voter behind the curtain.  ``sealed`` and ``choices`` stand between review and cast, and only then."""

    encoded: bytes
    signature: bytes
    permit: Permit
    contests: Sequence[int]
    choices: Choices = field(default_factory=dict, repr=False)
    sealed: SealedBallot | None = field(default=None, repr=False)
    key: VisitKey = field(repr=False, kw_only=True)


@dataclass(slots=True)
class Receipt:
    """What was cast last here: told again to whoever asks again."""

    id: BallotId
    printed: bool


class Booth:
    """One booth of a terminal with the ballot role.  Every method changes nothing when it raises Refused."""

    def __init__(
        self,
        identity: Identity,
        journal: Journal,
        printer: Printer,
        *,
        test_page: str,
        home: Path,
        new_key: Callable[[], VisitKey] = VisitKey,
    ) -> None:
        self._identity = identity
        self._journal = journal
        self._printer = printer
        self._test_page = test_page
        self._new_key = new_key
        self._session: Session | None = None
        self.guesses = Guesses(most=5)  # of short codes, by whoever stands here
        self._receipt: Receipt | None = None
        self.absent: dict[bytes, str] = {}  # how a voter went whose permit is open, by serial; a restart forgets it
        self._acts = asyncio.Lock()  # one act at a time, since a medium may be slow: a double click casts once
        self._paper = asyncio.Lock()  # one slip 2 at a time: a double click prints once
        self._tests = TestsUsed(home / FILE, identity.seed)
        self._interrupted = False  # the next voter may be one whose visit a restart cut short

    def settle(self) -> None:
        """After a restart: what was prepared and neither cast nor tested is dropped; its permit is good (B-8)."""
        self._interrupted = self._journal.state.opened
        if self._journal.state.open_prepared is not None:
            self._journal.write("ballot-dropped", [self._journal.state.open_prepared])

    @property
    def busy(self) -> bool:
        """Whether somebody is behind the curtain; no more than this is shown outside."""
        return self._session is not None

    async def accept(self, text: str) -> Screen:
        """A permit was scanned (C-5).  One that was cast here gets its receipt again."""
        encoded, signature, decoded = self._require_ours(text)
        state = self._journal.state
        if (cast := state.cast.get(decoded.serial)) is not None:
            return await self._told_again(cast)
        if decoded.serial in state.refused_serials:
            raise Refused("permit-replaced")
        if self._session is not None and self._session.permit.serial != decoded.serial:
            raise Refused("booth-busy")
        self.absent.pop(decoded.serial, None)
        if self._session is None:
            self._require_taking_votes()
            contests = self._identity.manifest.contest_indices(decoded.mask)
            self._session = Session(encoded, signature, decoded, contests, key=self._new_key())
            self._receipt = None
        return self._tray(self._session)

    def _require_ours(self, text: str) -> tuple[bytes, bytes, Permit]:
        """The permit on a slip if it is of our station, for this booth, and signed by a desk of ours."""
        try:
            encoded, signature, pad, approval = permit.read_slip(text.strip())
            decoded = Permit.decode(encoded)
        except Malformed as cause:
            raise Refused("permit-unreadable") from cause
        identity = self._identity
        issuer = identity.package.devices.get(decoded.check_in_device)
        if decoded.station != identity.station or issuer is None or issuer.station != identity.station:
            raise Refused("permit-other-station")
        if not issuer.has(ROLE_CHECK_IN):
            raise Refused("permit-not-signed")
        if not is_signed(issuer.key, "permit", identity.eh, permit_hash(identity.eh, encoded), signature):
            raise Refused("permit-not-signed")
        if decoded.ballot_device != identity.device:
            known = [device.device for device in identity.colleagues]
            number = known.index(decoded.ballot_device) + 1 if decoded.ballot_device in known else 0
            raise Refused("permit-other-terminal", terminal=number)
        require_approved(identity, decoded, encoded, pad, approval)
        return encoded, signature, decoded

    def _require_taking_votes(self) -> None:
        state = self._journal.state
        if self._journal.stopped is not None:
            raise self._journal.stopped
        if not state.opened or state.closed:
            raise Refused("station-closed" if state.closed else "station-not-open")
        if not self.has_room(1):
            raise Refused("booth-full")

    def has_room(self, voters: int) -> bool:
        """Whether so many more ballots and the closing fit on the media."""
        return self._journal.has_room(permits=0, ballots=voters, ballot_bytes=self.ballot_bytes)

    @property
    def ballot_bytes(self) -> int:
        """The most that one sealed ballot takes, all contests together."""
        contests = self._identity.manifest.contests
        return 128 * sum(ballot.limb_count(len(c.candidates), c.max_choices) for c in contests)

    def _tray(self, session: Session) -> Screen:
        titles = self._identity.package.titles
        contests = [self._identity.manifest.contests[index] for index in session.contests]
        shown = [
            {"id": c.id, "title_fa": titles.get(c.id, c.id), "seats": c.seats, "max_choices": c.max_choices}
            | {"candidates": len(c.candidates)}
            for c in contests
        ]
        left = TESTS_MAX - self._tests.by(session.permit.serial)
        interrupted, self._interrupted = self._interrupted, False
        visit = {"sealed": session.sealed is not None, "tests_left": left, "key": session.key.shown()}
        visit["interrupted"] = interrupted
        return {"ok": True, "contests": shown} | visit

    def open_choices(self, sealed: Mapping[str, Any]) -> Mapping[str, Any]:
        """What this visit's page chose, by contest id; Refused if it is not enciphered for this visit."""
        return self._require_session().key.open(sealed)

    async def seal(self, choices: Mapping[str, Sequence[str]]) -> Screen:
        """The review is done: seal, make `ballot-prepared` durable, print slip 1 (B-6).  The answer shows nothing."""
        session = self._require_session()
        numbers = self._numbers(session, choices)
        async with self._acts:
            again = session.sealed is not None
            sealed = session.sealed or await self._prepared(session, numbers)
        if numbers != session.choices:
            raise Refused("sealed-already")
        await self._print_prepared(sealed, duplicate=again)
        return {"ok": True}

    async def _prepared(self, session: Session, numbers: Choices) -> SealedBallot:
        identity = self._identity
        sealed = ballot.seal(
            manifest=identity.manifest,
            eh=identity.eh,
            permit=session.encoded,
            permit_signature=session.signature,
            choices=numbers,
            secret=identity.seed,
        )
        await self._journal.commit("ballot-prepared", [sealed.id])  # cut after: dropped at restart, the permit is good
        if self._session is not session:  # the voter left while a medium was slow
            self._journal.write("ballot-dropped", [sealed.id])
            raise Refused("no-permit")
        session.sealed, session.choices = sealed, numbers
        return sealed

    def _numbers(self, session: Session, choices: Mapping[str, Sequence[str]]) -> Choices:
        """Candidates' numbers for exactly the contests of the permit; Refused for what no ballot can say."""
        contests = self._identity.manifest.contests
        if set(choices) != {contests[index].id for index in session.contests}:
            raise Refused("contests-differ")
        found: dict[int, list[int]] = {}
        for index in session.contests:
            numbers = self._identity.package.numbers[index]
            codes = choices[contests[index].id]
            gone = {code for contest, code in self._identity.package.gone if contest == contests[index].id}
            unknown = next((code for code in codes if code not in numbers or code in gone), None)
            if unknown is not None:
                raise Refused("candidate-unknown", candidate=unknown)
            if len(set(codes)) != len(codes) or len(codes) > contests[index].max_choices:
                raise Refused("choices-too-many", most=contests[index].max_choices)
            found[index] = sorted(numbers[code] for code in codes)
        return found

    async def cast(self) -> Screen:
        """`ballot-cast` durable, then slip 2, then the voter is told (B-7).  Asked again: the same receipt."""
        async with self._acts:
            receipt = self._receipt if self._session is None else await self._cast()
        if receipt is None:
            raise Refused("nothing-sealed")
        return await self._told(receipt)

    async def _cast(self) -> Receipt:
        session = self._require_session()
        if session.sealed is None:
            raise Refused("nothing-sealed")
        sealed = session.sealed
        signature = self._identity.sign("cast", sealed.id)
        # Cut inside: not on a medium, not cast, dropped at restart; on one of them, cast, and recover copies it over.
        await self._journal.commit("ballot-cast", [sealed.core, signature])
        receipt = Receipt(sealed.id, printed=False)
        if self._session is session:  # else the page said *leave* while a medium was slow: the slip comes all the same
            self._session, self._receipt = None, receipt  # the choices go with it
        self.absent.pop(session.permit.serial, None)
        return receipt

    async def _told(self, receipt: Receipt, *, duplicate: bool = False) -> Screen:
        """Cast is cast, whatever the printer says; a slip that failed comes again with the permit."""
        async with self._paper:
            if duplicate or not receipt.printed:
                try:
                    await self._print_cast(receipt.id, duplicate=duplicate)
                    receipt.printed = True
                except PrinterFault:
                    receipt.printed = False
        return {"ok": True, "told": "cast", "code": base32.code(receipt.id), "printed": receipt.printed}

    async def tell_carried(self, device: int, id_: BallotId, signature: bytes) -> Screen:
        """A dead booth cast it: its own signature stands in its journal, so its slip 2 is printed here (J-8)."""
        fields = {"station": self._identity.place_name, "code": base32.code(id_), "ballot": id_.hex()}
        printed = True
        try:
            await self._printer.print(Slip("cast", device, fields, ballot.cast_slip(id_, signature), duplicate=True))
        except PrinterFault:
            printed = False
        told = {"told": "cast", "receipt": base32.code(id_), "printed": printed}
        return screen_of(Refused("permit-cast")) | told

    async def _told_again(self, id_: BallotId) -> Screen:
        told = await self._told(Receipt(id_, printed=False), duplicate=True)
        return screen_of(Refused("permit-cast")) | {"told": "cast", "receipt": told["code"], "printed": told["printed"]}

    async def test(self) -> Screen:
        """The voter tries the machine: the sealed ballot is void and opened for them; the permit stays (B-9)."""
        async with self._acts:
            session = self._require_session()
            if session.sealed is None:
                raise Refused("nothing-sealed")
            used = self._tests.by(session.permit.serial)
            if used >= TESTS_MAX:
                raise Refused("tests-used-up")
            sealed = session.sealed
            signature = self._identity.sign("tested", sealed.id)
            self._tests.note(session.permit.serial)
            await self._journal.commit("ballot-tested", [sealed.id, signature])
            session.sealed = None
        contests = [(self._identity.manifest.contests[index], session.choices[index]) for index in session.contests]
        opening = ballot.test_slip(
            id=sealed.id,
            signature=signature,
            core=sealed.core,
            choices=[[contest.candidates[n].code for n in numbers] for contest, numbers in contests],
            randomness=sealed.randomness,
        )
        address = f"{self._test_page}#{opening}"
        try:
            await self._print("test", sealed.id, address, duplicate=False)
            printed = True
        except PrinterFault:  # the screen shows it all the same, or a test could be dodged by a paper jam
            printed = False
        return {"ok": True, "opening": address, "printed": printed, "tests_left": TESTS_MAX - used - 1}

    def leave(self) -> Screen:
        """The voter goes.  A permit that was not cast stays good; the clerk is told aloud."""
        self._journal.settle()  # a cast may be under way on a slow medium
        session, self._session, self._receipt = self._session, None, None
        uncast = session is not None and session.permit.serial not in self._journal.state.cast
        if session is not None and uncast:
            self.absent[session.permit.serial] = "left-uncast"
            if session.sealed is not None and self._journal.state.open_prepared == session.sealed.id:
                self._journal.write("ballot-dropped", [session.sealed.id])
        return {"ok": True, "uncast": uncast}

    def away(self) -> Screen:
        """The curtain fell: nobody touched anything for a minute.  The desk's clerk is told within two seconds."""
        self.absent[self._require_session().permit.serial] = "voter-left"
        return {"ok": True}

    def back(self) -> Screen:
        """The voter is there again."""
        self.absent.pop(self._require_session().permit.serial, None)
        return {"ok": True}

    def void(self, serial: bytes, reason: str) -> None:
        """Refuse a permit from now on, for its desk issues another (C-7)."""
        self._journal.settle()  # a cast may be under way on a slow medium
        state = self._journal.state
        if serial in state.cast:
            raise Refused("permit-cast")
        if serial in state.refused_serials:
            return
        if state.closed:  # it takes no ballot any more, and signs nothing after `closed`
            raise Refused("station-closed")
        if self._session is not None and self._session.permit.serial == serial:
            self.leave()
        self.absent.pop(serial, None)
        self._journal.write("permit-refused", [serial, reason])

    def _require_session(self) -> Session:
        if self._session is None:
            raise Refused("no-permit")
        return self._session

    async def _print_prepared(self, sealed: SealedBallot, *, duplicate: bool) -> None:
        qr = ballot.prepared_slip(sealed.core, self._identity.sign("prepared", sealed.id))
        await self._print("prepared", sealed.id, qr, duplicate=duplicate)

    async def _print_cast(self, id_: BallotId, *, duplicate: bool) -> None:
        qr = ballot.cast_slip(id_, self._identity.sign("cast", id_))
        await self._print("cast", id_, qr, duplicate=duplicate)

    async def _print(self, kind: str, id_: BallotId, qr: str, *, duplicate: bool) -> None:
        fields = {"station": self._identity.place_name, "code": base32.code(id_), "ballot": id_.hex()}
        await self._printer.print(Slip(kind, self._identity.device, fields, qr, duplicate))
