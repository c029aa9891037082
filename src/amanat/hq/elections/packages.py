"""What a station loads: one folder for all of them (K-8, R-1)."""

import os
import shutil
from pathlib import Path
from typing import Final

from amanat.errors import BadInput
from amanat.hq.devices.enrolment import devices_seq
from amanat.hq.home import Home

FILES: Final = ("manifest.cbor", "register.bin", "stations.json", "candidates.json", "contests.json", "rules.toml")


def write_package(here: Home, out: Path) -> Path:
    """The package in `out`: the election's files, every certificate, and hq.toml.

    A station compares the manifest's hash with the one it is told, and the register with the manifest; certificates
    carry headquarters' signature: so the folder needs none of its own.  The register is a hard link where the file
    system allows one.  Raises BadInput if `out` holds something already.
    """
    if out.exists() and any(out.iterdir()):
        raise BadInput("hq-folder-not-empty", file=str(out))
    out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        source = here.election / name
        try:
            os.link(source, out / name)
        except OSError:
            shutil.copyfile(source, out / name)
    (out / "devices.seq").write_bytes(devices_seq())
    (out / "hq.toml").write_text(f'election_hash = "{here.eh.hex()}"\n', encoding="utf-8")
    return out
