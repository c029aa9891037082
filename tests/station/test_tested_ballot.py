"""What a terminal writes of a tested ballot (B-9): its own word, signed, which nobody can put on another ballot."""

import pytest
from tests.station.conftest import CHOICES, MARYAM, REZA, Booths, Election, permit_for

from amanat.records import ballot
from amanat.records.ballot import TESTS_MAX, TestSlip
from amanat.records.identifiers import is_signed
from amanat.records.journal import Entry
from amanat.records.permit import Permit, read_slip
from amanat.station.refusal import Refused
from amanat.station.terminal import Terminal
from amanat.station.tests_used import FILE, TAG_BYTES


async def test_the_journal_holds_the_signature_that_the_voter_holds(booths: Booths, election: Election) -> None:
    """Maryam tests the machine.  Wanted: the entry has the id and the signature of her slip, which holds."""
    terminal = await booths.opened()
    await terminal.booth.accept(await permit_for(terminal, MARYAM))
    await terminal.booth.seal(CHOICES)
    screen = await terminal.booth.test()
    slip = ballot.read_slip(screen["opening"].partition("#")[2])
    assert isinstance(slip, TestSlip)
    entry = Entry.decode(terminal.journal.entries[-1].entry)
    assert (entry.kind, entry.body) == ("ballot-tested", [slip.id, slip.signature])
    assert is_signed(terminal.identity.certificate.key, "tested", election.eh, slip.id, slip.signature)


async def test_a_power_cut_gives_no_test_back(booths: Booths) -> None:
    """Maryam tests three times, the power goes, she tests twice more.  Wanted: no sixth test, Reza's five untouched,
    and neither her serial nor a ballot's id in the file that counts; half a tag at its end counts nothing."""
    terminal = await booths.opened()
    slip, other = await permit_for(terminal, MARYAM), await permit_for(terminal, REZA)
    for left in (4, 3, 2):
        assert await left_after(terminal, slip) == left
    notes = terminal.home / FILE
    serial = Permit.decode(read_slip(slip)[0]).serial
    assert len(notes.read_bytes()) == 3 * TAG_BYTES
    assert serial not in notes.read_bytes()
    notes.write_bytes(notes.read_bytes() + b"torn")
    terminal = await booths.after_power_cut(terminal)
    for left in (1, 0):
        assert await left_after(terminal, slip) == left
    assert len(notes.read_bytes()) == 5 * TAG_BYTES
    with pytest.raises(Refused) as refused:
        await left_after(terminal, slip)
    assert refused.value.code == "tests-used-up"
    terminal.booth.leave()
    assert (await terminal.booth.accept(other))["tests_left"] == TESTS_MAX


async def left_after(terminal: Terminal, slip: str) -> int:
    """One test with this permit; how many it has left."""
    await terminal.booth.accept(slip)
    await terminal.booth.seal(CHOICES)
    left = (await terminal.booth.test())["tests_left"]
    assert isinstance(left, int)
    return left
