"""The second approval (clause C-9): the desk asks the observers' pads, and a pad answers what its journal says.

The desk's page asks again and again while a person waits, and each time the desk asks the pads.  So nothing waits in a
request but for a pad's answer, the desk goes on with other work, and a cut of either side is a question asked again: a
permit is approved once, and what was approved or refused stays so.  LIMIT: the name goes over the station's cable
signed, not enciphered; and the pad shows the name that the desk tells it (P-5).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from amanat.records import cbor
from amanat.records.cbor import as_bytes, as_list, as_text, as_uint
from amanat.records.device import ROLE_APPROVE, ROLE_CHECK_IN
from amanat.records.identifiers import is_signed
from amanat.records.journal import Entry
from amanat.records.permit import IssuedPermit, Permit, PrivatePart, permit_hash
from amanat.records.register import RegisterView
from amanat.station.clock import Clock
from amanat.station.journal import Journal
from amanat.station.lan import FAULTS, Colleague, Lan
from amanat.station.package import Identity
from amanat.station.refusal import Refused

Screen = dict[str, Any]
Void = Callable[[IssuedPermit, str], Awaitable[bool]]
"""Asks the named terminal to refuse a permit; False if it is dead.  Raises Refused if it was cast."""
WANTED: Final = "/lan/approval-wanted"
REASONS: Final = ("document", "face", "other")  # why an observer refuses, by the keys 1 to 3 of the pad
REFUSED_BY: Final = "observer-"
STALE_MS: Final = 10_000  # a question that is not asked again is over: the person stepped aside, or the desk is dead
NAME_LETTERS_MAX: Final = 200


class Approvals:
    """The desk's side, for one person at a time: ``waiting`` is the serial of whom the pads are shown."""

    def __init__(self, identity: Identity, journal: Journal, lan: Lan, register: RegisterView, void: Void) -> None:
        self._identity = identity
        self._journal = journal
        self._lan = lan
        self._register = register
        self._void = void
        self.needed = bool(identity.place.approvals)
        self.waiting: bytes | None = None
        self._fresh: set[bytes] = set()
        self._writing = asyncio.Lock()  # a medium may be slow: two answers about one permit are entered once

    def of(self, issued: IssuedPermit) -> tuple[int, bytes] | None:
        """(pad, its signature), if this permit was approved."""
        return self._journal.state.approvals.get(permit_hash(self._identity.eh, issued.permit))

    def take_fresh(self, issued: IssuedPermit) -> bool:
        """Whether its slip surely never came out: approved since this program started, and not printed; once."""
        ph = permit_hash(self._identity.eh, issued.permit)
        is_fresh = ph in self._fresh
        self._fresh.discard(ph)
        return is_fresh

    def _refusal(self, serial: bytes) -> str | None:
        """The observer's reason for a permit refused, as this journal has it."""
        if serial not in self._journal.state.refused_serials:
            return None
        return _reasons(self._journal).get(serial)

    async def ask(self, issued: IssuedPermit) -> Screen:
        """Shows the permit to the pads; {"approval": approved, refused (with its reason), waiting or silent}.

        When it says approved or refused, that is in our journal, and a refused permit is void at its booth first.
        """
        decoded = Permit.decode(issued.permit)
        if self.of(issued) is not None:
            return {"approval": "approved"}
        if (reason := self._refusal(decoded.serial)) is not None:
            return {"approval": "refused", "reason": reason}
        self.waiting = decoded.serial
        answers = [answer for answer in await self._ask_pads(self._question(issued)) if answer]
        found = await self._heard(issued, answers)
        if found["approval"] in ("approved", "refused"):
            await self.over()
        return found

    def _question(self, issued: IssuedPermit) -> bytes:
        person = self._register.look(PrivatePart.decode(issued.private).national_id)
        if person is None:
            raise Refused("permit-not-ours")
        return cbor.encode([issued.permit, issued.signature, person.name_fa[:NAME_LETTERS_MAX], person.birth_year])

    async def _heard(self, issued: IssuedPermit, answers: Sequence[Screen]) -> Screen:
        """What is in our journal already stands; of new answers a refusal counts before an approval."""
        if self.of(issued) is not None:  # by another of our questions, that was quicker
            return {"approval": "approved"}
        if found := next((a["reason"] for a in answers if a.get("answer") == "refused" and a.get("reason")), None):
            await self._enter_refusal(issued, str(found))
            return {"approval": "refused", "reason": str(found)}
        ph = permit_hash(self._identity.eh, issued.permit)
        for answer in answers:
            if answer.get("answer") == "approved" and (signature := self._signed(ph, answer)) is not None:
                await self._enter(ph, int(answer["device"]), signature)
        if self.of(issued) is not None:
            return {"approval": "approved"}
        if any(answer.get("answer") == "waiting" for answer in answers):
            return {"approval": "waiting"}
        silence = {name: Refused("pad-silent").say(name) for name in ("fa", "en")}
        return {"approval": "silent"} | next(({"fa": a.get("fa", ""), "en": a.get("en", "")} for a in answers), silence)

    async def _enter_refusal(self, issued: IssuedPermit, reason: str) -> None:
        """Void at the booth, then in this journal: a cut between them asks again, and neither is done twice."""
        decoded = Permit.decode(issued.permit)
        async with self._writing:
            if decoded.serial in self._journal.state.refused_serials:  # by another of our questions, that was quicker
                return
            if not await self._void(issued, reason):
                number = self._identity.number(decoded.ballot_device)
                self._journal.write("incident", ["booth-not-told", f"{number} {decoded.serial.hex()} {reason}"])
            if decoded.serial not in self._journal.state.refused_serials:  # the booth is not this very terminal
                self._journal.write("permit-refused", [decoded.serial, reason])

    async def over(self) -> None:
        """Nobody waits any more: the pads show nobody.  One that does not hear it forgets by itself."""
        if self.waiting is not None:
            self.waiting = None
            await self._ask_pads(cbor.encode(None))

    async def _enter(self, ph: bytes, pad: int, signature: bytes) -> None:
        async with self._writing:
            if ph not in self._journal.state.approvals:
                await self._journal.commit("approval", [ph, pad, signature])
                self._fresh.add(ph)

    def _signed(self, ph: bytes, answer: Screen) -> bytes | None:
        """The signature in a pad's answer, if it is one over this permit."""
        key = self._identity.package.devices[answer["device"]].key
        try:
            signature = bytes.fromhex(str(answer.get("signature", "")))
        except ValueError:
            return None
        signed = len(signature) == 64 and is_signed(key, "approve", self._identity.eh, ph, signature)
        return signature if signed else None

    async def _ask_pads(self, body: bytes) -> list[Screen | None]:
        """Each pad's answer with its device, all asked at once; None from one that is silent."""
        devices = self._identity.package.devices
        pads = [c for c in self._lan.colleagues if devices[c.device].has(ROLE_APPROVE)]

        async def one(pad: Colleague) -> Screen | None:
            try:
                screen = json.loads(await self._lan.ask(pad, WANTED, body))
            except FAULTS:
                return None
            return screen | {"device": pad.device} if isinstance(screen, dict) else None

        return list(await asyncio.gather(*map(one, pads)))


