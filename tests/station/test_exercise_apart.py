"""An exercise beside the real election, at its worst: the same machines, keys, stations and people (M-8).

Only the election's id differs, hence eh.  Everything that the exercise signed is offered to the real election's desks,
booths, media and headquarters; wanted each time: refused, and nothing is held or changed.
"""

import copy
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from tests.station.conftest import (
    HPKE_PRIVATE,
    MARYAM,
    QUICK_SCRYPT_N,
    REZA,
    Booths,
    Election,
    StandingClock,
    permit_for,
    tray,
    vote,
)

from amanat.errors import PeerFault, Rejected
from amanat.records import sealed_key, sheet
from amanat.records.device import Certificate, certificate_id
from amanat.records.identifiers import identifier, is_signed, sign
from amanat.rehearsal.simulation.hq_store import MemoryStore
from amanat.station import enrolment, usb
from amanat.station.refusal import Refused
from amanat.station.terminal import Terminal
from amanat.sync.hq_side import HqSide, Known
from amanat.sync.messages import Envelope, decode_envelope
from amanat.sync.station_side import StationSide, head_of


@pytest.fixture(scope="module")
def _real(enrolled: Callable[..., Election]) -> Election:
    return enrolled({"S1": 1})


class Twins:
    """One machine in the real election and in the exercise."""

    def __init__(self, real: Terminal, practice: Terminal, hq: "Office") -> None:
        self.real, self.practice, self.hq = real, practice, hq


class Office:
    """The real election's intake, on a store that shows what it holds."""

    def __init__(self, election: Election, certificate: bytes) -> None:
        self.store = MemoryStore()
        known = Known(Certificate.decode(certificate), certificate_id(election.eh, certificate))
        devices = {known.certificate.device: known}
        self.side = HqSide(self.store, election.eh, devices.get, election.hq_seed, pace_ms=1)


@pytest_asyncio.fixture
async def twins(
    _real: Election, tmp_path: Path, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Twins]:
    folder = tmp_path / "real"
    shutil.copytree(_real.folder, folder)

    def same_machine(home: Path, **_: object) -> None:
        shutil.copytree(folder / home.name, home, ignore=shutil.ignore_patterns("package", "medium-*"))

    monkeypatch.setattr(enrolment, "enrol", same_machine)
    monkeypatch.setattr(sealed_key, "SCRYPT_N", QUICK_SCRYPT_N)
    (tmp_path / "practice").mkdir()
    practice = Election(tmp_path / "practice", {"S1": 1}, id_="exercise-test")
    practice.enrol()
    mine = copy.copy(_real)
    mine.folder = folder
    booths = [Booths(election, clock) for election in (mine, practice)]
    real, other = [await each.opened() for each in booths]
    assert real.identity.certificate.key == other.identity.certificate.key
    assert not real.identity.training
    assert other.identity.training
    yield Twins(real, other, Office(_real, real.identity.package.certificates[real.identity.device]))
    for each in booths:
        await each.close()


async def test_its_permit_opens_no_real_booth(twins: Twins) -> None:
    """A permit of the exercise is scanned in the real booth."""
    slip = await permit_for(twins.practice, MARYAM)
    before = twins.real.journal.state.head
    with pytest.raises(Refused):
        await twins.real.booth.accept(slip)
    assert twins.real.journal.state.head == before


async def test_its_entries_are_dead_letters_or_nothing(twins: Twins) -> None:
    """Its gateway pushes to the real headquarters; then somebody wraps its entries in a real envelope."""
    await vote(twins.practice, twins.practice, MARYAM)
    entries = twins.practice.journal.entries
    device, seed = twins.practice.identity.device, twins.practice.identity.seed
    own = StationSide(twins.practice.identity.eh, device, seed, twins.practice.identity.manifest.hq_key)
    heads = [head_of(twins.practice.identity.eh, entries[-1])]
    push = own.next_push(heads, lambda _, seq: entries[seq + 1 :], nonce=bytes(16))
    with pytest.raises(PeerFault):
        twins.hq.side.receive(push, 7)
    payload = decode_envelope(push).payload
    eh = twins.real.identity.eh
    wrapped = Envelope(payload, device, sign(seed, "sync", eh, identifier("sync", eh, payload))).encode()
    twins.hq.side.receive(wrapped, 7)
    assert twins.hq.store.entries == {}
    assert len(twins.hq.store.letters) == len(entries)


async def test_its_stick_is_no_bundle(twins: Twins) -> None:
    """Its USB bundle is carried to the real headquarters: it does not even open."""
    data = usb.bundle(twins.practice.identity, twins.practice.journal.entries)
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    with pytest.raises(InvalidTag):
        suite.decrypt(data, HPKE_PRIVATE, info=twins.real.identity.eh)


async def test_its_sheets_and_slips_prove_nothing(twins: Twins) -> None:
    """A zero sheet and slip 2 of the exercise are held against the real election: no signature holds."""
    await vote(twins.practice, twins.practice, REZA)
    eh, key = twins.real.identity.eh, twins.real.identity.certificate.key
    paper = tray(twins.practice).last("zero").qr
    assert paper is not None
    encoded, signature = sheet.read_slip(paper)
    assert is_signed(
        key, "sheet", twins.practice.identity.eh, sheet.sheet_id(twins.practice.identity.eh, encoded), signature
    )
    assert not is_signed(key, "sheet", eh, sheet.sheet_id(eh, encoded), signature)


async def test_its_media_are_another_devices(twins: Twins, tmp_path: Path, clock: StandingClock) -> None:
    """The exercise's medium is put into the real machine, which starts: refused, and the medium is not written over."""
    home = tmp_path / "same-machine"
    shutil.copytree(twins.real.home, home)
    for medium in ("medium-a", "medium-b"):
        shutil.copy(twins.practice.home / medium / "journal", home / medium / "journal")
    before = (home / "medium-a" / "journal").read_bytes()
    with pytest.raises(Rejected):
        Terminal(home, clock)
    assert (home / "medium-a" / "journal").read_bytes() == before


async def test_its_slips_say_so(twins: Twins) -> None:
    """Wanted: the status and every slip of the exercise are marked; none of the real one."""
    await permit_for(twins.practice, MARYAM)
    await permit_for(twins.real, MARYAM)
    assert twins.practice.status()["training"]
    assert not twins.real.status()["training"]
    with pytest.raises(Refused):
        _ = twins.real.exercise
