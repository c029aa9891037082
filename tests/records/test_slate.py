"""Slates: a list prepared at home, as one QR (B-11)."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.records.small_election import a_manifest

from amanat.records import slate
from amanat.records.cbor import Malformed
from amanat.records.manifest import BY_STATIONS, WHOLE, Candidate, Contest, Manifest

VECTORS = Path(__file__).parents[2] / "vectors/slate"


def an_election(n: int, k: int) -> Manifest:
    """One contest with n candidates and k choices, beside a small one."""
    base = a_manifest()
    candidates = tuple(Candidate(str(1001 + i), f"نامزد {i}", f"Candidate {i}") for i in range(n))
    return replace(base, contests=(Contest("majlis", k, k, WHOLE, 50, BY_STATIONS, candidates), base.contests[1]))


THIRTY = an_election(3545, 30)
SMALL = an_election(9, 4)


@given(st.sets(st.integers(0, 3544), max_size=30))
def test_every_list_is_read_back(choices: set[int]) -> None:
    """Any list of at most thirty of 3,545 names.  Wanted: one short text that gives the same names back."""
    text = slate.write(THIRTY, 0, sorted(choices))
    assert slate.read(THIRTY, text) == (0, tuple(sorted(choices)))
    assert len(text) <= 90


@given(st.sets(st.integers(0, 8), max_size=4), st.data())
def test_a_text_that_was_changed_is_refused(choices: set[int], data: st.DataObject) -> None:
    """One symbol of a slate becomes another.  Wanted: no other list comes out of it, whatever the symbol."""
    text = slate.write(SMALL, 0, sorted(choices))
    place = data.draw(st.integers(3, len(text) - 1))
    symbol = data.draw(st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ").filter(lambda s: s != text[place]))
    with pytest.raises(Malformed):
        slate.read(SMALL, text[:place] + symbol + text[place + 1 :])


def test_a_slate_of_another_election_says_so() -> None:
    """The same names, another election: it is whole, but none of ours."""
    other = replace(SMALL, election_id="other")
    assert slate.read(SMALL, slate.write(other, 0, [1, 2])) is None


def an_election_like(case: dict[str, Any], *shapes: dict[str, int]) -> Any:
    """What a slate needs of a manifest: its prefix, and how many names and choices each contest has."""
    contests = [SimpleNamespace(candidates=range(shape["n"]), max_choices=shape["k"]) for shape in shapes]
    return SimpleNamespace(election_hash=bytes.fromhex(case["election"]), contests=contests)


def test_the_vectors_hold() -> None:
    """What other implementations read and write, this one reads and writes too; what they refuse, it refuses."""
    for case in json.loads((VECTORS / "accept-lists.json").read_text(encoding="utf-8"))["cases"]:
        election = an_election_like(case, case, case)
        assert slate.write(election, case["contest"], case["numbers"]) == case["text"]
        assert slate.read(election, case["text"]) == (case["contest"], tuple(case["numbers"]))
    refused = json.loads((VECTORS / "reject-unreadable.json").read_text(encoding="utf-8"))
    for case in refused["cases"]:
        with pytest.raises(Malformed):
            slate.read(an_election_like(refused, *refused["shapes"].values()), case["text"])
