"""Rule sets as data: one TOML file a year and kind of election.  Clause M-5.

A file is published verbatim in the election record and hashed in the manifest, so what a jurist reviews is what counts.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources
from typing import Any, Final

from amanat.errors import BadInput

SHIPPED: Final = ("majlis-1402", "by-election")
REGISTER_DAYS: Final = 60
"""Where a rule set does not say how old the data of the voters' register may be on polling day."""


@dataclass(frozen=True, slots=True)
class Share:
    """Elected outright with at least `share` of the valid *ballots*; of the others the best go to the next round."""

    share: Fraction
    runoff_per_seat: int
    runoff_needs_more_than_seats: bool


@dataclass(frozen=True, slots=True)
class Plurality:
    """The best `seats` by votes."""


Method = Share | Plurality


@dataclass(frozen=True, slots=True)
class RuleSet:
    """How seats are filled, by round; ``title`` by language.

    ``register_days``: so many days before polling day the data of the voters' register may be, at most.
    """

    id: str
    title: Mapping[str, str]
    source: str
    voting_age: int
    rounds: Mapping[int, Method]
    register_days: int = REGISTER_DAYS


def shipped(id: str) -> str:
    """The text of a shipped rule set; KeyError if there is none of that name."""
    if id not in SHIPPED:
        raise KeyError(id)
    return resources.files("amanat.rules").joinpath("sets", f"{id}.toml").read_text(encoding="utf-8")


def load(text: str, *, file: str) -> RuleSet:
    """A rule set from its text; BadInput names the file and the field that cannot be used."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        line = re.search(r"line (\d+)", str(cause))
        at = int(line[1]) if line else text.count("\n") + 1
        raise BadInput("toml-syntax", file=file, line=at, why=str(cause)) from cause
    fields = _Fields(file, data, prefix="")
    title = fields.table("title")
    rounds = {}
    for name, table in fields.table("round").data.items():
        if not (re.fullmatch("[1-9]", name) and isinstance(table, dict)):
            raise fields.wrong(f"round.{name}")
        rounds[int(name)] = _method(_Fields(file, table, prefix=f"round.{name}."))
    if not rounds:
        raise fields.wrong("round")
    return RuleSet(
        id=fields.text("id"),
        title={"fa": title.text("fa"), "en": title.text("en")},
        source=fields.text("source"),
        voting_age=fields.whole("voting_age", default=18),
        rounds=rounds,
        register_days=fields.whole("register_days", default=REGISTER_DAYS),
    )


def _method(fields: "_Fields") -> Method:
    match fields.text("method"):
        case "plurality":
            fields.require_known({"method"})
            return Plurality()
        case "share":
            fields.require_known({"method", "share", "runoff_per_seat", "runoff_needs_more_than_seats"})
            share = re.fullmatch(r"([0-9]{1,9})/([1-9][0-9]{0,8})", fields.text("share"))
            if share is None or not 0 < (part := Fraction(int(share[1]), int(share[2]))) <= 1:
                raise fields.wrong("share")
            needs_more = fields.data.get("runoff_needs_more_than_seats", False)
            if not isinstance(needs_more, bool):
                raise fields.wrong("runoff_needs_more_than_seats")
            return Share(part, fields.whole("runoff_per_seat", default=2), needs_more)
        case _:
            raise fields.wrong("method")


@dataclass(frozen=True)
class _Fields:
    """One table of the file; every getter raises BadInput("rule-set-field") naming the field."""

    file: str
    data: Mapping[str, Any]
    prefix: str

    def wrong(self, field: str) -> BadInput:
        return BadInput("rule-set-field", file=self.file, field=self.prefix + field)

    def require_known(self, known: set[str]) -> None:
        for name in sorted(set(self.data) - known):
            raise self.wrong(name)

    def text(self, field: str) -> str:
        value = self.data.get(field)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(field)
        return value

    def whole(self, field: str, *, default: int) -> int:
        value = self.data.get(field, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1_000:
            raise self.wrong(field)
        return value

    def table(self, field: str) -> "_Fields":
        value = self.data.get(field)
        if not isinstance(value, dict):
            raise self.wrong(field)
        return _Fields(self.file, value, prefix=f"{self.prefix}{field}.")
