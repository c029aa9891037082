"""Changes of the register on the day: signed, chained by version, sent with the next answer (R-2, S-5)."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from amanat.errors import BadInput
from amanat.hq.elections.acts import log_action
from amanat.hq.elections.models import RegisterDelta
from amanat.hq.home import Home
from amanat.hq.writing import writing
from amanat.records.register import Delta, Person, RegisterView, delta_id
from amanat.rules import national_id, persian
from amanat.rules.eligibility import Flags

COLUMNS = ["national_id", "name_fa", "birth_year", "flags"]
CHANGES_MAX = 5_000
"""Changes of one delta: some 300 kB, so that a narrow link carries one at a time and loses little when it is cut."""


def register_view(here: Home, *, until_ms: int | None = None) -> RegisterView:
    """The register with its deltas, all or those made up to a moment."""
    rows = RegisterDelta.objects.order_by("version")
    if until_ms is not None:
        rows = rows.filter(at_ms__lte=until_ms)
    return RegisterView(here.register, [Delta.decode(bytes(row.delta)) for row in rows])


def add_delta(here: Home, changes: Path, *, now_ms: int) -> int:
    """Signs the changes of a CSV file as the next version or versions; returns the last.

    Raises BadInput naming line and field.
    """
    people = tuple(_people(changes))
    with writing():
        last = RegisterDelta.objects.order_by("-version").values_list("version", flat=True).first()
        version = here.register.version if last is None else last
        for start in range(0, max(1, len(people)), CHANGES_MAX):
            version += 1
            part = people[start : start + CHANGES_MAX]
            delta = Delta(version, part).encode()
            signature = here.sign("register-delta", delta_id(here.eh, delta))
            RegisterDelta.objects.create(version=version, delta=delta, signature=signature, at_ms=now_ms)
            log_action("register-delta", f"{version}: {len(part)}", at_ms=now_ms)
    return version


def _people(path: Path) -> Sequence[Person]:
    try:
        rows = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig")))
        if list(rows.fieldnames or []) != COLUMNS:
            raise BadInput("hq-delta-row", file=str(path), line=1, field=",".join(COLUMNS))
        return [_person(row, file=str(path), line=line) for line, row in enumerate(rows, 2)]
    except (OSError, UnicodeDecodeError, csv.Error) as cause:
        raise BadInput("hq-source-missing", file=str(path)) from cause


def _person(row: dict[str, str], *, file: str, line: int) -> Person:
    id_ = national_id.parse(row["national_id"] or "")
    if id_ is None:
        raise BadInput("hq-delta-row", file=file, line=line, field="national_id")
    field = "birth_year"
    try:
        year = int(persian.fold_digits(row["birth_year"] or "0"))
        field = "flags"
        flags = Flags.from_bits(int(persian.fold_digits(row["flags"] or "")))
    except ValueError as cause:
        raise BadInput("hq-delta-row", file=file, line=line, field=field) from cause
    return Person(id_, persian.normalise(row["name_fa"] or ""), year, flags)
