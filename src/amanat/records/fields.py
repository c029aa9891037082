"""Typed fields of a TOML table or a CSV row.  A wrong field is a fault (file, line, field), and reading goes on.

After a fault a getter gives an empty value of its type; nobody sees it, since the faults are raised at the end.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from amanat.errors import BadInput
from amanat.records.reading import Faults, clip, table, text_of
from amanat.rules.persian import normalise

NAME: Final = re.compile(r"[^\W_][\w-]{0,39}")
"""An id: it becomes part of paths and addresses."""
NAME_SHOWN: Final = "A … Z, آ … ی, 0 … 9, -, _"
FILE_NAME: Final = re.compile(r"(?:[^\W_][\w.-]*/)*[^\W_][\w.-]*")


@dataclass(frozen=True, slots=True)
class _Source:
    """Where fields come from; `raw` is the text of a field (None: absent), `line_of` where it stands."""

    file: str
    faults: Faults

    def raw(self, field: str) -> object | None:
        raise NotImplementedError

    def line_of(self, field: str) -> int:
        raise NotImplementedError

    def shown(self, field: str) -> str:
        """The field's name for people."""
        return field

    def fault(self, code: str, field: str, **facts: str | int) -> None:
        """Keep BadInput(code) with file, line and field."""
        place: dict[str, str | int] = {"file": self.file, "line": self.line_of(field), "field": self.shown(field)}
        self.faults.add(BadInput(code, **place, **facts))

    def refuse(self, field: str, *, allowed: str) -> None:
        """Keep that the field's value is not one of the allowed."""
        self.fault("field-value", field, value=clip(self.raw(field)), allowed=allowed)

    def text(self, field: str, *, default: str | None = None) -> str:
        """A text in stored form; one without default must be there and not be empty."""
        value = self.raw(field)
        if value is None or value == "":
            if default is None:
                self.fault("field-missing", field)
            return default or ""
        if not isinstance(value, str | int | date) or isinstance(value, bool):
            self.refuse(field, allowed="«…»")
            return ""
        clean = normalise(value.isoformat() if isinstance(value, date) else str(value))
        if not clean and default is None:
            self.fault("field-missing", field)
        return clean or default or ""

    def name(self, field: str) -> str:
        """An id that may stand in a path."""
        value = self.text(field)
        if value and not NAME.fullmatch(value):
            self.refuse(field, allowed=NAME_SHOWN)
        return value

    def whole(self, field: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self.text(field)
        if value and not (re.fullmatch(r"[0-9]{1,9}", value) and low <= int(value) <= high):
            self.refuse(field, allowed=f"{low} … {high}")
            return 0
        return int(value or 0)

    def choice(self, field: str, choices: Mapping[str, int], *, default: str) -> int:
        """The number of one of these words."""
        value = self.text(field, default=default).casefold()
        if value not in choices:
            self.refuse(field, allowed=" | ".join(filter(None, choices)))
        return choices.get(value, 0)

    def degrees(self, field: str, most: int) -> float | None:
        """A coordinate between -most and most, or None where there is none."""
        value = self.text(field, default="").replace("٫", ".")
        if not value:
            return None
        if not (re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,12})?", value) and abs(float(value)) <= most):
            self.refuse(field, allowed=f"-{most} … {most}")
            return None
        return float(value)


@dataclass(frozen=True, slots=True)
class Row(_Source):
    """A CSV row."""

    line: int
    columns: Mapping[str, int]
    values: Sequence[str]

    def raw(self, field: str) -> object | None:
        """The cell, or None if there is no such column."""
        place = self.columns.get(field)
        return None if place is None else self.values[place]

    def line_of(self, field: str) -> int:
        """The row's line."""
        return self.line

    def require_first(self, field: str, value: str, first_at: dict[str, int]) -> None:
        """Keep a fault if an earlier row has this value; remembers the line otherwise."""
        if value and first_at.setdefault(value, self.line) != self.line:
            self.fault("value-twice", field, value=clip(value), first=first_at[value])


def read_table(data: bytes, *, file: str, required: Sequence[str], faults: Faults) -> Iterator[Row]:
    """The rows of a CSV file with these columns at least."""
    read = table(data, file=file, required=required, faults=faults)
    return (Row(file, faults, line, read.columns, values) for line, values in read.rows)


