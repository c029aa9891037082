"""Where the record's files stand and how its JSON is written (D-1, D-2, M-2)."""

import json

import pytest

from amanat.records import election_record as record
from amanat.records.manifest import Manifest
from amanat.rules.tally import Counted, Outcome

COUNTED = Counted({"1001": 3, "1000": 0}, blank=1, unreadable=0, valid=3, counted=4)


def test_paths_of_a_session() -> None:
    """Session, trustee and unit count from 1, mixer and chunk from 0; contests by their ids."""
    assert record.ballots_path(1) == "ballots/1.seq"
    assert [f(1) for f in (record.order_path, record.order_signatures_path, record.exclusions_path)] == [
        "order/1/order.cbor", "order/1/signatures.seq", "order/1/exclusions.seq",
    ]  # fmt: skip
    assert (record.decisions_path(1), record.set_aside_path(1)) == ("order/1/decisions.seq", "dedup/1/set-aside.seq")
    assert (record.tags_path(1, 4, 0), record.tags_proof_path(1, 4, 0)) == ("dedup/1/4/0.bin", "dedup/1/4/0.proof")
    unit = record.unit_name(1, 12)
    assert record.mix_path("majlis", unit, 2) == "mix/majlis/s1-12/2/out.bin"
    assert record.mix_path("majlis", unit, 2, "sig") == "mix/majlis/s1-12/2/sig"
    assert record.decrypt_path("majlis", unit, 5) == "decrypt/majlis/s1-12/5.bin"
    assert record.decrypt_proof_path("majlis", unit, 5) == "decrypt/majlis/s1-12/5.proof"
    assert record.minutes_path("majlis") == "minutes/majlis.json"


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
