"""V15 to V20, and V21 at the driver: one change to a counted record, one check that names it, before a key is used."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amanat.count import decrypt, mix, shares
from amanat.count.checks.memory import Memory
from amanat.count.checks.session import read_session
from amanat.count.exchange import Files
from amanat.count.tags import read_sorted
from amanat.errors import AmanatError, Rejected
from amanat.records import cbor
from amanat.records import election_record as paths
from amanat.records.order import DeviceStatus
from amanat.records.permit import IssuedPermit, Permit

MIX = "mix/majlis/s1-1"


def read_all(record: Path, fresh: Path) -> None:
    """V2 to V21 by a machine that remembers nothing."""
    files, memory = Files(record), Memory(fresh)
    sorted_ = read_sorted(files, memory, read_session(files, memory, 1))
    units, mixers = list(sorted_.units[0]), sorted_.session.ordered.order.mixers
    mix.require_mixes(files, memory, sorted_, 0, units, mixers)
    J = [1, 2, 3]
    named = [shares.publics([sorted_.session.election.commitments["K"]], J=J, j=j) for j in J]
    for unit in units:
        decrypt.open_unit(files, sorted_, 0, unit, J=J, named=named)


def flipped(data: bytes) -> bytes:
    """One bit of the last byte but thirty-one, which is inside the last point or scalar."""
    return data[:-32] + bytes([data[-32] ^ 1]) + data[-31:]


def first_kept(data: bytes) -> bytes:
    """`set-aside.seq` without its first item."""
    return cbor.encode_seq(cbor.decode_seq(data)[1:])


CHANGES: list[tuple[str, str, Callable[[bytes], bytes]]] = [
    ("share-proof-wrong", "dedup/1/2/0.bin", flipped),
    ("share-proof-wrong", "dedup/1/2/0.proof", flipped),
    ("V16", "dedup/1/set-aside.seq", first_kept),
    ("V20", f"{MIX}/0/out.bin", flipped),
    ("V20", f"{MIX}/1/proof.bin", flipped),
    ("V20", f"{MIX}/2/sig", flipped),
    ("V20", f"{MIX}/2/sig", lambda data: data[:63]),
    ("share-proof-wrong", "decrypt/majlis/s1-1/2.bin", flipped),
    ("share-proof-wrong", "decrypt/majlis/s1-1/3.proof", flipped),
    ("share-proof-wrong", "dedup/1/2/0.bin", lambda data: data[:-32]),
    ("share-proof-wrong", "dedup/1/3/0.proof", lambda data: data[:-1]),
    ("share-proof-wrong", "decrypt/majlis/s1-1/1.bin", lambda data: data + data),
    ("record-file-missing", f"{MIX}/1/out.bin", lambda _: b""),
    ("V15", "dedup/1/4/0.bin", lambda data: data),
]


def test_each_change_after_the_order_has_its_check(county: Callable[..., Any]) -> None:
    """A counted record holds; then, one after another, a tag share, its proof, the set-aside list, a mix, a mixer's
    signature and a decryption share are changed, one file is lost and a fourth trustee's tags are put beside."""
    place = county()
    place.fill(12)
    place.vote(3, 2, 1)
    place.count()
    read_all(place.record, place.root / "fresh")
    for number, (check, name, change) in enumerate(CHANGES):
        path = place.record / name
        before = path.read_bytes() if path.exists() else None
        changed = change(before or b"")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(changed)
        if check == "record-file-missing":
            path.unlink()
        with pytest.raises(AmanatError) as refused:
            read_all(place.record, place.root / f"fresh-{number}")
        assert check in (refused.value.code, refused.value.facts.get("check")), (name, refused.value)
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
    read_all(place.record, place.root / "fresh")


def test_a_unit_that_the_rule_does_not_give_is_not_opened(county: Callable[..., Any]) -> None:
    """Headquarters asks for a unit of its own making (V17)."""
    place = county()
    place.fill(12)
    place.count()
    files, memory = Files(place.record), Memory(place.root / "fresh")
    sorted_ = read_sorted(files, memory, place.session())
    with pytest.raises(Rejected, match="V17"):
        mix.require_mixes(files, memory, sorted_, 0, ["s1-7"], sorted_.session.ordered.order.mixers)


@pytest.mark.parametrize("J", [[1, 2], [1, 2, 3, 4], [2, 1, 3], [1, 1, 2], [0, 1, 2], [4, 5, 6]])
def test_a_step_is_done_by_exactly_t_trustees_in_order(J: list[int]) -> None:
    """K-7."""
    with pytest.raises(Rejected, match="must be exactly 3"):
        shares.require_set(J, n=5, threshold=3)


def test_no_ballot_is_taken_away_by_leaving_its_permit_out(county: Callable[..., Any]) -> None:
    """A desk did not close, so no sheet says what it issued.  Headquarters leaves one of its permits out, to have that
    ballot annulled (V6).  Wanted: nobody counts over such a list, for opened units cannot be counted anew."""
    place = county()
    place.fill()
    place.close()
    ends = json.loads((place.private / "devices.json").read_text())
    ends[0] = [0, int(DeviceStatus.CARRIED), bytes(32).hex()]
    (place.private / "devices.json").write_text(json.dumps(ends))
    gone = place.permit_hash(place.boxes[0][0])
    rows = [row for row in cbor.decode_seq((place.record / paths.PERMITS).read_bytes()) if row[0] != gone]
    place.write(paths.PERMITS, cbor.encode_seq(rows))
    with pytest.raises(AmanatError) as refused:
        place.order()
    assert refused.value.facts["check"] == "V6"


def test_a_permit_of_an_issuer_that_does_not_exist_stops_nobody(county: Callable[..., Any]) -> None:
    """A rigged terminal casts with a permit of device 999.  Wanted: its ballot is annulled, and the others counted."""
    place = county()
    place.fill()
    honest = place.permit(90, 0)
    strange = replace(Permit.decode(honest.permit), check_in_device=999).encode()
    cast = place.made(90, 0, 0, permit=IssuedPermit(strange, honest.signature, honest.private))
    place.put(0, cast)
    place.unlisted = {place.permit_hash(cast)}
    place.order()
    session = read_session(Files(place.record), Memory(place.root / "fresh"), 1)
    assert [session.ballots.ids[at] for at in session.annulled] == [cast.id]
