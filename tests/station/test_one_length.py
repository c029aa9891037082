"""A length tells nothing: whatever is chosen, entries, slips and answers have one length (Voatz' lesson)."""

import json

from tests.station.conftest import Booths, permit_for, tray

from amanat.rules.national_id import synthetic

BALLOTS: tuple[list[str], ...] = ([], ["1001"], ["1040"], ["1001", "1002"], ["1001", "1040", "1007"])


async def test_entries_slips_and_answers_have_one_length(booths: Booths) -> None:
    """Voters choose nobody, one, two, three; one has the machine tested.  Wanted: the entries of sealing and casting,
    both slips and every answer are as long as each other's, and a tested ballot's entry does not tell its choices."""
    terminal = await booths.opened()
    lengths = set()
    for number, chosen in enumerate(BALLOTS):
        slip = await permit_for(terminal, synthetic(10 + number), contests=["council"])
        await terminal.booth.accept(slip)
        answers = [await terminal.booth.seal({"council": chosen})]
        prepared = terminal.journal.entries[-1]
        if number % 2:
            await terminal.booth.test()
            tested = terminal.journal.entries[-1]
            assert len(tested.entry) < 400
            await terminal.booth.seal({"council": chosen})
            prepared = terminal.journal.entries[-1]
        answers.append(await terminal.booth.cast())
        cast = terminal.journal.entries[-1]
        qrs = [tray(terminal).last(kind).qr or "" for kind in ("prepared", "cast")]
        seqs = len(str(terminal.journal.state.next_seq))
        assert seqs < 3
        lengths.add((len(cast.encode()), *map(len, qrs), *(len(json.dumps(answer)) for answer in answers)))
        assert cast.private is None
        assert prepared.private is None
        terminal.booth.leave()
    assert len(lengths) == 1, lengths
