"""A home of another version of this program: an older database is brought up to date at every start, without a
question; what cannot be is said in a sentence before anything is served."""

from typing import Final

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from amanat.errors import BadInput
from amanat.hq.home import KEYS, Home

FILES: Final = ("election/register.bin", "election/texts.json", *(f"keys/{name}.sealed" for name in KEYS))


def bring_up_to_date(here: Home) -> None:
    """Takes every migration that the home's database lacks, each in a transaction: a cut leaves it as it was before.

    Raises:
        BadInput: the home is of a newer program, which nothing here may write; or of one so old that its files or
            tables are not what this program reads.
    """
    _require_not_newer(here)
    call_command("migrate", verbosity=0)
    missing = next((name for name in FILES if not (here.folder / name).is_file()), None) or _missing_column()
    if missing is not None:
        raise BadInput("hq-home-older", file=str(here.folder), what=missing)


def _require_not_newer(here: Home) -> None:
    loader = MigrationLoader(connection)
    ours = {config.label for config in apps.get_app_configs()}
    unknown = sorted(f"{app} {name}" for app, name in loader.applied_migrations if app in ours)
    unknown = [one for one in unknown if tuple(one.split(" ")) not in (loader.disk_migrations or {})]
    if unknown:
        raise BadInput("hq-home-newer", file=str(here.folder), what=unknown[0])


def _missing_column() -> str | None:
    """A column of our tables that the database has not, though it says that it is up to date."""
    with connection.cursor() as cursor:
        for model in apps.get_models():
            table = model._meta.db_table
            there = {column.name for column in connection.introspection.get_table_description(cursor, table)}
            for field in model._meta.concrete_fields:
                if field.column not in there:
                    return f"{table}.{field.column}"
    return None