def require_approved(identity: Identity, decoded: Permit, encoded: bytes, pad: int | None, sig: bytes | None) -> None:
    """The ballot terminal's part (C-5): Refused where the station asks for an approval and a pad of it gave none."""
    if not identity.place.approvals:
        return
    device = None if pad is None else identity.package.devices.get(pad)
    if device is None or sig is None or not device.has(ROLE_APPROVE) or device.station != decoded.station:
        raise Refused("permit-not-approved")
    if not is_signed(device.key, "approve", identity.eh, permit_hash(identity.eh, encoded), sig):
        raise Refused("permit-not-approved")


@dataclass
class Wanted:
    """What a desk wants approved; ``since_ms`` its first question, ``asked_ms`` its last."""

    ph: bytes
    serial: bytes
    name_fa: str
    birth_year: int
    since_ms: int
    asked_ms: int


class Pad:
    """The observer's pad: shows who waits, signs or refuses, and does nothing else."""

    def __init__(self, identity: Identity, journal: Journal, clock: Clock, require_open: Callable[[], None]) -> None:
        self._identity = identity
        self._journal = journal
        self._clock = clock
        self._require_open = require_open
        self._wanted: dict[int, Wanted] = {}  # by desk
        self._reasons = _reasons(journal)
        self._deciding = asyncio.Lock()  # one key at a time, however slow the media are

    def asked(self, desk: int, body: bytes) -> Screen:
        """A desk asks, and asks again: what the journal says of its permit, or that the observer has not decided.

        Raises:
            Refused: not open, or no permit of that desk's.  Malformed: no question.
        """
        question = cbor.decode(body)
        if question is None:
            self._wanted.pop(desk, None)
            return {"ok": True, "answer": "over"}
        encoded, signature, name, year = as_list(question, "approval wanted", size=4)
        decoded, ph = self._require_permit_of(desk, as_bytes(encoded, "permit"), as_bytes(signature, "signature"))
        if (found := self._journal.state.approvals.get(ph)) is not None:
            self._wanted.pop(desk, None)
            return {"ok": True, "answer": "approved", "signature": found[1].hex()}
        if decoded.serial in self._reasons:
            self._wanted.pop(desk, None)
            return {"ok": True, "answer": "refused", "reason": self._reasons[decoded.serial]}
        if self._journal.state.closed or self._journal.stopped is not None:
            raise Refused("pad-closed")
        if not self._journal.state.opened:
            raise Refused("pad-not-open")
        now, before = self._clock.now_ms(), self._wanted.get(desk)
        since = before.since_ms if before is not None and before.ph == ph else now
        shown = as_text(name, "name")[:NAME_LETTERS_MAX], as_uint(year, "year")
        self._wanted[desk] = Wanted(ph, decoded.serial, *shown, since, now)
        return {"ok": True, "answer": "waiting"}

    def _require_permit_of(self, desk: int, encoded: bytes, signature: bytes) -> tuple[Permit, bytes]:
        decoded, ph = Permit.decode(encoded), permit_hash(self._identity.eh, encoded)
        issuer = self._identity.package.devices[desk]
        ours = decoded.check_in_device == desk and decoded.station == self._identity.station
        signed = len(signature) == 64 and is_signed(issuer.key, "permit", self._identity.eh, ph, signature)
        if not (ours and issuer.has(ROLE_CHECK_IN) and signed):
            raise Refused("permit-not-signed")
        return decoded, ph

    def screen(self) -> Screen:
        """Who waits longest: name, year of birth, since when; or nobody."""
        now = self._clock.now_ms()
        self._wanted = {desk: w for desk, w in self._wanted.items() if now - w.asked_ms < STALE_MS}
        first = min(self._wanted.values(), key=lambda w: w.since_ms, default=None)
        if first is None:
            return {"ok": True, "wanted": None}
        shown = {"permit": first.ph.hex(), "name_fa": first.name_fa, "birth_year": first.birth_year}
        return {"ok": True, "wanted": shown | {"waited_ms": max(0, now - first.since_ms)}}

    async def approve(self, ph: str) -> Screen:
        """The observer pressed the key for the permit on the screen: signed, durable, then told.  Again: the same."""
        async with self._deciding:
            self._require_open()
            if self._is_approved(ph):
                return {"ok": True, "answer": "approved"}
            wanted = self._require_wanted(ph)
            signature = self._identity.sign("approve", wanted.ph)
            # Cut before this line: the desk asks again and is told to wait.  After it: the desk gets this signature.
            await self._journal.commit("approval", [wanted.ph, self._identity.device, signature])
            self._forget(wanted)
            return {"ok": True, "answer": "approved"}

    async def refuse(self, ph: str, reason: str) -> Screen:
        """The observer refuses, for one of `REASONS`: the permit is void (C-9)."""
        if reason not in REASONS:
            raise Refused("request-field", field="reason")
        async with self._deciding:
            self._require_open()
            if self._is_approved(ph):
                raise Refused("approval-given")
            wanted = self._require_wanted(ph)
            await self._journal.commit("permit-refused", [wanted.serial, REFUSED_BY + reason])
            self._reasons[wanted.serial] = REFUSED_BY + reason
            self._forget(wanted)
            return {"ok": True, "answer": "refused"}

    def _forget(self, wanted: Wanted) -> None:
        self._wanted = {desk: w for desk, w in self._wanted.items() if w.ph != wanted.ph}

    def _is_approved(self, ph: str) -> bool:
        try:
            return bytes.fromhex(ph) in self._journal.state.approvals
        except ValueError:
            return False

    def _require_wanted(self, ph: str) -> Wanted:
        wanted = next((w for w in self._wanted.values() if w.ph.hex() == ph), None)
        if wanted is None or self._clock.now_ms() - wanted.asked_ms >= STALE_MS:
            raise Refused("approval-not-wanted")
        return wanted


def _reasons(journal: Journal) -> dict[bytes, str]:
    """The reasons of `permit-refused` by serial."""
    if not journal.state.refused_serials:
        return {}
    entries = (Entry.decode(signed.entry) for signed in journal.entries)
    bodies = [entry.body for entry in entries if entry.kind == "permit-refused"]
    return {as_bytes(serial, "serial"): as_text(reason, "reason") for serial, reason in bodies}
