"""A PostgreSQL of one's own, that can be killed in mid-commit and made to fail (S-2).

A commit is held open by deferred constraint triggers, which PostgreSQL runs inside COMMIT and before anything is
durable: whoever is killed while `pg_stat_activity` shows COMMIT is killed in it.
"""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psycopg

from amanat.errors import Usage

BIN: Final = "/usr/lib/postgresql"
USER: Final = "postgres"
SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.005
CONNECTIONS_MAX: Final = 200
TABLE: Final = "intake_entry"
HOLD: Final = """CREATE OR REPLACE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END $$"""
FAIL: Final = """CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF random() < {share} THEN
    PERFORM nextval('failed');
    RAISE EXCEPTION 'made to fail' USING ERRCODE = (ARRAY['40001', '40P01', '53100'])[1 + floor(random() * 3)::int];
  END IF;
  RETURN NULL;
END $$"""
AT_COMMIT: Final = (
    "CREATE CONSTRAINT TRIGGER {name}_commit AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION {name}()"
)
IN_THE_MIDDLE: Final = (
    "CREATE TRIGGER {name}_middle AFTER INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
)
COMMITTING: Final = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query ILIKE 'commit%'"
OTHERS: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    " AND query ILIKE ANY (ARRAY['%insert%', 'commit%'])"
)


class Postgres:
    """One cluster below ``folder`` (short: a socket lies in it)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data, self.sockets = folder / "data", folder / "s"
        self.bin = max(Path(BIN).glob("*/bin"), key=lambda found: float(found.parent.name), default=Path("/missing"))
        self.process: subprocess.Popen[bytes] | None = None
        if not (self.bin / "postgres").exists():
            raise Usage("real-faults-postgresql", folder=BIN)

    def url(self, database: str = "amanat") -> str:
        """How Django and psycopg are told of it."""
        return f"postgresql://amanat@/{database}?host={self.sockets}"

    def make(self) -> None:
        """Makes and starts it, with an empty database.  Raises CalledProcessError."""
        self.folder.chmod(0o755)
        for new in (self.data, self.sockets):
            new.mkdir(mode=0o700)
            shutil.chown(new, USER, USER)
        words = (self.bin / "initdb", "-D", self.data, "-A", "trust", "-U", "amanat", "--no-sync", "-E", "UTF8")
        subprocess.run(list(map(str, words)), check=True, **self._as())
        self.start()
        with psycopg.connect(self.url("postgres"), autocommit=True) as admin:
            admin.execute("CREATE DATABASE amanat")

    def _as(self) -> dict[str, Any]:
        quiet = {name: subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}
        return {"user": USER, "group": USER, "extra_groups": [], "cwd": "/", **quiet}

    def start(self) -> None:
        """Starts it, and waits until it has recovered.  Raises Usage after a minute."""
        options = ("-h", "", "-k", str(self.sockets), "-N", str(CONNECTIONS_MAX))
        self.process = subprocess.Popen([str(self.bin / "postgres"), "-D", str(self.data), *options], **self._as())
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
                return
            time.sleep(POLL_SECONDS)
        raise Usage("real-faults-postgresql", folder=str(self.data))

    def kill(self) -> None:
        """kill -9 of every process of it."""
        assert self.process is not None
        children = children_of(self.process.pid)
        for pid in (self.process.pid, *children):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        for pid in children:
            _gone(pid)

    def connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection of ours, which commits by itself."""
        return psycopg.connect(self.url(), autocommit=True)

    def hold_commits(self, seconds: float) -> None:
        """From now on each entry makes its COMMIT last so much longer."""
        with self.connect() as ours:
            ours.execute(HOLD.format(seconds=seconds))
            ours.execute(AT_COMMIT.format(name="hold", table=TABLE))

    def fail_transactions(self, share: float) -> None:
        """From now on this share of statements and of entries at their COMMIT fails: serialization, deadlock, full."""
        with self.connect() as ours:
            ours.execute("CREATE SEQUENCE IF NOT EXISTS failed")  # a sequence keeps what a roll-back takes back
            ours.execute(FAIL.format(share=share))
            ours.execute(IN_THE_MIDDLE.format(name="fail", table=TABLE))
            ours.execute(AT_COMMIT.format(name="fail", table=TABLE))

    def heal(self) -> int:
        """Takes all of that away; see `failed`."""
        with self.connect() as ours:
            ours.execute("DROP FUNCTION IF EXISTS hold, fail CASCADE")
        return self.failed()

    def failed(self) -> int:
        """How many transactions were made to fail since the beginning."""
        with self.connect() as ours:
            if ours.execute("SELECT to_regclass('failed')").fetchone() == (None,):
                return 0
            found = ours.execute("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM failed").fetchone()
            return int(found[0]) if found else 0

    def break_connections(self) -> int:
        """Ends the connections that write now; how many."""
        with self.connect() as ours:
            return len(ours.execute(OTHERS).fetchall())

    def committing(self, *, seconds: float = 20.0) -> bool:
        """Waits until somebody is inside COMMIT; False if nobody was for so long."""
        until = time.monotonic() + seconds
        with self.connect() as ours:
            while time.monotonic() < until:
                if ours.execute(COMMITTING).fetchone() is not None:
                    return True
                time.sleep(POLL_SECONDS)
        return False


def children_of(parent: int) -> list[int]:
    """Processes whose parent this is."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                    found.append(int(folder.name))
    return found


def _gone(pid: int) -> None:
    """Waits for an orphan of ours: in the jail we are the first process."""
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


__all__ = ["Postgres", "children_of"]
