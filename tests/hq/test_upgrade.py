"""Headquarters' home of another version: an older database is brought up to date, another one is said aloud (M-1)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from tests.hq.test_server import run

from amanat.errors import BadInput
from amanat.hq import api
from amanat.hq.day import figures
from amanat.hq.home import Home
from amanat.hq.writing import rows_of


def say(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_an_older_database_is_brought_up_to_date(here: Home, day: Any, people: Any) -> None:
    """The database was made before headquarters took text messages.  Wanted: opening the home adds what is missing, all
    that was held is there, and the day's page has its figures."""
    day.damavand.vote(people.MARYAM)
    day.deliver(day.damavand)
    before = api.status_counts()
    call_command("migrate", "intake", "0001_initial", verbosity=0)
    assert "intake_frame" not in connection.introspection.table_names()
    api.open_home(here.folder)
    assert "intake_frame" in connection.introspection.table_names()
    assert api.status_counts() == before
    assert figures.day(here, now_ms=day.clock.now_ms())


def newer() -> None:
    say("INSERT INTO django_migrations (app, name, applied) VALUES ('intake', '0999_of_next_year', '2030-01-01')")


def older() -> None:
    say("ALTER TABLE intake_permit RENAME COLUMN terminal TO formerly")


@pytest.mark.parametrize(("make", "code", "what"), [
    (newer, "hq-home-newer", "intake 0999_of_next_year"),
    (older, "hq-home-older", "intake_permit.terminal"),
])  # fmt: skip
def test_a_home_of_another_version_is_said(here: Home, make: Callable[[], None], code: str, what: str) -> None:
    """A newer program worked here, or one whose tables had another form.  Wanted: one sentence in both languages that
    names what it is, before anything is served or written."""
    make()
    rows = rows_of("SELECT * FROM django_migrations")
    with pytest.raises(BadInput) as refused:
        api.open_home(here.folder)
    assert refused.value.code == code
    assert what in refused.value.both()
    assert rows_of("SELECT * FROM django_migrations") == rows


def test_a_home_without_the_registers_key_is_too_old_to_serve(here: Home) -> None:
    """Before registers were enciphered a home had no key for one.  Wanted: `serve` ends with status 2 and the sentence,
    instead of pages that answer 500."""
    (here.folder / "keys/register.sealed").unlink()
    connections.close_all()
    done = run("serve", here.folder, "--listen", "127.0.0.1:0")
    assert done.returncode == 2
    assert "keys/register.sealed" in done.stderr
    assert "too old" in done.stderr
    assert "Traceback" not in done.stderr
