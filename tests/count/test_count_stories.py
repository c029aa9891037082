"""Whole counts of a small county, by the real machines over their folders (T-1 to T-10)."""

import json
from collections.abc import Callable
from typing import Any

from amanat.records.order import Reason


def fill(county: Any, voters: int = 30, first: int = 0) -> None:
    """Voters at the stations in turn; every third votes for candidate 1, the others for candidate 0."""
    for person in range(first, first + voters):
        county.vote(person, person % 3, int(person % 3 == 2))


def test_maryam_votes_at_two_stations_and_one_ballot_counts(county: Callable[..., Any]) -> None:
    """Maryam votes in stations 1 and 2, which could not know.  Wanted: both ballots held, the tags show one person,
    one counts and the other is a duplicate of it, by the lottery that nobody could steer (T-5)."""
    place = county()
    fill(place)
    both = [place.vote(500, 0, 2), place.vote(500, 1, 2)]
    seconds = place.count()
    aside = place.set_aside()
    assert set(aside) < {cast.id for cast in both}
    dropped = next(iter(aside))
    kept = next(cast.id for cast in both if cast.id != dropped)
    assert aside == {dropped: (Reason.DUPLICATE, kept)}
    result = json.loads((place.record / "result.json").read_text(encoding="utf-8"))
    assert (result["received"], result["counted"], result["set_aside"]["duplicate"]) == (32, 31, 1)
    assert result["contests"]["majlis"]["votes"] == {"1001": 20, "1002": 10, "1003": 1, "1004": 0}
    assert result["contests"]["majlis"]["elected"] == ["1001"]
    assert set(seconds) == {"check", "tags", "mix", "decrypt"}
