"""`python -m bench.intake`: what intake takes a second and core, on SQLite and PostgreSQL beside bare COPY and the same
signature checks; 512 stations with backlogs on loopback; and the return of 59,000 with these figures.
"""

import argparse
import asyncio
import http.client
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

os.environ["RAYON_NUM_THREADS"] = "1"  # before the core is loaded: figures are of one core

from tests.hq.crowd import Desk, Gateway, build_crowd
from tests.hq.private_postgresql import new_database, private_cluster

import amanat_crypto
from amanat.hq import home as homes
from amanat.hq.clock import SystemClock
from amanat.hq.home import Home
from amanat.hq.intake.appointments import SECOND_US
from amanat.records.journal import Entry, entry_hash
from amanat.rehearsal.return_of_all import Costs, Plan, line_through, predicted_us, rehearse
from amanat.rehearsal.return_picture import picture
from amanat.rules.national_id import synthetic
from amanat.station.http_wire import HttpWire
from amanat.station.ports import Declined

ROOT = Path(__file__).resolve().parent.parent
GROUP = 12
EACH = 1_000
MEASURED_STATIONS, MEASURED_VOTERS = 48, 80
SIZES = (5_900, 20_000, 59_000)
PROCESSES = 16
RETURNING_ENTRIES = 330  # three hours of 423 voters in twelve, three entries a voter


@contextmanager
def headquarters(stations: int, *, database: str = "") -> Iterator[tuple[Path, Home]]:
    """An election of so many stations on this machine's disk."""
    root = Path(mkdtemp(prefix="amanat-bench-", dir="/tmp"))
    try:
        build_crowd(root, stations, database=database)
        homes.forget()
        yield root, homes.current()
    finally:
        from django.db import connections

        connections.close_all()
        shutil.rmtree(root)


class Core:
    """Seconds that this process and its PostgreSQL backend computed: other work on the machine does not count, nor does
    waiting for a disk."""

    def __init__(self) -> None:
        from django.db import connection

        self._backend: Path | None = None
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self._backend = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")

    def seconds(self) -> float:
        """So far."""
        other = int(self._backend.read_text().split()[0]) / 1e9 if self._backend else 0.0
        return time.process_time() + other

    def of(self, work: Callable[[], object]) -> float:
        """Of one call."""
        began = self.seconds()
        work()
        return self.seconds() - began


@dataclass(frozen=True)
class Rate:
    """Of one database: seconds of one core."""

    name: str
    entries: int
    ballots: int
    seconds: float
    live_push_us: float
    live_entries: int

    @property
    def costs(self) -> tuple[float, float]:
        """Microseconds of a push and of an entry in it: two equations."""
        pushes = MEASURED_STATIONS
        bulk = self.seconds * 1e6 / pushes
        entry = (bulk - self.live_push_us) / (self.entries / pushes - self.live_entries)
        return max(0.0, self.live_push_us - self.live_entries * entry), entry

    def row(self) -> str:
        """For the table."""
        push, entry = self.costs
        rates = f"{self.entries / self.seconds:,.0f} | {self.ballots / self.seconds:,.0f}"
        return f"| {self.name} | {rates} | {entry:.0f} | {push:,.0f} |"


def taking(here: Home, name: str) -> tuple[Rate, list[Desk]]:
    """How fast one thread takes whole backlogs, and then a voter of each station by itself."""
    from amanat.hq.devices.enrolment import Certificates
    from amanat.hq.server import intake_of, keep_statistics

    desks = [Desk(here, n) for n in range(MEASURED_STATIONS)]
    for desk in desks:
        desk.serve(MEASURED_VOTERS, each=EACH)
    side = intake_of(here, SystemClock(), Certificates())
    links = [Gateway(here, desk.entries, desk.device, desk.seed) for desk in desks]
    core = Core()
    seconds = sum(_timed(core, side, links[at : at + GROUP]) for at in range(0, len(links), GROUP))
    keep_statistics()
    before = sum(len(desk.entries) for desk in desks)
    for desk in desks:
        desk.vote(synthetic(desk.device * EACH + MEASURED_VOTERS))
    live = sum(_timed(core, side, links[at : at + 4]) for at in range(0, len(links), 4))
    if any(link.left for link in links):
        raise RuntimeError("the bench's own entries are not acknowledged")
    ballots = MEASURED_STATIONS * MEASURED_VOTERS
    each = (sum(len(desk.entries) for desk in desks) - before) // len(desks)
    return Rate(name, before, ballots, seconds, live * 1e6 / len(links), each), desks


def _timed(core: Core, side: Any, links: Sequence[Gateway]) -> float:
    pushes = [link.push() for link in links]
    answers: list[bytes] = []
    seconds = core.of(lambda: answers.extend(side.receive_all(pushes, 1)))
    for link, answer in zip(links, answers, strict=True):
        link.take(answer)
    return seconds


