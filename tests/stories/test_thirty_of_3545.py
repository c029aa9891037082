"""Tehran's ballot: up to thirty of 3,545 names, from the booth to the tally, against a count by hand (B-1, B-5)."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

from tests.stories.conftest import Day
from tests.stories.county import County
from tests.stories.headquarters import Election

from amanat.records import cbor
from amanat.records import election_record as paths
from amanat.records.ballot import Core
from amanat.rules.national_id import synthetic

TEHRAN = Path(__file__).parents[2] / "examples/tehran"
NAMES = ("election.toml", "candidates.csv", "stations.csv")
TERMINALS = {"T001": 1, "T037": 1, "T047": 1}  # in Tehran, Rey and Shemiranat
PEOPLE = tuple(map(synthetic, range(1, 53)))
SEED = 1402
BALLOT_BYTES_MAX = 400
NAMES_PER_BALLOT_MAX = 30


def choices(codes: list[str]) -> list[list[str]]:
    """What each voter chooses: mostly thirty, some fewer, two nobody; the first and the last names of the list too."""
    draw = random.Random(SEED)
    sizes = [0, 0, 1, 2, 29] + [NAMES_PER_BALLOT_MAX] * (len(PEOPLE) - 5)
    chosen = [draw.sample(codes, size) for size in sizes]
    return [*chosen[:-2], codes[:NAMES_PER_BALLOT_MAX], codes[-NAMES_PER_BALLOT_MAX:]]


def test_thirty_of_3545_names_are_one_small_ciphertext_and_are_counted_right(day: Day[dict[str, Any]]) -> None:
    """Fifty-two people of three counties vote by Tehran's definition, in real booths; the ballots are delivered, mixed
    by three mixers and opened by three of five trustees.  Wanted: each ballot holds one ciphertext and is at most 400
    bytes in the record; every name has exactly the votes that were given to it, and blank ballots are blank."""
    election = Election({name: (TEHRAN / name).read_bytes() for name in NAMES}, TERMINALS, PEOPLE)
    wanted = choices([candidate.code for candidate in election.definition.contests[0].candidates])

    async def vote_and_count(county: County) -> dict[str, Any]:
        stations = [county[name] for name in TERMINALS]
        for at, (person, codes) in enumerate(zip(PEOPLE, wanted, strict=True)):
            await stations[at % len(stations)].vote(person, *codes)
        record = await county.evening()
        ballots: Any = cbor.decode_seq((record.folder / paths.ballots_path(1)).read_bytes())
        return {
            "bytes": [len(cbor.encode(ballot)) for ballot in ballots],
            "ciphertexts": {tuple(map(len, Core.decode(core).ciphertexts)) for core, _ in ballots},
            "units": sorted(path.name for path in (record.folder / "mix/majlis").iterdir()),
            "tally": json.loads((record.folder / paths.TALLY).read_text(encoding="utf-8"))["majlis"],
        }

    found = day(election, vote_and_count)
    assert found["ciphertexts"] == {(64,)}
    assert len(found["bytes"]) == len(PEOPLE)
    assert max(found["bytes"]) <= BALLOT_BYTES_MAX
    assert found["units"] == ["s1-1"]  # units are counties of at least fifty ballots: these three become one
    counted = Counter(code for codes in wanted for code in codes)
    votes = found["tally"].pop("votes")
    assert {code: votes_ for code, votes_ in votes.items() if votes_} == counted
    assert len(votes) == 3545
    assert found["tally"] == {"blank": 2, "counted": len(PEOPLE), "unreadable": 0, "valid": len(PEOPLE) - 2}
