"""Headquarters' stores for the machine of delivery: the simulation's, and Django's on SQLite and on PostgreSQL.

Each can die at a step of a transaction, be backed up and be set back; what is between is the shipped code.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from tests.properties.delivery import EH

from amanat.rehearsal.simulation.hq_store import BEGIN, COMMIT, COMMITTED, Backup, MemoryStore
from amanat.sync.hq_side import Arrived, Chain
from amanat.sync.messages import EPOCH_BYTES

KEPT: Final = "kept"
STEPS: Final = (BEGIN, KEPT, COMMIT, COMMITTED)
"""Before anything, in the middle of writing, before the commit, and after it."""
TABLES: Final = ("intake_entry", "intake_tip", "intake_loose", "intake_news", "intake_deadletter", "intake_link")


class Crash(Exception):
    """The process is gone at this step."""


class Fragile(Protocol):
    """What the machine asks of a store besides `sync.hq_side.Store`."""

    dies_at: str | None

    def all_hashes(self) -> list[bytes]:
        """Of every entry that is held."""

    def dead(self) -> set[bytes]:
        """The dead letters."""

    def snapshot(self) -> Any:
        """A backup."""

    def set_back(self, backup: Any, *, told: bool) -> None:
        """Be as the backup was; `told`: with a new epoch."""


class Memory(MemoryStore):
    """The simulation's store."""

    def __init__(self) -> None:
        super().__init__(at_step=self._step)
        self.dies_at: str | None = None

    def _step(self, step: str) -> None:
        if step == self.dies_at:
            raise Crash(step)

    def keep(self, arrived: Sequence[Arrived], chains: Mapping[int, Chain]) -> None:
        """Cut after the rows."""
        super().keep(arrived, chains)
        self._step(KEPT)

    def dead(self) -> set[bytes]:
        """See `Fragile`."""
        return set(self.letters)

    def snapshot(self) -> Backup:
        """See `Fragile`."""
        return self.backup()

    def set_back(self, backup: Backup, *, told: bool) -> None:
        """See `Fragile`."""
        self.restore(backup, new_epoch=told)


def django_store(folder: Path, database: str = "") -> Callable[[], Any]:  # noqa: C901 - a store and its backup, side by side
    """Makes empty Django stores on one database, in a folder or at an url; a backup is a copy of its tables."""
    from amanat.hq import settings as hq

    hq.configure(folder, database=database)
    from django.core.management import call_command
    from django.db import connection

    from amanat.hq.intake.store import DjangoStore
    from amanat.hq.writing import is_postgresql, writing

    call_command("migrate", verbosity=0)

    class Clock:
        def now_ms(self) -> int:
            return 7

    def run(sql: str, *rows: Sequence[object]) -> list[Any]:
        with connection.cursor() as cursor:
            if rows:
                cursor.executemany(sql, rows)  # type: ignore[arg-type]
                return []
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    class Django(DjangoStore):
        dies_at: str | None = None

        def _step(self, step: str) -> None:
            if step == self.dies_at:
                connection.close()  # as the kernel does for a process that is gone
                raise Crash(step)

        @contextmanager
        def atomic(self, devices: Collection[int]) -> Iterator[None]:
            with super().atomic(devices):
                self._step(BEGIN)
                yield
                self._step(COMMIT)
            self._step(COMMITTED)

        def _replace_chains(self, chains: Mapping[int, Chain]) -> None:
            super()._replace_chains(chains)
            self._step(KEPT)

        def all_hashes(self) -> list[bytes]:
            return [bytes(hash) for (hash,) in run("SELECT hash FROM intake_entry")]

        def dead(self) -> set[bytes]:
            return {bytes(raw) for (raw,) in run("SELECT raw FROM intake_deadletter")}

        def snapshot(self) -> dict[str, list[Any]]:
            return {table: run(f"SELECT * FROM {table}") for table in TABLES}

        @writing()
        def set_back(self, backup: dict[str, list[Any]], *, told: bool) -> None:
            for table, rows in backup.items():
                run(f"DELETE FROM {table}")
                if rows:
                    run(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(rows[0]))})", *rows)
            last = "(SELECT COALESCE(MAX(id), 0) FROM intake_news)"  # numbers begin again where the backup ends
            if is_postgresql():
                run(f"SELECT setval(pg_get_serial_sequence('intake_news', 'id'), 1 + {last}, false)")
            else:
                run(f"UPDATE sqlite_sequence SET seq = {last} WHERE name = 'intake_news'")
            number = int.from_bytes(self.epoch(), "big") + told
            run("UPDATE elections_election SET epoch = %s", [number.to_bytes(EPOCH_BYTES, "big")])

    @writing()
    def empty() -> Django:
        for table in TABLES:
            run(f"DELETE FROM {table}")
        run("DELETE FROM elections_election")
        run("INSERT INTO elections_election (eh, epoch) VALUES (%s, %s)", [bytes(EH), bytes(EPOCH_BYTES)])
        return Django(EH, Clock())

    return empty