def bare(here: Home, desks: Sequence[Desk]) -> tuple[float, float]:
    """(seconds of the signature checks alone, seconds of bare COPY alone) of the same entries in the same batches."""
    from django.db import connection

    columns = "device, seq, hash, kind, entry, signature, private, forked, wall_ms, arrived_ms"
    kinds = ["int8", "int8", "bytea", "text", "bytea", "bytea", "bytea", "bool", "int8", "int8"]
    core, checked, copied = Core(), 0.0, 0.0

    def copy(rows: Sequence[Any]) -> None:
        with connection.cursor() as cursor, cursor.copy(f"COPY bare ({columns}) FROM STDIN (FORMAT BINARY)") as into:
            into.set_types(kinds)
            for row in rows:
                into.write_row(row)

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare (LIKE intake_entry INCLUDING ALL)")
    for at in range(0, len(desks), GROUP):
        rows = [(d, seq, one) for d in desks[at : at + GROUP] for seq, one in enumerate(d.entries)]
        hashes = [entry_hash(here.eh, one.entry) for _, _, one in rows]
        given = {
            "keys": b"".join(amanat_crypto.public_key(d.seed) for d, _, _ in rows),
            "digests": b"".join(hashes),
            "signatures": b"".join(one.signature for _, _, one in rows),
        }
        told = [
            (d.device, seq, h, Entry.decode(one.entry).kind, one.entry, one.signature, one.private, False, 1, 1)
            for (d, seq, one), h in zip(rows, hashes, strict=True)
        ]
        checked += core.of(partial(amanat_crypto.verify_signatures, domain="journal", eh=here.eh, **given))
        copied += core.of(partial(copy, told))
    return checked, copied


@dataclass
class Load:
    """What the stations met."""

    news: list[float] = field(default_factory=list)
    declined: int = 0
    pushes: int = 0
    faults: list[str] = field(default_factory=list)
    drained: float = 0.0

    def percentile(self, share: float) -> float:
        """Seconds of a check-in until it is acknowledged."""
        return sorted(self.news)[int(len(self.news) * share)]

    def said(self, stations: int, entries: int) -> str:
        """For people."""
        return (
            f"\nloopback, 2 workers: {stations} backlogs of {entries:,} entries drained in {self.drained:.1f} s; "
            f"{self.pushes:,} pushes, {self.declined:,} declined, {len(self.faults)} other faults {self.faults[:1]}\n"
            f"news of live stations: {len(self.news):,}, p50 {self.percentile(0.5):.3f} s, p99 "
            f"{self.percentile(0.99):.3f} s, longest {max(self.news):.3f} s"
        )


async def _push_all(port: int, gateway: Gateway, load: Load) -> None:
    wire = HttpWire(f"http://127.0.0.1:{port}", False)
    try:
        while gateway.left:
            try:
                gateway.take(await wire.push(gateway.push()))
                load.pushes += 1
            except Declined as later:
                load.declined += 1
                await asyncio.sleep(later.seconds * random.uniform(1.0, 1.5))
            except (OSError, TimeoutError) as fault:
                load.faults.append(repr(fault))
                await asyncio.sleep(1)
    finally:
        await wire.close()


async def _live(port: int, desk: Desk, load: Load, is_over: Callable[[], bool]) -> None:
    gateway = Gateway(desk.here, desk.entries, desk.device, desk.seed)
    number = 0
    await asyncio.sleep(random.random())
    while not is_over():
        desk.check_in(synthetic(desk.device * EACH + number))
        number += 1
        began = time.perf_counter()
        await _push_all(port, gateway, load)
        load.news.append(time.perf_counter() - began)
        await asyncio.sleep(random.uniform(0.5, 1.5))


async def storm(port: int, backlogs: Sequence[Desk], live: Sequence[Desk]) -> Load:
    """All backlogs in the same second, and live stations all the while."""
    load = Load()
    began = time.perf_counter()
    links = [Gateway(desk.here, desk.entries, desk.device, desk.seed) for desk in backlogs]
    drains = [asyncio.create_task(_push_all(port, link, load)) for link in links]
    still = [asyncio.create_task(_live(port, desk, load, lambda: all(d.done() for d in drains))) for desk in live]
    await asyncio.gather(*drains)
    load.drained = time.perf_counter() - began
    await asyncio.gather(*still)
    return load


