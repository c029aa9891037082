"""What a terminal writes of a tested ballot (B-9): its own word, signed, which nobody can put on another ballot."""

from tests.station.conftest import CHOICES, MARYAM, Booths, Election, permit_for

from amanat.records import ballot
from amanat.records.ballot import TestSlip
from amanat.records.identifiers import is_signed
from amanat.records.journal import Entry


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
