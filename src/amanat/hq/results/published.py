"""The published record as the public pages show it: read from its own files, never from headquarters' database."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from amanat.hq.home import Home
from amanat.hq.results.models import Publication
from amanat.records import cbor
from amanat.records import election_record as at
from amanat.records.ballot import Core, ballot_id
from amanat.records.cbor import as_bytes, as_list, as_uint
from amanat.records.device import Certificate
from amanat.records.order import REASONS, DeviceStatus, Order
from amanat.records.permit import Permit

TILE = re.compile(r"bulletin/(?:checkpoint|tile/[a-z0-9]+(?:/[a-z0-9]+)*(?:\.p/[0-9]+)?)")
MARKS = ("elected", "runoff", "tied")
SHOWN = 30  # bars a contest; the table below has every name


@dataclass(frozen=True)
class Published:
    """A record in a folder."""

    folder: Path
    at_ms: int
    result: Mapping[str, Any]
    stations: Mapping[int, int]
    missing: Sequence[int]
    set_aside: Mapping[bytes, str]
    ids: frozenset[bytes]


def latest(here: Home) -> Published | None:
    """The record published last, or None."""
    row = Publication.objects.order_by("-id").first()
    if row is None:
        return None
    folder = Path(row.folder)
    if not (folder / at.RESULT).is_file():
        return None
    return _read(folder, row.at_ms, (folder / at.SUMS).stat().st_mtime_ns, here.eh)


@lru_cache(maxsize=2)
def _read(folder: Path, at_ms: int, _changed_ns: int, eh: bytes) -> Published:
    result = json.loads((folder / at.RESULT).read_text(encoding="utf-8"))
    stations: Counter[int] = Counter()
    ids = set()
    set_aside: dict[bytes, str] = {}
    missing: set[int] = set()
    for path in sorted(folder.glob("ballots/*.seq")):
        session = int(path.stem)
        for item in cbor.decode_seq(path.read_bytes()):
            core = as_bytes(as_list(item, "ballot", size=2)[0], "ballot")
            stations[Permit.decode(Core.decode(core).permit).station] += 1
            ids.add(bytes(ballot_id(eh, core)))
        for item in cbor.decode_seq((folder / at.set_aside_path(session)).read_bytes()):
            id_, reason, _ = as_list(item, "set aside", size=3)
            set_aside[as_bytes(id_, "id", size=32)] = REASONS[as_uint(reason, "reason", below=len(REASONS))]
        missing |= _missing(folder, session)
    return Published(folder, at_ms, result, dict(stations), sorted(missing), set_aside, frozenset(ids))


def _missing(folder: Path, session: int) -> set[int]:
    """Stations of which a device that was used gave nothing."""
    order = Order.decode((folder / at.order_path(session)).read_bytes())
    gone = {end.device for end in order.devices if end.status is DeviceStatus.MISSING}
    rows = cbor.decode_seq((folder / at.DEVICES).read_bytes())
    certificates = (Certificate.decode(as_bytes(as_list(row, "device", size=3)[0], "certificate")) for row in rows)
    return {certificate.station for certificate in certificates if certificate.device in gone}


def names(record: Published, path: str) -> bool:
    """Whether the record names this file: in SHA256SUMS, as its signature, or on the bulletin."""
    if path in (at.SUMS, at.SUMS_SIGNATURE) or TILE.fullmatch(path):
        return True
    lines = (record.folder / at.SUMS).read_text(encoding="utf-8").splitlines()
    return path in {line[66:] for line in lines}


def contests(here: Home, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each contest for the page: bars by votes, marks for elected, runoff and tied."""
    shown = []
    for contest in here.manifest.contests:
        counted = result["contests"][contest.id]
        names = {c.code: c.name_fa for c in contest.candidates}
        most = max(counted["votes"].values(), default=0)
        rows = [
            {
                "place": place,
                "code": code,
                "name": names[code],
                "votes": votes,
                "width": round(1000 * votes / most) if most else 0,
                "share": f"{100 * votes / counted['valid']:.1f}".replace(".", "٫") if counted["valid"] else None,
                "mark": _mark(code, counted),
            }
            for place, (code, votes) in enumerate(sorted(counted["votes"].items(), key=lambda v: (-v[1], v[0])), 1)
        ]
        words = {f"{mark}_names": [names[code] for code in counted[mark]] for mark in MARKS}
        title = here.texts["contests"][contest.id]["fa"]
        shown.append({"title": title, "rows": rows, "bars": rows[:SHOWN], **words, **counted})
    return shown


def _mark(code: str, counted: Mapping[str, Any]) -> str:
    for mark in MARKS:
        if code in counted[mark]:
            return mark
    return ""