@contextmanager
def serving(root: Path, workers: int) -> Iterator[int]:
    """`amanat hq serve --workers N`; its port."""
    log = root / "server.log"
    words = ["hq", "serve", str(root / "hq"), "--listen", "127.0.0.1:0", "--workers", str(workers)]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with log.open("w") as said:
        process = subprocess.Popen([sys.executable, "-m", "amanat.cli.main", *words], env=env, stderr=said)
    try:
        while "ready http" not in log.read_text():
            if process.poll() is not None:
                raise RuntimeError(log.read_text())
            time.sleep(0.05)
        yield int(log.read_text().split("ready http://127.0.0.1:")[1].split("/")[0])
    finally:
        process.terminate()
        process.wait(30)


def request_us(port: int, requests: int = 400) -> float:
    """A request and its connection without anything behind it, client and server together."""
    began = time.perf_counter()
    for _ in range(requests):
        wire = http.client.HTTPConnection("127.0.0.1", port)
        wire.request("POST", "/sync/v1/measure", b"x")
        wire.getresponse().read()
        wire.close()
    return (time.perf_counter() - began) * 1e6 / requests


def loaded(cluster: str, stations: int, voters: int, live: int) -> tuple[Load, int, float]:
    """The load on loopback: what was met, entries of the backlogs, microseconds of a bare request."""
    with headquarters(stations + live, database=new_database(cluster)) as (root, here):
        desks = [Desk(here, n) for n in range(stations + live)]
        for desk in desks[:stations]:
            desk.serve(voters, each=EACH)
        entries = sum(len(desk.entries) for desk in desks[:stations])
        with serving(root, 2) as port:
            bare_us = request_us(port)
            load = asyncio.run(storm(port, desks[:stations], desks[stations:]))
        from amanat.hq import api

        held = api.status_counts()
        if held["entries"] != sum(len(desk.entries) for desk in desks) or held["loose"]:
            raise RuntimeError(f"headquarters holds {held}")
        return load, entries, bare_us


def print_bare(seconds: tuple[float, float], entries: int) -> None:
    """Two rows of the table."""
    for name, taken in (("bare COPY and the signature checks", sum(seconds)), ("the checks alone", seconds[0])):
        print(f"| {name} | {entries / taken:,.0f} | | {taken * 1e6 / entries:.0f} | |", flush=True)


def print_return(costs: Costs, out: Path) -> None:
    """Three sizes, the prediction, the line, and the picture."""
    print("\n| stations | entries | pushes | declined | drained, s | predicted, s | news p50 / p99, s | cores busy |")
    print("|---|---|---|---|---|---|---|---|")
    returns = []
    for size in SIZES:
        plan = Plan(size, PROCESSES, RETURNING_ENTRIES)
        done = rehearse(plan, costs)
        returns.append(done)
        seconds = done.drained_us / SECOND_US
        busy = (done.busy_us + done.declining_us) / done.drained_us / PROCESSES
        news = f"{done.news_percentile(500) / SECOND_US:.2f} / {done.news_percentile(990) / SECOND_US:.2f}"
        due = f"{seconds:.0f} | {predicted_us(plan, costs) / SECOND_US:.0f}"
        print(f"| {size:,} | {done.entries:,} | {done.pushes:,} | {done.declined:,} | {due} | {news} | {busy:.0%} |")
    fixed, each = line_through([(one.plan.stations, one.drained_us) for one in returns])
    print(f"line: {fixed} s + {each / 1000:.2f} ms a station on {PROCESSES} processes; costs {costs}")
    said = f"{costs.push_us} µs a push, {costs.entry_us} µs an entry, {costs.declined_us} µs declined"
    out.write_text(picture(returns, said, processes=PROCESSES), encoding="utf-8")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=512, help="with backlogs, on loopback; 0: none")
    parser.add_argument("--voters", type=int, default=40, help="of each backlog")
    parser.add_argument("--live", type=int, default=24, help="stations that send news meanwhile")
    parser.add_argument("--picture", type=Path, default=ROOT / "docs/pictures/return-of-all.svg")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {amanat_crypto.backend()}")
    print("| seconds of one core, the database's with them | entries/s | ballots/s | µs an entry | µs a push |")
    print("|---|---|---|---|---|")
    with headquarters(MEASURED_STATIONS) as (_, here):
        print(taking(here, "SQLite")[0].row(), flush=True)
    with private_cluster() as cluster:
        with headquarters(MEASURED_STATIONS, database=new_database(cluster)) as (_, here):
            rate, desks = taking(here, "PostgreSQL")
            print(rate.row())
            print_bare(bare(here, desks), sum(len(desk.entries) for desk in desks))
        us = 1000.0
        if options.stations:
            load, entries, us = loaded(cluster, options.stations, options.voters, options.live)
            print(load.said(options.stations, entries), f"a bare request: {us:.0f} µs", sep="\n", flush=True)
    push, entry = rate.costs
    print_return(Costs(round(push + us), round(entry), round(us)), options.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
