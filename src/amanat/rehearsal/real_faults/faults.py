"""The faults, one function each: done to the field while people vote, then taken away.

Each returns figures that show that the fault did happen; a fault that did not is an error too (`NoFault`).
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from amanat.errors import Rejected
from amanat.rehearsal.real_faults import media
from amanat.rehearsal.real_faults.field import CROWD, CUT_STATION, Field, Site
from amanat.rehearsal.real_faults.jail import system
from amanat.rehearsal.real_faults.postgres import children_of
from amanat.rehearsal.real_faults.wire import Weather

Figures = dict[str, int]
Fault = Callable[[Field, int], Awaitable[Figures]]
REQUESTS: Final = 6  # a visit is about so many
CUT_WITHIN_MICROSECONDS: Final = 30_000
SILENT_SECONDS: Final = 22.0  # more than a gateway waits for an answer
HOLD_SECONDS: Final = 0.02
FAILING_SHARE: Final = 0.15
UPLOAD_TICKS: Final = 40
UPLOAD_TICKS_MAX: Final = 60
PROMISES_EVERY: Final = 4
JUMPS: Final = (5, -9, 30, -26)  # hours


class NoFault(Rejected):
    """What should have gone wrong did not: the run shows nothing."""


def require_happened(name: str, figures: Figures) -> Figures:
    """The figures, all above zero.  Raises NoFault."""
    for what, number in figures.items():
        if number <= 0:
            raise NoFault("real-faults-none", fault=name, figure=what)
    return figures


async def bad_line(field: Field, rounds: int) -> Figures:
    """Packets are lost, late, out of order and doubled on every line, and one line is narrow."""
    narrow = field.sites["F1"].wire
    narrow.throttle(256)
    before = seen_by(field)
    for wire in field.wires:
        wire.weather = Weather(loss=100_000, doubled=100_000, delay_ms=4, spread_ms=25)
    await field.vote(field.places(), rounds)
    await field.settle()
    narrow.throttle(None)
    after = seen_by(field)
    return {what: after[what] - before[what] for what in after}


def seen_by(field: Field) -> Figures:
    """What befell packets on all lines so far."""
    seen = [wire.seen for wire in field.wires]
    return {what: sum(getattr(one, what) for one in seen) for what in ("lost", "doubled", "overtaken")}


async def partition(field: Field, rounds: int) -> Figures:
    """One station's line is down, one hears nothing though it is heard, one is open and silent."""
    down, one_way, silent = (field.sites[name].wire for name in ("F1", "F2", "F3"))
    before = one_way.seen.silenced, silent.seen.silenced
    down.pull()
    one_way.weather = Weather(down=False)
    silent.weather = Weather(up=False, down=False)
    began = time.monotonic()
    await field.vote(field.places("F1", "F2", "F3", "F4"), rounds)
    await field.settle("F4")
    least = SILENT_SECONDS if rounds > 1 else 0.0
    while (passed := time.monotonic() - began) < least or (
        passed < SILENT_SECONDS and not (one_way.seen.silenced > before[0] and silent.seen.silenced > before[1])
    ):
        await field.tick()
    down.plug()
    field.calm()
    return {"answers_lost": one_way.seen.silenced - before[0], "packets_silenced": silent.seen.silenced - before[1]}


async def postgres_killed(field: Field, rounds: int) -> Figures:
    """kill -9 of all of PostgreSQL while a transaction is in its COMMIT; it recovers and serves again."""
    return {"kills_in_commit": await _in_commits(field, rounds, _kill_postgres)}


async def worker_killed(field: Field, rounds: int) -> Figures:
    """kill -9 of an intake process while its transaction is in COMMIT, then of all of headquarters' program."""
    kills = await _in_commits(field, rounds, _kill_worker)
    field.hq.kill()
    field.hq.start()
    await field.vote(field.places("F1", "F4"), 1)
    await field.hq.ready()
    return {"kills_in_commit": kills}


async def _in_commits(field: Field, rounds: int, kill: Callable[[Field], Awaitable[None]]) -> int:
    kills = 0
    for _ in range(rounds):
        await asyncio.to_thread(field.postgres.hold_commits, HOLD_SECONDS)
        voting = asyncio.create_task(field.vote(field.places(), 1))
        if await asyncio.to_thread(field.postgres.committing):
            await kill(field)
            kills += 1
            await field.require_promises()
        await voting
        await asyncio.to_thread(field.postgres.heal)
        await field.settle()
    return kills if kills == rounds else 0


async def _kill_postgres(field: Field) -> None:
    await asyncio.to_thread(field.postgres.kill)
    await asyncio.to_thread(field.postgres.start)


async def _kill_worker(field: Field) -> None:
    assert field.hq.process is not None
    workers = children_of(field.hq.process.pid)
    os.kill(field.draw.choice(workers), signal.SIGKILL)


