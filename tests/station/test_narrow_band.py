"""S-7.  The line is dead all day and a telephone is all that is left: what a station says and hears by text message."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.station.conftest import (
    HPKE_PRIVATE,
    MARYAM,
    OFFICERS,
    REZA,
    Booths,
    Election,
    StandingClock,
    permit_for,
    vote,
)

from amanat.errors import BadInput
from amanat.rules.national_id import synthetic
from amanat.station import config, narrow
from amanat.station.narrow import Modem, Narrow
from amanat.station.terminal import Terminal
from amanat.sync.messages import NewsItem, news_digest
from amanat.sync.narrow import Body, Channel, CheckedIn, Closed, Elsewhere, Heard, Opened, Turnout


class Line:
    """A terminal whose link is dead, its folder, and headquarters at the other end of the telephone."""

    def __init__(self, booths: Booths, election: Election, *, command: str = "") -> None:
        self.booths, self.election = booths, election
        self.folder = election.home("S1", 1) / "modem"
        home = election.home("S1", 1)
        text = f"folder:modem?command={command}" if command else "folder:modem"
        settings = replace(config.read(home), link_url="http://127.0.0.1:9", narrow=text, checked_in_list="asked")
        settings.write(home)
        self.terminal = booths.start("S1", 1)

    @property
    def end(self) -> Narrow:
        assert self.terminal._narrow is not None
        return self.terminal._narrow

    @property
    def channel(self) -> Channel:
        certificate = self.terminal.identity.certificate
        key, secret = certificate.key, HPKE_PRIVATE.private_bytes_raw()
        return Channel.of_headquarters(self.election.eh, certificate.device, device_key=key, hpke_secret=secret)

    async def after(self, seconds: float) -> None:
        self.booths.clock.ms += int(seconds * 1000)
        await self.end.round()

    def said(self, where: str = "out") -> list[Body]:
        key = self.terminal.identity.certificate.key
        paths = sorted((self.folder / where).glob("*.frame"))
        return [self.channel.decode(path.read_bytes(), signer=key).body for path in paths]

    def hear(self, name: str, body: Body, *, seed: bytes | None = None) -> None:
        data = self.channel.encode(1, body, seed=seed or self.election.hq_seed)
        (self.folder / "in" / f"{name}.frame").write_bytes(data)

    def names(self, where: str) -> list[str]:
        return sorted(path.name for path in (self.folder / where).iterdir())


@pytest.fixture
def line(booths: Booths, election: Election) -> Line:
    return Line(booths, election)


def digest(line: Line, person: str) -> bytes:
    return news_digest(line.election.eh, person)


async def test_a_day_by_text_message(line: Line, clock: StandingClock) -> None:
    """Nobody answers on the link.  Wanted: after a minute *opened* and a turnout; six check-ins as a full frame and,
    after a minute more, one; at closing the sheet's counts.  Every person once, whoever reads the folder again."""
    await line.terminal.open(OFFICERS)
    await line.after(10)
    assert line.said() == []
    await line.after(60)
    assert line.said() == [Opened(1), Turnout(0, 0)]
    people = [MARYAM, REZA, *(synthetic(n) for n in range(10, 14))]
    await vote(line.terminal, line.terminal, people[0])
    for person in people[1:]:
        await permit_for(line.terminal, person)
    await line.after(1)
    assert line.said()[2:] == [CheckedIn(tuple(digest(line, person) for person in people[:5]))]
    await line.after(60)
    await line.after(1)
    assert line.said()[3:] == [CheckedIn((digest(line, people[5]),))]
    await line.after(3600)
    assert line.said()[4:] == [Turnout(6, 1)]
    await line.terminal.sheets.close()
    await line.after(1)
    encoded = line.terminal.journal.state.closing_sheet
    assert encoded is not None
    closed = line.said()[-1]
    assert isinstance(closed, Closed)
    assert closed.counts == (6, 0, 1, 1, 0, 0)
    assert closed.sheet == encoded[:16]


async def test_a_restart_says_nobody_twice(line: Line, booths: Booths) -> None:
    """The power fails after the frames were written.  Wanted: numbers go on, and nobody is said again."""
    await line.terminal.open(OFFICERS)
    for person in (synthetic(n) for n in range(10, 15)):
        await permit_for(line.terminal, person)
    await line.after(61)
    before = line.names("out")
    line.terminal = await booths.after_power_cut(line.terminal)
    await line.after(61)
    assert sum(isinstance(body, CheckedIn) for body in line.said()) == 1
    assert line.names("out")[: len(before)] == before


