"""What a station loads: one folder for all of them (K-8, M-7, R-1)."""

import os
import shutil
from pathlib import Path
from typing import Final

from amanat.errors import BadInput
from amanat.hq.devices.enrolment import devices_seq
from amanat.hq.elections import registers
from amanat.hq.elections.audio import AUDIO
from amanat.hq.elections.photos import PHOTOS
from amanat.hq.home import Home
from amanat.records import package_sums, register_key

FILES: Final = ("manifest.cbor", "register.bin", "stations.json", "candidates.json", "contests.json", "rules.toml")
OPTIONAL: Final = ("withdrawn.json",)
FOLDERS: Final = (AUDIO, PHOTOS)


def write_package(here: Home, out: Path) -> Path:
    """The package in `out`: the election's files, every certificate, the register key sealed for each desk, hq.toml.

    Candidates' audio and photographs, where there are any, go with it.  Everything is listed in SHA256SUMS, which
    headquarters signs.  Files are hard links where the file system allows them.  Raises BadInput if `out` holds
    something already.
    """
    if out.exists() and any(out.iterdir()):
        raise BadInput("hq-folder-not-empty", file=str(out))
    out.mkdir(parents=True, exist_ok=True)
    for name in (*FILES, *(name for name in OPTIONAL if (here.election / name).exists())):
        _take(here.election / name, out / name)
    for name in FOLDERS:
        for source in sorted((here.election / name).glob("*/*")):
            _take(source, out / source.relative_to(here.election))
    (out / "devices.seq").write_bytes(devices_seq())
    (out / register_key.FILE).write_bytes(registers.sealed_keys(here))
    (out / "hq.toml").write_text(f'election_hash = "{here.eh.hex()}"\n', encoding="utf-8")
    package_sums.write(out, here.eh, here.sign)
    return out


def _take(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
