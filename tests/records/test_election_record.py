"""Where the record's files stand and how its JSON is written (D-1, D-2, M-2)."""

import json

import pytest

from amanat.records import election_record as record
from amanat.records.manifest import Manifest
from amanat.rules.tally import Counted, Outcome

COUNTED = Counted({"1001": 3, "1000": 0}, blank=1, unreadable=0, valid=3, counted=4)


def test_the_inventory_is_every_file_and_no_other(election: Manifest) -> None:
    """One session, three mixers, trustees 1, 2 and 4, one unit in one contest and none in the other."""
    session = record.Session(
        number=1,
        tag_trustees=(1, 2, 4),
        chunks=1,
        units={"majlis": ["s1-1"], "council": []},
        mixers=(0, 1, 2),
        decrypt_trustees={("majlis", "s1-1"): (1, 3, 5)},
    )
    paths = record.inventory(election, [session])
    assert {"manifest.cbor", "keys/W/5.cbor", "ballots/1.seq", "order/1/order.cbor", "dedup/1/4/0.proof"} <= paths
    assert {"mix/majlis/s1-1/2/sig", "decrypt/majlis/s1-1/5.bin", "minutes/council.json"} <= paths
    assert {"keys/K/6.cbor", "dedup/1/3/0.bin", "final-list.json", "paper/tallies.seq"}.isdisjoint(paths)
    assert not any(path.startswith("bulletin/") for path in paths)
    assert len(paths) == len(record.ALWAYS) + 15 + 2 + 6 + 6 + 9 + 6


def test_tally_and_result_in_json() -> None:
    """Sorted keys, no spaces, one newline, the numbers of ballots at the top."""
    assert record.tally_json({"majlis": COUNTED}) == (
        '{"majlis":{"blank":1,"counted":4,"unreadable":0,"valid":3,"votes":{"1000":0,"1001":3}}}\n'
    )


def test_the_result_has_the_tally_and_what_follows(election: Manifest) -> None:
    """Seats, elected, tied, lots drawn; set aside by reason."""
    contest = record.contest_object(election.contests[0], COUNTED, Outcome(("1001",), (), ()), [("1001",)])
    aside = {"annulled": 1, "duplicate": 2, "late": 0, "paper": 0}
    text = record.result_json(
        election_hash=election.election_hash, contests={"majlis": contest}, received=7, counted=4, set_aside=aside
    )
    result = json.loads(text)
    assert result["election_hash"] == election.election_hash.hex()
    assert result["contests"]["majlis"] | {"lots": [["1001"]], "elected": ["1001"], "seats": 1} == contest
    assert (result["received"], result["counted"], result["set_aside"]) == (7, 4, aside)
    with pytest.raises(AssertionError):
        record.result_json(election_hash=b"", contests={}, received=0, counted=0, set_aside={})


def test_sums_leave_out_what_would_be_a_circle() -> None:
    """Sorted by bytes; itself, its signature and the bulletin are not named."""
    digests = dict.fromkeys(["b", "a/é", "a/z", "SHA256SUMS", "SHA256SUMS.sig", "bulletin/checkpoint"], bytes(32))
    assert record.sums_text(digests) == "".join(f"{'00' * 32}  {path}\n" for path in ("a/z", "a/é", "b"))


def test_names_of_units() -> None:
    """Session and number from 1."""
    assert record.unit_name(1, 12) == "s1-12"
