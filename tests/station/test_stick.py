"""S-6.  The stick: sealed, whole or not at all, and the same whether it comes twice, late, or through another station's
hands."""

import os
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from tests.station.conftest import HPKE_PRIVATE, MARYAM, NAMES, REZA, Booths, Election, vote
from tests.station.test_link import Headquarters

from amanat.errors import BadInput
from amanat.records import cbor
from amanat.station import usb
from amanat.station.terminal import Terminal
from amanat.sync.messages import decode_envelope

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def sealed(terminal: Terminal, folder: Path, name: str = "stick") -> bytes:
    return Path(terminal.write_usb(folder / name)["path"]).read_bytes()


def take(hq: Headquarters, data: bytes) -> None:
    envelope = decode_envelope(SUITE.decrypt(data, HPKE_PRIVATE, info=hq.election.eh))
    hq.side.take(cbor.decode_seq(envelope.payload))


async def two_stations(booths: Booths) -> tuple[Terminal, Terminal]:
    one, two = await booths.opened("S1", 1), await booths.opened("S2", 1)
    await vote(one, one, MARYAM)
    two.lan.colleagues[0].alive = False  # nobody started the second booth
    await vote(two, two, REZA)
    return one, two


async def test_a_stick_twice_late_and_in_any_order(booths: Booths, election: Election, tmp_path: Path) -> None:
    """Two stations write sticks; one is written again after closing.  The courier brings them in every order, each
    twice, an old one last.  Wanted: one and the same content at headquarters."""
    one, two = await two_stations(booths)
    early = sealed(one, tmp_path, "early")
    await one.sheets.close()
    late, other = sealed(one, tmp_path, "late"), sealed(two, tmp_path, "other")
    found = []
    for order in ([early, late, other], [other, late, early], [late, early, other, early, late, other]):
        hq = Headquarters(election, one.identity.package.certificates)
        for data in order:
            take(hq, data)
        found.append({place: [row.hash for row in rows] for place, rows in sorted(hq.memory.rows.items())})
        assert hq.holds(one)
        assert hq.holds(two)
        assert not hq.memory.letters
    assert found[0] == found[1] == found[2]
    assert all(len(hashes) == 1 for hashes in found[0].values())


async def test_nobody_on_the_way_reads_a_stick(booths: Booths, election: Election, tmp_path: Path) -> None:
    """A lost stick.  Wanted: no national id, name, permit or ballot stands in it; another key or another election's
    headquarters opens nothing; one changed byte and it opens for nobody."""
    one, _ = await two_stations(booths)
    data = sealed(one, tmp_path)
    entries = [signed.entry for signed in one.journal.entries]
    assert not any(word in data for word in [MARYAM.encode(), NAMES[MARYAM].encode(), *entries])
    changed = bytes([data[len(data) // 2] ^ 1])
    attempts = [
        (X25519PrivateKey.from_private_bytes(b"y" * 32), election.eh, data),
        (HPKE_PRIVATE, bytes(32), data),
        (HPKE_PRIVATE, election.eh, data[: len(data) // 2] + changed + data[len(data) // 2 + 1 :]),
        (HPKE_PRIVATE, election.eh, data[:-1]),
    ]
    for key, info, content in attempts:
        with pytest.raises(InvalidTag):
            SUITE.decrypt(content, key, info=info)


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
async def test_a_stick_is_written_whole_or_not_at_all(
    booths: Booths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The stick is full, fails its sync, or is pulled before its name stands.  Wanted: said in one sentence, what was
    there before is there still, and nothing that looks like a bundle."""
    one = await booths.opened("S1", 1)
    before = sealed(one, tmp_path)
    await vote(one, one, MARYAM)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    data = usb.bundle(one.identity, one.journal.entries)
    with monkeypatch.context() as broken:
        if step == "write":
            broken.setattr(os, "fdopen", fail)
        elif step == "fsync":
            broken.setattr(os, "fsync", fail)
        else:
            broken.setattr(Path, "replace", fail)
        with pytest.raises(BadInput) as fault:
            usb.write(tmp_path / "stick", data)
    assert fault.value.code == "usb-not-written"
    assert (tmp_path / "stick.amanat-usb").read_bytes() == before
    assert usb.write(tmp_path / "stick", data).read_bytes() == data
