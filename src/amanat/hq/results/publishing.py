"""The record's last step: sums, headquarters' signature, entry 06, the final checkpoint.  Clauses D-1, L-1."""

import hashlib
import shutil
from pathlib import Path

from amanat.errors import BadInput
from amanat.hq.bulletin import log
from amanat.hq.elections.acts import log_action
from amanat.hq.home import Home
from amanat.hq.results.models import Publication
from amanat.hq.writing import writing
from amanat.records import election_record as at


def publish(here: Home, record: Path, *, now_ms: int) -> str:
    """Closes the record in its folder and shows it on the result pages; returns SHA256SUMS' own hash, hex.

    Raises:
        BadInput: the folder has no counted record.
    """
    if not (record / at.RESULT).is_file():
        raise BadInput("hq-not-counted", file=str(record))
    files = {path: hashlib.sha256((record / path).read_bytes()).digest() for path in _paths(record)}
    sums = at.sums_text(files).encode("utf-8")
    digest = hashlib.sha256(sums).digest()
    (record / at.SUMS).write_bytes(sums)
    (record / at.SUMS_SIGNATURE).write_bytes(here.sign("record", digest))
    with writing():
        log.add([log.RECORD + digest], now_ms=now_ms)
        Publication.objects.create(at_ms=now_ms, folder=str(record.resolve()))
        log_action("published", digest.hex(), at_ms=now_ms)
    log.flush(here, now_ms=now_ms)
    shutil.rmtree(record / "bulletin", ignore_errors=True)
    with writing():
        log.write_files(here, record / "bulletin")
    return digest.hex()


def _paths(record: Path) -> list[str]:
    return sorted(path.relative_to(record).as_posix() for path in record.rglob("*") if path.is_file())
