"""An election and a ballots.csv with the published figures of two counties in 1388 (examples/two-counties-1388).

Void ballots are cast blank; candidates are the letters of the published table; voters are invented texts, one a ballot.
"""

import csv
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CODES = {"a": "1001", "b": "1002", "c": "1003", "d": "1004"}
ELECTION = """\
id = "two-counties-1388"
title = { fa = "بازپخش دو شهرستان", en = "Replay of two counties" }
round = 1
polling_day = "1388-03-22"
rule_set = "by-election"
trustees = { names = ["هیأت اجرایی", "هیأت نظارت", "دادگستری", "نمایندهٔ یک", "نمایندهٔ دو"], threshold = 3 }
mixers = ["یک", "دو", "سه"]
[[contest]]
id = "president"
title = { fa = "ریاست جمهوری", en = "Presidency" }
seats = 1
max_choices = 1
candidates = "candidates.csv"
unit_min = 50
count = "whole"
[stations]
file = "stations.csv"
"""


@dataclass
class Expected:
    """What the replay must give back."""

    counted: int = 0
    blank: int = 0
    votes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CODES.values(), 0))
    by_station: dict[str, int] = field(default_factory=dict)


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """One CSV file with its header."""
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, lineterminator="\n").writerows([header, *rows])


def make(folder: Path, *, figures: Path, scale: int = 1, stations: int | None = None) -> Expected:
    """Writes `folder`/election/ and `folder`/ballots.csv; each figure is divided by `scale`, rounded down.

    `stations` is the number of stations a county, by default as many as it had.
    """
    draw = random.Random(1388)
    election = folder / "election"
    election.mkdir(parents=True, exist_ok=True)
    places: list[Sequence[object]] = []
    ballots: list[Sequence[object]] = []
    expected = Expected()
    with figures.open(encoding="utf-8", newline="") as source:
        counties = list(csv.DictReader(source))
    for county in counties:
        count = stations or int(county["stations"])
        ids = [f"{county['county'][0]}{number:03d}" for number in range(1, count + 1)]
        places += [(s, f"شعبهٔ {n}", county["name_fa"], county["name_fa"], 2, "no") for n, s in enumerate(ids, 1)]
        choices = [CODES[letter] for letter in CODES for _ in range(int(county[letter]) // scale)]
        choices += [""] * (int(county["void"]) // scale)
        draw.shuffle(choices)
        for number, choice in enumerate(choices):
            station = ids[min(int(draw.triangular(0, count, count / 3)), count - 1)]
            ballots.append((station, f"{county['county']}-{number}", "president", choice))
            expected.counted += 1
            expected.blank += choice == ""
            expected.by_station[station] = expected.by_station.get(station, 0) + 1
            if choice:
                expected.votes[choice] += 1
    (election / "election.toml").write_text(ELECTION, encoding="utf-8")
    candidates = [(code, f"نامزد {letter}", f"Candidate {letter}") for letter, code in CODES.items()]
    write(election / "candidates.csv", ("code", "name_fa", "name_en"), candidates)
    write(election / "stations.csv", ("id", "name_fa", "county", "district", "ballot_terminals", "mobile"), places)
    write(folder / "ballots.csv", ("station", "voter", "contest", "choices"), ballots)
    return expected
