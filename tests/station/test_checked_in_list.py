"""The list on paper: what the board has left when every machine of the station is gone."""

import asyncio

import pytest
from tests.station.conftest import Booths, Election, permit_for, tray

from amanat.errors import BadInput
from amanat.rules.national_id import synthetic
from amanat.station.checked_in_list import LINES_MAX, CheckedInList, Rhythm
from amanat.station.printer import PrinterFault
from amanat.station.slips import Slip
from amanat.station.terminal import Terminal

PEOPLE = [synthetic(n) for n in range(10, 60)]


def list_of(terminal: Terminal, rhythm: Rhythm) -> CheckedInList:
    terminal.checked_in_list.close()
    printer, clock = terminal.printer, terminal.clock
    made = CheckedInList(terminal.home, terminal.identity, terminal.journal, printer, clock, rhythm)
    terminal._list = made
    return made


def pages(terminal: Terminal) -> list[Slip]:
    return [slip for slip in tray(terminal).slips if slip.kind == "list"]


def people_on(slips: list[Slip]) -> set[str]:
    return {row.split(" ")[1] for slip in slips for row in slip.fields["rows"].splitlines()}


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - seen from outside
            await asyncio.sleep(0.005)


async def test_list_and_later_paper_are_the_journal_when_all_machines_are_gone(booths: Booths) -> None:
    """Seven are checked in, a page for every three; then nothing is left but paper.  Wanted: six names in two numbered
    pages, and one permit handed out after the last page: everybody who was served, nobody twice."""
    terminal = await booths.opened()
    made = list_of(terminal, Rhythm(check_ins=3))
    task = asyncio.create_task(made.run())
    for count, person in enumerate(PEOPLE[:7], 1):
        await permit_for(terminal, person)
        terminal.wrote()
        await until(lambda count=count: len(pages(terminal)) == count // 3)
    task.cancel()
    paper = tray(terminal).slips
    served = set(terminal.journal.state.checked_in)
    await booths.stop(terminal)
    listed = [slip for slip in paper if slip.kind == "list"]
    later = [slip for slip in paper[paper.index(listed[-1]) :] if slip.kind == "permit"]
    assert [slip.fields["page"] for slip in listed] == ["1", "2"]
    assert people_on(listed) == set(PEOPLE[:6])
    assert len(people_on(listed)) + len(later) == len(served) == 7


async def test_a_page_shows_nobodys_turn(booths: Booths) -> None:
    """People come in one order; the page is sorted by national id and numbered as it stands."""
    terminal = await booths.opened()
    made = list_of(terminal, Rhythm())
    for person in reversed(PEOPLE[:5]):
        await permit_for(terminal, person)
    await made.print_new()
    rows = pages(terminal)[0].fields["rows"].splitlines()
    assert rows == [f"{n} {person}" for n, person in enumerate(sorted(PEOPLE[:5]), 1)]


async def test_a_page_that_nobody_saw_comes_again_as_a_duplicate_even_after_a_power_cut(booths: Booths) -> None:
    """The printer dies under page 2 and then the power.  Wanted: page 2 with the same people, marked, then page 3."""
    terminal = await booths.opened()
    made = list_of(terminal, Rhythm())
    for person in PEOPLE[:2]:
        await permit_for(terminal, person)
    await made.print_new()
    await permit_for(terminal, PEOPLE[2])
    tray(terminal).broken = True
    with pytest.raises(PrinterFault):
        await made.print_new()
    again = await booths.after_power_cut(terminal)
    made = list_of(again, Rhythm())
    await permit_for(again, PEOPLE[3])
    await made.print_new()
    await made.print_new()
    assert (await made.print_new()) == {"ok": True, "pages": 3, "persons": 4}
    assert [(s.fields["page"], s.duplicate, people_on([s])) for s in pages(again)] == [
        ("2", True, {PEOPLE[2]}),
        ("3", False, {PEOPLE[3]}),
    ]


async def test_the_supervisor_prints_everything_again(booths: Booths) -> None:
    """50 people, pages of at most forty; then the whole list once more, marked as duplicates."""
    terminal = await booths.opened()
    made = list_of(terminal, Rhythm())
    for person in PEOPLE:
        await permit_for(terminal, person)
    await made.print_all()
    assert [len(s.fields["rows"].splitlines()) for s in pages(terminal)] == [LINES_MAX, len(PEOPLE) - LINES_MAX]
    await made.print_all()
    assert [s.duplicate for s in pages(terminal)] == [False, False, True, True]
    assert people_on(pages(terminal)[2:]) == set(PEOPLE)


async def test_closing_prints_the_rest(booths: Booths) -> None:
    """At closing whoever is on no page yet comes out, though the page is not full."""
    terminal = await booths.opened()
    made = list_of(terminal, Rhythm(check_ins=20))
    await permit_for(terminal, PEOPLE[0])
    assert not made._is_due()
    terminal.journal.state.closed = True
    assert made._is_due()


@pytest.mark.parametrize("text", ["every:0", "every:x", "often", "minutes:", "every:1001"])
def test_a_rhythm_that_is_none_is_said(election: Election, text: str) -> None:
    with pytest.raises(BadInput) as fault:
        Rhythm.read(text, file="terminal.toml")
    assert text in fault.value.say("en")
    assert Rhythm.read("minutes:5", file="") == Rhythm(minutes=5)
    assert Rhythm.read("asked", file="") == Rhythm()
