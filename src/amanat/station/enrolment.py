"""How a machine becomes a terminal: it makes its key and a request, and later takes the signed package (K-8)."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

from amanat.errors import BadInput
from amanat.records import cbor
from amanat.records.device import ROLE_CHECK_IN
from amanat.station import config, keys
from amanat.station.config import Settings
from amanat.station.package import FILES, read_package

PACKAGE = "package"
REQUEST = "request.cbor"


def enrol(home: Path, *, station: str, terminal: int, passphrase: Path, seal: str = "") -> None:
    """Make the device's key and leave ``request.cbor`` for headquarters: CBOR([public key, number of the paper seal]).

    Raises:
        BadInput: this home is enrolled already, or the passphrase file cannot be read.
    """
    home.mkdir(parents=True, exist_ok=True)
    public = keys.create(home, keys.read_passphrase(passphrase))
    Settings(station=station, terminal=terminal, passphrase=str(passphrase.resolve())).write(home)
    (home / REQUEST).write_bytes(cbor.encode([public, seal or f"{station}-{terminal}"]))


def load(home: Path, package: Path, **settings: str | tuple[str, ...]) -> Settings:
    """Take the signed package into HOME and find our certificate in it; ``settings`` overwrite the defaults.

    Raises:
        BadInput: incomplete package, or one that does not know this device.  Rejected: a signature in it.
    """
    before = config.read(home)
    try:
        request = cbor.as_list(cbor.decode((home / REQUEST).read_bytes()), REQUEST, size=2)
    except OSError as cause:
        raise BadInput("device-not-enrolled", file=str(home / REQUEST)) from cause
    content = read_package(package)
    public = cbor.as_bytes(request[0], REQUEST)
    ours = next((c for c in content.devices.values() if c.key == public), None)
    if ours is None or content.manifest.stations[ours.station].id != before.station:
        raise BadInput("device-not-in-package", file=str(package / "devices.seq"))
    target = home / PACKAGE
    target.mkdir(exist_ok=True)
    for name in FILES:
        _take(package / name, target / name)
    loaded = replace(before, device=ours.device, roles=ours.roles, **settings)  # type: ignore[arg-type]
    if loaded.link_url and not ours.has(ROLE_CHECK_IN):
        raise BadInput("terminal-settings", file=str(home / config.FILE), field="link_url")
    loaded.write(home)
    return loaded


def _take(source: Path, target: Path) -> None:
    """The same file where the two share a disk (a register is large), else a copy."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