async def test_what_headquarters_heard_is_sent_no_more(line: Line) -> None:
    """An answer names two frames; the third is sent again after ten minutes."""
    await line.terminal.open(OFFICERS)
    await permit_for(line.terminal, MARYAM)
    await line.after(61)
    await line.after(60)
    assert line.names("out") == ["000001.frame", "000002.frame", "000003.frame"]
    line.hear("a", Heard((1, 3, 99)))
    await line.after(1)
    assert (line.names("out"), line.names("sent"), line.names("taken")) == (
        ["000002.frame"],
        ["000001.frame", "000003.frame"],
        ["a.frame"],
    )


async def test_news_by_text_message_reach_the_desk(line: Line) -> None:
    """Reza was checked in at S2.  The message comes twice, one of a forger and one of another election beside it, and
    a station that is none.  Wanted: refused with the place; the others are put aside; Maryam votes."""
    await line.terminal.open(OFFICERS)
    line.hear("1", Elsewhere((NewsItem(digest(line, REZA), 1), NewsItem(digest(line, MARYAM), 9_999))))
    line.hear("2", Elsewhere((NewsItem(digest(line, REZA), 1),)))
    line.hear("3", Elsewhere((NewsItem(digest(line, MARYAM), 1),)), seed=b"f" * 32)
    own = line.end._channel.encode(1, Turnout(1, 1), seed=line.terminal.identity.seed)
    (line.folder / "in" / "4.frame").write_bytes(own)
    (line.folder / "in" / "5.frame").write_bytes(b"")
    (line.folder / "in" / "6.frame").write_bytes(b"\x81" + bytes(100))
    await line.after(1)
    assert line.terminal.desk.look(REZA)["reason"] == "elsewhere:S2"
    assert line.terminal.desk.look(MARYAM)["decision"] == "eligible"
    assert line.names("taken") == ["1.frame", "2.frame"]
    assert line.names("refused") == ["3.frame", "4.frame", "5.frame", "6.frame"]


async def test_the_link_is_back(line: Line) -> None:
    """Everything is delivered by link.  Wanted: no more frames, and nothing said twice when it goes down again."""
    await line.terminal.open(OFFICERS)
    await permit_for(line.terminal, MARYAM)
    await line.after(61)
    assert line.terminal.link is not None
    line.terminal.link.down_since_ms = None
    await line.after(1)
    assert line.names("out") == []
    line.terminal.link.down_since_ms = line.terminal.clock.now_ms()
    await line.after(200)
    assert line.said() == []


async def test_the_modems_command_gets_each_frame_once(booths: Booths, election: Election, tmp_path: Path) -> None:
    """A real command copies what it is given; one that fails is tried again in the next round, one that hangs is
    ended."""
    tmp_path.joinpath("air").mkdir()
    line = Line(booths, election, command=f"cp -t {tmp_path}/air")
    await line.terminal.open(OFFICERS)
    await line.after(61)
    await line.after(1)
    assert sorted(path.name for path in tmp_path.joinpath("air").iterdir()) == line.names("out")
    assert len(line.names("out")) == 2
    line.end._sent_ms.clear()
    line.end._modem = Modem(line.folder, ("false",))
    await line.after(1)
    assert not line.end._sent_ms
    line.end._modem = Modem(line.folder, ("no such command",))
    await line.after(1)
    assert not line.end._sent_ms
    line.end._modem = Modem(line.folder, ("sh", "-c", "sleep 60"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(narrow, "COMMAND_SECONDS_MAX", 0.05)
        await line.after(1)
    assert not line.end._sent_ms


@pytest.mark.parametrize("text", ["folder:", "modem:/dev/ttyUSB0", "folder:x?command=%22"])
def test_an_interface_that_is_none_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput) as fault:
        Modem.read(text, home=tmp_path, file=tmp_path / "terminal.toml")
    assert "narrow" in fault.value.say("en")
    assert Modem.read("", home=tmp_path, file=tmp_path) is None


def test_only_a_gateway_speaks(booths: Booths, election: Election) -> None:
    """Without a link there is no narrow band: a booth has nothing to say that its gateway does not."""
    home = election.home("S2", 2)
    replace(config.read(home), narrow="folder:modem").write(home)
    terminal: Terminal = booths.start("S2", 2)
    assert terminal._narrow is None
