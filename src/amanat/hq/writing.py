"""Who writes when: one writer at a time, but for intake on PostgreSQL, where only one journal's writers wait.

SQLite allows one writer anyhow, and waiting in line is fairer than its polling; older versions of it can also lose a
write when a checkpoint of one connection meets a write of another.  On PostgreSQL `writing` is alone (an advisory
lock), and any number of `receiving` share that lock: what must not be read and written by two at once, the branches of
one journal, has a lock for each device, and news are numbered `in_order` of commit (S-8).
"""

import fcntl
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from django.apps import apps
from django.db import connection, transaction

from amanat.hq import settings

ALONE: Final = 0x414D414E
NEWS: Final = ALONE + 1
BULLETIN: Final = ALONE + 2
"""Advisory locks; a device's is -1 - its number."""
_line = threading.RLock()


@contextmanager
def writing() -> Iterator[None]:
    """A write transaction, durable when it ends without an exception; inside another one it is part of that one."""
    if connection.in_atomic_block:
        yield
        return
    with _line:
        if is_postgresql():
            with transaction.atomic():
                _run("SELECT pg_advisory_xact_lock(%s)", ALONE)
                yield
        else:
            with (settings.home_folder() / "database.lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # closing the file lets go of it
                with transaction.atomic():
                    yield


@contextmanager
def receiving(devices: Collection[int]) -> Iterator[None]:
    """A write transaction alone with the journals of these devices; elsewhere others may receive at the same time."""
    if connection.in_atomic_block or not is_postgresql():
        with writing():
            yield
        return
    with transaction.atomic():
        _run("SELECT pg_advisory_xact_lock_shared(%s)", ALONE)
        if devices:
            keys = sorted(-1 - device for device in devices)  # everybody in one order: no deadlock
            _run("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", keys)
        yield


def in_order(of: int) -> None:
    """From here to the commit nobody else numbers rows of this kind: they are seen in the order of their numbers."""
    if is_postgresql():
        _run("SELECT pg_advisory_xact_lock(%s)", of)


def is_postgresql() -> bool:
    """Whether the database of this process is PostgreSQL; else it is SQLite."""
    return bool(connection.vendor == "postgresql")


Row = Sequence[int | bytes | str | bool | None]
Parameter = int | bytes | str | Sequence[int] | Sequence[bytes]
"""Of a statement; lists are for PostgreSQL's arrays."""


def insert(table: str, columns: Sequence[str], rows: Iterable[Row], *, once: bool = False, rest: str = "") -> None:
    """Adds rows without the cost of objects; with `once` a row that is there already stays as it is.

    ``rest`` is another ON CONFLICT clause.  PostgreSQL takes rows of which none may be there by COPY, others as arrays.
    """
    rows = list(rows)
    rest = " ON CONFLICT DO NOTHING" if once else rest
    names = ", ".join(f'"{name}"' for name in columns)
    if not rows:
        return
    with connection.cursor() as cursor:
        if not is_postgresql():
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks}){rest}', rows)
            return
        types = [_types(table)[name] for name in columns]
        if rest:
            arrays = ", ".join(f"%s::{kind}[]" for kind in types)
            lists = [list(column) for column in zip(*rows, strict=True)]
            cursor.execute(f'INSERT INTO "{table}" ({names}) SELECT * FROM unnest({arrays}){rest}', lists)
            return
        copying = cursor.copy(f'COPY "{table}" ({names}) FROM STDIN (FORMAT BINARY)')
        with connection.wrap_database_errors, copying as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)


@cache
def _types(table: str) -> dict[str, str]:
    """PostgreSQL's type of each column of a model's table."""
    (model,) = (model for model in apps.get_models() if model._meta.db_table == table)
    fields = model._meta.local_fields
    return {str(field.column): (field.db_type(connection) or "").split()[0] for field in fields}


def rows_of(sql: str, *parameters: Parameter) -> list[Any]:
    """All rows of a query; bytes may come as memoryview."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)  # type: ignore[arg-type]  # psycopg writes lists as arrays
        return list(cursor.fetchall())


def _run(sql: str, *parameters: Parameter) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)  # type: ignore[arg-type]  # as above
