"""Django's settings, made from HOME by a function: nothing is read from the environment.

SQLite (WAL, synchronous FULL) is embedded; `postgresql://…` in machine.json or `--database` is the one setting that
changes it.  The admin is neither installed nor routed.
"""

import secrets
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import django
from django.conf import settings
from django.db import connections

from amanat.errors import Usage

APPS: Final = ("elections", "devices", "intake", "bulletin", "cases", "day", "results")
BUSY_SECONDS: Final = 30
HERE: Final = Path(__file__).parent
_folder: Final[deque[Path]] = deque(maxlen=1)


def database_for(home: Path, url: str) -> dict[str, Any]:
    """Django's description of the database.  Raises Usage for a url of another kind."""
    if not url:
        pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(home / "database.sqlite3"),
            "CONN_MAX_AGE": None,
            "OPTIONS": {"timeout": BUSY_SECONDS, "transaction_mode": "IMMEDIATE", "init_command": pragmas},
        }
    parts = urlsplit(url)
    if parts.scheme != "postgresql" or len(parts.path) < 2:
        raise Usage("hq-database-url", url=url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parse_qs(parts.query).get("host", [parts.hostname or ""])[0],
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
    }


def settings_for(home: Path, url: str) -> dict[str, Any]:
    """All settings of the project."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),  # nothing is signed with it that outlives the process
        "DEBUG": False,
        "ALLOWED_HOSTS": ["*"],  # the reverse proxy in front names the hosts; pages hold no absolute address
        "DATABASES": {"default": database_for(home, url)},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "INSTALLED_APPS": [f"amanat.hq.{name}" for name in APPS],
        "MIDDLEWARE": ["django.middleware.http.ConditionalGetMiddleware", "amanat.hq.pages.SecurityHeaders"],
        "ROOT_URLCONF": "amanat.hq.urls",
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [HERE / "templates"],
                "APP_DIRS": True,
                "OPTIONS": {
                    "builtins": ["amanat.hq.template_tags"],
                    "context_processors": ["amanat.hq.pages.election"],
                },
            }
        ],
        "LANGUAGE_CODE": "fa",
        "USE_I18N": True,
        "USE_TZ": True,
        "TIME_ZONE": "Asia/Tehran",
        "STATIC_URL": "/static/",
    }


def configure(home: Path, *, database: str = "") -> None:
    """Makes this process headquarters of HOME.  A second call points it at another home or database."""
    home = home.resolve()
    _folder.append(home)
    if not settings.configured:
        settings.configure(**settings_for(home, database))
        django.setup()
        return
    connections.close_all()
    settings.DATABASES = {"default": database_for(home, database)}
    connections.settings = connections.configure_settings(settings.DATABASES)
    with suppress(AttributeError):  # this thread had not opened it
        del connections["default"]


def home_folder() -> Path:
    """The home that this process was configured for."""
    return _folder[0]
