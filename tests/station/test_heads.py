"""What others know of a device's journal (J-7): an image put back, a clone, a paper, a gateway that is lost."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from tests.station.conftest import MARYAM, OFFICERS, REZA, Booths, Election, permit_for, tray, vote
from tests.station.test_link import QuickClock

from amanat.errors import Rejected
from amanat.records.journal import Entry
from amanat.station import run
from amanat.station.news import Copies
from amanat.station.refusal import Refused
from amanat.station.terminal import Terminal
from amanat.sync.messages import Head

WAIT_SECONDS_MAX = 30.0


class Station:
    """Station S2 on its own cable, with no headquarters: terminal 1 is desk, booth and gateway, terminal 2 a booth."""

    def __init__(self, booths: Booths, stack: AsyncExitStack) -> None:
        self.booths = booths
        self._stack = stack
        self._servers: dict[int, asyncio.Server] = {}

    async def begin(self, number: int) -> Terminal:
        terminal = self.booths.start("S2", number)
        self._servers[number] = server = await run._listen(terminal)
        self._stack.callback(server.close)
        terminal.start()
        return terminal

    async def end(self, terminal: Terminal) -> None:
        self._servers[terminal.identity.number(terminal.identity.device)].close()
        await self.booths.stop(terminal)
        for other in self.booths.open_terminals:  # connections that stand would be answered in this process
            for colleague in other.lan.colleagues:
                if colleague.device == terminal.identity.device:
                    await other.lan.hang_up()

    def media(self, number: int) -> list[Path]:
        return sorted(self.booths.election.home("S2", number).glob("medium-?/journal"))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while not condition():  # noqa: ASYNC110 - seen from outside, as a person would
                await asyncio.sleep(0.005)

    async def press(self, terminal: Terminal, address: str, **body: object) -> dict[str, object]:
        connector = aiohttp.UnixConnector(str(terminal.home / "s"))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.post(f"http://terminal{address}", json=body) as answer,
        ):
            screen: dict[str, object] = await answer.json()
            return screen


@pytest_asyncio.fixture
async def station(election: Election) -> AsyncIterator[Station]:
    booths = Booths(election, QuickClock())
    async with AsyncExitStack() as stack:
        yield Station(booths, stack)
        await booths.close()


def held(by: Terminal, of: Terminal) -> int:
    copies = by.lan.copies.get(of.identity.device)
    return 0 if copies is None else len(copies.entries)


async def both_open(station: Station) -> tuple[Terminal, Terminal]:
    desk, booth = await station.begin(1), await station.begin(2)
    for terminal in (desk, booth):
        await terminal.open(OFFICERS)
    return desk, booth


async def wrote_everywhere(station: Station, desk: Terminal, booth: Terminal) -> None:
    for terminal in (desk, booth):
        terminal.wrote()
    await station.until(
        lambda: held(desk, booth) == len(booth.journal.entries) and held(booth, desk) == len(desk.journal.entries)
    )


def stick(terminal: Terminal, *, lost: bool) -> int:
    """The size of what goes on a stick."""
    return Path(terminal.write_usb(terminal.home / "stick", lost=lost)["path"]).stat().st_size


@pytest.mark.parametrize("number", [1, 2])
async def test_yesterdays_image_is_seen_before_the_first_act(station: Station, number: int) -> None:
    """Both media of a terminal come from a copy made before a vote; there is no headquarters.  Wanted: its very first
    button is refused, because a colleague shows the entry that it signed itself and lacks; nothing is signed."""
    desk, booth = await both_open(station)
    terminal = desk if number == 1 else booth
    await wrote_everywhere(station, desk, booth)
    images = [path.read_bytes() for path in station.media(number)]
    await terminal.hourly()
    await wrote_everywhere(station, desk, booth)
    before = len(terminal.journal.entries)
    await station.end(terminal)
    for path, image in zip(station.media(number), images, strict=True):
        path.write_bytes(image)
    again = await station.begin(number)
    screen = await station.press(again, "/api/hourly")
    assert screen["code"] == "journal-rolled-back"
    assert len(again.journal.entries) == before - 1
    assert again.status()["stopped"] == "journal-rolled-back"


async def test_both_media_are_wiped_and_the_colleague_remembers(station: Station) -> None:
    """Blank media in a device that was used.  Wanted: it does not open as if it were new."""
    desk, booth = await both_open(station)
    await wrote_everywhere(station, desk, booth)
    await station.end(booth)
    for path in station.media(2):
        path.unlink()
    again = await station.begin(2)
    assert again.journal.entries == []
    screen = await station.press(again, "/api/open", officers=OFFICERS, other_day=True)
    assert screen["code"] == "journal-rolled-back"
    assert again.journal.entries == []


async def test_a_cloned_disk_that_was_used_elsewhere_is_seen(station: Station) -> None:
    """Somebody copies booth 2's disk, signs with the copy, and the real one goes on: two entries for one number.
    Wanted: the copy, put on the station's cable, stops at its first button; the gateway keeps the branch it holds."""
    desk, booth = await both_open(station)
    await wrote_everywhere(station, desk, booth)
    home = station.booths.election.home("S2", 2)
    clone = home.with_name("clone")
    await station.end(booth)
    shutil.copytree(home, clone, ignore=shutil.ignore_patterns("s"))
    booth = await station.begin(2)
    await booth.hourly()
    await wrote_everywhere(station, desk, booth)
    known = list(desk.lan.copies[booth.identity.device].entries)
    await station.end(booth)
    shutil.rmtree(home)
    clone.rename(home)
    copy = station.booths.start("S2", 2)  # elsewhere: it asks nobody
    for _ in range(3):
        await copy.hourly()
    await station.booths.stop(copy)
    copy = await station.begin(2)
    screen = await station.press(copy, "/api/hourly")
    assert screen["code"] == "journal-forked"
    assert desk.lan.copies[booth.identity.device].entries == known


