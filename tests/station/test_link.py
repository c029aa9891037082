"""Delivery as it really runs: terminals on sockets, a headquarters that answers, dies, comes back or forgets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from tests.station.conftest import (
    CHOICES,
    HPKE_PRIVATE,
    MARYAM,
    OFFICERS,
    REZA,
    Booths,
    Election,
    StandingClock,
    permit_for,
    tray,
    vote,
)

from amanat.errors import Rejected
from amanat.records import cbor
from amanat.records.device import Certificate
from amanat.records.identifiers import identifier, is_signed, sign
from amanat.records.journal import Entry, SignedEntry, genesis
from amanat.records.permit import Permit, read_slip
from amanat.records.register import Delta, Person, delta_id
from amanat.rules.eligibility import Flags
from amanat.station import config, run
from amanat.station.refusal import Refused
from amanat.station.terminal import Terminal
from amanat.sync.hq_side import Arrived, Chain, DeadLetter, HqSide, Known, Place
from amanat.sync.messages import Head, NewsItem, SignedDelta, decode_envelope, news_digest

WAIT_SECONDS_MAX = 20.0


class QuickClock(StandingClock):
    """A second of this clock is a millisecond."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 1000)
        self.ms += int(seconds * 1000)


@dataclass
class Memory:
    """Headquarters' store as dicts."""

    rows: dict[Place, list[Arrived]] = field(default_factory=dict)
    branches: dict[int, Chain] = field(default_factory=dict)
    letters: list[DeadLetter] = field(default_factory=list)
    items: list[NewsItem] = field(default_factory=list)
    signed_deltas: list[SignedDelta] = field(default_factory=list)
    epoch_bytes: bytes = b"first epoch 0000"
    pushes: int = 0

    def atomic(self, devices: Collection[int]) -> AbstractContextManager[object]:
        @contextmanager
        def nothing() -> Iterator[None]:
            yield

        return nothing()

    def held(self, places: Collection[Place]) -> Mapping[Place, Sequence[bytes]]:
        return {place: [row.hash for row in self.rows[place]] for place in places if place in self.rows}

    def chains(self, devices: Collection[int]) -> dict[int, Chain]:
        return {device: self.branches.setdefault(device, Chain()) for device in devices}

    def keep(self, arrived: Sequence[Arrived], chains: Mapping[int, Chain]) -> None:
        for one in arrived:
            self.rows.setdefault((one.entry.device, one.entry.seq), []).append(one)
            if one.news is not None:
                self.items.append(one.news)
        self.branches.update(chains)

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        self.letters += letters

    def heard(self, device: int, heads: Sequence[Head], now_ms: int) -> None:
        self.pushes += 1

    def news(self, cursor: int) -> tuple[int, Sequence[NewsItem]]:
        return len(self.items), self.items[cursor:]

    def deltas(self, version: int) -> Sequence[SignedDelta]:
        return self.signed_deltas[max(0, version - 1) :]

    def epoch(self) -> bytes:
        return self.epoch_bytes

    def shown(self, heads: Collection[Head]) -> Sequence[SignedEntry]:
        found = [row.signed for head in heads for row in self.rows[head.device, head.seq] if row.hash == head.hash]
        return [SignedEntry(signed.entry, signed.signature, None) for signed in found]


class Headquarters:
    """Answers at ``url`` while it is up."""

    def __init__(self, election: Election, certificates: Mapping[int, bytes]) -> None:
        self.election = election
        self.certificates = certificates
        self.port = 0
        self.restore(Memory())
        self.runner: web.AppRunner | None = None

    def restore(self, memory: Memory) -> None:
        """From a backup, or for the first time."""
        self.memory = memory
        self.side = HqSide(memory, self.election.eh, self._known, self.election.hq_seed, pace_ms=1000)

    def _known(self, device: int) -> Known | None:
        data = self.certificates.get(device)
        return None if data is None else Known(Certificate.decode(data), genesis(self.election.eh, data))

    async def _push(self, request: web.Request) -> web.Response:
        return web.Response(body=self.side.receive(await request.read(), 1_709_300_000_000))

    async def up(self) -> None:
        application = web.Application(client_max_size=4 << 20)
        application.router.add_post("/sync/v1/push", self._push)
        self.runner = web.AppRunner(application)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await site.start()
        assert self.runner.addresses
        self.port = self.runner.addresses[0][1]

    async def down(self) -> None:
        assert self.runner
        await self.runner.cleanup()
        self.runner = None

    def holds(self, terminal: Terminal) -> bool:
        device = terminal.identity.device
        return all((device, seq) in self.memory.rows for seq in range(len(terminal.journal.entries)))


