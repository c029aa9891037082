"""Media that are full, replaced or missing, as the staff meet them (clauses J-2, J-3)."""

import errno
import os
import shutil
from pathlib import Path

import pytest
from tests.station.conftest import CHOICES, MARYAM, OFFICERS, REZA, Booths, Election, permit_for, tray, vote

from amanat.errors import AmanatError, BadInput, MediumLost, Rejected
from amanat.records.journal import Entry
from amanat.rules import persian
from amanat.rules.national_id import synthetic
from amanat.station import media
from amanat.station.medium_file import FileMedium
from amanat.station.refusal import Refused
from amanat.station.terminal import Terminal

BYTES = 336 << 10


class SmallDevices:
    """Storage devices that hold so many bytes, by the name of the medium."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = {"a": BYTES, "b": BYTES}
        real = FileMedium.write

        def write(medium: FileMedium, offset: int, data: bytes) -> None:
            if offset + len(data) > self.bytes[medium.name]:
                raise OSError(errno.ENOSPC, "full")
            real(medium, offset, data)

        monkeypatch.setattr(FileMedium, "write", write)
        monkeypatch.setattr(FileMedium, "free", lambda medium: self.bytes[medium.name] - medium.size())
        monkeypatch.setattr(media, "GROWTH", 16 << 10)


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> SmallDevices:
    return SmallDevices(monkeypatch)


def incidents(terminal: Terminal) -> list[list[object]]:
    decoded = [Entry.decode(signed.entry) for signed in terminal.journal.entries]
    return [list(entry.body) for entry in decoded if entry.kind == "incident"]


async def test_voters_come_until_the_media_are_full(booths: Booths, devices: SmallDevices) -> None:
    """Carteret.  The zero sheet prints how many voters the media hold, and voters come until somebody is refused.
    Wanted: at least so many are taken in; the screen counts down to none; the next is refused at check-in, not in the
    booth; who has a permit casts; closing fits; every ballot told is there after the restart, on each medium alone."""
    terminal = await booths.opened()
    promised = terminal.status()["limits"]["voters_left"]
    assert tray(terminal).last("zero").fields["room"] == persian.number(promised)
    assert 3 < promised < 40
    waiting = [await permit_for(terminal, person) for person in (MARYAM, REZA)]
    told: list[str] = []
    refused = ""
    for n in range(10, 60):
        try:
            told.append(await vote(terminal, terminal, synthetic(n)))
        except Refused as no:
            refused = no.code
            break
        terminal.booth.leave()
    assert refused in ("no-booth", "desk-full")
    assert len(told) + len(waiting) >= promised
    assert terminal.status()["limits"]["voters_left"] == 0
    for slip in waiting:
        await terminal.booth.accept(slip)
        await terminal.booth.seal(CHOICES)
        assert (await terminal.booth.cast())["told"] == "cast"
        told.append(tray(terminal).last("cast").fields["ballot"])
        terminal.booth.leave()
    assert (await terminal.close_polls(""))["ok"]
    assert terminal.status()["media"] == {"a": "good", "b": "good"}
    for burnt in "ab":
        again = await booths.after_power_cut(terminal)
        terminal = again
        assert {ballot.hex() for ballot in again.journal.state.cast.values()} == set(told)
        if burnt == "a":
            shutil.rmtree(again.home / again.settings.medium_a)


async def test_one_device_is_smaller_than_the_other(booths: Booths, devices: SmallDevices) -> None:
    """Wanted: the small one is given up with a sentence, and voting goes on with the other's room."""
    terminal = await booths.opened()
    devices.bytes["b"] = FileMedium.size(terminal._media[1])  # type: ignore[arg-type]
    assert terminal.status()["limits"]["voters_left"] == 0
    await vote(terminal, terminal, MARYAM)
    (told,) = terminal.status()["media_told"]
    assert (told["medium"], told["code"]) == ("b", "medium-full")
    assert terminal.status()["limits"]["voters_left"] > 0
    assert ["medium-dead", "b medium-full"] in incidents(terminal)


