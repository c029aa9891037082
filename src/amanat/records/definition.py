"""An election as its organisers write it: election.toml, candidates, stations.  What it becomes is the manifest (M-1).

Reading goes on after a fault, so that one run tells all (the first 20); each names file, line and field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from amanat.errors import BadInput
from amanat.records import manifest
from amanat.records.fields import Fields, Row, read_table, read_toml
from amanat.records.reading import Faults, text_of
from amanat.rules import rule_set
from amanat.rules.persian import parse_jalali
from amanat.rules.rule_set import RuleSet

FILE: Final = "election.toml"
COUNTS: Final = {"whole": manifest.WHOLE, "split": manifest.SPLIT}
UNITS: Final = {"stations": manifest.BY_STATIONS, "county": manifest.BY_COUNTY}
MODES: Final = {"electronic": manifest.ELECTRONIC, "paper": manifest.PAPER}
YES_NO: Final = {"0": 0, "1": 1, "no": 0, "yes": 1, "false": 0, "true": 1, "خیر": 0, "بله": 1, "": 0}
WHOLE_CHOICES_MAX: Final = 3
"""Above this a whole ballot can be signed by an agreed pattern: only in units as large as counties (M-4)."""
CONTESTS_MAX: Final = 63
MIXERS_MIN: Final = 3
MIXERS_OF_OTHERS_MIN: Final = 2


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A line of a candidates' file; `mark_fa` tells namesakes apart, `phonetic_fa` is for speech."""

    code: str
    name_fa: str
    name_en: str
    mark_fa: str
    phonetic_fa: str
    photo: str


