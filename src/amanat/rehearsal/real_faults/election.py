"""The election of a run, and its people: a few stations that faults fall upon, and a crowd of small ones.

Each faulted station is a machine of its own, in a network of its own; the crowd's share one.  Some people try again at
another station, and the faults decide whether it can know.
"""

import csv
import random
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amanat.records.definition import Definition, read_definition
from amanat.rehearsal.people import Citizen, Visit, choice, citizen, popularity
from amanat.rehearsal.visit import Errand
from amanat.rules.eligibility import Flags

FAULTED: Final = ("F1", "F2", "F3", "F4")
AGAIN: Final = 7  # one in so many comes a second time, elsewhere
CODES: Final = 4
ELECTION: Final = """\
id = "real-faults"
title = { fa = "خرابی‌های واقعی", en = "Real faults" }
round = 1
polling_day = "1402-12-11"
rule_set = "by-election"
trustees = { names = ["الف", "ب", "ج"], threshold = 2 }
mixers = ["یک", "دو", "سه"]
[[contest]]
id = "council"
title = { fa = "شورا", en = "Council" }
seats = 1
max_choices = 1
candidates = "candidates.csv"
unit_min = 3
count = "whole"
[stations]
file = "stations.csv"
"""


@dataclass(frozen=True)
class Ground:
    """What a run plays with: the definition, the register's people, and each station's visits in order."""

    definition: Definition
    citizens: list[Citizen]
    queues: dict[str, deque[Errand]]

    @property
    def crowd(self) -> list[str]:
        """The stations that are not faulted by name."""
        return [station.id for station in self.definition.stations if station.id not in FAULTED]


def _write(path: Path, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, lineterminator="\n").writerows(rows)


def make(folder: Path, *, stations: int, visits: int, crowd_visits: int, seed: int) -> Ground:
    """Writes the election files; `visits` at each faulted station, `crowd_visits` at each of the others."""
    names = [*FAULTED, *(f"C{number:02}" for number in range(1, stations - len(FAULTED) + 1))]
    (folder / "election.toml").write_text(ELECTION, encoding="utf-8")
    header = ("id", "name_fa", "county", "district", "ballot_terminals", "mobile")
    places = [(name, f"شعبهٔ {n}", "دماوند", "مرکزی", 2 if name == "F4" else 1, "no") for n, name in enumerate(names, 1)]
    _write(folder / "stations.csv", [header, *places])
    codes = [(str(1000 + n), f"نامزد {n}", f"Candidate {n}") for n in range(1, CODES + 1)]
    _write(folder / "candidates.csv", [("code", "name_fa", "name_en"), *codes])
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    definition = read_definition(files)
    draw = random.Random(f"real faults {seed}")
    weights = {contest.id: popularity(draw, contest) for contest in definition.contests}
    citizens: list[Citizen] = []
    queues: dict[str, deque[Errand]] = {name: deque() for name in names}
    for turn in range(max(visits, crowd_visits)):
        for name in names:
            if turn >= (visits if name in FAULTED else crowd_visits):
                continue
            person = citizen(draw, len(citizens), Flags())
            citizens.append(person)
            wanted = {contest.id: choice(draw, contest, weights[contest.id]) for contest in definition.contests}
            tests = int(draw.randrange(10) == 0)
            queues[name].append(Errand(Visit(0.0, person.national_id, name, wanted, tests=tests)))
            if draw.randrange(AGAIN) == 0:
                elsewhere = draw.choice([other for other in names if other != name])
                queues[elsewhere].append(Errand(Visit(0.0, person.national_id, elsewhere, wanted)))
    return Ground(definition, citizens, queues)
