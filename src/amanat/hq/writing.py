"""One writer at a time: threads of this process and other processes of this home alike.

SQLite allows one writer anyhow, and waiting in line is fairer than its polling; older versions of it can also lose a
write when a checkpoint of one connection meets a write of another.  PostgreSQL gets an advisory lock for the same line,
since branches of a journal are read and written in one transaction.
"""

import fcntl
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.db import connection, transaction

from amanat.hq import settings

ADVISORY_LOCK: Final = 0x414D414E
_line = threading.RLock()


@contextmanager
def writing() -> Iterator[None]:
    """A write transaction, durable when it ends without an exception; inside another one it is part of that one."""
    if connection.in_atomic_block:
        yield
        return
    with _line:
        if connection.vendor == "postgresql":
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
                yield
        else:
            with (settings.home_folder() / "database.lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # closing the file lets go of it
                with transaction.atomic():
                    yield


Row = Sequence[int | bytes | str | bool | None]


def insert(table: str, columns: Sequence[str], rows: Iterable[Row], *, once: bool = False) -> None:
    """Adds rows without the cost of objects; with `once` a row that is there already stays as it is."""
    rows = list(rows)
    if not rows:
        return
    marks = ", ".join(["%s"] * len(columns))
    names = ", ".join(f'"{name}"' for name in columns)
    rest = " ON CONFLICT DO NOTHING" if once else ""
    with connection.cursor() as cursor:
        cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks}){rest}', rows)


def rows_of(sql: str, *parameters: int | bytes | str) -> list[Any]:
    """All rows of a query; bytes may come as memoryview."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
