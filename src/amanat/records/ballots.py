"""ballots.csv, the rows of a replay: `station,voter,contest,choices`.  Its format is described in README.md.

A voter is a national id or any other text, which gets a synthetic id; all faults are told before anything is cast.
"""

from collections.abc import Iterable
from typing import NamedTuple

from amanat.errors import BadInput
from amanat.records.definition import Definition
from amanat.records.reading import Faults, clip, table
from amanat.rules import national_id
from amanat.rules.national_id import NationalId
from amanat.rules.persian import normalise

COLUMNS = ("station", "voter", "contest", "choices")


class Row(NamedTuple):
    """One marked ballot of a contest; `voter` is a national id or a normalised text, `choices` ascending codes."""

    line: int
    station: str
    voter: str
    contest: str
    choices: tuple[str, ...]


def read_ballots(data: bytes, definition: Definition, *, file: str) -> list[Row]:
    """All rows in file order; ManyFaults (BadInput) with the first 20 faults, each with its line."""
    faults = Faults()
    read = table(data, file=file, required=COLUMNS, faults=faults)
    places = [read.columns[name] for name in COLUMNS]
    reader = _Reader(definition, file)
    rows = []
    for line, fields in read.rows:
        try:
            rows.append(reader.row(line, *(fields[place] for place in places)))
        except BadInput as fault:
            faults.add(fault)
    faults.require_none()
    return rows


def voter_ids(rows: Iterable[Row]) -> dict[str, NationalId]:
    """The national id of each voter: its own, or the next synthetic one that is nobody's here, by first appearance."""
    voters = dict.fromkeys(row.voter for row in rows)
    own = {voter: found for voter in voters if (found := national_id.parse(voter)) is not None}
    taken = set(own.values())
    ids, n = {}, 0
    for voter in voters:
        if voter in own:
            ids[voter] = own[voter]
            continue
        while (given := national_id.synthetic(n)) in taken:
            n += 1
        ids[voter] = given
        n += 1
    return ids


class _Reader:
    """Reads one row at a time; what was understood once is kept, since stations and choices repeat."""

    def __init__(self, definition: Definition, file: str) -> None:
        self.file = file
        self.stations = {station.id for station in definition.stations}
        self.contests = {contest.id: (frozenset(contest.codes), contest.max_choices) for contest in definition.contests}
        self.only = definition.contests[0].id if len(definition.contests) == 1 else ""
        self.seen: dict[str, str] = {}
        self.seen_choices: dict[tuple[str, str], tuple[str, ...]] = {}

    def row(self, line: int, station: str, voter: str, contest: str, choices: str) -> Row:
        """The row of these texts, or BadInput for the first thing wrong in it."""
        where = self._clean(station)
        if where not in self.stations:
            raise self._fault("station-unknown", line, "station", station)
        contest = self._clean(contest) or self.only
        if contest not in self.contests:
            raise self._fault("ballot-contest-unknown", line, "contest", contest)
        who = normalise(voter)
        if not who:
            raise BadInput("field-empty", file=self.file, line=line, field="voter")
        chosen = self.seen_choices.get((contest, choices))
        if chosen is None:
            chosen = self.seen_choices[contest, choices] = self._choices(line, contest, choices)
        return Row(line, where, national_id.parse(who) or who, contest, chosen)

    def _clean(self, text: str) -> str:
        clean = self.seen.get(text)
        if clean is None:
            clean = self.seen[text] = normalise(text)
        return clean

    def _choices(self, line: int, contest: str, text: str) -> tuple[str, ...]:
        codes, most = self.contests[contest]
        chosen = [normalise(code) for code in text.split("|")] if text.strip() else []
        for code in chosen:
            if code not in codes:
                raise self._fault("choice-unknown", line, "choices", code)
        if len(set(chosen)) < len(chosen):
            raise self._fault("choice-twice", line, "choices", text)
        if len(chosen) > most:
            raise BadInput("choices-many", file=self.file, line=line, field="choices", found=len(chosen), most=most)
        return tuple(sorted(chosen))

    def _fault(self, code: str, line: int, field: str, value: str) -> BadInput:
        return BadInput(code, file=self.file, line=line, field=field, value=clip(value))