async def transactions_fail(field: Field, rounds: int) -> Figures:
    """All lines were down while people voted; then everybody uploads at once, while statements and commits fail and
    connections break."""
    broken = failed = 0
    for _ in range(rounds):
        for wire in field.wires:
            wire.pull()
        await field.vote(field.places(), 1)
        await field.tick(2)
        await asyncio.to_thread(field.postgres.fail_transactions, FAILING_SHARE)
        for wire in field.wires:
            wire.plug()
        for turn in range(UPLOAD_TICKS_MAX):
            if turn >= UPLOAD_TICKS and broken and await asyncio.to_thread(field.postgres.failed):
                break
            await field.vote(field.places("F1"), int(turn >= UPLOAD_TICKS))  # nothing is left to upload: more of it
            await field.tick()
            broken += await asyncio.to_thread(field.postgres.break_connections)
            if turn % PROMISES_EVERY == 0:
                await field.require_promises()
        failed = await asyncio.to_thread(field.postgres.heal)
        await field.settle()
    return {"devices": len(field.places()), "failed": failed, "broken": broken}


async def power_cuts(field: Field, rounds: int) -> Figures:
    """The mains fail in the middle of somebody's press, and the media keep what was synced; then the power is back."""
    site = field.sites[CUT_STATION]
    seen = [0, 0, 0]
    cuts = 0
    while cuts < 4 * rounds or (not seen[0] and cuts < 12 * rounds):
        place = site.places[0]
        if not field.ground.queues[place.id]:
            break
        arm(site, field.draw)
        await field.vote([place], 1)
        if place.powered:  # the press was not reached
            continue
        cuts += 1
        for home in site.homes:
            for one in media.cut(home, field.draw):
                seen = [a + b for a, b in zip(seen, (one.unsynced, one.dropped, one.torn), strict=True)]
            media.begin(home)
        await site.start()
        await field.call_in([place])
    disarm(site)
    return {"cuts": cuts, "unsynced_writes": seen[0]}


def arm(site: Site, draw: random.Random) -> None:
    """kill -9 some milliseconds after one of the next presses."""
    left = draw.randrange(1, REQUESTS)

    def on_request() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            asyncio.get_running_loop().call_later(draw.randrange(CUT_WITHIN_MICROSECONDS) / 1_000_000, site.kill)

    for terminal in site.terminals:
        terminal.on_request = on_request


def disarm(site: Site) -> None:
    """No more."""
    for terminal in site.terminals:
        terminal.on_request = None


def mount_small(folder: Path, *, spare: int) -> None:
    """Puts a medium's content on a new file system of its own that has `spare` bytes left, without its last zeros."""
    content = (folder / "journal").read_bytes().rstrip(b"\0")
    size = -(-(len(content) + spare) // 4096) * 4096 + 4096
    system("mount", "-t", "tmpfs", "-o", f"size={size}", "medium", folder)
    (folder / "journal").write_bytes(content)
    (folder / "journal").chmod(0o600)


async def full_medium(field: Field, rounds: int) -> Figures:
    """One medium's file system is full: the other goes on.  Then both: nobody is let in until there is room."""
    site = field.sites["F3"]
    place = site.places[0]
    home = site.homes[0]
    site.kill()
    mount_small(home / "medium-b", spare=16 << 10)
    await site.start()
    await field.vote([place], rounds)
    dead = int("dead" in str((await place.desk.status())["media"]))
    site.kill()
    mount_small(home / "medium-a", spare=16 << 10)
    await site.start()
    refused = field.refused
    field.reluctant.add(place.id)
    await field.vote([place], 1)
    field.reluctant.remove(place.id)
    refused = field.refused - refused
    for name in "ab":
        system("mount", "-o", "remount,size=8m", home / f"medium-{name}")
    site.kill()
    await site.start()
    await field.call_in([place])
    return {"given_up": dead, "refused": refused}


async def read_only_medium(field: Field, rounds: int) -> Figures:
    """A medium's file system is read-only when the machine starts: the other goes on; afterwards both are whole."""
    site = field.sites["F3"]
    medium = site.homes[0] / "medium-b"
    site.kill()
    mount_small(medium, spare=8 << 20)
    system("mount", "-o", "remount,ro", medium)
    await site.start()
    dead = int("dead" in str((await site.places[0].desk.status())["media"]))
    await field.vote(site.places, rounds)
    await field.settle("F3")
    behind = field.audit().behind.get(f"{site.homes[0].name} b", 0)
    site.kill()
    system("mount", "-o", "remount,rw", medium)
    await site.start()
    await field.vote(site.places, 1)
    return {"given_up": dead, "entries_behind": behind}


async def clocks_jump(field: Field, rounds: int) -> Figures:
    """A station's clock, headquarters' and the crowd's jump by hours, forward and back."""
    jumped = 0
    for hours in JUMPS[: 2 * rounds]:
        for clock in (field.sites["F4"].clock, field.clocks[0]):
            clock.jump(hours)
            jumped += 1
            await field.vote(field.places("F1", "F4"), 1)
            await field.tick()
        await field.settle("F1", "F4")
    field.sites[CROWD].clock.jump(-3)
    await field.vote(field.places(), 1)
    return {"jumps": jumped}


FAULTS: Final[dict[str, Fault]] = {
    "bad-line": bad_line,
    "partition": partition,
    "postgres-killed": postgres_killed,
    "worker-killed": worker_killed,
    "transactions-fail": transactions_fail,
    "power-cuts": power_cuts,
    "full-medium": full_medium,
    "read-only-medium": read_only_medium,
    "clocks-jump": clocks_jump,
}