@dataclass(frozen=True, slots=True)
class Fields(_Source):
    """A TOML table; `start` is the line where it begins, `path` its name for people ("contest.")."""

    data: Mapping[str, Any]
    lines: Sequence[str]
    start: int
    path: str

    def raw(self, field: str) -> object | None:
        """The value, or None."""
        value: object = self.data.get(field)
        return value

    def shown(self, field: str) -> str:
        """With the table's name before it."""
        return self.path + field

    def line_of(self, field: str) -> int:
        """The line of `field = …` in this table, else the table's own; TOML's parser does not tell."""
        key = re.compile(rf"(.*[{{,\s])?{re.escape(field)}\s*=")
        for number, text in enumerate(self.lines[self.start - 1 :], self.start):
            if number > self.start and text.lstrip().startswith("["):
                break
            if key.match(text):
                return number
        return self._header(rf"\[+\s*{re.escape(field)}\s*\]") or self.start

    def texts(self, field: str, *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """An array of texts, none empty; one without default must be there and have an item."""
        value = self.raw(field)
        if value in (None, []) and default is not None:
            return default
        if not isinstance(value, list) or not value:
            self._refuse_array(field, allowed="[«…»]")
            return ()
        clean = tuple(normalise(item) if isinstance(item, str) else "" for item in value)
        if "" in clean:
            self.refuse(field, allowed="[«…»]")
        return clean

    def names(self, field: str, *, default: tuple[str, ...]) -> tuple[str, ...]:
        """An array of ids."""
        found = self.texts(field, default=default)
        if not all(map(NAME.fullmatch, found)):
            self.refuse(field, allowed=NAME_SHOWN)
        return found

    def file_name(self, field: str) -> str:
        """The name of a file beside this one."""
        value = self.text(field)
        if value and not FILE_NAME.fullmatch(value):
            self.refuse(field, allowed="*.csv")
            return ""
        return value

    def title(self) -> Mapping[str, str]:
        """`title = { fa, en }`; a plain text serves both languages."""
        value = self.raw("title")
        if isinstance(value, str) and normalise(value):
            return {"fa": normalise(value), "en": normalise(value)}
        inner = self.table("title")
        return {"fa": inner.text("fa"), "en": inner.text("en")}

    def table(self, field: str) -> "Fields":
        """A table inside; if there is none that is the fault, and not also what it lacks."""
        value = self.raw(field)
        if isinstance(value, dict):
            return self._inner(value, self.line_of(field), field)
        self.fault("field-missing", field)
        return Fields(self.file, Faults(), {}, self.lines, self.start, self.path)

    def tables(self, field: str, *, most: int) -> "list[Fields]":
        """An array of tables `[[field]]`, one at least."""
        values = self.raw(field)
        if not isinstance(values, list) or not 1 <= len(values) <= most or not all(isinstance(v, dict) for v in values):
            self._refuse_array(field, allowed=f"1 … {most} [[{field}]]")
            return []
        header = rf"\[\[\s*{field}\s*\]\]"
        return [self._inner(value, self._header(header, place) or 1, field) for place, value in enumerate(values)]

    def require_distinct(self, field: str, values: Sequence[str]) -> None:
        """Keep a fault for a value that stands twice."""
        for place, value in enumerate(values):
            if value and value in values[:place]:
                self.fault("value-twice", field, value=clip(value), first=values.index(value) + 1)

    def _refuse_array(self, field: str, *, allowed: str) -> None:
        if self.raw(field) in (None, []):
            self.fault("field-missing", field)
        else:
            self.refuse(field, allowed=allowed)

    def _header(self, pattern: str, place: int = 0) -> int:
        found = [number for number, text in enumerate(self.lines, 1) if re.match(rf"\s*{pattern}", text)]
        return found[place] if place < len(found) else 0

    def _inner(self, data: Mapping[str, Any], start: int, field: str) -> "Fields":
        return Fields(self.file, self.faults, data, self.lines, start, f"{self.path}{field}.")


def read_toml(data: bytes, *, file: str, faults: Faults) -> Fields:
    """A TOML file; BadInput("toml-syntax") with the line where its parser stopped."""
    text = text_of(data, file=file)
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as cause:
        found = re.search(r"line (\d+)", str(cause))
        line = int(found[1]) if found else text.count("\n") + 1
        raise BadInput("toml-syntax", file=file, line=line, why=clip(cause)) from cause
    return Fields(file, faults, values, text.split("\n"), 1, "")