async def test_a_word_without_the_entry_stops_nobody(station: Station) -> None:
    """A colleague says that it holds far more of booth 2 than there is, and shows nothing, or an entry of its own.
    Wanted: booth 2 goes on."""
    desk, booth = await both_open(station)
    await wrote_everywhere(station, desk, booth)
    liar = Copies(desk.home / "liar", eh=desk.identity.eh, device=booth.identity.device)
    liar.head = Head(booth.identity.device, 999, bytes(32))
    desk.lan.copies[booth.identity.device].close()
    desk.lan.copies[booth.identity.device] = liar
    liar.entries = []
    await booth.lan.ask_heads()
    liar.entries = [desk.journal.entries[-1]]
    await booth.lan.ask_heads()
    booth.lan.held = None
    booth.lan.wrote()
    await booth.lan.ask_heads()
    assert booth.journal.stopped is None
    assert (await booth.hourly())["ok"]


async def test_the_gateway_burns_and_its_journal_is_with_a_colleague(station: Station) -> None:
    """P-4.  Both media of the gateway burn after a vote there, before any delivery.  Wanted: booth 2 holds every entry
    of it, without who was checked in; its stick carries them for headquarters only when somebody says that the gateway
    is lost."""
    desk, booth = await both_open(station)
    assert desk._desk is not None
    desk._desk._choose_booth = lambda _: desk.identity.device
    await vote(desk, desk, MARYAM)
    await wrote_everywhere(station, desk, booth)
    kept = booth.lan.copies[desk.identity.device].entries
    assert [(e.entry, e.signature) for e in kept] == [(e.entry, e.signature) for e in desk.journal.entries]
    assert any(entry.private for entry in desk.journal.entries)
    assert not any(entry.private for entry in kept)
    assert stick(booth, lost=True) - stick(booth, lost=False) > sum(len(entry.entry) for entry in kept)


async def test_the_supervisors_buttons_for_media_and_sheet(station: Station, tmp_path: Path) -> None:
    """Over the terminal's own address.  Wanted: one officer alone replaces no medium, two replace a dead one and not a
    good one; the terminal's own sheet is well, no sheet is said kindly."""
    desk, _ = await both_open(station)
    card = str(tmp_path / "card")
    alone = await station.press(desk, "/api/supervisor/medium", which="b", path=card, officers=OFFICERS[:1])
    assert alone["code"] == "two-officers"
    good = await station.press(desk, "/api/supervisor/medium", which="b", path=card, officers=OFFICERS)
    assert good["code"] == "medium-not-lost"
    os.truncate(station.media(1)[1], 0)
    await desk.hourly()
    done = await station.press(desk, "/api/supervisor/medium", which="b", path=card, officers=OFFICERS)
    assert done == {"ok": True, "media": {"a": "good", "b": "good"}}
    sheet = await station.press(desk, "/api/supervisor/head", slip=tray(desk).last("hourly").qr)
    assert sheet["ok"]
    assert (await station.press(desk, "/api/supervisor/head", slip="AP1"))["code"] == "sheet-unreadable"


async def test_the_last_printed_sheet_is_held_before_a_restarted_device(booths: Booths, election: Election) -> None:
    """No colleague, no headquarters: an observer holds the hourly sheet.  Wanted: the device that stands below it
    refuses kindly; the sheet of a sound device is well; another device's sheet, or no sheet, is refused."""
    terminal = await booths.opened()
    await permit_for(terminal, REZA)
    media = sorted(election.home("S1", 1).glob("medium-?/journal"))
    images = [path.read_bytes() for path in media]
    await terminal.hourly()
    sheet = tray(terminal).last("hourly").qr
    assert sheet is not None
    assert terminal.upkeep.take_head(sheet)["ok"]
    other = await booths.opened("S2", 1)
    foreign = tray(other).last("zero").qr
    assert foreign is not None
    for text, code in [(foreign, "sheet-of-another"), ("AH1ABC", "sheet-unreadable"), ("", "sheet-unreadable")]:
        with pytest.raises(Refused) as refused:
            terminal.upkeep.take_head(text)
        assert refused.value.code == code
    await booths.stop(terminal)
    for path, image in zip(media, images, strict=True):
        path.write_bytes(image)
    again = booths.start()
    with pytest.raises(Rejected, match="rolled back"):
        again.upkeep.take_head(sheet)
    with pytest.raises(Rejected, match="rolled back"):
        await again.hourly()
    assert Entry.decode(again.journal.entries[-1].entry).kind == "permit"


async def test_a_gateway_that_lost_its_copy_gets_it_again_from_a_closed_booth(station: Station) -> None:
    """Booth 2 closes and its gateway holds all of it; a power cut there takes the end of that copy, which nobody had
    synced.  Wanted: the booth, which will never write again, asks in time how far it is held, and gives the rest."""
    desk, booth = await both_open(station)
    await wrote_everywhere(station, desk, booth)
    await booth.close_polls("پایان", OFFICERS)
    booth.wrote()
    await station.until(lambda: held(desk, booth) == len(booth.journal.entries))
    copy = desk.home / "colleagues" / f"{booth.identity.device}.journal"
    await station.end(desk)
    copy.write_bytes(copy.read_bytes()[:100])
    again = await station.begin(1)
    assert held(again, booth) < len(booth.journal.entries)
    await station.until(lambda: held(again, booth) == len(booth.journal.entries))
