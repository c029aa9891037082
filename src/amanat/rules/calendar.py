"""Every legal deadline of an election, derived from its polling day: what, until when, whose, and what waits for it.

Ground: the `.preparation.toml` file beside a rule set (domain rules §5).  Pure: dates in, dates out; what was done, and
when, is told by the caller.
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from typing import Any, Final

from amanat.errors import BadInput

IRAN: Final = timedelta(hours=3, minutes=30)
"""Iran's time since 1401: no summer time."""


@dataclass(frozen=True, slots=True)
class Term:
    """A moment as a distance from polling day: `hour` 24 is the end of that day."""

    day: int
    hour: int

    def moment(self, polling_day: date) -> datetime:
        """The moment, in UTC."""
        midnight = datetime(polling_day.year, polling_day.month, polling_day.day, tzinfo=UTC)
        return midnight + timedelta(days=self.day, hours=self.hour) - IRAN

    def date(self, polling_day: date) -> date:
        """The day in Iran on which it lies; the end of a day lies on that day."""
        return polling_day + timedelta(days=self.day)


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something that `owner` (a role) does until a term; `blocks` names deadlines that wait for it."""

    id: str
    title: Mapping[str, str]
    begins: Term | None
    ends: Term
    owner: str
    blocks: tuple[str, ...]
    source: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Board:
    """A board: how many sit in it, how many make a quorum, how many votes decide."""

    id: str
    title: Mapping[str, str]
    members: int
    quorum: int
    decides: int


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a rule set says of the time before and after the day."""

    deadlines: tuple[Deadline, ...]
    boards: Mapping[str, Board]
    code_list_until: Term


@dataclass(frozen=True, slots=True)
class Standing:
    """A deadline on a day: `late` if it is over and not done; `waits_for` the undone ones that block it."""

    deadline: Deadline
    is_done: bool
    late: bool
    waits_for: tuple[str, ...]


def shipped(rule_set: str) -> str:
    """The text of a rule set's preparation; KeyError where none is shipped."""
    path = resources.files("amanat.rules").joinpath("sets", f"{rule_set}.preparation.toml")
    if not path.is_file():
        raise KeyError(rule_set)
    return path.read_text(encoding="utf-8")


def load(text: str, *, file: str) -> Preparation:
    """From its text.

    Raises:
        BadInput: names the file and the field that cannot be used.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise BadInput("toml-syntax", file=file, line=1, why=str(cause)) from cause
    deadlines = tuple(_deadline(row, at=f"deadline {at}", file=file) for at, row in enumerate(_rows(data, file), 1))
    known = {one.id for one in deadlines}
    for one in deadlines:
        if len(known) != len(deadlines) or not set(one.blocks) <= known:
            raise BadInput("rule-set-field", file=file, field=f"deadline {one.id}.blocks")
    _require_no_circle(deadlines, file)
    boards = {name: _board(name, row, file=file) for name, row in data.get("board", {}).items()}
    return Preparation(deadlines, boards, _term(data.get("code_list", {}).get("change_until"), "code_list", file))


def _rows(data: Mapping[str, Any], file: str) -> Sequence[Mapping[str, Any]]:
    rows = data.get("deadline")
    if not isinstance(rows, list) or not rows:
        raise BadInput("rule-set-field", file=file, field="deadline")
    return rows


def _deadline(row: Mapping[str, Any], *, at: str, file: str) -> Deadline:
    try:
        begins = _term(row["from"], f"{at}.from", file) if "from" in row else None
        title, source = (_both(row[field]) for field in ("title", "source"))
        ends = _term(row["until"], f"{at}.until", file)
        blocks = tuple(str(one) for one in row["blocks"])
        return Deadline(str(row["id"]), title, begins, ends, str(row["owner"]), blocks, source)
    except (KeyError, TypeError) as cause:
        raise BadInput("rule-set-field", file=file, field=f"{at}.{cause}") from cause


def _both(words: Mapping[str, Any]) -> dict[str, str]:
    return {"fa": str(words["fa"]), "en": str(words["en"])}


def _term(value: Any, field: str, file: str) -> Term:
    hour = value.get("hour", 0) if isinstance(value, dict) else None
    if not isinstance(value, dict) or type(value.get("day")) is not int or type(hour) is not int or not 0 <= hour <= 24:
        raise BadInput("rule-set-field", file=file, field=field)
    return Term(value["day"], hour)


def _board(name: str, row: Mapping[str, Any], *, file: str) -> Board:
    numbers = [row.get(key) for key in ("members", "quorum", "decides")]
    title = row.get("title")
    if not all(type(n) is int for n in numbers) or not isinstance(title, dict):
        raise BadInput("rule-set-field", file=file, field=f"board.{name}")
    members, quorum, decides = (int(str(n)) for n in numbers)
    if not 0 < decides <= quorum <= members:
        raise BadInput("rule-set-field", file=file, field=f"board.{name}.decides")
    return Board(name, {"fa": str(title.get("fa", "")), "en": str(title.get("en", ""))}, members, quorum, decides)


def _require_no_circle(deadlines: Sequence[Deadline], file: str) -> None:
    """Each deadline ends no later than what waits for it, so that nobody waits for himself."""
    by_id = {one.id: one for one in deadlines}
    for one in deadlines:
        for blocked in one.blocks:
            if (by_id[blocked].ends.day, by_id[blocked].ends.hour) < (one.ends.day, one.ends.hour):
                raise BadInput("rule-set-field", file=file, field=f"deadline {one.id}.blocks")


def standings(preparation: Preparation, polling_day: date, now: datetime, done: Collection[str]) -> list[Standing]:
    """Every deadline in the order in which it ends, as it stands at this moment."""
    blockers: dict[str, list[str]] = {}
    for one in preparation.deadlines:
        for blocked in one.blocks:
            blockers.setdefault(blocked, []).append(one.id)
    rows = sorted(preparation.deadlines, key=lambda one: (one.ends.day, one.ends.hour, one.id))
    return [
        Standing(
            one,
            is_done=one.id in done,
            late=one.id not in done and one.ends.moment(polling_day) <= now,
            waits_for=tuple(before for before in blockers.get(one.id, ()) if before not in done),
        )
        for one in rows
    ]


def held_up_by(preparation: Preparation, late: str) -> list[str]:
    """Everything that cannot be met while this one is not: what it blocks, and what those block in turn."""
    by_id = {one.id: one for one in preparation.deadlines}
    found: dict[str, None] = {}
    ahead = list(by_id[late].blocks)
    while ahead:
        one = ahead.pop(0)
        if one not in found:
            found[one] = None
            ahead += by_id[one].blocks
    return list(found)
