"""What became of a receipt: not here, waiting, on the bulletin, counted, or set aside because.  Clauses P-3, L-5, B-5.

It says nothing about the choice, the person, the station or the time.
"""

from dataclasses import dataclass

from amanat.hq.bulletin import log
from amanat.hq.home import Home
from amanat.hq.results import published
from amanat.hq.writing import rows_of
from amanat.records import base32, tiles

ID_BITS = 256


@dataclass(frozen=True)
class Receipt:
    """`fate`: absent · waiting · logged · counted · duplicate · paper · annulled · late."""

    code: str
    fate: str
    id: bytes = b""
    index: int | None = None
    size: int = 0
    root: bytes = b""
    path: tuple[bytes, ...] = ()


def look(here: Home, code: str) -> list[Receipt]:
    """The ballots with this code (one, unless somebody forged for 2^50 hashes).  Raises Malformed for no code."""
    prefix = base32.parse_code(code)
    shift = ID_BITS - base32.CODE_BITS
    low, high = (prefix << shift).to_bytes(32, "big"), ((prefix + 1 << shift) - 1).to_bytes(32, "big")
    found = rows_of("SELECT id FROM intake_ballot WHERE id >= %s AND id <= %s ORDER BY id", low, high)
    return [_receipt(here, bytes(id_)) for (id_,) in found]


def _receipt(here: Home, id_: bytes) -> Receipt:
    code = base32.code(id_)
    rows = rows_of('SELECT "index" FROM bulletin_logentry WHERE entry = %s', log.BALLOT + id_)
    if not rows:
        return Receipt(code, "waiting", id_)
    index = int(rows[0][0])
    tree = log.tree(here)
    path = tuple(tree.inclusion(index))
    root = tree.root()
    assert tiles.root_from_path(log.BALLOT + id_, index=index, size=tree.size, path=path) == root
    return Receipt(code, _fate(here, id_), id_, index, tree.size, root, path)


def _fate(here: Home, id_: bytes) -> str:
    record = published.latest(here)
    if record is None or id_ not in record.ids:
        return "logged"
    return record.set_aside.get(id_, "counted")
