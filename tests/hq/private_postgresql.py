"""A real PostgreSQL of one's own in a temporary folder: it listens on a socket there and nowhere else.

Set-up installs Debian's PostgreSQL; where it is missing this fails, and is never passed over.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
SECONDS = 120


def as_postgres(*words: str | Path) -> None:
    """A command of PostgreSQL, which refuses to run as root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run(
        [*prefix, *map(str, words)], check=True, cwd="/", timeout=SECONDS, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@contextmanager
def private_cluster(*settings: str) -> Iterator[str]:
    """Its url, with {} for a database's name; ``settings`` are `name=value`."""
    folder = Path(mkdtemp(prefix="amanat-pg-", dir="/tmp"))
    folder.chmod(0o755)
    data = folder / "data"
    sockets = folder / "s"
    for new in (data, sockets):
        new.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(new, "postgres", "postgres")
    as_postgres(BIN[-1] / "initdb", "-D", data, "-A", "trust", "-U", "amanat", "--no-sync")
    options = " ".join(f"-c {one}" for one in ("listen_addresses=''", f"unix_socket_directories={sockets}", *settings))
    as_postgres(BIN[-1] / "pg_ctl", "-D", data, "-w", "-o", options, "-l", sockets / "log", "start")
    os.chmod(sockets, 0o755)  # noqa: PTH101 - our own user must reach the socket
    try:
        yield f"postgresql://amanat@/{{}}?host={sockets}"
    finally:
        as_postgres(BIN[-1] / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


def new_database(cluster: str) -> str:
    """The url of a new, empty database."""
    import psycopg

    name = "a" + os.urandom(4).hex()
    with psycopg.connect(cluster.format("postgres"), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    return cluster.format(name)
