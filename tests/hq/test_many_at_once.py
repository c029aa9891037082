"""S-8: many devices, several intake processes, one PostgreSQL, and transactions that fail in the worst moments."""

import http.client
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from django.db import connection, connections
from tests.hq.conftest import Clock
from tests.hq.crowd import Desk, Gateway, build_crowd
from tests.hq.private_postgresql import new_database, private_cluster

from amanat.hq import home as homes
from amanat.hq.home import Home
from amanat.hq.intake.meter import Meter
from amanat.records.journal import Entry, entry_hash

SOURCE = Path(__file__).resolve().parents[2] / "src"
DEVICES = 64
SECONDS = 120
EYE = "test"
IN_VAIN_MAX = 2000
CUTS_MAX = 30
FAIL = """
CREATE FUNCTION fail_now() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF random() < 0.2 THEN RAISE EXCEPTION 'made to fail' USING ERRCODE = '40001'; END IF;
  RETURN NULL; END $$;
CREATE FUNCTION fail_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF random() < 0.03 THEN RAISE EXCEPTION 'made to fail' USING ERRCODE = '40P01'; END IF;
  RETURN NULL; END $$;
CREATE TRIGGER f1 AFTER INSERT ON intake_entry FOR EACH STATEMENT EXECUTE FUNCTION fail_now();
CREATE CONSTRAINT TRIGGER f2 AFTER INSERT ON intake_tip DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION fail_at_commit();
"""
SLEEP = """
CREATE FUNCTION sleep_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM pg_sleep(0.5); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER s1 AFTER INSERT ON intake_tip DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION sleep_at_commit();
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A cluster of this module's own, which does not sync to disk: no test here cuts its power."""
    with private_cluster("fsync=off") as url:
        yield url


@pytest.fixture
def url(cluster: str) -> str:
    """An empty database."""
    return new_database(cluster)


@pytest.fixture
def root(url: str, memory: Path) -> Iterator[Path]:
    """An election of DEVICES stations."""
    folder = memory / os.urandom(4).hex()
    folder.mkdir()
    build_crowd(folder, DEVICES, database=url)
    yield folder
    connections.close_all()
    shutil.rmtree(folder)


@pytest.fixture
def admin(url: str) -> Iterator[psycopg.Connection]:
    """The test's own eye on the database."""
    with psycopg.connect(url, autocommit=True, application_name=EYE) as eye:
        yield eye


class Workers:
    """`amanat hq serve --workers 2`."""

    def __init__(self, root: Path) -> None:
        self.log = root / "server.log"
        words = ["hq", "serve", str(root / "hq"), "--listen", "127.0.0.1:0", "--workers", "2"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "amanat.cli.main", *words],
                env={**os.environ, "PYTHONPATH": str(SOURCE)},
                stderr=log,
            )
        until = time.monotonic() + SECONDS
        while "ready " not in (said := self.log.read_text()):
            assert self.process.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.02)
        self.port = int(said.split("ready http://127.0.0.1:")[1].split("/")[0])

    def pids(self) -> list[int]:
        """The workers'."""
        pid = self.process.pid
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(SECONDS) == 0


@pytest.fixture
def workers(root: Path) -> Iterator[Callable[[], Workers]]:
    """Starts headquarters; it is gone after the test."""
    started: list[Workers] = []

    def start() -> Workers:
        started.append(Workers(root))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def here_of() -> Home:
    homes.forget()
    return homes.current()


