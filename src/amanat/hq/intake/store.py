"""Django's store for `sync.hq_side`: plain statements, since a push waits for them.  Clauses S-2, S-4, S-5, S-8, L-3.

On PostgreSQL several workers are in here at once: each alone with its devices' journals, all rows sorted by key so
that two who add the same rows wait for each other in one order, and the unique constraints decide.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final

from django.db import connection

from amanat.hq.bulletin import log
from amanat.hq.clock import Clock
from amanat.hq.intake import projection
from amanat.hq.intake.projection import Projection, Rows
from amanat.hq.writing import NEWS, in_order, insert, is_postgresql, receiving, rows_of
from amanat.records.identifiers import ElectionHash
from amanat.records.journal import SignedEntry
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
RANGES: Final = (
    "SELECT r.device, e.seq, e.hash FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS r(device, low, high) "
    "CROSS JOIN LATERAL (SELECT seq, hash FROM intake_entry e WHERE e.device = r.device AND e.seq BETWEEN r.low AND "
    "r.high OFFSET 0) e"
)
"""By the index whatever the planner believes of a table that was empty a minute ago: OFFSET 0 leaves it no choice."""


class DjangoStore:
    """See `amanat.sync.hq_side.Store`."""

    def __init__(self, eh: ElectionHash, clock: Clock) -> None:
        self._eh = eh
        self._clock = clock

    def atomic(self, devices: Collection[int]) -> AbstractContextManager[object]:
        """See `Store`."""
        return receiving(devices)

    def held(self, places: Collection[Place]) -> Mapping[Place, Sequence[bytes]]:
        """See `Store`.  Asks by device and a range of sequence numbers: a push has few ranges."""
        found: dict[Place, list[bytes]] = {}
        ranges: dict[int, tuple[int, int]] = {}
        for device, seq in places:
            low, high = ranges.get(device, (seq, seq))
            ranges[device] = min(low, seq), max(high, seq)
        for device, seq, hash in _in_ranges(ranges):
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
        _insert_own_first(projection.PERMITS, rows.permits, rows.foreign_permits, "sound")
        insert(*projection.REFUSALS, rows.refusals)
        _insert_own_first(projection.BALLOTS, rows.ballots, rows.foreign_ballots, "verdict")
        insert(*projection.SHEETS, sorted(rows.sheets, key=_id), once=True)
        ballots = rows.ballots + rows.foreign_ballots
        logged = [log.BALLOT + _id(row) for row in ballots] + [log.SHEET + _id(row) for row in rows.sheets]
        log.add(sorted(logged), now_ms=now)
        self.bury(rows.unread)
        self._replace_chains(chains)
        if news := [one.news for one in arrived if one.news]:
            in_order(NEWS)  # or a station whose cursor passed a number that commits later never hears of it
            insert("intake_news", ("digest", "station"), news)

    def _replace_chains(self, chains: Mapping[int, Chain]) -> None:
        tips = [(d, seq, hash) for d, chain in chains.items() for hash, seq in chain.tips.items()]
        loose = [
            (device, seq, hash, prev)
            for device, chain in chains.items()
            for prev, waiting in chain.loose.items()
            for seq, hash in waiting
        ]
        for part in _parts(chains):
            marks = ", ".join(["%s"] * len(part))
            with connection.cursor() as cursor:
                cursor.execute(f"DELETE FROM intake_tip WHERE device IN ({marks})", part)
                cursor.execute(f"DELETE FROM intake_loose WHERE device IN ({marks})", part)
        insert("intake_tip", ("device", "seq", "hash"), tips)
        insert("intake_loose", ("device", "seq", "hash", "prev"), loose)

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """See `Store`."""
        now = self._clock.now_ms()
        rows = [(hashlib.sha256(one.raw).digest(), one.raw, one.reason, one.device, now) for one in letters]
        rows.sort(key=_id)
        insert("intake_deadletter", ("digest", "raw", "reason", "device", "at_ms"), rows, once=True)

    def heard(self, gateway: int, heads: Sequence[Head], now_ms: int) -> None:
        """See `Store`."""
        last = {head.device: (gateway, now_ms, min(head.seq, STORED_END - 1)) for head in heads}
        columns = ("device", "gateway", "heard_ms", "seq")
        insert("intake_link", columns, [(device, *last[device]) for device in sorted(last)], rest=_upsert(columns))

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

    def shown(self, heads: Collection[Head]) -> Sequence[SignedEntry]:
        """See `Store`."""
        sql = "SELECT entry, signature FROM intake_entry WHERE device = %s AND seq = %s AND hash = %s"
        rows = [row for head in heads for row in rows_of(sql, *head)]
        return [SignedEntry(bytes(entry), bytes(signature), None) for entry, signature in rows]


def _in_ranges(ranges: Mapping[int, tuple[int, int]]) -> Iterable[tuple[int, int, bytes]]:
    """(device, seq, hash) of the entries of each device from the first to the last of its range."""
    if is_postgresql():
        low, high = ([bounds[at] for bounds in ranges.values()] for at in (0, 1))
        yield from rows_of(RANGES, list(ranges), low, high) if ranges else ()
        return
    for device, bounds in ranges.items():
        sql = "SELECT seq, hash FROM intake_entry WHERE device = %s AND seq >= %s AND seq <= %s"
        for seq, hash in rows_of(sql, device, *bounds):
            yield device, seq, hash


def _upsert(columns: Sequence[str]) -> str:
    """The rest of an INSERT whose rows take the place of those with the same first column."""
    settings = ", ".join(f'"{name}" = excluded."{name}"' for name in columns[1:])
    return f' ON CONFLICT ("{columns[0]}") DO UPDATE SET {settings}'


def _insert_own_first(into: tuple[str, Sequence[str]], own: Rows, foreign: Rows, verdict: str) -> None:
    """Adds rows once each; what a foreign device wrote gives way to what the device itself wrote, in either order, and
    with it the verdict that it had."""
    table, columns = into
    first = {_id(row): row for row in reversed(own)}  # a statement may not touch a row twice
    yields = f'{_upsert(columns)}, "{verdict}" = NULL WHERE "{table}"."device" <> excluded."device"'
    insert(table, columns, [first[key] for key in sorted(first)], rest=yields)
    insert(table, columns, sorted(foreign, key=_id), once=True)


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
