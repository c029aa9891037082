"""Django's store for `sync.hq_side`: plain statements, since a push waits for them.  Clauses S-2, S-4, S-5, L-3."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final

from django.db import connection

from amanat.hq.bulletin import log
from amanat.hq.clock import Clock
from amanat.hq.intake import projection
from amanat.hq.intake.projection import Projection, Rows
from amanat.hq.writing import insert, rows_of, writing
from amanat.records.identifiers import ElectionHash
from amanat.sync.hq_side import STORED_END, Arrived, Chain, DeadLetter, Fate, Place
from amanat.sync.messages import NEWS_MAX, Head, NewsItem, SignedDelta

ENTRIES: Final = (
    "intake_entry",
    ("device", "seq", "hash", "kind", "entry", "signature", "private", "forked", "wall_ms", "arrived_ms"),
)
DELTAS_MAX: Final = 64
DELTA_BYTES_MAX: Final = 512 << 10
"""Register deltas of one answer, one at least; a station asks again at once."""
PLACES_AT_ONCE: Final = 200  # parameters of one statement: SQLite takes 999 at least


class DjangoStore:
    """See `amanat.sync.hq_side.Store`."""

    def __init__(self, eh: ElectionHash, clock: Clock) -> None:
        self._eh = eh
        self._clock = clock

    def atomic(self) -> AbstractContextManager[object]:
        """See `Store`."""
        return writing()

    def held(self, places: Collection[Place]) -> Mapping[Place, Sequence[bytes]]:
        """See `Store`.  Asks by device and a range of sequence numbers: a push has few ranges."""
        found: dict[Place, list[bytes]] = {}
        ranges: dict[int, tuple[int, int]] = {}
        for device, seq in places:
            low, high = ranges.get(device, (seq, seq))
            ranges[device] = min(low, seq), max(high, seq)
        for device, (low, high) in ranges.items():
            sql = "SELECT seq, hash FROM intake_entry WHERE device = %s AND seq >= %s AND seq <= %s"
            for seq, hash in rows_of(sql, device, low, high):
                if (device, seq) in places:
                    found.setdefault((device, seq), []).append(bytes(hash))
        return found

    def chains(self, devices: Collection[int]) -> dict[int, Chain]:
        """See `Store`."""
        chains = {device: Chain() for device in devices}
        for part in _parts(devices):
            marks = ", ".join(["%s"] * len(part))
            for device, seq, hash in rows_of(
                f"SELECT device, seq, hash FROM intake_tip WHERE device IN ({marks})", *part
            ):
                chains[device].tips[bytes(hash)] = seq
            sql = f"SELECT device, seq, hash, prev FROM intake_loose WHERE device IN ({marks})"
            for device, seq, hash, prev in rows_of(sql, *part):
                chains[device].loose.setdefault(bytes(prev), []).append((seq, bytes(hash)))
        return chains

    def keep(self, arrived: Sequence[Arrived], chains: Mapping[int, Chain]) -> None:
        """See `Store`; what the entries mean is added in the same transaction."""
        now = self._clock.now_ms()
        rows = Projection(self._eh)
        for one in arrived:
            rows.add(one)
        insert(*ENTRIES, [_entry_row(one, now) for one in arrived])
        _insert_own_first(projection.PERMITS, rows.permits, rows.foreign_permits)
        insert(*projection.REFUSALS, rows.refusals)
        _insert_own_first(projection.BALLOTS, rows.ballots, rows.foreign_ballots)
        insert(*projection.SHEETS, rows.sheets, once=True)
        ballots = rows.ballots + rows.foreign_ballots
        logged = [log.BALLOT + _id(row) for row in ballots] + [log.SHEET + _id(row) for row in rows.sheets]
        log.add(logged, now_ms=now)
        insert("intake_news", ("digest", "station"), [one.news for one in arrived if one.news])
        self.bury(rows.unread)
        self._replace_chains(chains)

    def _replace_chains(self, chains: Mapping[int, Chain]) -> None:
        tips = [(d, seq, hash) for d, chain in chains.items() for hash, seq in chain.tips.items()]
        loose = [
            (device, seq, hash, prev)
            for device, chain in chains.items()
            for prev, waiting in chain.loose.items()
            for seq, hash in waiting
        ]
        with connection.cursor() as cursor:
            for device in chains:
                cursor.execute("DELETE FROM intake_tip WHERE device = %s", [device])
                cursor.execute("DELETE FROM intake_loose WHERE device = %s", [device])
        insert("intake_tip", ("device", "seq", "hash"), tips)
        insert("intake_loose", ("device", "seq", "hash", "prev"), loose)

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """See `Store`."""
        now = self._clock.now_ms()
        rows = [(hashlib.sha256(one.raw).digest(), one.raw, one.reason, one.device, now) for one in letters]
        insert("intake_deadletter", ("digest", "raw", "reason", "device", "at_ms"), rows, once=True)

    def heard(self, gateway: int, heads: Sequence[Head], now_ms: int) -> None:
        """See `Store`."""
        sql = (
            "INSERT INTO intake_link (device, gateway, heard_ms, seq) VALUES (%s, %s, %s, %s) ON CONFLICT (device) "
            "DO UPDATE SET gateway = excluded.gateway, heard_ms = excluded.heard_ms, seq = excluded.seq"
        )
        rows = [(head.device, gateway, now_ms, min(head.seq, STORED_END - 1)) for head in heads]
        if rows:
            with connection.cursor() as cursor:
                cursor.executemany(sql, rows)

    def news(self, cursor: int) -> tuple[int, Sequence[NewsItem]]:
        """See `Store`."""
        sql = "SELECT id, digest, station FROM intake_news WHERE id > %s ORDER BY id LIMIT %s"
        rows = rows_of(sql, min(cursor, STORED_END - 1), NEWS_MAX)
        return (rows[-1][0] if rows else cursor), [NewsItem(bytes(digest), station) for _, digest, station in rows]

    def deltas(self, version: int) -> Sequence[SignedDelta]:
        """See `Store`."""
        sql = "SELECT delta, signature FROM elections_registerdelta WHERE version > %s ORDER BY version LIMIT %s"
        found: list[SignedDelta] = []
        size = 0
        for delta, signature in rows_of(sql, min(version, STORED_END - 1), DELTAS_MAX):
            size += len(delta)
            if found and size > DELTA_BYTES_MAX:
                break
            found.append(SignedDelta(bytes(delta), bytes(signature)))
        return found

    def epoch(self) -> bytes:
        """See `Store`."""
        return bytes(rows_of("SELECT epoch FROM elections_election")[0][0])


def _insert_own_first(into: tuple[str, Sequence[str]], own: Rows, foreign: Rows) -> None:
    """Adds rows once each; what a foreign device wrote gives way to what the device itself wrote, in either order."""
    table, columns = into
    device = columns.index("device")
    if own:
        with connection.cursor() as cursor:
            sql = f'DELETE FROM "{table}" WHERE "{columns[0]}" = %s AND "device" <> %s'
            cursor.executemany(sql, [(row[0], row[device]) for row in own])
    insert(table, columns, own + foreign, once=True)


def _id(row: Sequence[object]) -> bytes:
    """The first column of a projected row."""
    assert isinstance(row[0], bytes)
    return row[0]


def _entry_row(one: Arrived, now: int) -> tuple[int | bytes | str | bool | None, ...]:
    entry, signed = one.entry, one.signed
    forked = one.fate is Fate.FORK
    return (
        *(entry.device, entry.seq, one.hash, entry.kind, signed.entry, signed.signature, signed.private),
        *(forked, entry.wall_ms, now),
    )


def _parts(devices: Iterable[int]) -> Iterable[Sequence[int]]:
    ordered = sorted(devices)
    return (ordered[at : at + PLACES_AT_ONCE] for at in range(0, len(ordered), PLACES_AT_ONCE))
