"""Power goes at any step of a visit: after the restart the station says which of two things holds, and it is true."""

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.station.conftest import CHOICES, MARYAM, OFFICERS, REZA, Booths, Election, permit_for, tray

from amanat.errors import MediumLost, Rejected
from amanat.records.journal import Entry
from amanat.rules.national_id import synthetic
from amanat.station import media
from amanat.station.medium_file import FileMedium
from amanat.station.refusal import Refused
from amanat.station.terminal import Terminal

Steps = Callable[[Terminal], Any]


class PowerCut(BaseException):
    """The process ends here."""


class Mains:
    """Counts the writes and syncs of every medium, and cuts the power at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps = 0
        self.cut_at: int | None = None
        self.kind = "before"
        for name in ("write", "sync"):
            monkeypatch.setattr(FileMedium, name, self._guarded(getattr(FileMedium, name)))

    def _guarded(self, act: Callable[..., None]) -> Callable[..., None]:
        def guarded(medium: FileMedium, *args: Any) -> None:
            step, self.steps = self.steps, self.steps + 1
            if step != self.cut_at:
                act(medium, *args)
                return
            if self.kind == "torn" and args:
                offset, data = args
                act(medium, offset, data[: len(data) // 2])
            elif self.kind == "after":
                act(medium, *args)
            raise PowerCut

        return guarded

    def arm(self, after: int, kind: str) -> None:
        self.cut_at, self.kind = self.steps + after, kind


@pytest.fixture
def mains(monkeypatch: pytest.MonkeyPatch) -> Mains:
    return Mains(monkeypatch)


def kinds(terminal: Terminal) -> list[str]:
    return [Entry.decode(signed.entry).kind for signed in terminal.journal.entries]


CUTS = [(step, kind) for step in range(4) for kind in ("before", "torn", "after")]


@pytest.mark.parametrize(("step", "kind"), CUTS)
async def test_power_goes_while_maryams_ballot_is_being_cast(
    booths: Booths, mains: Mains, step: int, kind: str
) -> None:
    """B-7, B-8.  The cast is write A, sync A, write B, sync B; the light goes at each.  Wanted: she shows her permit
    again and hears *in the box, here is the slip* or *not cast, your permit is good*, never both, and one ballot is
    cast in the end, whatever she is told to do next."""
    terminal = await booths.opened()
    slip = await permit_for(terminal, MARYAM)
    await terminal.booth.accept(slip)
    await terminal.booth.seal(CHOICES)
    mains.arm(step, kind)
    with pytest.raises(PowerCut):
        await terminal.booth.cast()
    assert not [s for s in tray(terminal).slips if s.kind == "cast"], "told before it was durable"
    again = await booths.after_power_cut(terminal)
    screen = await again.booth.accept(slip)
    if screen["ok"]:
        assert kinds(again)[-2:] == ["ballot-dropped", "recovered"]
        await again.booth.seal(CHOICES)
        assert (await again.booth.cast())["told"] == "cast"
    else:
        assert (screen["code"], screen["told"]) == ("permit-cast", "cast")
        assert tray(again).last("cast").duplicate
    assert (await again.booth.accept(slip))["code"] == "permit-cast"
    counts = again.status()["counts"]
    assert counts["cast"] == 1
    assert counts["prepared"] == counts["cast"] + counts["tested"] + counts["dropped"]


@pytest.mark.parametrize(("step", "kind"), CUTS)
async def test_power_goes_while_the_permit_is_being_issued(booths: Booths, mains: Mains, step: int, kind: str) -> None:
    """C-4.  Wanted: she is checked in with a permit that can be printed again, or not at all; one permit in the end."""
    terminal = await booths.opened()
    terminal.desk.look(MARYAM)
    mains.arm(step, kind)
    with pytest.raises(PowerCut):
        await terminal.desk.issue(MARYAM, document=0)
    again = await booths.after_power_cut(terminal)
    await permit_for(again, REZA)  # somebody else is served first
    screen = again.desk.look(MARYAM)
    assert screen["decision"] == "eligible"
    issued = await again.desk.issue(MARYAM, document=0)
    assert issued["repeated"] == (screen["serial"] is not None)
    assert tray(again).last("permit").duplicate == issued["repeated"]
    assert again.status()["counts"]["permits"] == 2
    slip = tray(again).last("permit").qr
    assert slip
    assert (await again.booth.accept(slip))["ok"]


@pytest.mark.parametrize(("step", "kind"), CUTS)
@pytest.mark.parametrize("act", ["seal", "test"])
async def test_power_goes_at_the_other_steps_behind_the_curtain(
    booths: Booths, mains: Mains, step: int, kind: str, act: str
) -> None:
    """Sealing or testing is cut.  Wanted: the permit is good, and the equation of the closing sheet holds."""
    terminal = await booths.opened()
    slip = await permit_for(terminal, MARYAM)
    await terminal.booth.accept(slip)
    if act == "test":
        await terminal.booth.seal(CHOICES)
    mains.arm(step, kind)
    with pytest.raises(PowerCut):
        await (terminal.booth.seal(CHOICES) if act == "seal" else terminal.booth.test())
    again = await booths.after_power_cut(terminal)
    assert (await again.booth.accept(slip))["ok"]
    await again.booth.seal(CHOICES)
    await again.booth.cast()
    again.booth.leave()
    assert (await again.close_polls(""))["ok"]


@pytest.mark.parametrize(("step", "kind"), CUTS)
async def test_power_goes_while_the_restart_writes(booths: Booths, mains: Mains, step: int, kind: str) -> None:
    """The light comes and goes: the recovery itself is cut.  Wanted: the second restart finds the same."""
    terminal = await booths.opened()
    slip = await permit_for(terminal, MARYAM)
    await terminal.booth.accept(slip)
    await terminal.booth.seal(CHOICES)
    before = list(terminal.journal.entries)
    await booths.stop(terminal)
    mains.arm(step, kind)
    with pytest.raises(PowerCut):
        booths.start()
    again = booths.start()
    assert again.journal.entries[: len(before)] == before
    assert (await again.booth.accept(slip))["ok"]


async def test_both_media_fail_and_the_terminal_takes_nothing_more(
    booths: Booths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """J-2.  Neither medium answers while she casts.  Wanted: *unknown* is said, no slip comes, no further vote is
    taken; the restart, with media that work, knows."""
    terminal = await booths.opened()
    slip = await permit_for(terminal, MARYAM)
    await terminal.booth.accept(slip)
    await terminal.booth.seal(CHOICES)

    def broken(medium: FileMedium) -> None:
        raise OSError(errno.EIO, "sync")

    with monkeypatch.context() as patched:
        patched.setattr(FileMedium, "sync", broken)
        with pytest.raises(MediumLost):
            await terminal.booth.cast()
        with pytest.raises(MediumLost):
            await terminal.booth.cast()
    assert not [s for s in tray(terminal).slips if s.kind == "cast"]
    again = await booths.after_power_cut(terminal)
    assert (await again.booth.accept(slip))["told"] == "cast"


def journals(home: Path) -> Iterator[Path]:
    return home.glob("medium-?/journal")


async def test_a_journal_of_another_terminal_is_not_taken(booths: Booths, election: Election) -> None:
    """The media of two terminals are swapped.  Wanted: neither starts, both journals stay as they are."""
    for number in (1, 2):
        terminal = await booths.opened("S2", number)
        await booths.stop(terminal)
    one, two = (list(journals(election.home("S2", n))) for n in (1, 2))
    for a, b in zip(sorted(one), sorted(two), strict=True):
        content_a, content_b = a.read_bytes(), b.read_bytes()
        a.write_bytes(content_b)
        b.write_bytes(content_a)
    for number in (1, 2):
        with pytest.raises(Rejected) as refused:
            booths.start("S2", number)
        assert refused.value.code == "journal-of-another"


async def test_a_full_journal_refuses_at_the_desk_not_in_the_booth(
    booths: Booths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Carteret.  The media fill up.  Wanted: the permits issued can all be cast, the next voter is refused at the desk
    before a permit exists, and the closing still fits."""
    monkeypatch.setattr(media, "GROWTH", 128 << 10)
    terminal = await booths.opened()
    slips = [await permit_for(terminal, person) for person in (MARYAM, REZA)]
    real = FileMedium.write

    def nearly_full(medium: FileMedium, offset: int, data: bytes) -> None:
        if offset + len(data) > medium.size():
            raise OSError(errno.ENOSPC, "full")
        real(medium, offset, data)

    monkeypatch.setattr(FileMedium, "write", nearly_full)
    refused: str | None = None
    for n in range(10, 60):
        for _ in range(8):
            terminal.desk.look(synthetic(60 + n))
        try:
            await permit_for(terminal, synthetic(n))
        except Refused as no:
            refused = no.code
            break
    assert refused in ("desk-full", "no-booth")
    for slip in slips:
        await terminal.booth.accept(slip)
        await terminal.booth.seal(CHOICES)
        assert (await terminal.booth.cast())["told"] == "cast"
        terminal.booth.leave()
    with pytest.raises(Refused, match="neither cast nor voided"):
        await terminal.close_polls("")
    assert (await terminal.close_polls("they went home: the terminal was full", OFFICERS))["ok"]