class County:
    """Terminals that listen on their sockets and deliver; everything ends with the test."""

    def __init__(self, booths: Booths, hq: Headquarters) -> None:
        self.booths = booths
        self.hq = hq
        self.servers: list[asyncio.Server] = []

    async def begin(self, station: str, number: int = 1) -> Terminal:
        home = self.booths.election.home(station, number)
        if number == 1:
            replace(config.read(home), link_url=f"http://127.0.0.1:{self.hq.port}").write(home)
        terminal = self.booths.start(station, number)
        self.servers.append(await run._listen(terminal))
        terminal.start()
        await terminal.open(OFFICERS)
        return terminal

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while not condition():  # noqa: ASYNC110 - seen from outside, as a person would
                await asyncio.sleep(0.005)

    async def end(self) -> None:
        for server in self.servers:
            server.close()
        await self.booths.close()
        if self.hq.runner is not None:
            await self.hq.down()


@pytest_asyncio.fixture
async def county(election: Election) -> AsyncIterator[County]:
    rows = cbor.decode_seq((election.package / "devices.seq").read_bytes())
    certificates = [cbor.as_bytes(cbor.as_list(row, "row")[0], "certificate") for row in rows]
    hq = Headquarters(election, dict(enumerate(certificates)))
    await hq.up()
    made = County(Booths(election, QuickClock()), hq)
    yield made
    await made.end()


async def test_a_vote_reaches_headquarters_while_nobody_waits_for_it(county: County) -> None:
    """S-1.  Everything that the terminal wrote arrives, once, in its order, and the strip says that nothing waits."""
    terminal = await county.begin("S1")
    await vote(terminal, terminal, MARYAM)
    terminal.poke_link()
    await county.until(lambda: county.hq.holds(terminal) and terminal.status()["queue"]["undelivered"] == 0)
    assert all(len(rows) == 1 for rows in county.hq.memory.rows.values())
    assert terminal.status()["link"]["up"]
    assert terminal.seconds_since_answer() is not None


async def test_headquarters_is_dead_all_day_and_nobody_notices_at_the_desk(county: County) -> None:
    """P-6.  It is killed before the first vote.  Wanted: the same screens as ever, the strip in words, and all of it
    delivered when headquarters is back."""
    terminal = await county.begin("S1")
    await county.until(lambda: county.hq.holds(terminal))
    await county.hq.down()
    for person in (MARYAM, REZA):
        await vote(terminal, terminal, person)
        terminal.booth.leave()
        terminal.poke_link()
    await county.until(lambda: not terminal.status()["link"]["up"])
    status = terminal.status()
    assert "۲ رأی امن است" in status["link"]["words_fa"]
    assert status["queue"]["undelivered"] == 6
    await terminal.close_polls("")
    await county.hq.up()
    await county.until(lambda: county.hq.holds(terminal) and terminal.status()["link"]["up"])


async def test_headquarters_is_restored_from_an_old_backup(county: County) -> None:
    """S-4.  It comes back with another epoch and without the afternoon.  Wanted: refilled from its own stated head."""
    terminal = await county.begin("S1")
    await vote(terminal, terminal, MARYAM)
    terminal.poke_link()
    await county.until(lambda: county.hq.holds(terminal))
    county.hq.restore(Memory(epoch_bytes=b"second epoch 000"))
    terminal.poke_link()
    await county.until(lambda: county.hq.holds(terminal))
    assert terminal.journal.stopped is None


async def test_maryam_drives_to_the_next_station(county: County) -> None:
    """S-5.  She was checked in at S1; the news reaches S2, where she is refused with the place; S2 is restarted without
    a network and still knows."""
    here, there = await county.begin("S1"), await county.begin("S2")
    await permit_for(here, MARYAM)
    here.poke_link()
    await county.until(lambda: county.hq.holds(here))
    there.poke_link()
    await county.until(lambda: there.news.station_of(MARYAM) is not None)
    screen = there.desk.look(MARYAM)
    assert (screen["decision"], screen["reason"]) == ("checked-in-already", "elsewhere:S1")
    await county.hq.down()
    again = await county.booths.after_power_cut(there)
    assert again.desk.look(MARYAM)["decision"] == "checked-in-already"