def post(port: int, body: bytes) -> tuple[int, str | None, bytes]:
    """(status, Retry-After, content)."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        wire.request("POST", "/sync/v1/push", body)
        answer = wire.getresponse()
        return answer.status, answer.getheader("Retry-After"), answer.read()
    finally:
        wire.close()


def deliver(port: int, gateway: Gateway, url: str) -> int:
    """Pushes until all is acknowledged, and reads every acknowledgement again in the database at once; returns how
    many pushes came to nothing."""
    in_vain = 0
    with psycopg.connect(url, autocommit=True, application_name=EYE) as eye:
        while gateway.left:
            assert in_vain < IN_VAIN_MAX
            try:
                status, after, content = post(port, gateway.push())
            except (OSError, http.client.HTTPException):
                in_vain += 1  # a worker was killed
                continue
            if status != 200:
                assert status == 503
                assert after is not None
                assert 1 <= int(after) <= 300
                in_vain += 1
                continue
            gateway.take(content)
            for head in gateway.side._stated.get(gateway.device, []):
                sql = "SELECT count(*), count(*) FILTER (WHERE seq = %s AND hash = %s) FROM intake_entry "
                row = eye.execute(sql + "WHERE device = %s AND seq <= %s", (head.seq, head.hash, head.device, head.seq))
                assert row.fetchone() == (head.seq + 1, 1)
    return in_vain


def agree(eye: psycopg.Connection, here: Home, desks: list[Desk]) -> None:
    """The database and the journals are the same, entry by entry, and one tip stands at each end."""
    rows = eye.execute("SELECT device, seq, hash, entry, signature, private FROM intake_entry ORDER BY 1, 2")
    held = [tuple(map(bytes_of, row)) for row in rows]
    wanted = [
        (d.device, seq, entry_hash(here.eh, e.entry), e.entry, e.signature, e.private)
        for d in desks
        for seq, e in enumerate(d.entries)
    ]
    assert held == wanted
    tips = eye.execute("SELECT device, seq FROM intake_tip ORDER BY 1").fetchall()
    assert tips == [(d.device, len(d.entries) - 1) for d in desks]
    kinds = [Entry.decode(e.entry).kind for d in desks for e in d.entries]
    for table, kind in (("intake_permit", "permit"), ("intake_ballot", "ballot-cast"), ("intake_news", "permit")):
        assert eye.execute(f"SELECT count(*) FROM {table}").fetchone() == (kinds.count(kind),)
    assert eye.execute("SELECT count(*) FROM intake_loose").fetchone() == (0,)


def bytes_of(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def test_64_devices_upload_at_once_while_transactions_fail(
    root: Path, url: str, admin: psycopg.Connection, workers: Callable[[], Workers]
) -> None:
    """All stations deliver at once to two workers; a fifth of the transactions is made to fail in the middle, some at
    the commit, and connections of the workers are cut.  Wanted: what is acknowledged is there when it is
    acknowledged, nobody is told another error than *come again*, and in the end database and journals agree."""
    here = here_of()
    desks = [Desk(here, n) for n in range(DEVICES)]
    for desk in desks:
        desk.serve(3, each=100)
    server = workers()
    admin.execute(FAIL)
    done = threading.Event()

    def cut() -> None:
        others = f"SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name <> '{EYE}'"
        with psycopg.connect(url, autocommit=True, application_name=EYE) as eye:
            for _ in range(CUTS_MAX):  # and then no more: a slow machine must come to an end
                if done.wait(0.05):
                    break
                if pids := [pid for (pid,) in eye.execute(others)]:
                    eye.execute("SELECT pg_terminate_backend(%s)", (random.choice(pids),))

    cutter = threading.Thread(target=cut)
    cutter.start()
    gateways = [Gateway(here, desk.entries, desk.device, desk.seed) for desk in desks]
    try:
        with ThreadPoolExecutor(DEVICES) as pool:
            in_vain = sum(pool.map(lambda gateway: deliver(server.port, gateway, url), gateways))
    finally:
        done.set()
        cutter.join()
    agree(admin, here, desks)
    meter = Meter()
    meter.share(root / "hq" / "meter", 0)
    assert meter.totals()["repeated"] + in_vain > 0
    assert "Internal Server Error" not in server.log.read_text()


def test_a_worker_is_killed_in_the_middle_of_a_commit(
    root: Path, url: str, admin: psycopg.Connection, workers: Callable[[], Workers]
) -> None:
    """A commit takes half a second, and in it `kill -9` takes both workers; twice.  Wanted: they are there again, the
    stations, which do not know what became of their pushes, deliver, and every entry is held once."""
    here = here_of()
    desks = [Desk(here, n) for n in range(DEVICES)]
    server = workers()
    admin.execute(SLEEP)
    with ThreadPoolExecutor(4) as pool:
        for round_ in range(2):
            for desk in desks[:4]:
                desk.serve(1, each=100 + round_)
            gateways = [Gateway(here, d.entries, d.device, d.seed) for d in desks[:4]]
            sent = [pool.submit(deliver, server.port, gateway, url) for gateway in gateways]
            sleeping = "SELECT 1 FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event = 'PgSleep'"
            while not admin.execute(sleeping).fetchone():
                assert not all(one.done() for one in sent)
                time.sleep(0.005)
            for pid in server.pids():
                os.kill(pid, signal.SIGKILL)
            assert sum(one.result(SECONDS) for one in sent) > 0
    admin.execute("DROP TRIGGER s1 ON intake_tip")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda d: deliver(server.port, Gateway(here, d.entries, d.device, d.seed), url), desks))
    agree(admin, here, desks)
    assert server.log.read_text().count("started again") == 4


def test_one_device_by_two_paths_at_once(root: Path, admin: psycopg.Connection) -> None:
    """Two gateways and a stick bring the same journal in the same moment, from its middle, its start and its end, and a
    clone's branch comes along.  Wanted: each entry once, whoever was first, and both ends of the fork."""
    from amanat.hq.devices.enrolment import Certificates
    from amanat.hq.server import intake_of

    here = here_of()
    certificates = Certificates()
    desks = [Desk(here, n) for n in range(8)]
    for desk in desks:
        desk.serve(6, each=100)
        clone = Desk(here, desk.device)
        clone.write("link", ["another story"])
        triples, other = desk.triples(), clone.triples()
        half = len(triples) // 2
        parts = [triples, triples[half:] + triples[:half], triples[::-1], other + triples]
        start = threading.Barrier(len(parts))

        def take(part: list[object], start: threading.Barrier = start) -> None:
            side = intake_of(here, Clock(), certificates)
            start.wait()
            try:
                side.take(part)  # type: ignore[arg-type]
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(parts)) as pool:
            list(pool.map(take, parts))
        rows = admin.execute("SELECT seq FROM intake_entry WHERE device = %s ORDER BY seq", (desk.device,))
        assert [seq for (seq,) in rows.fetchall()] == sorted([*range(len(triples)), 1])
        tips = admin.execute("SELECT seq FROM intake_tip WHERE device = %s ORDER BY seq", (desk.device,)).fetchall()
        assert tips == [(1,), (len(triples) - 1,)]
    assert admin.execute("SELECT count(*) FROM intake_ballot").fetchone() == (8 * 6,)


