"""What one terminal is told: ``HOME/terminal.toml``, written when its package is loaded, changed by hand if need be."""

import json
import tomllib
from dataclasses import asdict, dataclass, fields, replace
from datetime import time
from pathlib import Path

from amanat.errors import BadInput
from amanat.station.medium_file import write_whole

FILE = "terminal.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """One terminal.  ``listen`` and ``peers`` are ``unix:PATH`` or ``127.0.0.1:PORT``; paths may be relative to HOME.

    ``link_url`` is headquarters' base address as this station's network reaches it; empty on terminals that are not
    the station's gateway.  ``medium_a`` and ``medium_b`` are directories, on two storage devices in earnest.
    """

    station: str
    terminal: int
    passphrase: str
    device: int = -1  # not enrolled yet
    roles: int = 0
    listen: str = "unix:terminal.sock"
    link_url: str = ""
    narrow: str = ""  # text messages while the link is down: folder:DIR?command=CMD, see narrow.py
    link_ca: str = ""  # file with the certificates that may vouch for an https address; empty: the system's
    peers: tuple[str, ...] = ()
    medium_a: str = "medium-a"
    medium_b: str = "medium-b"
    test_page: str = "https://verify.example/test"  # the public page that opens a tested ballot, from its address
    clock: str = "system"
    printer: str = "folder:slips"
    checked_in_list: str = "every:20"  # or minutes:N, or asked: see checked_in_list.py
    closes: str = "18:00"  # the legal end of voting in Iran's time; a clock only asks for a reason before it
    power: str = ""  # a folder like /sys/class/power_supply; empty: battery and plug are not watched
    switch_next: str = "F8 Space"  # keys of a voter's two switches; the first of each begins the scanning
    switch_select: str = "F9 Enter"
    readers: tuple[str, ...] = ()  # card and biometric readers, see `station.readers`

    @property
    def legal_end(self) -> time:
        """``closes`` as a time of day; BadInput where it is none."""
        try:
            return time.fromisoformat(self.closes)
        except ValueError as cause:
            raise BadInput("terminal-settings", file=FILE, field="closes") from cause

    def write(self, home: Path) -> None:
        """Put it into the terminal's home, whole or not at all."""
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in asdict(self).items()]
        write_whole(home / FILE, "".join(lines).encode())


def read(home: Path) -> Settings:
    """The settings of one terminal.

    Raises:
        BadInput: ``terminal-settings`` with file and field.
    """
    path = home / FILE
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as cause:
        raise BadInput("terminal-not-loaded", file=str(path)) from cause
    except ValueError as cause:
        raise BadInput("terminal-settings", file=str(path), field="TOML") from cause
    settings = Settings(station="", terminal=0, passphrase="")
    for field in fields(Settings):
        value = found.pop(field.name, getattr(settings, field.name))
        if field.name in ("peers", "readers") and isinstance(value, list):
            value = tuple(value)
        if type(value) is not type(getattr(settings, field.name)):
            raise BadInput("terminal-settings", file=str(path), field=field.name)
        settings = replace(settings, **{field.name: value})
    if found or not settings.station or not settings.passphrase:
        raise BadInput("terminal-settings", file=str(path), field=next(iter(found), "station, passphrase"))
    return settings


@dataclass(frozen=True, slots=True)
class Address:
    """Where a terminal listens: a Unix socket's path, or host and port."""

    path: str
    host: str
    port: int

    @classmethod
    def read(cls, text: str, *, home: Path) -> "Address":
        """From ``unix:PATH`` or ``HOST:PORT``; BadInput otherwise."""
        if text.startswith("unix:"):
            return cls(str(home / text.removeprefix("unix:")), "", 0)
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit():
            raise BadInput("terminal-settings", file=str(home / FILE), field=f"listen ({text})")
        return cls("", host, int(port))

    @property
    def url(self) -> str:
        """The base of HTTP addresses there; a Unix socket needs a connector for its path besides."""
        return "http://terminal" if self.path else f"http://{self.host}:{self.port}"
