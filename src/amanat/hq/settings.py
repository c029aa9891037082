"""Django's settings, made from HOME by a function: nothing is read from the environment.

SQLite (WAL, synchronous FULL) is embedded; `postgresql://…` in machine.json or `--database` is the one setting that
changes it.  The admin is neither installed nor routed.
"""

import os
import secrets
from collections import deque
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import django
from django.conf import settings
from django.db import connections

from amanat.errors import Usage

OTHERS: Final = (
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "axes",
)
MIDDLEWARE: Final = (
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "amanat.hq.pages.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "amanat.hq.pages.ChosenLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "axes.middleware.AxesMiddleware",
    "amanat.hq.pages.Phase",
)
APPS: Final = ("accounts", "elections", "sessions", "devices", "intake", "bulletin", "cases", "day", "results")
APP_OF: Final = {"sessions": "amanat.hq.sessions.apps.SessionsConfig"}
BUSY_SECONDS: Final = 30
TRIES: Final = 5
LOCKED_OUT: Final = timedelta(minutes=15)
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
        "SECRET_KEY": web_key(home),
        "DEBUG": False,
        "ALLOWED_HOSTS": ["*"],  # the reverse proxy in front names the hosts; pages hold no absolute address
        "DATABASES": {"default": database_for(home, url)},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "INSTALLED_APPS": [*OTHERS, *(APP_OF.get(name, f"amanat.hq.{name}") for name in APPS)],
        "MIDDLEWARE": list(MIDDLEWARE),
        "ROOT_URLCONF": "amanat.hq.urls",
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [HERE / "templates"],
                "APP_DIRS": True,
                "OPTIONS": {
                    "builtins": ["amanat.hq.template_tags"],
                    "context_processors": [
                        "django.template.context_processors.request",
                        "amanat.hq.pages.election",
                        "amanat.hq.pages.rooms",
                    ],
                },
            }
        ],
        "LANGUAGE_CODE": "fa",
        "USE_I18N": True,
        "USE_TZ": True,
        "TIME_ZONE": "Asia/Tehran",
        "LOCALE_PATHS": [HERE / "locale"],
        "LANGUAGES": [("fa", "فارسی"), ("en", "English")],
        "STATIC_URL": "/static/",
        **signing_in(),
    }


def signing_in() -> dict[str, Any]:
    """Who signs in, how, and how often one may try."""
    return {
        "AUTH_USER_MODEL": "accounts.Official",
        "AUTHENTICATION_BACKENDS": [
            "axes.backends.AxesStandaloneBackend",
            "django.contrib.auth.backends.ModelBackend",
        ],
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": f"django.contrib.auth.password_validation.{name}"}
            for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
        ],
        "AXES_FAILURE_LIMIT": TRIES,
        "AXES_COOLOFF_TIME": LOCKED_OUT,
        "AXES_LOCKOUT_PARAMETERS": [["username", "ip_address"]],  # a stranger elsewhere locks nobody out
        "AXES_VERBOSE": False,
        "AXES_ENABLE_ADMIN": False,
        "OTP_TOTP_ISSUER": "Amanat",
        "SESSION_COOKIE_AGE": 8 * 3600,
        "SESSION_COOKIE_SAMESITE": "Strict",
        "SESSION_EXPIRE_AT_BROWSER_CLOSE": True,
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Strict",
    }


def web_key(home: Path) -> str:
    """What sessions and forms are signed with: of this home, made at first need; none of the election's keys."""
    path = home / "web.key"
    if not home.is_dir():
        return secrets.token_urlsafe(48)
    if not path.exists():
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            os.link(fresh, path)  # whole, and the first one's, whoever else begins at the same moment
        fresh.unlink()
    return path.read_text(encoding="ascii")


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
