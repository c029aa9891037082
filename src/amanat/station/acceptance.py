"""The link as this terminal measures it: latency, loss and throughput to headquarters, minute by minute (clause K-11).

A line's paper says what was ordered; this says what came.  The log has a row a minute, written at once, so that a cut
loses a minute; at the end a summary is signed.  What was not measured is empty, never 0.
"""

import asyncio
import hashlib
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp

from amanat.records.readiness import MEASURE, Measurement, SignedReport, report_id
from amanat.station.link_tls import tls_of
from amanat.station.medium_file import write_whole
from amanat.station.package import Identity

PATH: Final = "/sync/v1/measure"
PROBES: Final = 10
PROBE_BYTES: Final = 16
BULK_BYTES: Final = 128 << 10
PROBE_SECONDS_MAX: Final = 2.0
BULK_SECONDS_MAX: Final = 20.0
MINUTE: Final = 60.0
HEAD: Final = "minute,utc,sent,lost,median_ms,p95_ms,kbit_per_s\n"
FAULTS: Final = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class Minute:
    """One row: when, seconds of each answered probe, how many were lost, bits a second there and back."""

    at_ms: int
    seconds: tuple[float, ...]
    lost: int
    bits_per_second: float | None

    def row(self, number: int) -> str:
        """As CSV."""
        when = datetime.fromtimestamp(self.at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        median, p95 = percentile(self.seconds, 50), percentile(self.seconds, 95)
        kbit = "" if self.bits_per_second is None else f"{self.bits_per_second / 1000:.0f}"
        shown = ["" if value is None else f"{1000 * value:.1f}" for value in (median, p95)]
        sent = len(self.seconds) + self.lost
        return f"{number},{when},{sent},{self.lost},{shown[0]},{shown[1]},{kbit}\n"


def percentile(values: Sequence[float], share: int) -> float | None:
    """The smallest value that so many percent do not exceed; None of nothing."""
    if not values:
        return None
    return sorted(values)[max(0, -(-len(values) * share // 100) - 1)]


async def measure(
    home: Path, identity: Identity, *, url: str, ca: Path | None, minutes: int, told: Callable[[str], object]
) -> tuple[Measurement, Path]:
    """Measures for so many minutes; the summary and its signed file, HOME/measure-<ms>.cbor beside the log (.csv).

    ``told`` gets each row.  Raises BadInput for an address that is none, OSError where the log cannot be written.
    """
    tls = tls_of(url, ca)
    began = time.time_ns() // 1_000_000
    log = home / f"measure-{began}.csv"
    rows: list[Minute] = []
    with log.open("x", encoding="ascii") as file:
        file.write(HEAD)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as session:
            for number in range(1, minutes + 1):
                started = time.monotonic()
                rows.append(await _minute(session, url.rstrip("/") + PATH))
                row = rows[-1].row(number)
                file.write(row)
                file.flush()
                told(row)
                if number < minutes:
                    await asyncio.sleep(max(0.0, MINUTE - (time.monotonic() - started)))
    digest = hashlib.sha256(log.read_bytes()).digest()
    report = summary(rows, device=identity.device, url=url, from_ms=began, log_digest=digest)
    encoded = report.encode()
    signature = identity.sign(MEASURE, report_id(MEASURE, identity.eh, encoded))
    signed = log.with_suffix(".cbor")
    write_whole(signed, SignedReport(encoded, identity.device, signature).encode())
    return report, signed


async def _minute(session: aiohttp.ClientSession, url: str) -> Minute:
    at_ms = time.time_ns() // 1_000_000
    answered: list[float] = []
    for _ in range(PROBES):
        took = await _echo(session, url, PROBE_BYTES, PROBE_SECONDS_MAX)
        answered += [] if took is None else [took]
    bulk = await _echo(session, url, BULK_BYTES, BULK_SECONDS_MAX) if answered else None
    bits = None if bulk is None else 16 * BULK_BYTES / max(bulk, 1e-6)
    return Minute(at_ms, tuple(answered), PROBES - len(answered), bits)


async def _echo(session: aiohttp.ClientSession, url: str, size: int, most: float) -> float | None:
    """Seconds until all of it was back; None if it was not, in time or unchanged."""
    data = os.urandom(size)
    began = time.perf_counter()
    try:
        limit = aiohttp.ClientTimeout(total=most)
        async with session.post(url, data=data, timeout=limit, allow_redirects=False) as answer:
            content = await answer.read()
    except FAULTS:
        return None
    return time.perf_counter() - began if answer.status == 200 and content == data else None


def summary(rows: Sequence[Minute], *, device: int, url: str, from_ms: int, log_digest: bytes) -> Measurement:
    """What the rows come to."""
    seconds = [one for row in rows for one in row.seconds]
    speeds = [row.bits_per_second for row in rows if row.bits_per_second is not None]
    outage = longest = 0
    for row in rows:
        outage = 0 if row.seconds else outage + 1
        longest = max(longest, outage)
    median, p95 = percentile(seconds, 50), percentile(seconds, 95)
    return Measurement(
        device=device,
        url=url,
        from_ms=from_ms,
        to_ms=rows[-1].at_ms if rows else from_ms,
        probes=len(seconds) + sum(row.lost for row in rows),
        lost=sum(row.lost for row in rows),
        median_us=None if median is None else round(1e6 * median),
        p95_us=None if p95 is None else round(1e6 * p95),
        median_kbit=round(statistics.median(speeds) / 1000) if speeds else None,
        least_kbit=round(min(speeds) / 1000) if speeds else None,
        longest_outage_minutes=longest,
        log_digest=log_digest,
    )
