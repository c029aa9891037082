"""`python -m bench.register DIR`: the register of the nation, for docs/benchmarks.md: building, opening, deciding.

Decisions are those of a real desk (`Desk.decide`) over the largest register; it refuses to time a printer or a disk.
*cold* has the person's page of names dropped from memory before each; *waited* counts from the moment at which a
decision was due, so that it has in it whatever the terminal does besides.
"""

import argparse
import asyncio
import json
import mmap
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tools import one_station

from amanat.records.identifiers import sign
from amanat.records.register import Delta, Person, Register, RegisterView, delta_id
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import NationalId, check_digit
from amanat.station.clock import SystemClock
from amanat.station.deltas import Deltas
from amanat.station.desk import Desk
from amanat.station.terminal import Terminal
from amanat.sync.messages import SignedDelta

ROOT = Path(__file__).resolve().parent.parent
SIZES = (1_000_000, 10_000_000, 61_200_000)
DECISIONS, COLD = 20_000, 400
CHANGES, PART = 1_000_000, 5_000
EVERY_SECONDS = 0.002


class Built(NamedTuple):
    """One register that was built."""

    people: int
    seconds: float
    core_seconds: float
    peak_mib: int
    whole: int
    opening: int


def build(folder: Path, people: int) -> Built:
    """By the shipped command, in a process of its own."""
    out, key = folder / f"register-{people}.bin", folder / "key"
    words = ["register", "build", "--synthetic", str(people), "--names", "--key", str(key), "--out", str(out)]
    code = (
        "import resource,subprocess,sys\n"
        "subprocess.run([sys.executable,'-m','amanat.cli.main',*sys.argv[1:]],check=True)\n"
        "used=resource.getrusage(resource.RUSAGE_CHILDREN)\nprint(used.ru_utime+used.ru_stime,used.ru_maxrss)"
    )
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code, *words], check=True, stdout=subprocess.PIPE, text=True)
    core, peak = done.stdout.split()
    with out.open("rb") as file:
        register = Register(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    size, opening = out.stat().st_size, sum(register.header.sizes[:5])
    return Built(people, time.monotonic() - begin, float(core), int(peak) // 1024, size, opening)


def fitted(rows: Sequence[Built]) -> str:
    """Seconds of one core a million people: least squares through the sizes built."""
    x, y = [row.people / 1e6 for row in rows], [row.core_seconds for row in rows]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    slope = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)
    return f"{slope:.2f} s of one core a million, {my - slope * mx:+.2f} s"


def percentiles(name: str, seconds: Sequence[float]) -> str:
    """p50, p99 and the longest, in µs."""
    order = sorted(seconds)
    p50, p99 = order[len(order) // 2], order[len(order) * 99 // 100]
    return f"{name}: p50 {p50 * 1e6:,.0f}, p99 {p99 * 1e6:,.0f}, longest {order[-1] * 1e6:,.0f} µs of {len(order):,}"


def p99(seconds: Sequence[float]) -> float:
    """The 99th percentile."""
    return sorted(seconds)[len(seconds) * 99 // 100]


def people_of(register: Register, count: int, draw: random.Random) -> list[NationalId]:
    """So many people of the register, drawn evenly over its blocks."""
    found = []
    for _ in range(count):
        sums = register._sums(draw.randrange(register._blocks))
        place = draw.randrange(len(sums))
        digits = f"{sums[place] + place:09}"
        found.append(NationalId(digits + check_digit(digits)))
    return found


def timed(act: Callable[[NationalId], object], ids: Sequence[NationalId]) -> list[float]:
    """Seconds of each."""
    found = []
    for id_ in ids:
        begin = time.perf_counter()
        act(id_)
        found.append(time.perf_counter() - begin)
    return found


def open_it(path: Path, key: bytes, *, cold: bool) -> tuple[Register, mmap.mmap, int, float]:
    """The register opened, its map, its descriptor, seconds."""
    descriptor = os.open(path, os.O_RDONLY)
    if cold:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    begin = time.perf_counter()
    view = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    register = Register(view, key=key)
    return register, view, descriptor, time.perf_counter() - begin


def cold_times(desk: Desk, view: mmap.mmap, descriptor: int, ids: Sequence[NationalId]) -> list[float]:
    """Each with nothing of the file in memory."""
    found = []
    for id_ in ids:
        view.madvise(mmap.MADV_DONTNEED)  # the map keeps its advice, MADV_RANDOM, given at opening
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        found += timed(desk.decide, [id_])
    return found


def deltas_of(terminal: Terminal, ids: Sequence[NationalId], version: int, draw: random.Random) -> list[SignedDelta]:
    """A million changes as headquarters signs them: half of people who are there, half of new ones."""
    made = []
    for first in range(0, CHANGES, PART):
        changes = []
        for _ in range(PART):
            digits = f"{draw.randrange(10**9):09}"
            id_ = draw.choice(ids) if draw.random() < 0.5 else NationalId(digits + check_digit(digits))
            changes.append(Person(id_, "زهرا کریمی تازه", 1370, Flags(in_country=draw.random() < 0.5)))
        content = Delta(version + 1 + first // PART, tuple(changes)).encode()
        digest = delta_id(terminal.identity.eh, content)
        made.append(SignedDelta(content, sign(one_station.HQ_SEED, "register-delta", terminal.identity.eh, digest)))
    return made


async def on_time(
    desk: Desk, ids: Sequence[NationalId], until: Callable[[int], bool]
) -> tuple[list[float], list[float]]:
    """A decision every two milliseconds: how long each took, and how long after it was due the answer was there."""
    took, waited = [], []
    number, due = 0, time.perf_counter()
    while until(number):
        due = max(due + EVERY_SECONDS, time.perf_counter())
        await asyncio.sleep(due - time.perf_counter())
        begin = time.perf_counter()
        desk.decide(ids[number % len(ids)])
        end = time.perf_counter()
        took.append(end - begin)
        waited.append(end - due)
        number += 1
    return took, waited


async def beside_a_delta(terminal: Terminal, desk: Desk, ids: Sequence[NationalId]) -> list[str]:
    """Decisions alone, while a million changes come in, and alone again."""
    parts = deltas_of(terminal, ids, desk.register.version, random.Random(2))
    taking = Deltas(terminal.home / "deltas", terminal.identity)

    async def take() -> float:
        begin = time.perf_counter()
        for part in parts:
            await taking.take(part, desk.register, terminal.journal)
        await taking.tidy(desk.register)
        return time.perf_counter() - begin

    before = await on_time(desk, ids, lambda number: number < 5_000)
    task = asyncio.create_task(take())
    beside = await on_time(desk, ids, lambda _: not task.done())
    after = await on_time(desk, ids, lambda number: number < 5_000)
    alone = [*before[0], *after[0]], [*before[1], *after[1]]
    rows = [f"{CHANGES:,} changes in {len(parts)} deltas: taken in {await task:.0f} s beside decisions"]
    for name, quiet, busy in zip(("decision", "waited"), alone, beside, strict=True):
        ratio = p99(busy) / p99(quiet)
        rows += [
            percentiles(f"{name}, alone", quiet),
            percentiles(f"{name}, beside", busy),
            f"{name}: p99 × {ratio:.2f}",
        ]
    begin = time.perf_counter()
    again = Deltas(terminal.home / "deltas", terminal.identity).view(desk.register.version)
    assert again.version == desk.register.version
    rows.append(f"taken up again at a start: {time.perf_counter() - begin:.2f} s")
    return rows


async def deciding(folder: Path, people: int) -> list[str]:
    """Opening and deciding over the largest register."""
    path, key = folder / f"register-{people}.bin", bytes.fromhex((folder / "key").read_text())
    seconds = [open_it(path, key, cold=True)[3] for _ in range(3)]
    register, view, descriptor, warm = open_it(path, key, cold=False)
    rows = [f"opening: {min(seconds):.2f} … {max(seconds):.2f} s from disk, {warm:.2f} s from the page cache"]
    station = folder / f"station-{os.getpid()}"
    home = one_station.make(station, ROOT / "examples/tehran", listen=["unix:s"], link_url="")[0]
    terminal = Terminal(home, SystemClock(), printer=f"folder:{station}/slips?draw=0")
    try:
        desk = terminal._desk
        assert desk is not None
        desk.register = RegisterView(register)
        ids = people_of(register, DECISIONS, random.Random(1))
        rows.append(percentiles("decision, cold", cold_times(desk, view, descriptor, ids[:COLD])))
        timed(desk.decide, ids)
        rows.append(percentiles("decision, warm", timed(desk.decide, ids)))
        rows += await beside_a_delta(terminal, desk, ids)
    finally:
        await terminal.close()
    return [
        *rows,
        f"memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MiB at most",
    ]


def main() -> int:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="registers are built here, and left")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--decide", action="store_true", help="build nothing, the registers are there")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.decide:
        print("\n".join(asyncio.run(deciding(options.folder, options.sizes[-1]))))
        return 0
    rows = [build(options.folder, people) for people in options.sizes]
    print("| people | wall s | core s | peak MiB | bytes | opening part | bytes a person |\n" + "|---" * 7 + "|")
    for row in rows:
        cells = f"{row.seconds:.1f} | {row.core_seconds:.1f} | {row.peak_mib} | {row.whole:,} | {row.opening:,}"
        print(f"| {row.people:,} | {cells} | {row.opening / row.people:.3f} + 12 |")
    if len(rows) > 1:
        print(fitted(rows))
    print("\n".join(asyncio.run(deciding(options.folder, options.sizes[-1]))))
    print(json.dumps([row._asdict() for row in rows]), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