async def test_a_register_delta_changes_the_decision_and_survives_a_restart(county: County, election: Election) -> None:
    """R-2.  Headquarters signs that Reza lives abroad now; a forged delta before it changes nothing."""
    terminal = await county.begin("S1")

    def delta(version: int, seed: bytes) -> SignedDelta:
        content = Delta(version, (Person(REZA, "رضا احمدی", 1350, Flags(in_country=False)),)).encode()
        return SignedDelta(content, sign(seed, "register-delta", election.eh, delta_id(election.eh, content)))

    county.hq.memory.signed_deltas = [delta(2, b"forger's seed 00000000000000000!")]
    terminal.poke_link()
    await county.until(lambda: any(Entry.decode(s.entry).kind == "incident" for s in terminal.journal.entries))
    assert terminal.desk.decide(REZA).__class__.__name__ == "Eligible"
    county.hq.memory.signed_deltas = [delta(2, election.hq_seed)]
    terminal.poke_link()
    await county.until(lambda: terminal.desk.register.version == 2)
    assert terminal.desk.look(REZA)["reason"] == "abroad"
    again = await county.booths.after_power_cut(terminal)
    assert again.desk.register.version == 2
    assert again.desk.look(REZA)["decision"] == "not-eligible"


async def test_the_gateway_carries_what_its_colleague_wrote(county: County) -> None:
    """The second booth of S2 has no line to headquarters.  Its journal goes through the desk's terminal, which keeps a
    copy; when the booth burns down, the copy still reaches headquarters and the stick."""
    desk, booth = await county.begin("S2", 1), await county.begin("S2", 2)
    slip = ""
    for person in (MARYAM, REZA):
        slip = await permit_for(desk, person)
        if tray(desk).last("permit").fields["ballot_terminal"] == "2":
            break
    await booth.booth.accept(slip)
    await booth.booth.seal(CHOICES)
    await booth.booth.cast()
    booth.wrote()
    await county.until(lambda: booth.status()["queue"]["undelivered"] == 0)
    desk.poke_link()
    await county.until(lambda: county.hq.holds(booth))
    await county.until(lambda: booth.status()["queue"]["undelivered"] == 0)
    held = list(booth.journal.entries)
    await county.booths.stop(booth)
    assert desk.lan.copies[booth.identity.device].entries == held


@pytest.mark.parametrize("number", [1, 2], ids=["headquarters knows more", "the gateway knows more"])
async def test_yesterdays_image_is_put_back(county: County, election: Election, number: int) -> None:
    """J-7.  Somebody restores both media of a terminal from a copy made before a vote; headquarters, or for the second
    booth the gateway, holds more.  Wanted: the terminal signs nothing more and says why."""
    desk, booth = await county.begin("S2", 1), await county.begin("S2", 2)
    terminal = desk if number == 1 else booth
    image = {path: path.read_bytes() for path in election.home("S2", number).glob("medium-?/journal")}
    await terminal.sheets.hourly()
    terminal.wrote()
    terminal.poke_link()
    await county.until(lambda: terminal.status()["queue"]["undelivered"] == 0)
    await county.booths.stop(terminal)
    for path, content in image.items():
        path.write_bytes(content)
    again = county.booths.start("S2", number)
    again.start()
    await county.until(lambda: again.journal.stopped is not None)
    assert again.status()["stopped"] == "journal-rolled-back"
    with pytest.raises(Rejected, match="rolled back"):
        await again.sheets.hourly()


async def test_a_permit_is_voided_at_the_other_booth_before_it_is_replaced(county: County) -> None:
    """C-7.  Booth 2 is stuck with Reza's permit in hand.  Wanted: booth 2 refuses the old permit from then on, the new
    one names the first serial, and a permit already cast is not replaced."""
    desk, booth = await county.begin("S2", 1), await county.begin("S2", 2)
    await permit_for(desk, MARYAM)
    slip = await permit_for(desk, REZA)
    there = booth if tray(desk).last("permit").fields["ballot_terminal"] == "2" else desk
    serial = tray(desk).last("permit").fields["serial"]
    assert (await desk.desk.replace(serial, "booth stuck"))["ok"]
    assert bytes.fromhex(serial) in there.journal.state.refused_serials
    with pytest.raises(Refused) as refused:
        await there.booth.accept(slip)
    assert refused.value.code == "permit-replaced"
    new = tray(desk).last("permit")
    assert new.qr
    assert Permit.decode(read_slip(new.qr)[0]).replaces == bytes.fromhex(serial)
    taking = booth if new.fields["ballot_terminal"] == "2" else desk
    await taking.booth.accept(new.qr)
    await taking.booth.seal(CHOICES)
    await taking.booth.cast()
    for old, code in [(new.fields["serial"], "permit-cast"), (serial, "permit-replaced")]:
        with pytest.raises(Refused) as refused:
            await desk.desk.replace(old, "again")
        assert refused.value.code == code


