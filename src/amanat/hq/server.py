"""The one process that serves: waitress, a few threads, and a housekeeper for what may wait (L-3, C-6).

Killing it at any moment loses nothing that was acknowledged: an answer follows the commit.
"""

import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Final

from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import DatabaseError
from waitress.server import create_server

from amanat.errors import Usage
from amanat.hq import clock as clocks
from amanat.hq import home, settings
from amanat.hq.bulletin import log
from amanat.hq.clock import Clock
from amanat.hq.devices.enrolment import Certificates
from amanat.hq.home import Home
from amanat.hq.intake.checks import Checker
from amanat.hq.intake.http import MEASURE, PATH, Environ, PushEndpoint, Start, echo
from amanat.hq.intake.store import DjangoStore
from amanat.hq.writing import writing
from amanat.sync.hq_side import HqSide

THREADS: Final = 16  # so many pushes share a commit at most
HOUSEKEEPING_SECONDS: Final = 1.0
BODY_MAX: Final = 4 << 20
CONNECTIONS_MAX: Final = 8192  # a gateway keeps its connection; waitress alone would stop listening at 100


def intake_of(here: Home, clock: Clock, certificates: Certificates) -> HqSide:
    """Intake over Django's store."""
    store = DjangoStore(here.eh, clock)
    return HqSide(store, here.eh, certificates, here.secret("signing"), pace_ms=int(here.machine["pace_ms"]))


class Application:
    """Pushes go straight to intake, all else through Django."""

    def __init__(self, here: Home, clock: Clock) -> None:
        self._push = PushEndpoint(intake_of(here, clock, Certificates()), clock)
        self._pages = WSGIHandler()

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
            except (DatabaseError, OSError) as fault:
                print(f"housekeeping: {type(fault).__name__}: {fault}", file=sys.stderr, flush=True)

    def round(self) -> None:
        """One round."""
        self._checker.run()
        now = self._clock.now_ms()
        if log.is_due(now_ms=now):
            log.flush(self._here, now_ms=now)

    def stop(self) -> None:
        """Ends it after its round."""
        self._enough.set()


def serve(folder: Path, *, listen: str, clock: Clock, database: str = "") -> None:
    """Serves until SIGTERM or SIGINT; says `ready` on standard error when it listens.

    Raises:
        BadInput: no home.  Usage: an address that cannot be listened at.
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise Usage("hq-listen", listen=listen)
    settings.configure(folder, database=database or str(Home(folder).machine.get("database", "")))
    here = home.current()
    clocks.use(clock)
    call_command("migrate", verbosity=0)
    try:
        server = create_server(
            Application(here, clock),
            host=host,
            port=int(port),
            threads=THREADS,
            max_request_body_size=BODY_MAX,
            connection_limit=CONNECTIONS_MAX,
            asyncore_use_poll=True,
        )
    except OSError as cause:
        raise Usage("hq-listen", listen=listen) from cause
    with writing():
        log.write_files(here, here.bulletin)
    housekeeper = Housekeeper(here, clock)
    housekeeper.start()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"ready http://{host}:{port}/", file=sys.stderr, flush=True)
    try:
        server.run()
    finally:
        housekeeper.stop()
        server.close()
