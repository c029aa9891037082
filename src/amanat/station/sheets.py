"""Opening, hourly sheets and closing: papers that bind the journal in an observer's hand (clause J-6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amanat.errors import Rejected
from amanat.records import sheet
from amanat.records.cbor import as_bytes
from amanat.records.journal import Entry
from amanat.records.manifest import PAPER
from amanat.records.sheet import CLOSING, HOURLY, ZERO, Sheet, sheet_id
from amanat.rules.closing import require_balanced
from amanat.station.journal import Journal
from amanat.station.package import Identity
from amanat.station.printer import Printer, Slip
from amanat.station.refusal import Refused

Screen = dict[str, Any]
NAMES = {ZERO: "zero", HOURLY: "hourly", CLOSING: "closing"}
OFFICERS_MIN = 2


@dataclass
class Sheets:
    """The sheets of one terminal.  A paper whose equations do not hold is not printed without a recorded reason."""

    _identity: Identity
    _journal: Journal
    _printer: Printer

    async def open(self, officers: Sequence[str], *, register_version: int) -> Screen:
        """Two officers open: `opened`, then the zero sheet.  Asked again it prints the zero sheet again."""
        state = self._journal.state
        self._require_possible()
        if state.closed:
            raise Refused("station-closed")
        if not state.opened:
            if len({name.strip() for name in officers if name.strip()}) < OFFICERS_MIN:
                raise Refused("two-officers")
            self._journal.write("opened", [register_version, list(officers)])
        if state.entries["zero-sheet"]:
            return await self._print_again("zero-sheet")
        return await self._make(ZERO, "zero-sheet")

    def _require_possible(self) -> None:
        if self._identity.place.approvals:  # LIMIT: second approvals (C-9) are not built; such a station does not open
            raise Refused("approvals-not-built")
        if self._identity.place.mode == PAPER:
            raise Refused("station-on-paper")

    async def hourly(self) -> Screen:
        """A sheet in between."""
        if not self._journal.state.opened or self._journal.state.closed:
            raise Refused("station-not-open")
        return await self._make(HOURLY, "sheet")

    async def close(self, *, busy: bool, explanation: str = "") -> Screen:
        """The closing sheet, then `closed`.  Asked again it prints the same sheet again.

        Raises:
            Refused: somebody is in the booth.  Rejected: an equation does not hold and nobody explained.
        """
        state = self._journal.state
        if state.closed:
            return await self._print_again("sheet")
        if not state.opened:
            raise Refused("station-not-open")
        if busy:
            raise Refused("booth-busy")
        try:
            require_balanced(state.account)
        except Rejected:
            if not explanation:
                raise
            self._journal.write("incident", ["unbalanced", explanation])
        encoded, signature = self._sign(CLOSING)
        self._journal.write("sheet", [encoded, signature])  # cut after: not closed; closing again makes another
        self._journal.write("closed", [sheet_id(self._identity.eh, encoded)])
        return await self._print(encoded, signature, duplicate=False)

    def _sign(self, kind: int) -> tuple[bytes, bytes]:
        encoded = self._journal.state.sheet(kind).encode()
        return encoded, self._identity.sign("sheet", sheet_id(self._identity.eh, encoded))

    async def _make(self, kind: int, entry: str) -> Screen:
        encoded, signature = self._sign(kind)
        self._journal.write(entry, [encoded, signature])
        return await self._print(encoded, signature, duplicate=False)

    async def _print_again(self, kind: str) -> Screen:
        """The last sheet of this kind of entry, marked as a duplicate."""
        for signed in reversed(self._journal.entries):
            entry = Entry.decode(signed.entry)
            if entry.kind == kind:
                encoded, signature = (as_bytes(part, "sheet") for part in entry.body)
                return await self._print(encoded, signature, duplicate=True)
        raise Refused("station-not-open")

    async def _print(self, encoded: bytes, signature: bytes, *, duplicate: bool) -> Screen:
        made = Sheet.decode(encoded)
        counts = {
            name: str(getattr(made, name)) for name in ("permits", "refused", "prepared", "cast", "tested", "dropped")
        }
        place = {"station": self._identity.place_name, "device": str(self._identity.number(made.device))}
        text = sheet.slip(encoded, signature)
        fields = place | counts | {"hash": self._identity.eh.hex()[:16]}
        await self._printer.print(Slip(NAMES[made.kind], made.device, fields, text, duplicate))
        return {"ok": True, "sheet": text, "repeated": duplicate} | {name: int(n) for name, n in counts.items()}
