"""The manifest and its twin (M-1, M-2)."""

import hashlib
import json
from dataclasses import replace

import pytest

from amanat.records import cbor, manifest
from amanat.records.cbor import Malformed, Value
from amanat.records.manifest import Manifest


def test_a_manifest_goes_there_and_back(election: Manifest) -> None:
    """Its bytes are its name."""
    again = Manifest.decode(election.encode())
    assert again == election
    assert again.election_hash == hashlib.sha256(election.encode()).digest()


def test_the_twin_is_the_same_arrays_in_json(election: Manifest) -> None:
    """Byte strings as lower-case hex, one line, one newline."""

    def hexed(value: Value) -> object:
        if isinstance(value, bytes):
            return value.hex()
        return [hexed(item) for item in value] if isinstance(value, list) else value

    text = election.to_json()
    assert json.loads(text) == hexed(cbor.decode(election.encode()))
    assert text.count("\n") == 1
    assert ": " not in text
    assert "دماوند" in text


def test_each_part_changes_the_election_hash(election: Manifest) -> None:
    """Another day, another seat, another mixer: another election."""
    others = [
        replace(election, polling_day="2024-03-02"),
        replace(election, contests=(replace(election.contests[0], seats=2), election.contests[1])),
        replace(election, mixers=election.mixers[::-1]),
        replace(election, software_digest=b"s" * 32),
    ]
    assert len({m.election_hash for m in [election, *others]}) == 5


def changed(election: Manifest, *path: int, to: Value) -> bytes:
    """The manifest's bytes with one item exchanged."""
    fields = cbor.decode(election.encode())
    place = fields
    for step in path[:-1]:
        assert isinstance(place, list)
        place = place[step]
    assert isinstance(place, list)
    place[path[-1]] = to
    return cbor.encode(fields)


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ((0,), 2),
        ((1,), b"id"),
        ((4,), b"short"),
        ((5,), b"short"),
        ((6, 0), []),
        ((6, 0, 3), 2),
        ((6, 0, 5), 2),
        ((6, 0, 6, 0), ["1001", "نام"]),
        ((7, 0, 4), 2),
        ((7, 0, 5), 2),
        ((8, 0), 6),
        ((8, 1), 6),
        ((8, 1), 0),
        ((8, 2, 0, 0), 2),
        ((8, 3), []),
        ((8, 4, 0), b"k"),
        ((10,), [b"k" * 32]),
        ((13, 0, 2), None),
        ((14, 0), ["governor"]),
        ((15,), 0),
    ],
)
def test_another_form_is_refused(election: Manifest, path: tuple[int, ...], to: Value) -> None:
    """Every field has one type and size."""
    with pytest.raises(Malformed):
        Manifest.decode(changed(election, *path, to=to))


def test_a_threshold_of_nobody_is_refused(election: Manifest) -> None:
    """Neither zero trustees nor more than there are can open votes, even if the commitments agree."""
    keys = election.trustees.K * 2
    for t in (0, 6):
        trustees = replace(election.trustees, threshold=t, K=keys[:t], Z=keys[:t], W=keys[:t])
        with pytest.raises(Malformed):
            Manifest.decode(replace(election, trustees=trustees).encode())


def test_a_field_more_or_less_is_refused(election: Manifest) -> None:
    """The array has sixteen items."""
    fields = cbor.decode(election.encode())
    assert isinstance(fields, list)
    for other in (fields[:-1], [*fields, None], "manifest"):
        with pytest.raises(Malformed):
            Manifest.decode(cbor.encode(other))


def test_the_contests_of_a_mask(election: Manifest) -> None:
    """One bit a contest; a bit without a contest, or none, is no permit's mask."""
    assert [election.contest_indices(mask) for mask in (1, 2, 3)] == [[0], [1], [0, 1]]
    for mask in (0, 4, 7):
        with pytest.raises(Malformed):
            election.contest_indices(mask)


def test_keys_have_their_names(election: Manifest) -> None:
    """K opens votes, Z and W make tags; codes are in published order."""
    assert (election.vote_key, election.tag_key, election.tag_blind_key) == (
        election.trustees.K[0],
        election.trustees.Z[0],
        election.trustees.W[0],
    )
    assert election.contests[0].codes == ("1000", "1001", "1002", "1003", "1004")
    assert election.hq_key == election.hq.key
    assert election.hq_hpke_key == election.hq.hpke_key
    assert manifest.HQ_OWNER == "hq"
