"""Approvals in the journal (C-9): what a pad's sheet is over (J-6)."""

from amanat.records import manifest
from amanat.records.device import ROLE_APPROVE
from amanat.records.identifiers import merkle_root
from amanat.records.permit import permit_hash
from amanat.records.sheet import CLOSING
from amanat.rules.national_id import synthetic

from .small_election import MARYAM, Terminal


def test_a_pads_sheet_is_over_what_it_approved(election: manifest.Manifest, terminal: Terminal) -> None:
    """J-6: permits and permit_root of a pad are its own approvals, each once; what it refused or was told is none."""
    pad = Terminal(election, name="pad", device=7, roles=ROLE_APPROVE)
    hashes = [permit_hash(terminal.eh, terminal.permit(synthetic(n)).permit) for n in range(3)]
    for ph in (*hashes, hashes[0]):
        pad.write("approval", ph, 7, bytes(64))
    pad.write("permit-refused", b"s" * 16, "face")
    pad.write("approval", b"p" * 32, 8, bytes(64))
    sheet = pad.state.sheet(CLOSING)
    assert (sheet.permits, sheet.permit_root) == (3, merkle_root(sorted(hashes)))
    assert (sheet.prepared, sheet.box_root) == (0, merkle_root([]))


def test_a_desks_sheet_is_over_what_it_issued(terminal: Terminal) -> None:
    """A desk that is told of an approval has approved nothing."""
    ph = permit_hash(terminal.eh, terminal.permit(MARYAM).permit)
    terminal.write("approval", ph, 7, bytes(64))
    sheet = terminal.state.sheet(CLOSING)
    assert (sheet.permits, sheet.permit_root) == (1, merkle_root([ph]))
