"""The office: headquarters before the day, with a database of its own.

It prepares an election and writes its folder (`amanat hq export-election`); the election's own headquarters is made of
that folder, elsewhere, and never sees candidates' papers; nor does the office ever see who voted.
"""

import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple

from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from waitress.server import create_server

from amanat.errors import Usage
from amanat.hq import home, settings
from amanat.hq.home import Home

THREADS: Final = 8
BODY_MAX: Final = 32 << 20  # an upload, and a little around it


class Login(NamedTuple):
    """What a first official needs to sign in; told once."""

    username: str
    password: str
    factor: str


def prepare(folder: Path, *, database: str = "", people: Sequence[tuple[str, str, str]] = ()) -> list[Login]:
    """Makes an office; `people` are (user name, name, role) of its first officials, else one of headquarters.

    Raises:
        BadInput: there is a home already.
    """
    Home.create_office(folder, database=database)
    open_office(folder)
    people = people or (("headquarters", "مسئول ستاد", "headquarters"),)
    return [_first_official(*one) for one in people]


def open_office(folder: Path) -> Home:
    """Makes this process the office of `folder`, its schema up to date.  Raises BadInput."""
    here = Home(folder.resolve())
    settings.configure(folder, database=str(here.machine.get("database", "")))
    home.forget()
    call_command("migrate", verbosity=0)
    return home.current()


def _first_official(username: str, name_fa: str, role: str) -> Login:
    from amanat.hq import clock
    from amanat.hq.accounts import factors
    from amanat.hq.accounts.log import log_action
    from amanat.hq.accounts.models import Appointment, Official
    from amanat.hq.writing import writing

    password = secrets.token_urlsafe(12)
    with writing():
        person = Official.objects.create_official(username, name_fa, password)
        device = factors.new_factor(person)
        Appointment.objects.create(official=person, role=role, at_ms=clock.now_ms())
        log_action("official-made", f"official:{username}", name_fa, by=None, facts={"role": role})
    return Login(username, password, factors.secret_of(device))


def serve(folder: Path, *, listen: str) -> None:
    """Serves the office's pages until SIGTERM or SIGINT; says `ready` on standard error.

    Raises:
        BadInput: no home.  Usage: an address that cannot be listened at.
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise Usage("hq-listen", listen=listen)
    open_office(folder)
    try:
        server: Any = create_server(
            WSGIHandler(), host=host, port=int(port), threads=THREADS, max_request_body_size=BODY_MAX
        )
    except OSError as cause:
        raise Usage("hq-listen", listen=listen) from cause

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"ready http://{host}:{server.effective_port}/", file=sys.stderr, flush=True)
    try:
        server.run()
    finally:
        server.close()
