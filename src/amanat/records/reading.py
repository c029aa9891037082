"""Reading people's files: generous with what a person means, exact about what is wrong.  Bytes in, rows or faults out.

Accepted: a BOM, CRLF, Persian and Arabic digits and letters, any order of columns, columns that nobody asked for.
Refused, each with its sentence: other encodings, binary, empty files, endless lines, rows of another length.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from amanat.errors import BadInput, Language
from amanat.rules.persian import normalise

LINE_MAX: Final = 16_384
"""No row of ours is near so long: beyond it the file is something else."""
FAULTS_MAX: Final = 20
"""So many faults are told at once."""
VALUE_SHOWN: Final = 40


class ManyFaults(BadInput):
    """Everything that was found wrong, up to 20 faults; code and facts are those of the first."""

    def __init__(self, faults: Sequence[BadInput]) -> None:
        super().__init__(faults[0].code, **faults[0].facts)
        self.faults = tuple(faults)

    def say(self, language: Language) -> str:
        """The sentences of all faults, a line each."""
        return "\n".join(fault.say(language) for fault in self.faults)


class Faults:
    """What was found wrong so far."""

    def __init__(self) -> None:
        self.found: list[BadInput] = []

    def add(self, fault: BadInput) -> None:
        """Keep a fault; with the 20th, raise ManyFaults."""
        self.found.append(fault)
        if len(self.found) == FAULTS_MAX:
            self.require_none()

    def require_none(self) -> None:
        """Raise ManyFaults if there is any."""
        if self.found:
            raise ManyFaults(self.found)


def clip(value: object) -> str:
    """A value as an error shows it: one line, not endless."""
    text = " ".join(str(value).split())
    return text if len(text) <= VALUE_SHOWN else text[:VALUE_SHOWN] + "…"


def text_of(data: bytes, *, file: str) -> str:
    """The text of a UTF-8 file; BadInput if it is empty, binary, of another encoding or has an endless line."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadInput("file-encoding", file=file, line=1)
    data = data.removeprefix(codecs.BOM_UTF8)
    if not data.strip():
        raise BadInput("file-empty", file=file)
    if (at := data.find(b"\0")) >= 0:
        raise BadInput("file-binary", file=file, line=data.count(b"\n", 0, at) + 1)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as cause:
        raise BadInput("file-encoding", file=file, line=data.count(b"\n", 0, cause.start) + 1) from cause
    for line, row in enumerate(io.StringIO(text), 1):
        if len(row) > LINE_MAX:
            raise BadInput("line-endless", file=file, line=line, most=LINE_MAX)
    return text


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file: position by column name, and rows of exactly the header's length with their line numbers."""

    file: str
    columns: Mapping[str, int]
    rows: Iterator[tuple[int, list[str]]]


def table(data: bytes, *, file: str, required: Sequence[str], faults: Faults) -> Table:
    """A CSV file with a header; BadInput if it cannot be read or lacks a column.  Rows of a wrong length are faults."""
    return _table(io.StringIO(text_of(data, file=file), newline=""), file, required, faults)


def stream_table(source: BinaryIO, *, file: str, required: Sequence[str], faults: Faults) -> Table:
    """`table` of a file of any size, of which a line at a time is in memory; text is refused where it stands."""
    return _table(_lines(source, file), file, required, faults)


def _lines(source: BinaryIO, file: str) -> Iterator[str]:
    """The lines of a UTF-8 file; what `text_of` refuses is refused at its line."""
    most = 4 * LINE_MAX  # a letter of UTF-8 has four bytes at most
    for line, raw in enumerate(iter(lambda: source.readline(most + 1), b""), 1):
        if line == 1:
            if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise BadInput("file-encoding", file=file, line=1)
            raw = raw.removeprefix(codecs.BOM_UTF8)
        if len(raw) > most:
            raise BadInput("line-endless", file=file, line=line, most=LINE_MAX)
        if b"\0" in raw:
            raise BadInput("file-binary", file=file, line=line)
        try:
            yield raw.decode("utf-8")
        except UnicodeDecodeError as cause:
            raise BadInput("file-encoding", file=file, line=line) from cause


def _table(lines: Iterable[str], file: str, required: Sequence[str], faults: Faults) -> Table:
    rows = _rows(lines, file)
    _, header = next(rows, (1, []))
    if not header:
        raise BadInput("file-empty", file=file)
    names = [normalise(name).casefold() for name in header]
    for name in required:
        if names.count(name) != 1:
            raise BadInput("column-missing" if name not in names else "column-twice", file=file, line=1, field=name)
    columns = {name: place for place, name in enumerate(names)}
    return Table(file, columns, _of_length(rows, len(names), file, faults))


def _rows(lines: Iterable[str], file: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, strict=True)
    line = 1
    try:
        for row in reader:
            if any(map(str.strip, row)):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as cause:
        raise BadInput("row-malformed", file=file, line=line) from cause


def _of_length(
    rows: Iterator[tuple[int, list[str]]], length: int, file: str, faults: Faults
) -> Iterator[tuple[int, list[str]]]:
    for line, row in rows:
        if len(row) == length:
            yield line, row
        else:
            faults.add(BadInput("row-length", file=file, line=line, found=len(row), wanted=length))
