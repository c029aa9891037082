"""A terminal dies and a spare carries its journal on, under another key (clauses J-8, C-7)."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from tests.station.conftest import CHOICES, MARYAM, OFFICERS, REZA, Booths, Election, permit_for, tray, vote
from tests.station.test_heads import Station, held
from tests.station.test_link import QuickClock

from amanat.cli.main import main
from amanat.errors import BadInput, Rejected
from amanat.records import base32, cbor
from amanat.records.ballot import SLIP
from amanat.records.identifiers import is_signed
from amanat.rules.national_id import synthetic
from amanat.station.refusal import Refused
from amanat.station.take_over import take_carried, take_over


@pytest.fixture(scope="session")
def _spared(enrolled: Callable[..., Election]) -> Election:
    return enrolled({"S1": 1, "S2": 2}, spares=1)


@pytest.fixture
def election(_spared: Election, tmp_path: Path) -> Election:
    """As ever, with a spare for each station: terminal 2 of S1, terminal 3 of S2."""
    fresh = Election.__new__(Election)
    fresh.__dict__ = dict(_spared.__dict__)
    fresh.folder = tmp_path / "e"
    shutil.copytree(_spared.folder, fresh.folder)
    return fresh


@pytest_asyncio.fixture
async def station(election: Election) -> AsyncIterator[Station]:
    booths = Booths(election, QuickClock())
    async with AsyncExitStack() as stack:
        yield Station(booths, stack)
        await booths.close()


async def test_a_spare_carries_the_only_terminal_of_a_station_on(  # noqa: PLR0915 - a story
    booths: Booths, election: Election
) -> None:
    """At noon the only terminal of S1 dies: Maryam has voted, Reza holds a permit.  The spare takes over from medium B.
    Wanted: Maryam is known as checked in and gets the slip of her ballot, signed by the dead device; Reza's permit is
    refused kindly and replaced, once; a new voter votes; the spare's journal says whose journal it carries on, and from
    where; its stick holds both journals with private parts; it closes."""
    dead = await booths.opened()
    ballot = await vote(dead, dead, MARYAM)
    hers = tray(dead).last("permit").qr
    his = await permit_for(dead, REZA)
    assert hers is not None
    state = dead.journal.state
    await booths.stop(dead)
    home = election.home("S1", 2)
    assert main(["station", "take-over", str(home), "--medium", str(dead.home / dead.settings.medium_b)]) == 0
    shutil.rmtree(dead.home)

    spare = await booths.opened("S1", 2)
    device = dead.identity.device
    assert spare.journal.state.carries == {device: (state.next_seq - 1, state.head)}
    assert spare.desk.look(MARYAM)["decision"] == "checked-in-already"
    told = await spare.accept(hers)
    assert (told["code"], told["told"], told["printed"]) == ("permit-cast", "cast", True)
    slip = tray(spare).last("cast")
    assert (slip.duplicate, slip.fields["ballot"], slip.device) == (True, ballot, device)
    _, id_, signature = cbor.as_list(base32.decode_slip(SLIP, slip.qr or ""), "slip 2", size=3)
    key, eh = dead.identity.certificate.key, dead.identity.eh
    assert is_signed(key, "cast", eh, cbor.as_bytes(id_, "id"), cbor.as_bytes(signature, "signature"))

    with pytest.raises(Refused) as refused:
        await spare.accept(his)
    assert refused.value.code == "permit-of-dead-booth"
    serials = {person: serial.hex() for person, serial in state.checked_in.items()}
    with pytest.raises(Refused) as refused:
        await spare.desk.replace(serials[MARYAM], "booth dead")
    assert refused.value.code == "permit-cast"
    assert (await spare.desk.replace(serials[REZA], "booth dead"))["ok"]
    new = tray(spare).last("permit").qr
    assert new is not None
    with pytest.raises(Refused):
        await spare.desk.replace(serials[REZA], "booth dead")
    await spare.accept(new)
    await spare.booth.seal(CHOICES)
    assert (await spare.booth.cast())["told"] == "cast"
    spare.booth.leave()
    await vote(spare, spare, synthetic(11))
    spare.booth.leave()

    again = await booths.after_power_cut(spare)
    assert again.desk.look(MARYAM)["decision"] == "checked-in-already"
    assert (await again.accept(hers))["told"] == "cast"
    assert len(again.lan.copies[device].entries) == state.next_seq
    assert any(entry.private for entry in again.lan.copies[device].entries)
    assert len(again.journal.state.carries) == 1
    assert (await again.close_polls("one permit was replaced", OFFICERS))["ok"]


async def test_booth_2_dies_and_the_desk_asks_the_spare(station: Station, election: Election) -> None:
    """Booth 2 of S2 dies with one vote that reached nobody; the desk lives.  Wanted: while the spare is in its box no
    voter is sent to it; once it carries the journal on, the gateway gets what it lacked, a permit that was cast at the
    dead booth is not replaced, another one is, and the spare takes voters."""
    desk, booth = await station.begin(1), await station.begin(2)
    for terminal in (desk, booth):
        await terminal.open(OFFICERS)
    spare_device = 4
    assert desk.identity.is_spare(spare_device)
    assert {desk.lan.choose_booth(own_room=True) for _ in range(6)} == {2, 3}
    assert desk._desk is not None
    real, desk._desk._choose_booth = desk._desk._choose_booth, lambda _: booth.identity.device
    await vote(desk, booth, MARYAM)
    unused = await permit_for(desk, REZA)
    desk._desk._choose_booth = real
    serials = {person: serial.hex() for person, serial in desk.journal.state.checked_in.items()}
    entries = list(booth.journal.entries)
    assert held(desk, booth) < len(entries)
    dead = booth.identity.device
    await station.end(booth)
    take_over(election.home("S2", 3), booth.home / booth.settings.medium_a / "journal")
    shutil.rmtree(booth.home)

    spare = await station.begin(3)
    await spare.open(OFFICERS)
    await station.until(lambda: len(desk.lan.copies[dead].entries) == len(entries))
    with pytest.raises(Refused) as refused:
        await desk.desk.replace(serials[MARYAM], "booth dead")
    assert refused.value.code == "permit-cast"
    assert (await desk.desk.replace(serials[REZA], "booth dead"))["ok"]
    assert bytes.fromhex(serials[REZA]) in spare.journal.state.refused_serials
    assert unused != tray(desk).last("permit").qr
    assert spare_device in {desk.lan.choose_booth(own_room=True) for _ in range(6)}
    await station.end(spare)
    copy = election.home("S2", 3) / "colleagues" / f"{dead}.journal"
    copy.write_bytes(copy.read_bytes()[:-40])  # rot at its end: the last cast would be forgotten
    with pytest.raises(Rejected, match="short or damaged"):
        await station.begin(3)


async def test_the_gateway_dies_and_the_others_deliver_through_the_spare(station: Station, election: Election) -> None:
    """Wanted: booth 2 gives its copies to the spare from then on."""
    desk, booth = await station.begin(1), await station.begin(2)
    for terminal in (desk, booth):
        await terminal.open(OFFICERS)
    await station.end(desk)
    take_over(election.home("S2", 3), desk.home / desk.settings.medium_b)
    spare = await station.begin(3)
    await spare.open(OFFICERS)
    await booth.hourly()
    booth.wrote()
    await station.until(lambda: held(spare, booth) == len(booth.journal.entries))
    assert booth.lan.gateway == spare.identity.device


async def test_only_a_spare_takes_the_place_of_another(booths: Booths) -> None:
    """Booth 2 says that it carries the living gateway's journal on; somebody says nothing.  Wanted: both are refused,
    and the station delivers to its gateway as before."""
    hearer = booths.start("S2", 3)
    gateway, booth = (c.device for c in hearer.identity.colleagues[:2])
    with pytest.raises(Refused) as refused:
        take_carried(hearer.identity, hearer.lan, booth, cbor.encode_seq([gateway]))
    assert (refused.value.code, hearer.lan.gateway, hearer.lan.buried) == ("not-a-colleague", gateway, set())
    with pytest.raises(Rejected):
        take_carried(hearer.identity, hearer.lan, booth, b"")


async def test_what_a_spare_does_not_take_over(booths: Booths, election: Election, tmp_path: Path) -> None:
    """Another station's medium, its own, none, a rotten one, one that contradicts the copy it holds, and a spare that
    runs.  Wanted: each refused in a sentence, nothing carried."""
    dead = await booths.opened()
    other = await booths.opened("S2", 1)
    spare = await booths.opened("S1", 2)
    home, medium = spare.home, dead.home / dead.settings.medium_b
    with pytest.raises(BadInput) as running:
        take_over(home, medium)
    assert running.value.code == "journal-in-use"
    await booths.stop(spare)
    own = home / spare.settings.medium_a
    for wrong in (other.home / other.settings.medium_b, own, tmp_path / "nothing"):
        with pytest.raises(BadInput) as refused:
            take_over(home, wrong)
        assert refused.value.code == "take-over-medium"
    rotten = tmp_path / "journal"
    data = bytearray((medium / "journal").read_bytes())
    data[150] ^= 1
    rotten.write_bytes(data)
    with pytest.raises(Rejected):
        take_over(home, tmp_path)
    assert not (home / "carried").exists()
    early = tmp_path / "early"
    shutil.copytree(medium, early)
    await dead.hourly()
    take_over(home, medium)
    take_over(home, early)  # what is longer stays
    await booths.stop(dead)
    for path in dead.home.glob("medium-?/journal"):
        path.write_bytes((early / "journal").read_bytes())
    clone = booths.start()
    clone.note_incident("signed with a copy of the key")
    with pytest.raises(Rejected) as contradicted:
        take_over(home, clone.home / clone.settings.medium_a)
    assert contradicted.value.code == "take-over-contradicts"
