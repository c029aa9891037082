"""The station's day at one terminal: pause, end, extension, paper, incidents, and what must be explained at closing.

Clauses J-9, J-10.  People decide; a clock only lets the terminal ask for a reason.  What one terminal is told it tells
its colleagues; who does not answer is told to again there, by the same key or the same paper.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Final

from amanat.errors import Rejected
from amanat.records import cbor, extension
from amanat.records.cbor import Malformed, as_text
from amanat.records.extension import ExtensionOrder, SignedExtension
from amanat.records.journal import Entry, PaperNote
from amanat.rules import persian
from amanat.rules.closing import AnyAccount, differences
from amanat.station.account import StationAccount
from amanat.station.clock import Clock
from amanat.station.journal import Journal
from amanat.station.lan import Lan
from amanat.station.package import Identity
from amanat.station.refusal import Refused

Screen = dict[str, Any]
LETTERS_MAX: Final = 400
LOOK_UPS_SHOWN: Final = 200
SERIALS_TOGETHER: Final = 100
TELL: Final = "/lan/day"
GIVE: Final = "/lan/give"
INCIDENTS: Final[Mapping[str, str]] = {
    "queue": "صف بیش از نیم ساعت",
    "quarrel": "درگیری یا برهم‌خوردن نظم",
    "network": "قطعی شبکه",
    "mains": "قطعی یا نوسان برق",
    "device": "خرابی دستگاه",
    "printer": "خرابی چاپگر یا نبود کاغذ",
    "identity": "ابهام در هویت یا سند",
    "observer": "غیبت ناظر یا نماینده، یا خودداری از امضا",
    "pressure": "تهدید، تطمیع یا تبلیغ در شعبه",
    "health": "بیماری یا حادثه",
    "other": "رویداد دیگر",
}


@dataclass
class Day:
    """``closes`` is the legal end in Iran's time; `account` sees the colleagues' journals."""

    _identity: Identity
    _journal: Journal
    _lan: Lan
    account: StationAccount
    _clock: Clock
    _closes: time
    _require_open: Callable[[], None]

    def __post_init__(self) -> None:
        day = datetime.fromisoformat(self._identity.manifest.polling_day).date()
        legal = datetime.combine(day, self._closes, UTC) - persian.IRAN
        self.legal_end_ms = int(legal.timestamp() * 1000)

    # What may be done now

    @property
    def is_early(self) -> bool:
        """Whether the hours that the law or an order gives are not over, by our clock."""
        return self._clock.now_ms() < (self._journal.state.extended_until_ms or self.legal_end_ms)

    def require_not_paused(self) -> None:
        """Refused while the voting is paused."""
        if self._journal.state.paused is not None:
            raise Refused("voting-paused", reason=self._journal.state.paused)

    def require_checking_in(self) -> None:
        """Refused while paused and after the end: nobody new."""
        self.require_not_paused()
        if self._journal.state.ended:
            raise Refused("voting-ended")

    # Acts

    async def pause(self, officers: Sequence[str], reason: str) -> Screen:
        """Two officers: nobody is checked in, no permit is taken, until `resume`; who is behind a curtain finishes."""
        self._require_open()
        return await self._everywhere("paused", _words(_said(officers, _words(reason))))

    async def resume(self, officers: Sequence[str]) -> Screen:
        """Two officers: go on."""
        self._require_open()
        if self._journal.state.paused is None:
            raise Refused("not-paused")
        return await self._everywhere("resumed", _said(officers, ""))

    async def end(self, officers: Sequence[str], reason: str) -> Screen:
        """Two officers end the voting: nobody new is checked in; who has a permit votes.  Early only with a reason."""
        self._require_open()
        if self._journal.state.ended:
            raise Refused("voting-ended")
        if self.is_early and not reason.strip():
            raise Refused("early-end", closes=self._hour(self._journal.state.extended_until_ms or self.legal_end_ms))
        return await self._everywhere("ended", _words(_said(officers, reason)))

    async def extend(self, slip: str) -> Screen:
        """A signed order of extension, scanned or typed; it also undoes the end of voting (J-10).

        Raises:
            Refused: unreadable, for others, old, or another legal end.  Rejected: not signed by whom it needs.
        """
        self._require_open()
        signed, order = self._believed(slip)
        self._take(signed, order)
        silent = await self._tell("extension", slip)
        return {"ok": True, "until_ms": order.until_ms, "number": order.number, "silent": silent}

    def _take(self, signed: SignedExtension, order: ExtensionOrder) -> None:
        if signed.encode() not in self._journal.state.extensions:
            self._journal.write("extension", [order.until_ms, signed.encode()])

    def _believed(self, slip: str) -> tuple[SignedExtension, ExtensionOrder]:
        try:
            signed = extension.read_slip(slip)
        except Malformed as cause:
            raise Refused("extension-unreadable") from cause
        manifest = self._identity.manifest
        order = extension.require_signed(signed, eh=self._identity.eh, authorities=manifest.authorities)
        if order.stations and self._identity.station not in order.stations:
            raise Refused("extension-other-station")
        if order.base_ms != self.legal_end_ms:
            raise Refused("extension-base", closes=self._hour(self.legal_end_ms))
        state, last = self._journal.state, self.extension_number
        is_repeated = signed.encode() in state.extensions[-1:] and not state.ended
        if order.number <= last and not is_repeated:
            raise Refused("extension-old", number=order.number, last=last)
        return signed, order

    @property
    def extension_number(self) -> int:
        """Of the last order taken; 0 before any."""
        orders = self._journal.state.extensions
        return SignedExtension.decode(orders[-1]).decoded.number if orders else 0

    def paper(self, on: bool, received: Sequence[tuple[int, int]], counts: tuple[int, int, int] | None) -> Screen:
        """The station goes to paper, or back, with the serials it received and, later, what became of them."""
        self._require_open()
        used, spoiled, left = counts or (None, None, None)
        note = PaperNote(int(on), tuple(sorted(received)), used, spoiled, left)
        try:
            note.require_sound()
        except Malformed as cause:
            raise Refused("paper-serials") from cause
        self._journal.write("paper-mode", [*_plain(note)])
        return {"ok": True, "paper": self._paper()}

    def note(self, kind: str, text: str) -> Screen:
        """An incident from the list, in the supervisor's words."""
        self._require_open()
        if kind not in INCIDENTS:
            raise Refused("incident-unknown", kind=kind)
        self._journal.write("incident", ["supervisor", f"{kind}: {text}"[:LETTERS_MAX]])
        return {"ok": True}

    def leave(self, serials: Iterable[str], reason: str, officers: Sequence[str]) -> Screen:
        """Two officers say what became of permits that nobody used."""
        self._require_open()
        found = {permit.serial.hex(): permit.serial for permit in self.account.open_permits()}
        words = _words(_said(officers, _words(reason)))
        wanted = [found.get(serial.lower()) for serial in serials]
        if not wanted or None in wanted:
            raise Refused("permit-not-open")
        self._explain(dict.fromkeys(filter(None, wanted)), words)
        return {"ok": True, "open": len(self.account.open_permits())}

    def _explain(self, serials: Iterable[bytes], words: str) -> None:
        """One entry for many: closing must fit into what was kept free for it."""
        texts = [serial.hex() for serial in serials]
        for at in range(0, len(texts), SERIALS_TOGETHER):
            self._journal.write("incident", ["left", " ".join([*texts[at : at + SERIALS_TOGETHER], words])])

    # Closing

    async def hear_everybody(self) -> None:
        """Before the station's closing: have every colleague that lives give us the rest of its journal."""
        if self.account.is_whole and (self.account.behind() or self.account.open_permits()):
            await self._lan.ask_all(GIVE, b"")

    def settle(self, explanation: str, officers: Sequence[str]) -> None:
        """What must hold before a closing sheet, over the whole station at its gateway; else two officers explain.

        Raises:
            Refused, Rejected: what does not hold, when nobody explained it or not two did.
        """
        troubles = list(self._troubles())
        if not troubles or self._journal.state.closed:  # closed: by a second press, while the first heard the others
            return
        if not explanation.strip():
            raise troubles[0]
        words = _words(_said(officers, explanation))
        if len(officers) < 2:
            raise Refused("two-officers")
        codes = [trouble.code for trouble in troubles]
        if "early-end" in codes:
            self._journal.write("incident", ["ended", words])
        if self.account.is_whole:
            self._explain([permit.serial for permit in self.account.open_permits()], words)
        self._journal.write("incident", ["unbalanced", f"{' '.join(dict.fromkeys(codes))}: {words}"])

    def _troubles(self) -> Iterable[Refused | Rejected]:
        state = self._journal.state
        if self.is_early and not state.ended:
            yield Refused("early-end", closes=self._hour(state.extended_until_ms or self.legal_end_ms))
        accounts: list[AnyAccount] = [state.account]
        if self.account.is_whole:
            if behind := self.account.behind():
                numbers = "، ".join(persian.number(self._identity.number(device)) for device in behind)
                yield Refused("booths-behind", terminals=numbers)
            if waiting := self.account.open_permits():
                yield Refused("permits-open", count=len(waiting))
            else:
                accounts.append(self.account.account())
        if state.paper is not None and state.paper.received and state.paper.stock is None:
            yield Refused("paper-uncounted")
        papers = [state.paper.stock] if state.paper is not None and state.paper.stock is not None else []
        for account in (*accounts, *papers):
            for found in differences(account):
                yield Rejected("account-unbalanced", equation=found.equation, left=found.left, right=found.right)

    # Among colleagues

    async def require_one_election(self) -> None:
        """Before opening: every colleague that answers holds this election's package.  Raises Refused."""
        eh = self._identity.eh.hex()
        told = await self._lan.statuses()
        hashes = {device: (screen or {}).get("election_hash", eh) for device, screen in told.items()}
        mixed = [persian.number(self._identity.number(device)) for device, theirs in hashes.items() if theirs != eh]
        if mixed:
            raise Refused("station-mixed", terminals="، ".join(mixed))

    async def _everywhere(self, what: str, text: str) -> Screen:
        self._journal.write("incident", [what, text])
        return {"ok": True, "silent": await self._tell(what, text)}

    async def _tell(self, what: str, text: str) -> list[int]:
        """Tell the colleagues; the numbers of those that did not take it."""
        answers = await self._lan.ask_all(TELL, cbor.encode([what, text]))
        return [self._identity.number(device) for device, screen in answers.items() if not (screen or {}).get("ok")]

    def told(self, body: bytes) -> Screen:
        """A colleague's supervisor did this; so do we, where it fits."""
        what, text = (as_text(part, "day") for part in cbor.as_list(cbor.decode(body), "day", size=2))
        self._require_open()
        if what == "extension":
            self._take(*self._believed(text))
            return {"ok": True}
        state = self._journal.state
        fits = {"paused": state.paused is None, "resumed": state.paused is not None, "ended": not state.ended}
        if what not in fits or len(text) > LETTERS_MAX:
            raise Refused("request-field", field="day")
        if fits[what]:
            self._journal.write("incident", [what, text])
        return {"ok": True}

    # Screens

    def status(self) -> Screen:
        """Its part of a terminal's status."""
        state = self._journal.state
        return {
            "paused": state.paused,
            "ended": state.ended,
            "legal_end_ms": self.legal_end_ms,
            "extended_until_ms": state.extended_until_ms,
            "paper": self._paper(),
        }

    def _paper(self) -> Screen | None:
        note = self._journal.state.paper
        if note is None:
            return None
        received = sum(last - first + 1 for first, last in note.received)
        stock = {"received": received, "used": note.used, "spoiled": note.spoiled, "left": note.left}
        return {"mode": bool(note.on), "serials": [list(batch) for batch in note.received], "stock": stock}

    def screen(self) -> Screen:
        """All that the supervisor's page shows besides the status; look-ups without a permit name nobody (R-3)."""
        states = self.account.follow()
        number = self._identity.number
        terminals = [
            {"terminal": number(c.device), "roles": c.roles, "state": _state(states.get(c.device))}
            for c in self._identity.colleagues
        ]
        waiting = self.account.open_permits() if self.account.is_whole else []
        return {
            "ok": True,
            "whole": self.account.is_whole,
            "terminals": terminals,
            "behind": [number(device) for device in self.account.behind()] if self.account.is_whole else [],
            "open_permits": [
                {"serial": p.serial.hex(), "terminal": number(p.ballot_device), "since_ms": p.since_ms} for p in waiting
            ],
            "equations": self._equations(),
            "extension_number": self.extension_number,
            "early": self.is_early,
            "look_ups": self._look_ups(),
            "incidents": INCIDENTS,
        }

    def _equations(self) -> list[Screen]:
        """Left side, parts, and whether they are equal; of the station where it is seen whole, else of the device."""
        a = self.account.account() if self.account.is_whole else self._journal.state.account
        rows: list[tuple[str, int, dict[str, int | None]]] = [
            ("prepared", a.prepared, {"cast": a.cast, "tested": a.tested, "dropped": a.dropped})
        ]
        if a.permits_refused is not None:
            waiting = len(self.account.open_permits())
            parts = {"cast": a.cast, "voided": a.permits_refused, "left": a.left, "open": waiting}
            rows.append(("permits", a.permits, parts))
        note = self._journal.state.paper
        if note is not None and note.stock is not None:
            stock = note.stock
            rows.append(("paper", stock.received, {"used": stock.used, "spoiled": stock.spoiled, "stock": stock.left}))
        return [
            {"name": name, "left": left, "parts": parts, "holds": left == sum(n or 0 for n in parts.values())}
            for name, left, parts in rows
        ]

    def _look_ups(self) -> list[Screen]:
        found: list[Screen] = []
        for signed in reversed(self._journal.entries):
            if b"grefused" in signed.entry[:160] and (entry := Entry.decode(signed.entry)).kind == "refused":
                reason, detail = (as_text(part, "reason") for part in entry.body[:2])
                found.append({"ms": entry.wall_ms, "reason": reason, "detail": detail})
                if len(found) == LOOK_UPS_SHOWN:
                    break
        return found

    def _hour(self, ms: int) -> str:
        return persian.jalali_moment(ms).rpartition(" ")[2]


def _state(state: Any) -> str:
    if state is None or not state.next_seq:
        return "unknown"
    return "closed" if state.closed else "open" if state.opened else "new"


def _words(text: str) -> str:
    """People's words, not empty, of a bounded length."""
    if not text.strip():
        raise Refused("reason-missing")
    return text.strip()[:LETTERS_MAX]


def _said(officers: Sequence[str], words: str) -> str:
    return " · ".join(officers) + (f": {words.strip()}" if words.strip() else "")


def _plain(note: PaperNote) -> list[cbor.Value]:
    values = cbor.decode(note.encode())
    return cbor.as_list(values, "paper")
