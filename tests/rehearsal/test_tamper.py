"""The forger's hand: one ciphertext replaced, the sums mended, everything else untouched."""

import hashlib
from pathlib import Path

import pytest

from amanat.errors import BadInput
from amanat.records import base32, cbor
from amanat.records.identifiers import identifier
from amanat.rehearsal import tamper


def core(vote: bytes) -> bytes:
    return cbor.encode([1, b"permit", b"s" * 64, [vote], [b"p" * 64]])


def record(folder: Path, votes: list[bytes]) -> Path:
    (folder / "ballots").mkdir()
    (folder / "manifest.cbor").write_bytes(b"a manifest")
    (folder / "ballots/1.seq").write_bytes(cbor.encode_seq([core(vote), b"g" * 64] for vote in votes))
    digest = hashlib.sha256((folder / "ballots/1.seq").read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest}  ballots/1.seq\n{'0' * 64}  manifest.cbor\n")
    return folder


def test_one_vote_becomes_its_neighbour_s(tmp_path: Path) -> None:
    """Ballot 1 takes ballot 2's ciphertext; its signature stays; the file is sorted and the sums agree with it."""
    made = record(tmp_path, [b"a" * 64, b"b" * 64, b"c" * 64])
    forged = tamper.forge(made, number=1)
    eh = hashlib.sha256(b"a manifest").digest()
    rows = cbor.decode_seq((made / "ballots/1.seq").read_bytes())
    cores = [row[0] for row in rows if isinstance(row, list) and isinstance(row[0], bytes)]
    assert sorted(cores) == sorted([core(b"a" * 64), core(b"c" * 64), core(b"c" * 64)])
    assert cores == sorted(cores, key=lambda one: identifier("ballot", eh, one))
    assert forged.before == identifier("ballot", eh, core(b"b" * 64)).hex()
    assert forged.code == base32.code(bytes.fromhex(forged.before))
    assert forged.after == identifier("ballot", eh, cores[forged.place]).hex()
    digest = hashlib.sha256((made / "ballots/1.seq").read_bytes()).hexdigest()
    assert (made / "SHA256SUMS").read_text() == f"{digest}  ballots/1.seq\n{'0' * 64}  manifest.cbor\n"


def test_there_must_be_something_to_forge(tmp_path: Path) -> None:
    """A record of one ballot, or a folder that is no demo: a sentence, exit 2."""
    with pytest.raises(BadInput, match="two ballots"):
        tamper.forge(record(tmp_path, [b"a" * 64]))
    with pytest.raises(BadInput):
        tamper.tamper(tmp_path / "nothing", number=0)
