"""What every voter was told: written by the voters' side alone, only from slips and screens.

One line a visit.  No station program reads or writes it; `audit` holds it against the published record.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TextIO

Told = Literal["cast", "refused", "left"]


@dataclass(frozen=True)
class Line:
    """One visit, as the voter would tell it.  `ballot` is the id on the slip, in hex; `choices` by contest id."""

    person: str
    station: str
    told: Told
    reason: str | None
    ballot: str | None
    tested: int
    choices: Mapping[str, Sequence[str]]


class Ledger:
    """The visits so far, counted one by one as they end; nothing in it is found by subtraction."""

    def __init__(self, path: Path) -> None:
        self.file: TextIO = path.open("w", encoding="utf-8")
        self.attempts = 0
        self.cast = 0
        self.left = 0
        self.tested = 0
        self.refused: Counter[str] = Counter({"checked-in-already": 0, "not-eligible": 0})
        self.by_station: dict[str, Counter[str]] = {}
        self.refused_by_station: Counter[str] = Counter()

    def write(self, line: Line) -> None:
        """Adds one visit."""
        self.file.write(json.dumps(asdict(line), ensure_ascii=False, separators=(",", ":")) + "\n")
        self.attempts += 1
        self.tested += line.tested
        if line.told == "cast":
            self.cast += 1
            self.by_station.setdefault(line.station, Counter()).update(line.choices.keys())
        elif line.told == "left":
            self.left += 1
        else:
            self.refused[line.reason or "unknown"] += 1
            self.refused_by_station[line.station] += 1

    def cast_at(self, station: str, contest: str) -> int:
        """Visits to this station that ended with a ballot of this contest in the box."""
        return self.by_station.get(station, Counter())[contest]

    def close(self) -> None:
        """Nothing more is told."""
        self.file.close()


def read(path: Path) -> Iterator[Line]:
    """The lines of a ledger file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield Line(**json.loads(line))
