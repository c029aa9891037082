"""The figures of a sheet are those of the entries before it, counted again from nothing (J-6)."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from amanat.records.cbor import as_bytes
from amanat.records.sheet import Sheet
from amanat.rehearsal.simulation.checkers.sight import Checker, Sight, Wrote

COUNTED: Final = {
    "permits": "permit",
    "prepared": "ballot-prepared",
    "cast": "ballot-cast",
    "tested": "ballot-tested",
    "dropped": "ballot-dropped",
}
PER_SHEET: Final = ("zero-sheet", "sheet")


class Equations(Checker):
    """Counts of each device by kind of entry, on the branch that it is on."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight)
        self._counts: dict[int, list[Counter[str]]] = {}

    def wrote(self, wrote: Wrote) -> Iterable[str]:
        """Each entry counts; a sheet is compared."""
        so_far = self._counts.setdefault(wrote.device, [Counter()])
        del so_far[wrote.entry.seq + 1 :]  # an image of an earlier hour goes on from there
        counts = Counter(so_far[-1])
        if wrote.entry.kind in PER_SHEET:
            yield from self._compared(wrote, counts)
        counts[wrote.entry.kind] += 1
        so_far.append(counts)

    def _compared(self, wrote: Wrote, counts: Counter[str]) -> Iterable[str]:
        sheet = Sheet.decode(as_bytes(wrote.entry.body[0], "sheet"))
        for name, kind in COUNTED.items():
            if getattr(sheet, name) != counts[kind]:
                yield f"D{wrote.device} says {name} {getattr(sheet, name)} on its sheet, its entries say {counts[kind]}"
        if sheet.prepared != sheet.cast + sheet.tested + sheet.dropped and sheet.kind == 2:
            yield f"D{wrote.device} closed while a ballot is neither cast nor tested nor dropped"