async def test_a_dead_medium_is_replaced_while_people_vote(booths: Booths, tmp_path: Path) -> None:
    """Medium B is pulled out at noon; the supervisor puts a spare card in.  Wanted: it is filled, both are good again,
    the journal says so; the restart takes the new one, and medium A may then burn."""
    terminal = await booths.opened()
    await vote(terminal, terminal, MARYAM)
    os.truncate(terminal.home / terminal.settings.medium_b / "journal", 0)
    terminal.booth.leave()
    ballot = await vote(terminal, terminal, REZA)
    assert [told["code"] for told in terminal.status()["media_told"]] == ["medium-pulled"]
    card = tmp_path / "card"
    screen = terminal.upkeep.replace("b", str(card), OFFICERS)
    assert screen["media"] == {"a": "good", "b": "good"}
    assert incidents(terminal)[-1] == ["medium-replaced", " · ".join(["b", *OFFICERS])]
    with pytest.raises(BadInput, match="is good"):
        terminal.upkeep.replace("b", str(tmp_path / "another"), OFFICERS)
    shutil.rmtree(terminal.home / terminal.settings.medium_a)
    again = await booths.after_power_cut(terminal)
    assert [id_.hex() for id_ in again.journal.state.cast.values()][-1] == ballot
    both = (card, again.home / again.settings.medium_a)
    assert len({(folder / "journal").read_bytes().rstrip(b"\0") for folder in both}) == 1
    await again.hourly()
    assert ["medium-filled", "a"] in incidents(again)


async def test_what_cannot_take_a_lost_mediums_place(booths: Booths, election: Election, tmp_path: Path) -> None:
    """A card that cannot be written, the living medium itself, another terminal's card, no such medium.  Wanted: each
    refused in a sentence, and voting goes on with medium A."""
    terminal = await booths.opened()
    other = await booths.opened("S2", 1)
    foreign = tmp_path / "foreign"
    shutil.copytree(other.home / other.settings.medium_a, foreign)
    os.truncate(terminal.home / terminal.settings.medium_b / "journal", 0)
    await terminal.hourly()
    file = tmp_path / "file"
    file.write_text("no folder", "utf-8")
    wrong: list[tuple[str, str, type[AmanatError]]] = [
        ("b", str(file), BadInput),
        ("b", "\0", BadInput),
        ("b", str(terminal.home / terminal.settings.medium_a), BadInput),
        ("b", str(foreign), Rejected),
        ("c", str(tmp_path / "card"), Refused),
    ]
    for which, path, kind in wrong:
        with pytest.raises(kind) as refused:
            terminal.upkeep.replace(which, path, OFFICERS)
        assert refused.value.say("fa")
    assert (await terminal.hourly())["ok"]
    assert terminal.status()["media"] == {"a": "good", "b": "dead"}


@pytest.mark.parametrize("which", ["a", "b"])
async def test_a_medium_that_is_not_there_at_the_start(booths: Booths, which: str) -> None:
    """The card was not put back after the night: its folder cannot even be made.  Wanted: the terminal starts on the
    other medium, knows everything, names the one that is missing, and takes votes."""
    terminal = await booths.opened()
    await vote(terminal, terminal, MARYAM)
    setting = terminal.settings.medium_a if which == "a" else terminal.settings.medium_b
    shutil.rmtree(terminal.home / setting)
    (terminal.home / setting).write_text("no folder", "utf-8")
    again = await booths.after_power_cut(terminal)
    assert len(again.journal.state.cast) == 1
    (told,) = again.status()["media_told"]
    assert (told["medium"], told["code"]) == (which, "medium-pulled")
    assert (await vote(again, again, REZA)) in {id_.hex() for id_ in again.journal.state.cast.values()}


async def test_neither_medium_is_there(booths: Booths) -> None:
    """Wanted: it does not start, and says so; nothing is signed."""
    terminal = await booths.opened()
    for setting in (terminal.settings.medium_a, terminal.settings.medium_b):
        shutil.rmtree(terminal.home / setting)
        (terminal.home / setting).write_text("no folder", "utf-8")
    await booths.stop(terminal)
    with pytest.raises(MediumLost) as lost:
        booths.start()
    assert lost.value.code == "media-lost"
