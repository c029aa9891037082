"""A visit and a closing whose only carrier is paper: what one machine prints, the next one scans from the picture."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.station.conftest import CHOICES, MARYAM, OFFICERS, Booths, Election, StandingClock
from tests.station.thermal import paper_of, scanned

from amanat.records import ballot, sheet
from amanat.records.ballot import CastSlip, PreparedSlip
from amanat.records.identifiers import is_signed
from amanat.records.sheet import sheet_id
from amanat.station import config
from amanat.station.printer import PrinterFault
from amanat.station.terminal import Terminal


class Paper:
    """The roll of an `escpos-file` printer: each look gives what one QR on the next pieces of paper says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen = 0

    def next(self) -> str:
        data = (self.folder / f"{self.seen:06}.escpos").read_bytes()
        self.seen += 1
        (said,) = scanned(paper_of(data))
        return said


async def test_a_visit_by_paper_alone(election: Election, booths: Booths, clock: StandingClock) -> None:
    """B-6, B-7, C-5, J-6.  The terminal prints bytes for a thermal printer; the permit is scanned from its picture, the
    two slips prove the ballot, the closing sheet's QR verifies, and then the paper runs out: said, and nothing lost."""
    home = election.home("S1", 1)
    replace(config.read(home), printer="escpos-file:paper", checked_in_list="asked").write(home)
    terminal = Terminal(home, clock)
    booths.open_terminals.append(terminal)
    paper = Paper(home / "paper")
    await terminal.open(OFFICERS)
    assert sheet.read_slip(paper.next())[0]
    terminal.desk.look(MARYAM)
    await terminal.desk.issue(MARYAM, document=0)
    assert (await terminal.booth.accept(paper.next()))["ok"]
    await terminal.booth.seal(CHOICES)
    assert (await terminal.booth.cast())["printed"]
    prepared, cast = ballot.read_slip(paper.next()), ballot.read_slip(paper.next())
    assert isinstance(prepared, PreparedSlip)
    assert isinstance(cast, CastSlip)
    key, eh = terminal.identity.certificate.key, election.eh
    assert ballot.ballot_id(eh, prepared.core) == cast.id
    assert is_signed(key, "cast", eh, cast.id, cast.signature)
    assert terminal.status()["printer"] == "good"
    (home / "paper/state").write_text("paper-out", encoding="ascii")
    with pytest.raises(PrinterFault) as fault:
        await terminal.sheets.hourly()
    assert (fault.value.code, terminal.status()["printer"]) == ("printer-paper-out", "failed")
    (home / "paper/state").write_text("good", encoding="ascii")
    await terminal.sheets.close()
    encoded, signature = sheet.read_slip(paper.next())
    assert is_signed(key, "sheet", eh, sheet_id(eh, encoded), signature)
    assert sheet.Sheet.decode(encoded).cast == 1