@dataclass(frozen=True, slots=True)
class ContestDefinition:
    """A `[[contest]]`; mode, unit_by as in the manifest."""

    id: str
    title: Mapping[str, str]
    seats: int
    max_choices: int
    mode: int
    unit_min: int
    unit_by: int
    candidates: tuple[CandidateRow, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The candidates' codes in published order."""
        return tuple(candidate.code for candidate in self.candidates)

    def to_manifest(self) -> manifest.Contest:
        """As it stands in the manifest."""
        names = tuple(manifest.Candidate(c.code, c.name_fa, c.name_en) for c in self.candidates)
        return manifest.Contest(self.id, self.seats, self.max_choices, self.mode, self.unit_min, self.unit_by, names)


@dataclass(frozen=True, slots=True)
class StationRow:
    """A line of the stations' file; mode and approvals as in the manifest."""

    id: str
    name_fa: str
    county: str
    district: str
    ballot_terminals: int
    mobile: bool
    mode: int
    link: str
    lat: float | None
    lon: float | None
    approvals: int

    def to_manifest(self) -> manifest.Station:
        """As it stands in the manifest."""
        return manifest.Station(self.id, self.county, self.district, self.ballot_terminals, self.approvals, self.mode)


@dataclass(frozen=True, slots=True)
class TrusteesDefinition:
    """Names, the power that appoints each, and how many must act together."""

    names: tuple[str, ...]
    powers: tuple[str, ...]
    threshold: int


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole election definition; `title` by language, `mixers` are (name, owner), polling day is Gregorian."""

    id: str
    title: Mapping[str, str]
    round: int
    polling_day: date
    rule_set: RuleSet
    rule_set_text: str
    trustees: TrusteesDefinition
    mixers: tuple[tuple[str, str], ...]
    authorities: tuple[str, ...]
    witnesses: tuple[str, ...]
    contests: tuple[ContestDefinition, ...]
    stations: tuple[StationRow, ...]


def read_definition(files: Mapping[str, bytes], *, folder: str = "") -> Definition:
    """The election in these files (by name; a mapping may read them when asked); ManyFaults is a BadInput.

    `folder` stands before file names in sentences.
    """
    faults = Faults()
    read = _Files(files, folder)
    top = read_toml(read.data(FILE), file=read.named(FILE), faults=faults)
    contests = tuple(_contest(table, read, faults) for table in top.tables("contest", most=CONTESTS_MAX))
    top.require_distinct("contest.id", [contest.id for contest in contests])
    rules, rules_text = _rule_set(top, read)
    round_ = top.whole("round", 1, 9)
    if rules is not None and round_ and round_ not in rules.rounds:
        top.refuse("round", allowed=" | ".join(map(str, sorted(rules.rounds))))
    day = _day(top)
    definition = (
        top.name("id"),
        top.title(),
        round_,
        day,
        rules,
        rules_text,
        _trustees(top.table("trustees")),
        _mixers(top),
        _authorities(top),
        top.texts("witnesses", default=()),
        contests,
        _stations(top.table("stations"), read, faults),
    )
    faults.require_none()
    return Definition(*definition)  # type: ignore[arg-type]  # no fault: rules and day are there


class _Files:
    """The files of the folder, each missing one a BadInput that says who named it."""

    def __init__(self, files: Mapping[str, bytes], folder: str) -> None:
        self.files = files
        self.prefix = folder.rstrip("/") + "/" if folder else ""

    def named(self, name: str) -> str:
        return self.prefix + name

    def data(self, name: str) -> bytes:
        try:
            return self.files[name]
        except (KeyError, FileNotFoundError, IsADirectoryError) as cause:
            raise BadInput("file-missing", file=self.named(name)) from cause

    def data_for(self, table: Fields, field: str, name: str) -> bytes | None:
        """The file that a field names; None where it is missing, and that is kept as the field's fault."""
        try:
            return self.data(name)
        except BadInput:
            table.fault("named-file-missing", field, missing=self.named(name))
            return None


def _day(top: Fields) -> date | None:
    text = top.text("polling_day")
    try:
        return parse_jalali(text) if text else None
    except ValueError:
        top.refuse("polling_day", allowed="1402-12-11")
        return None


def _rule_set(top: Fields, read: _Files) -> tuple[RuleSet | None, str]:
    name = top.text("rule_set")
    if name in rule_set.SHIPPED:
        text = rule_set.shipped(name)
    elif name in read.files:
        text = text_of(read.data(name), file=read.named(name))
    else:
        if name:
            top.refuse("rule_set", allowed=" | ".join((*rule_set.SHIPPED, "*.toml")))
        return None, ""
    return rule_set.load(text, file=read.named(name)), text


def _trustees(table: Fields) -> TrusteesDefinition:
    names = table.texts("names")
    table.require_distinct("names", names)
    powers = table.texts("powers", default=names)
    threshold = table.whole("threshold", 1, len(names) or 255)
    most = max(map(powers.count, powers), default=0)
    if len(powers) != len(names):
        table.refuse("powers", allowed=f"{len(names)} ×")
    elif (
        len(set(names)) == len(names) and 0 < threshold <= most
    ):  # the trustees of one power of state could open votes alone
        table.refuse("threshold", allowed=f"{most + 1} … {len(names)}")
    return TrusteesDefinition(names, powers, threshold)


def _mixers(top: Fields) -> tuple[tuple[str, str], ...]:
    names = top.texts("mixers")
    top.require_distinct("mixers", names)
    owners = top.texts("mixer_owners", default=names)
    if len(owners) != len(names):
        top.refuse("mixer_owners", allowed=f"{len(names)} ×")
    elif names and len(names) < MIXERS_MIN:
        top.refuse("mixers", allowed=f"≥ {MIXERS_MIN}")
    elif names and len(names) - owners.count(manifest.HQ_OWNER) < MIXERS_OF_OTHERS_MIN:
        top.refuse("mixer_owners", allowed=f"≥ {MIXERS_OF_OTHERS_MIN} ≠ {manifest.HQ_OWNER}")
    return tuple(zip(names, owners, strict=False))


def _authorities(top: Fields) -> tuple[str, ...]:
    roles = top.names("authorities", default=("governor", "supervisory-board"))
    top.require_distinct("authorities", roles)
    if len(roles) < 2:
        top.refuse("authorities", allowed="≥ 2")
    return roles


def _contest(table: Fields, read: _Files, faults: Faults) -> ContestDefinition:
    seats = table.whole("seats", 1, 999)
    most = table.whole("max_choices", 1, 999)
    mode = table.choice("count", COUNTS, default="whole")
    unit_by = table.choice("unit_by", UNITS, default="stations")
    if mode == manifest.WHOLE and most > WHOLE_CHOICES_MAX and unit_by != manifest.BY_COUNTY:
        table.fault("whole-needs-county", "unit_by", most=most, bound=WHOLE_CHOICES_MAX)
    candidates: tuple[CandidateRow, ...] = ()
    if (file := table.file_name("candidates")) and (data := read.data_for(table, "candidates", file)) is not None:
        candidates = tuple(_candidates(data, read.named(file), faults))
    if candidates and most > len(candidates):
        table.refuse("max_choices", allowed=f"1 … {len(candidates)}")
    return ContestDefinition(
        table.name("id"), table.title(), seats, most, mode, table.whole("unit_min", 1, 10**6), unit_by, candidates
    )


def _candidates(data: bytes, file: str, faults: Faults) -> list[CandidateRow]:
    rows = read_table(data, file=file, required=("code", "name_fa", "name_en"), faults=faults)
    found: list[CandidateRow] = []
    first_at: dict[str, int] = {}
    for row in rows:
        code = row.text("code")
        if code and not (code.isascii() and code.isdigit() and len(code) == len(found[0].code if found else code)):
            row.refuse("code", allowed="0" * len(found[0].code) if found else "0 … 9")
        row.require_first("code", code, first_at)
        optional = (row.text(name, default="") for name in ("name_en", "mark_fa", "phonetic_fa", "photo"))
        found.append(CandidateRow(code, row.text("name_fa"), *optional))
    if not found:
        faults.add(BadInput("rows-none", file=file))
    return found


def _stations(table: Fields, read: _Files, faults: Faults) -> tuple[StationRow, ...]:
    file = table.file_name("file")
    data = read.data_for(table, "file", file) if file else None
    if data is None:
        return ()
    required = ("id", "name_fa", "county", "district", "ballot_terminals", "mobile")
    found = []
    first_at: dict[str, int] = {}
    for row in read_table(data, file=read.named(file), required=required, faults=faults):
        found.append(_station(row))
        row.require_first("id", found[-1].id, first_at)
    if not found:
        faults.add(BadInput("rows-none", file=read.named(file)))
    return tuple(found)


def _station(row: Row) -> StationRow:
    return StationRow(
        id=row.name("id"),
        name_fa=row.text("name_fa"),
        county=row.text("county"),
        district=row.text("district", default=""),
        ballot_terminals=row.whole("ballot_terminals", 1, 99),
        mobile=bool(row.choice("mobile", YES_NO, default="")),
        mode=row.choice("mode", MODES, default="electronic"),
        link=row.text("link", default=""),
        lat=row.degrees("lat", 90),
        lon=row.degrees("lon", 180),
        approvals=row.choice("approvals", YES_NO, default=""),
    )
