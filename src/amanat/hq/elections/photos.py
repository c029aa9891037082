"""Candidates' photographs: what the column `photo` of a candidates' file names, checked and put by contest and code."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from amanat.errors import BadInput
from amanat.records.definition import ContestDefinition

PHOTOS: Final = "photos"
BYTES_MAX: Final = 64 << 10  # 3,545 of them are 220 MB at most
KINDS: Final = {"webp": (b"RIFF", b"WEBP"), "png": (b"\x89PNG", b"IHDR"), "jpg": (b"\xff\xd8\xff", b"")}
"""By ending: how such a file begins, and what else stands in its first 16 bytes."""
ENDINGS: Final = {".webp": "webp", ".png": "png", ".jpg": "jpg", ".jpeg": "jpg"}


def take_photos(contests: Sequence[ContestDefinition], folder: Path, out: Path) -> dict[tuple[str, str], str]:
    """Copies each named photograph to `out`/<contest>/<code>.<kind>; kinds by (contest id, code).

    Raises BadInput: a file is missing, larger than BYTES_MAX or of another kind.
    """
    taken = {}
    for contest in contests:
        for candidate in contest.candidates:
            if candidate.photo:
                kind = _checked(folder / candidate.photo)
                target = out / contest.id / f"{candidate.code}.{kind}"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / candidate.photo, target)
                taken[contest.id, candidate.code] = kind
    return taken


def _checked(path: Path) -> str:
    kind = ENDINGS.get(path.suffix.lower(), "")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as cause:
        raise BadInput("file-missing", file=str(path)) from cause
    begins, has = KINDS.get(kind, (b"-", b""))
    if not head.startswith(begins) or has not in head:
        raise BadInput("photo-kind", file=str(path), allowed=" ".join(KINDS))
    if size > BYTES_MAX:
        raise BadInput("package-media-too-large", file=str(path), most=BYTES_MAX)
    return kind
