"""What serves: waitress, a few threads, and a housekeeper for what may wait (L-3, C-6).

Killing any of it at any moment loses nothing that was acknowledged: an answer follows the commit.  With several
workers (`amanat.hq.workers`) this process keeps house, and each of them serves from the socket that it bound (S-8).
"""

import signal
import socket
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any, Final

from django.core.handlers.wsgi import WSGIHandler
from django.db import Error, close_old_connections, connection
from waitress.server import create_server

from amanat.errors import Usage
from amanat.hq import clock as clocks
from amanat.hq import home, settings
from amanat.hq.bulletin import log
from amanat.hq.clock import Clock
from amanat.hq.devices.enrolment import Certificates
from amanat.hq.home import Home
from amanat.hq.intake.admission import Admission, Channel
from amanat.hq.intake.checks import Checker
from amanat.hq.intake.http import MEASURE, PATH, Environ, PushEndpoint, Start, echo
from amanat.hq.intake.meter import Meter
from amanat.hq.intake.store import DjangoStore
from amanat.hq.upgrade import bring_up_to_date
from amanat.hq.workers import Orders, keep_workers
from amanat.hq.writing import is_postgresql, rows_of, writing
from amanat.sync.hq_side import HqSide

HOUSEKEEPING_SECONDS: Final = 1.0
BODY_MAX: Final = 4 << 20
CONNECTIONS_MAX: Final = 8192  # a gateway keeps its connection; waitress alone would stop listening at 100
BACKLOG: Final = 4096  # connections that the system holds while nobody accepts them: all stations come at once
GROWN: Final = "SELECT relname FROM pg_stat_user_tables WHERE n_mod_since_analyze > 1000 + n_live_tup / 2"


def intake_of(here: Home, clock: Clock, certificates: Certificates) -> HqSide:
    """Intake over Django's store."""
    store = DjangoStore(here.eh, clock)
    return HqSide(store, here.eh, certificates, here.secret("signing"), pace_ms=int(here.machine["pace_ms"]))


class Application:
    """Pushes go straight to intake, all else through Django."""

    def __init__(self, here: Home, clock: Clock) -> None:
        self._push = PushEndpoint(intake_of(here, clock, Certificates()), clock)
        self._pages = WSGIHandler()
        self.room = self._push.room

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """WSGI."""
        if environ["PATH_INFO"] == PATH:
            return self._push(environ, start)
        if environ["PATH_INFO"] == MEASURE:
            return echo(environ, start)
        return self._pages(environ, start)  # type: ignore[arg-type]


class Housekeeper(threading.Thread):
    """Checks permits and ballots in batches, and flushes the bulletin when it is due."""

    def __init__(self, here: Home, clock: Clock) -> None:
        super().__init__(name="housekeeper", daemon=True)
        self._here = here
        self._clock = clock
        self._checker = Checker(here, Certificates())
        self._enough = threading.Event()

    def run(self) -> None:
        """Until `stop`; a database or disk that fails is tried again, and said on standard error."""
        while not self._enough.wait(HOUSEKEEPING_SECONDS):
            try:
                self.round()
            except (Error, OSError) as fault:
                close_old_connections()  # one that was cut is opened anew
                print(f"housekeeping: {type(fault).__name__}: {fault}", file=sys.stderr, flush=True)

    def round(self) -> None:
        """One round."""
        while self._checker.run() and not self._enough.is_set() and not log.is_due(now_ms=self._clock.now_ms()):
            pass
        keep_statistics()
        now = self._clock.now_ms()
        if log.is_due(now_ms=now):
            log.flush(self._here, now_ms=now)

    def stop(self) -> None:
        """Ends it after its round."""
        self._enough.set()


def keep_statistics() -> None:
    """PostgreSQL's planner learns of tables that grew by half since it looked, sooner than by itself: on the day they
    fill from nothing in minutes."""
    if is_postgresql():
        for (table,) in rows_of(GROWN):
            with connection.cursor() as cursor:
                cursor.execute(f'ANALYZE "{table}"')


def web_server(here: Home, clock: Clock, listening: socket.socket) -> Any:
    """Waitress on a bound socket, with intake's own admission; `run` serves until the process is told to stop."""
    application = Application(here, clock)
    server: Any = create_server(
        application,
        sockets=[listening],
        max_request_body_size=BODY_MAX,
        connection_limit=CONNECTIONS_MAX,
        asyncore_use_poll=True,
        _dispatcher=Admission(application.room),
    )
    server.channel_class = Channel
    return server


def serve(folder: Path, *, listen: str, clock: str = "system", database: str = "", workers: int = 1) -> None:
    """Serves until SIGTERM or SIGINT; says `ready` on standard error when it listens.

    Raises:
        BadInput: no home, or one of another version (`bring_up_to_date`).
        Usage: an address that cannot be listened at, or several workers without PostgreSQL.
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise Usage("hq-listen", listen=listen)
    here = configure(folder, clock=clock, database=database)
    if workers > 1 and not is_postgresql():
        raise Usage("hq-workers-database", workers=workers)
    bring_up_to_date(here)
    try:
        listening = socket.create_server((host, int(port)), backlog=BACKLOG)
    except OSError as cause:
        raise Usage("hq-listen", listen=listen) from cause
    ready = f"ready http://{host}:{listening.getsockname()[1]}/"
    with writing():
        log.write_files(here, here.bulletin)
    housekeeper = Housekeeper(here, clocks.current())
    housekeeper.start()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        if workers == 1:
            server = web_server(here, clocks.current(), listening)
            print(ready, file=sys.stderr, flush=True)
            server.run()
        else:
            Meter.make(here.folder / "meter", workers)
            orders = Orders(str(folder.resolve()), listening.fileno(), clock, database, str(here.folder / "meter"))
            keep_workers(orders, workers, lambda: print(ready, file=sys.stderr, flush=True))
    finally:
        housekeeper.stop()
        listening.close()


def configure(folder: Path, *, clock: str, database: str) -> Home:
    """Makes this process serve a home.  Raises BadInput."""
    settings.configure(folder, database=database or str(Home(folder).machine.get("database", "")))
    clocks.use(clocks.open_clock(clock))
    return home.current()
