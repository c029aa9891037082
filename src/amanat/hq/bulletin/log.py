"""The public log: entries wait, join sorted in batches, and are written as static tiles.  Clauses L-1 to L-3.

Rows of the database are the log; the tree in memory and the files below HOME/bulletin are made from them and can be
made again.  Order of a flush: rows (one transaction), tiles, checkpoint: a checkpoint never names a tile that is not
there, and a cut in between is healed by the next flush.
"""

import threading
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from django.db import connection

from amanat.hq.bulletin.models import Pending
from amanat.hq.home import Home
from amanat.hq.writing import BULLETIN, in_order, insert, receiving, rows_of
from amanat.records import tiles
from amanat.records.tiles import Tree

DEVICE, BALLOT, SHEET, DECISION, ORDER, RECORD = (bytes([kind]) for kind in range(1, 7))
PART: Final = 500  # parameters of one statement
BATCH_MS: Final = 5 * 60_000  # L-3: who waits at a door for five minutes sees more than the log tells


def add(entries: Iterable[bytes], *, now_ms: int) -> None:
    """Puts entries (kind byte ‖ 32 bytes) into the next batch, in the caller's transaction; each once."""
    insert("bulletin_pending", ("entry", "at_ms"), [(entry, now_ms) for entry in entries], once=True)


def has_begun() -> bool:
    """Whether a ballot or sheet is in the log or on its way."""
    found = "SELECT 1 FROM {} WHERE entry >= %s AND entry < %s LIMIT 1"
    low, high = BALLOT, DECISION
    return any(rows_of(found.format(t), low, high) for t in ("bulletin_logentry", "bulletin_pending"))


def is_due(*, now_ms: int) -> bool:
    """Whether the oldest waiting entry is five minutes old by headquarters' clock; so then is the batch before, since
    a flush leaves nothing waiting."""
    oldest = Pending.objects.order_by("at_ms").values_list("at_ms", flat=True).first()
    return oldest is not None and now_ms - oldest >= BATCH_MS


def flush(here: Home, *, now_ms: int) -> int:
    """Joins all waiting entries, sorted, whatever their age, and writes the files; returns the tree's size.

    Two transactions: a checkpoint is signed only over rows that are committed, or a cut could leave two stories.
    Intake goes on beside it (S-8): what is added meanwhile waits for the next batch.
    """
    assert not connection.in_atomic_block
    with receiving(()):
        in_order(BULLETIN)
        taken = {bytes(entry) for (entry,) in rows_of("DELETE FROM bulletin_pending RETURNING entry")}
        new = sorted(taken - _logged(taken))
        start = size()
        insert("bulletin_logentry", ("index", "entry", "at_ms"), [(start + i, e, now_ms) for i, e in enumerate(new)])
    with receiving(()):
        in_order(BULLETIN)
        return write_files(here, here.bulletin)


def _logged(entries: Collection[bytes]) -> set[bytes]:
    """Those of the entries that are in the log."""
    found: set[bytes] = set()
    ordered = sorted(entries)
    for at in range(0, len(ordered), PART):
        part = ordered[at : at + PART]
        marks = ", ".join(["%s"] * len(part))
        found |= {bytes(e) for (e,) in rows_of(f"SELECT entry FROM bulletin_logentry WHERE entry IN ({marks})", *part)}
    return found


def size() -> int:
    """The number of entries in the log."""
    (count,) = rows_of("SELECT COUNT(*) FROM bulletin_logentry")[0]
    assert isinstance(count, int)
    return count


class _Memory:
    """The tree of one home, extended from the rows it has not seen."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.folder: Path | None = None
        self.tree = Tree()
        self.written = 0


_memory = _Memory()


def tree(here: Home) -> Tree:
    """The tree as of now."""
    with _memory.lock:
        return _tree(here)


def _tree(here: Home) -> Tree:
    if _memory.folder != here.folder or size() < _memory.tree.size:
        _memory.folder, _memory.tree, _memory.written = here.folder, Tree(), 0
    sql = 'SELECT entry FROM bulletin_logentry WHERE "index" >= %s ORDER BY "index"'
    _memory.tree.extend(bytes(entry) for (entry,) in rows_of(sql, _memory.tree.size))
    return _memory.tree


def write_files(here: Home, folder: Path) -> int:
    """Tiles, then the checkpoint, below `folder`, each whole by rename; returns the size they are of."""
    with _memory.lock:
        now = _tree(here)
        ours = folder == here.bulletin
        for path, content in now.files(old_size=_memory.written if ours else 0):
            _write(folder / path, content)
        name, _ = tiles.parse_vkey(here.manifest.bulletin_vkey)
        _write(folder / "checkpoint", tiles.checkpoint(now, name=name, seed=here.secret("bulletin")))
        if ours:
            _memory.written = now.size
        return now.size


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(content)
    draft.replace(path)
