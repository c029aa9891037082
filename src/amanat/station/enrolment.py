"""How a machine becomes a terminal: it makes its key and a request, and later takes the signed package (K-8, M-7)."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from amanat.errors import BadInput, Rejected
from amanat.records import cbor, package_sums
from amanat.records.device import ROLE_CHECK_IN
from amanat.records.manifest import Manifest
from amanat.station import config, keys
from amanat.station.config import Settings
from amanat.station.package import Package, read_package, require_names

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
        BadInput: incomplete package, or one that does not know this device.
        Rejected: a signature in it, a file that is not the signed one, or another election's than the one that is here.
    """
    before = config.read(home)
    try:
        request = cbor.as_list(cbor.decode((home / REQUEST).read_bytes()), REQUEST, size=2)
    except OSError as cause:
        raise BadInput("device-not-enrolled", file=str(home / REQUEST)) from cause
    names = package_sums.require_whole(package)
    content = read_package(package)
    require_names(content.register, package)
    public = cbor.as_bytes(request[0], REQUEST)
    ours = next((c for c in content.devices.values() if c.key == public), None)
    if ours is None or content.manifest.stations[ours.station].id != before.station:
        raise BadInput("device-not-in-package", file=str(package / "devices.seq"))
    _require_same_election(home / PACKAGE, content)
    _replace(package, home / PACKAGE, names)
    loaded = replace(before, device=ours.device, roles=ours.roles, **settings)  # type: ignore[arg-type]
    if loaded.link_url and not ours.has(ROLE_CHECK_IN):
        raise BadInput("terminal-settings", file=str(home / config.FILE), field="link_url")
    loaded.write(home)
    return loaded


def _require_same_election(target: Path, content: Package) -> None:
    """A late change of the same election may be loaded over it; another election needs a terminal of its own."""
    there = target / "manifest.cbor"
    if there.exists() and Manifest.decode(there.read_bytes()).election_hash != content.manifest.election_hash:
        raise Rejected("package-of-another", file=str(target))


def _replace(package: Path, target: Path, names: Sequence[str]) -> None:
    """All files of the package and no other; the folder appears under its name when it is whole."""
    new = target.with_name(target.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    for name in names:
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        _take(package / name, new / name)
    shutil.rmtree(target, ignore_errors=True)
    new.rename(target)


def _take(source: Path, target: Path) -> None:
    """The same file where the two share a disk (a register is large), else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