async def test_two_clerks_replace_one_permit_at_once(county: County) -> None:
    """C-7.  Both press the button while the other booth is being asked.  Wanted: one new permit, one refusal."""
    desk, _ = await county.begin("S2", 1), await county.begin("S2", 2)
    for person in (MARYAM, REZA):
        await permit_for(desk, person)
        if tray(desk).last("permit").fields["ballot_terminal"] == "2":
            break
    serial = tray(desk).last("permit").fields["serial"]
    before = desk.status()["counts"]["permits"]
    results = await asyncio.gather(*(desk.desk.replace(serial, "stuck") for _ in range(2)), return_exceptions=True)
    assert [r.code for r in results if isinstance(r, Refused)] == ["permit-replaced"]
    assert desk.status()["counts"]["permits"] == before + 1


async def test_a_dead_booth_is_said_in_the_journal(county: County) -> None:
    """C-7.  Booth 2 is dark, its permit is replaced all the same, and an incident says that nobody could be asked."""
    desk, booth = await county.begin("S2", 1), await county.begin("S2", 2)
    for person in (MARYAM, REZA):
        await permit_for(desk, person)
        if tray(desk).last("permit").fields["ballot_terminal"] == "2":
            break
    serial = tray(desk).last("permit").fields["serial"]
    county.servers[1].close()
    await county.booths.stop(booth)
    (Path(booth.home) / "s").unlink(missing_ok=True)
    assert (await desk.desk.replace(serial, "no power"))["ok"]
    kinds = [Entry.decode(s.entry).kind for s in desk.journal.entries]
    assert kinds[-2:] == ["incident", "permit"]


async def test_news_of_a_station_that_is_none_stops_no_desk(county: County) -> None:
    """A wrong or hostile headquarters tells that Maryam was checked in at station 2^40.  Wanted: she votes."""
    terminal = await county.begin("S1")
    digest = news_digest(county.booths.election.eh, MARYAM)
    county.hq.memory.items.append(NewsItem(digest, 1 << 40))
    terminal.poke_link()
    await county.until(lambda: terminal.link is not None and terminal.link._side.cursor == 1)
    assert terminal.desk.look(MARYAM)["decision"] == "eligible"


async def test_a_delta_after_closing_is_not_signed_for(county: County, election: Election) -> None:
    """R-2, J-6.  Headquarters sends a register delta after the closing sheet.  Wanted: no entry after `closed`."""
    terminal = await county.begin("S1")
    await terminal.close_polls("")
    content = Delta(2, (Person(REZA, "رضا احمدی", 1350, Flags(in_country=False)),)).encode()
    signature = sign(election.hq_seed, "register-delta", election.eh, delta_id(election.eh, content))
    county.hq.memory.signed_deltas.append(SignedDelta(content, signature))
    before = county.hq.memory.pushes
    terminal.poke_link()
    await county.until(lambda: county.hq.memory.pushes > before)
    terminal.poke_link()
    await county.until(lambda: county.hq.memory.pushes > before + 1)
    assert Entry.decode(terminal.journal.entries[-1].entry).kind == "closed"


async def test_strangers_on_the_cable_get_nothing(county: County) -> None:
    """The station's own network answers colleagues: no signature, a wrong one, or another station's is refused."""
    desk, _ = await county.begin("S2", 1), await county.begin("S1")
    connector = aiohttp.UnixConnector(f"{desk.home}/s")
    async with aiohttp.ClientSession(connector=connector) as session:
        stranger = {"x-amanat-device": "0", "x-amanat-signature": "00" * 64}
        for headers in ({}, {"x-amanat-device": "1"}, stranger, {**stranger, "x-amanat-device": "1"}):
            async with session.post("http://terminal/lan/entries", data=b"", headers=headers) as answer:
                assert (await answer.json())["code"] == "not-a-colleague"


async def test_the_stick_carries_what_the_line_could_not(county: County, election: Election, tmp_path: Path) -> None:
    """S-6.  The bundle opens with headquarters' key alone, holds the same triples, and taken twice changes nothing."""
    terminal = await county.begin("S1")
    await vote(terminal, terminal, MARYAM)
    path = Path(terminal.write_usb(tmp_path / "stick" / "s1")["path"])
    assert path.suffix == ".amanat-usb"
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    sealed = await asyncio.to_thread(path.read_bytes)
    envelope = decode_envelope(suite.decrypt(sealed, HPKE_PRIVATE, info=election.eh))
    assert envelope.signer == terminal.identity.device
    digest = identifier("usb", election.eh, envelope.payload)
    assert is_signed(terminal.identity.certificate.key, "usb", election.eh, digest, envelope.signature)
    triples = cbor.decode_seq(envelope.payload)
    for _ in range(2):
        county.hq.side.take(triples)
    assert county.hq.holds(terminal)
    assert MARYAM.encode() not in sealed
