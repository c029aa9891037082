"""Text messages of stations whose link is dead: news for the others, provisional figures for the day page.  Clause S-7.

A file to each frame, in a folder that a telephone's program fills and empties.  What was read moves to ``taken``, what
is no frame of ours to ``refused``.  Replays, disorder and forgery change nothing; nothing here is a delivered entry.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.db import connection

import amanat_crypto
from amanat.errors import BadInput, PeerFault
from amanat.hq.devices.enrolment import Certificates
from amanat.hq.home import Home
from amanat.hq.writing import insert, rows_of, writing
from amanat.records.cbor import Malformed
from amanat.records.device import ROLE_CHECK_IN
from amanat.sync import narrow
from amanat.sync.messages import NewsItem
from amanat.sync.narrow import Body, Channel, CheckedIn, Closed, Elsewhere, Frame, Heard, Opened, Turnout

NEWS_FIRST: Final = 200  # how far back a station is told that speaks this way for the first time
NEWS_AT_ONCE: Final = 200  # to one station in one run: fifty messages
COLUMNS: Final = ("digest", "device", "number", "kind", "raw", "said", "at_ms")
PEERS: Final = "SELECT device, number, cursor FROM intake_narrowpeer"


@dataclass(slots=True)
class Exchanged:
    """What one run did."""

    taken: int = 0
    repeats: int = 0
    refused: int = 0
    written: int = 0
    heard: dict[int, list[int]] = field(default_factory=dict)


def exchange(here: Home, certificates: Certificates, inbox: Path, outbox: Path, *, now_ms: int) -> Exchanged:
    """Reads every frame in `inbox` and writes answers and news for those who speak this way into `outbox`.

    Frames are files ``*.frame``, or text messages as lines of files ``*.txt``.  Raises BadInput for an unusable folder.
    """
    done = Exchanged()
    try:
        for folder in (inbox, inbox / "taken", inbox / "refused", outbox):
            folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(inbox.glob("*.frame")):
            is_ours = _take(here, certificates, path.read_bytes(), done, now_ms=now_ms)
            path.replace(inbox / ("taken" if is_ours else "refused") / path.name)
        _take_texts(here, certificates, inbox, done, now_ms=now_ms)
        with writing():
            answers = list(_answers(here, certificates, done, now_ms=now_ms))
        for name, data in answers:
            draft = outbox / f"{name}.new"
            draft.write_bytes(data)
            draft.replace(outbox / f"{name}.frame")
    except OSError as cause:
        raise BadInput(
            "file-system", file=str(cause.filename or inbox), reason=os.strerror(cause.errno or 0)
        ) from cause
    done.written = len(answers)
    return done


def _take_texts(here: Home, certificates: Certificates, inbox: Path, done: Exchanged, *, now_ms: int) -> None:
    """All parts together, since the two parts of a frame may lie in two files; a part without its other stays."""
    lines = {path: path.read_text(encoding="utf-8", errors="replace").splitlines() for path in inbox.glob("*.txt")}
    frames = narrow.from_text([line for part in lines.values() for line in part])
    whole = {part for frame in frames for part in narrow.to_text(frame)}
    for frame in frames:
        _take(here, certificates, frame, done, now_ms=now_ms)
    for path, found in lines.items():
        parts = [" ".join(line.upper().split()) for line in found if line.upper().startswith("AF1")]
        if whole.issuperset(parts):
            path.replace(inbox / "taken" / path.name)


def _take(here: Home, certificates: Certificates, data: bytes, done: Exchanged, *, now_ms: int) -> bool:
    """Keeps a frame of an enrolled device, once; whether it is one."""
    try:
        frame = _read(here, certificates, data)
    except (PeerFault, Malformed):
        done.refused += 1
        return False
    known = certificates(frame.device)
    assert known is not None  # `_read` asked
    done.heard.setdefault(frame.device, []).append(frame.number)
    digest = hashlib.sha256(data).digest()
    with writing():
        if rows_of("SELECT 1 FROM intake_frame WHERE digest = %s", digest):
            done.repeats += 1
            return True
        kind, said = type(frame.body).__name__.lower(), json.dumps(_said(frame.body))
        insert("intake_frame", COLUMNS, [(digest, frame.device, frame.number, kind, data, said, now_ms)])
        if isinstance(frame.body, CheckedIn) and known.certificate.has(ROLE_CHECK_IN):  # no booth's word
            station = known.certificate.station
            insert("intake_news", ("digest", "station"), [(person, station) for person in frame.body.digests])
    done.taken += 1
    return True


def _read(here: Home, certificates: Certificates, data: bytes) -> Frame:
    device = narrow.device_of(data, here.eh)
    known = certificates(device)
    if known is None or narrow.is_from_headquarters(data):
        raise PeerFault("frame")
    return _channel(here, certificates, device).decode(data, signer=known.certificate.key)


def _channel(here: Home, certificates: Certificates, device: int) -> Channel:
    known = certificates(device)
    assert known is not None  # only devices that spoke are answered
    key = known.certificate.key
    amanat_crypto.require_signing_key(key)
    return Channel.of_headquarters(here.eh, device, device_key=key, hpke_secret=here.secret("hpke"))


def _said(body: Body) -> Mapping[str, Any]:
    """What the day page shows of it: of persons, how many."""
    match body:
        case CheckedIn(digests):
            return {"persons": len(digests)}
        case Opened(version):
            return {"register_version": version}
        case Turnout(permits, cast):
            return {"permits": permits, "cast": cast}
        case Closed(counts, sheet):
            return dict(zip(narrow.COUNTS, counts, strict=True)) | {"sheet": sheet.hex()}
        case _:
            raise PeerFault("frame")


def _answers(here: Home, certificates: Certificates, done: Exchanged, *, now_ms: int) -> Iterator[tuple[str, bytes]]:
    """(file name, frame) for every device that spoke this way later than by link."""
    newest = rows_of("SELECT COALESCE(MAX(id), 0) FROM intake_news")[0][0]
    peers = {device: (number, cursor) for device, number, cursor in rows_of(PEERS)}
    for device in sorted(done.heard.keys() | (peers.keys() & _on_the_narrow_band())):
        number, cursor = peers.get(device, (0, max(0, newest - NEWS_FIRST)))
        known = certificates(device)
        assert known is not None  # it is enrolled, or its frame had been refused
        cursor, items = _news(cursor, known.certificate.station)
        channel = _channel(here, certificates, device)
        for body in (*_heard(done.heard.get(device, [])), *_elsewhere(items)):
            number += 1
            yield f"{device}-{number:06}", channel.encode(number, body, seed=here.secret("signing"))
        sql = "INSERT INTO intake_narrowpeer (device, number, cursor) VALUES (%s, %s, %s) ON CONFLICT (device) "
        _execute(sql + "DO UPDATE SET number = excluded.number, cursor = excluded.cursor", device, number, cursor)


def _news(cursor: int, own_station: int) -> tuple[int, list[NewsItem]]:
    sql = "SELECT id, digest, station FROM intake_news WHERE id > %s ORDER BY id LIMIT %s"
    rows = rows_of(sql, cursor, NEWS_AT_ONCE)
    items = dict.fromkeys(NewsItem(bytes(digest), station) for _, digest, station in rows if station != own_station)
    return (rows[-1][0] if rows else cursor), list(items)


def _heard(numbers: Sequence[int]) -> Iterator[Body]:
    ordered = sorted(set(numbers))
    for at in range(0, len(ordered), narrow.HEARD_MAX):
        yield Heard(tuple(ordered[at : at + narrow.HEARD_MAX]))


def _elsewhere(items: Sequence[NewsItem]) -> Iterator[Body]:
    for at in range(0, len(items), narrow.NEWS_MAX):
        yield Elsewhere(tuple(items[at : at + narrow.NEWS_MAX]))


def _execute(sql: str, *parameters: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def _on_the_narrow_band() -> set[int]:
    """Devices whose last text message is later than their last word by link."""
    sql = (
        "SELECT f.device FROM (SELECT device, MAX(at_ms) AS at_ms FROM intake_frame GROUP BY device) f "
        "LEFT JOIN intake_link l ON l.device = f.device WHERE l.heard_ms IS NULL OR l.heard_ms < f.at_ms"
    )
    return {device for (device,) in rows_of(sql)}


def provisional() -> dict[int, dict[str, Any]]:
    """By device on the narrow band: what it said last, and when.  Provisional: told, not delivered."""
    found: dict[int, dict[str, Any]] = {}
    here = _on_the_narrow_band()
    sql = "SELECT device, kind, said, at_ms FROM intake_frame WHERE kind <> 'checkedin' ORDER BY device, number, id"
    for device, kind, said, at_ms in rows_of(sql):
        if device in here:
            row = found.setdefault(device, {"permits": None, "cast": None, "closed": False, "opened": True, "at_ms": 0})
            row["at_ms"] = max(row["at_ms"], at_ms)
            if kind in ("turnout", "closed"):
                counts = json.loads(said)
                row |= {name: counts[name] for name in ("permits", "cast") if not row["closed"] or kind == "closed"}
                row["closed"] = row["closed"] or kind == "closed"
    return found