def test_no_cursor_passes_news_that_are_on_their_way(root: Path, admin: psycopg.Connection) -> None:
    """A check-in has its number and is not committed; another one comes.  Wanted: the second waits, since a station
    that had heard of it would never ask for the first."""
    from amanat.hq.writing import NEWS, in_order, insert, receiving

    numbered, go = threading.Event(), threading.Event()

    def check_in(station: int, hold: bool) -> None:
        try:
            with receiving((station,)):
                in_order(NEWS)
                insert("intake_news", ("digest", "station"), [(bytes(10), station)])
                if hold:
                    numbered.set()
                    assert go.wait(SECONDS)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(check_in, 1, True)
        assert numbered.wait(SECONDS)
        second = pool.submit(check_in, 2, False)
        while admin.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() != (1,):
            assert not second.done()
            time.sleep(0.005)
        assert admin.execute("SELECT count(*) FROM intake_news").fetchone() == (0,)
        go.set()
        first.result(SECONDS)
        second.result(SECONDS)
    assert admin.execute("SELECT station FROM intake_news ORDER BY id").fetchall() == [(1,), (2,)]


def test_the_planner_was_told_that_the_tables_are_empty(root: Path, admin: psycopg.Connection) -> None:
    """Statistics are taken while nothing is there; then a county's day comes in at once (the lesson of a cold
    optimiser).  Wanted: every statement that a push waits for goes by an index, and the housekeeper takes new
    statistics of what grew."""
    from amanat.hq.intake.store import RANGES
    from amanat.hq.server import GROWN, keep_statistics

    homes.forget()
    admin.execute("ANALYZE")
    rows = "SELECT n / 300, n % 300, sha256(n::text::bytea), 'link', ''::bytea, ''::bytea, NULL, false, 0, 0"
    columns = "device, seq, hash, kind, entry, signature, private, forked, wall_ms, arrived_ms"
    admin.execute(f"INSERT INTO intake_entry ({columns}) {rows} FROM generate_series(0, 59999) n")
    admin.execute("INSERT INTO intake_tip (device, seq, hash) SELECT n, 1, sha256('') FROM generate_series(0, 199) n")

    def plan(sql: str, *given: object) -> str:
        return "\n".join(row for (row,) in psycopg.ClientCursor(admin).execute("EXPLAIN " + sql, given).fetchall())

    asked = [list(range(40)), [0] * 40, [255] * 40]
    shown = plan(RANGES, *asked)
    assert "entry_once" in shown
    assert "Seq Scan on intake_entry" not in shown
    until = time.monotonic() + SECONDS
    while ("intake_entry",) not in admin.execute(GROWN).fetchall():
        assert time.monotonic() < until
        time.sleep(0.05)
    keep_statistics()
    assert ("intake_entry",) not in admin.execute(GROWN).fetchall()
    (believed,) = admin.execute("SELECT reltuples FROM pg_class WHERE relname = 'intake_entry'").fetchone() or (0,)
    assert believed == 60_000
    assert connection.vendor == "postgresql"
