"""Opening, hourly sheets and closing: papers that bind the journal in an observer's hand (clause J-6)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from amanat.records import sheet
from amanat.records.cbor import as_bytes
from amanat.records.device import ROLE_APPROVE
from amanat.records.journal import Entry
from amanat.records.manifest import PAPER
from amanat.records.sheet import CLOSING, HOURLY, ZERO, Sheet, sheet_id
from amanat.rules import persian
from amanat.station.journal import Journal
from amanat.station.package import Identity
from amanat.station.printer import Printer, Slip
from amanat.station.refusal import Refused

Screen = dict[str, Any]
NAMES = {ZERO: "zero", HOURLY: "hourly", CLOSING: "closing"}
OFFICERS_MIN = 2
WITNESSES_LETTERS_MAX = 400


@dataclass
class Sheets:
    """The sheets of one terminal.  A paper whose equations do not hold is not printed without a recorded reason."""

    _identity: Identity
    _journal: Journal
    _printer: Printer
    voters_left: Callable[[], int] = lambda: 0  # how many the media still hold; stands on the zero sheet

    async def open(
        self,
        officers: Sequence[str],
        witnesses: str = "",
        *,
        register_version: int,
        before: Callable[[], None] = lambda: None,
    ) -> Screen:
        """Two officers open: ``before`` may refuse, then `opened` and the zero sheet.  Asked again: the sheet again."""
        state = self._journal.state
        self._require_possible()
        if state.closed:
            raise Refused("station-closed")
        if not state.opened:
            if len({name.strip() for name in officers if name.strip()}) < OFFICERS_MIN:
                raise Refused("two-officers")
            before()
            self._journal.write("opened", [register_version, list(officers)])
            if witnesses.strip():
                self._journal.write("incident", ["witnesses", witnesses.strip()[:WITNESSES_LETTERS_MAX]])
        if state.entries["zero-sheet"]:
            return await self._print_again("zero-sheet", ZERO)
        return await self._make(ZERO, "zero-sheet")

    def _require_possible(self) -> None:
        if self._identity.place.mode == PAPER:
            raise Refused("station-on-paper")

    async def hourly(self) -> Screen:
        """A sheet in between."""
        if not self._journal.state.opened or self._journal.state.closed:
            raise Refused("station-not-open")
        return await self._make(HOURLY, "sheet")

    def require_can_close(self, *, busy: bool) -> None:
        """Refused where it is not open (closed already is well), or somebody is in the booth."""
        if not self._journal.state.opened:
            raise Refused("station-not-open")
        if busy and not self._journal.state.closed:
            raise Refused("booth-busy")

    async def close(self) -> Screen:
        """The closing sheet, then `closed`; what must hold was asked before.  Asked again it prints the same again."""
        if self._journal.state.closed:
            return await self._print_again("sheet", CLOSING)
        encoded, signature = self._sign(CLOSING)
        self._journal.write("sheet", [encoded, signature])  # cut after: not closed; closing again makes another
        self._journal.write("closed", [sheet_id(self._identity.eh, encoded)])
        return await self._print(encoded, signature, duplicate=False)

    async def reprint(self, kind: str) -> Screen:
        """The last zero, hourly or closing sheet once more, marked as a duplicate."""
        wanted = {name: number for number, name in NAMES.items()}
        if kind not in wanted:
            raise Refused("sheet-none")
        return await self._print_again("zero-sheet" if kind == "zero" else "sheet", wanted[kind])

    def _sign(self, kind: int) -> tuple[bytes, bytes]:
        encoded = self._journal.state.sheet(kind).encode()
        return encoded, self._identity.sign("sheet", sheet_id(self._identity.eh, encoded))

    async def _make(self, kind: int, entry: str) -> Screen:
        encoded, signature = self._sign(kind)
        self._journal.write(entry, [encoded, signature])
        return await self._print(encoded, signature, duplicate=False)

    async def _print_again(self, entry_kind: str, kind: int) -> Screen:
        """The last sheet of this kind, marked as a duplicate."""
        for signed in reversed(self._journal.entries):
            entry = Entry.decode(signed.entry)
            if entry.kind == entry_kind:
                encoded, signature = (as_bytes(part, "sheet") for part in entry.body)
                if Sheet.decode(encoded).kind == kind:
                    return await self._print(encoded, signature, duplicate=True)
        raise Refused("sheet-none")

    def _beside(self, kind: int) -> dict[str, str]:
        """What stands beside the signed counts: room on the media at opening, extended voting, the stock of paper."""
        state = self._journal.state
        found = {"room": persian.number(self.voters_left())} if kind == ZERO else {}
        if state.extended_until_ms is not None and kind != ZERO:
            found["extended"] = persian.jalali_moment(state.extended_until_ms)
        if state.paper is not None and (stock := state.paper.stock) is not None and kind != ZERO:
            numbers = (stock.received, stock.used, stock.spoiled, stock.left)
            found["paper"] = "{} = {} + {} + {}".format(*map(persian.number, numbers))
        return found

    def _shown(self, counts: dict[str, str]) -> dict[str, str]:
        """An observer's pad only approves: the permits of its sheet are those (C-9)."""
        return {"approved": counts["permits"]} if self._identity.certificate.has(ROLE_APPROVE) else counts

    async def _print(self, encoded: bytes, signature: bytes, *, duplicate: bool) -> Screen:
        made = Sheet.decode(encoded)
        counts = {
            name: str(getattr(made, name)) for name in ("permits", "refused", "prepared", "cast", "tested", "dropped")
        }
        place = {"station": self._identity.place_name, "device": str(self._identity.number(made.device))}
        text = sheet.slip(encoded, signature)
        fields = place | self._shown(counts) | self._beside(made.kind) | {"hash": self._identity.eh.hex()[:16]}
        await self._printer.print(Slip(NAMES[made.kind], made.device, fields, text, duplicate))
        return {"ok": True, "sheet": text, "repeated": duplicate} | {name: int(n) for name, n in counts.items()}
