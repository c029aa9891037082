"""The record on disk, and `once`: facts that are derived from it one time and shared by all checks."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from amanat_verifier.shapes import Fault, Spec, parse, parse_sequence

Fact = TypeVar("Fact")


class Record:
    """A directory of files, what was given from outside (election hash, cores), and the facts found so far."""

    def __init__(self, root: Path, *, given: bytes | None, jobs: int) -> None:
        self.root = root
        self.given = given
        self.jobs = jobs
        self.notes: list[str] = []
        self.facts: dict[Callable[..., Any], Any] = {}

    def say(self, note: str) -> None:
        """Something that is no fault but must be said aloud; said once."""
        if note not in self.notes:
            self.notes.append(note)

    def read(self, path: str) -> bytes:
        """A file's bytes; a read error is a fault, never an empty file."""
        try:
            return (self.root / path).read_bytes()
        except OSError as cause:
            raise Fault(f"{path}: cannot be read ({cause.strerror})") from cause

    def parse(self, path: str, spec: Spec) -> Any:
        """A file that is one CBOR value."""
        return parse(self.read(path), spec, path)

    def rows(self, path: str, spec: Spec) -> list[Any]:
        """A file that is a CBOR sequence."""
        return parse_sequence(self.read(path), spec, path)


def once(find: Callable[[Record], Fact]) -> Callable[[Record], Fact]:
    """A fact is found once for each record; a fault found on the way is remembered and raised again."""

    @functools.wraps(find)
    def fact(record: Record) -> Fact:
        if find not in record.facts:
            try:
                record.facts[find] = find(record)
            except Fault as fault:
                record.facts[find] = fault
        found = record.facts[find]
        if isinstance(found, Fault):
            raise Fault(found.where)
        return found  # type: ignore[no-any-return]

    return fact


@once
def names(record: Record) -> list[str]:
    """Every file's path, sorted by bytes; links and devices are refused."""
    found: list[str] = []

    def refuse(error: OSError) -> None:
        raise Fault(f"{error.filename}: cannot be read ({error.strerror})")

    for folder, folders, files in os.walk(record.root, onerror=refuse):
        for name in folders + files:
            path = Path(folder, name)
            at = path.relative_to(record.root).as_posix()
            if path.is_symlink() or (name in files and not path.is_file()):
                raise Fault(f"{at}: not a plain file or directory")
            if name in files:
                found.append(at)
    return sorted(found, key=os.fsencode)


def names_below(record: Record, folder: str) -> list[str]:
    """Paths inside a folder, relative to it."""
    return [name[len(folder) :] for name in names(record) if name.startswith(folder)]
