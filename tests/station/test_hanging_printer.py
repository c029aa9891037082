"""A desk's printer hangs: the next voter's permit is made meanwhile, papers come in order, none is done before it is
out (C-4, C-7)."""

import asyncio

import pytest
from tests.station.conftest import MARYAM, OFFICERS, REZA, Booths, Tray, tray

from amanat.rules.national_id import synthetic
from amanat.station.printer import PrinterFault, Slip
from amanat.station.refusal import Refused
from amanat.station.terminal import Terminal

THIRD = synthetic(10)


class Hanging(Tray):
    """A printer that takes no paper out of its hands until it is told to; each print is then confirmed or not."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.go = asyncio.Event()

    async def print(self, slip: Slip) -> None:
        self.asked.append(slip.fields["serial"])
        await self.go.wait()
        await super().print(slip)


def hang(terminal: Terminal) -> Hanging:
    printer = Hanging()
    terminal.printer = terminal._desk._printer = printer  # type: ignore[union-attr]
    return printer


async def until_issued(terminal: Terminal, count: int) -> None:
    """Let the loop turn until so many permits stand in the journal."""
    for _ in range(30_000):
        if terminal.journal.state.account.permits >= count:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("no permit was issued")


async def test_the_next_permit_is_made_while_the_printer_hangs(booths: Booths) -> None:
    """Maryam's slip does not come.  Reza's permit is in the journal meanwhile, nobody is told that a slip is out, and
    when the printer wakes the papers come in the order of the permits, each once."""
    terminal = await booths.opened()
    printer = hang(terminal)
    first = asyncio.create_task(terminal.desk.issue(MARYAM, document=0))
    await until_issued(terminal, 1)
    second = asyncio.create_task(terminal.desk.issue(REZA, document=0))
    await until_issued(terminal, 2)
    assert not first.done()
    assert not second.done()
    assert len(printer.asked) == 1
    printer.go.set()
    serials = [(await first)["serial"], (await second)["serial"]]
    assert [slip.fields["serial"] for slip in printer.slips] == serials
    assert not any(slip.duplicate for slip in printer.slips)


async def test_no_third_is_served_past_two_papers(booths: Booths) -> None:
    """Two papers may be owed, since a restart looks at two: the third voter waits, without a permit."""
    terminal = await booths.opened()
    printer = hang(terminal)
    acts = [asyncio.create_task(terminal.desk.issue(person, document=0)) for person in (MARYAM, REZA, THIRD)]
    await until_issued(terminal, 2)
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert terminal.journal.state.account.permits == 2
    printer.go.set()
    assert all(screen["ok"] for screen in await asyncio.gather(*acts))
    assert len(printer.slips) == 3


async def test_a_power_cut_with_two_papers_owed_prints_both(booths: Booths) -> None:
    """The power goes while Maryam's slip hangs and Reza's waits behind it.  After it both are eligible, with the same
    permits, and their slips are marked as duplicates."""
    terminal = await booths.opened()
    hang(terminal)
    acts = [asyncio.create_task(terminal.desk.issue(person, document=0)) for person in (MARYAM, REZA)]
    await until_issued(terminal, 2)
    for act in acts:
        act.cancel()
    await asyncio.gather(*acts, return_exceptions=True)
    again = await booths.after_power_cut(terminal)
    for person in (MARYAM, REZA):
        assert again.desk.look(person)["decision"] == "eligible"
        assert (await again.desk.issue(person, document=0))["repeated"]
    assert [slip.duplicate for slip in tray(again).slips] == [True, True]
    assert again.journal.state.account.permits == 2


async def test_a_printer_that_fails_after_hanging_has_served_nobody(booths: Booths) -> None:
    """The printer wakes and confirms neither: both acts fail, and each voter's slip comes at the next question."""
    terminal = await booths.opened()
    printer = hang(terminal)
    acts = [asyncio.create_task(terminal.desk.issue(person, document=0)) for person in (MARYAM, REZA)]
    await until_issued(terminal, 2)
    printer.broken = True
    printer.go.set()
    answers = await asyncio.gather(*acts, return_exceptions=True)
    assert [type(answer) for answer in answers] == [PrinterFault, PrinterFault]
    printer.broken = False
    for person in (MARYAM, REZA):
        assert terminal.desk.look(person)["decision"] == "eligible"
        assert (await terminal.desk.issue(person, document=0))["ok"]
    assert len(printer.slips) == 2


@pytest.mark.parametrize("act", ["void", "replace"])
async def test_a_permit_that_is_void_before_its_paper_came_is_not_printed(booths: Booths, act: str) -> None:
    """Reza's slip waits behind Maryam's; meanwhile his permit is voided, or replaced.  The old one is not printed and
    its act says why; a replacement is."""
    terminal = await booths.opened()
    printer = hang(terminal)
    first = asyncio.create_task(terminal.desk.issue(MARYAM, document=0))
    await until_issued(terminal, 1)
    second = asyncio.create_task(terminal.desk.issue(REZA, document=0))
    await until_issued(terminal, 2)
    serial = terminal.journal.state.checked_in[REZA].hex()
    later = None
    if act == "void":
        await terminal.desk.void(serial, "left", OFFICERS)
    else:
        later = asyncio.create_task(terminal.desk.replace(serial, "torn", officers=OFFICERS))
        await until_issued(terminal, 3)
    printer.go.set()
    await first
    with pytest.raises(Refused) as refused:
        await second
    assert refused.value.code == ("permit-voided" if act == "void" else "permit-replaced")
    if later is not None:
        assert (await later)["ok"]
    assert serial not in [slip.fields["serial"] for slip in printer.slips]
