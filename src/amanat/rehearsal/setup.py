"""Before the day: keys of everybody, the ceremony, headquarters, the terminals.  All by the shipped programs.

What hundreds of terminals need one by one (a key, a package) is done by the station's own functions in two worker
processes instead of hundreds of starts of a program.
"""

import asyncio
import csv
import json
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final, TypeVar

from amanat.records import register
from amanat.records.definition import Definition
from amanat.rehearsal.folders import Folders
from amanat.rehearsal.people import Citizen
from amanat.rehearsal.programs import Program, run
from amanat.station import enrolment

AT_ONCE: Final = 3
PACE_MS: Final = 15 * 60_000  # an idle gateway speaks so often; one with a voter before it does not wait
Job = TypeVar("Job")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Post:
    """One terminal, or an observer's pad, to be set up: its station, its number from 1, the number of all there."""

    station: str
    number: int
    of: int
    is_pad: bool = False


def posts(definition: Definition) -> list[Post]:
    """Every terminal of the election, in the order that gives them their device indices; a pad where one is asked."""
    return [
        Post(station.id, number, station.ballot_terminals + station.approvals, number > station.ballot_terminals)
        for station in definition.stations
        for number in range(1, station.ballot_terminals + station.approvals + 1)
    ]


async def commands(jobs: Iterable[Sequence[str | Path]], *, log: Path) -> None:
    """Runs several `amanat …` to their ends, a few at once.  Raises ProgramFailed."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(words: Sequence[str | Path]) -> None:
        async with gate:
            await asyncio.to_thread(run, *words, log=log)

    await asyncio.gather(*(one(words) for words in jobs))


async def keys(definition: Definition, folders: Folders) -> None:
    """Trustees, mixers and authorities each make their keys on their own machine."""
    sealed: tuple[str | Path, ...] = ("--passphrase", folders.passphrase)
    jobs: list[tuple[str | Path, ...]] = []
    people = zip(definition.trustees.names, definition.trustees.powers, strict=True)
    for j, (name, power) in enumerate(people, start=1):
        home = folders.trustees / str(j)
        jobs.append(("trustee", "init", home, "--index", str(j), "--name", name, "--power", power, *sealed))
    for index, (name, owner) in enumerate(definition.mixers):
        home = folders.mixers / str(index)
        jobs.append(("mixer", "init", home, "--index", str(index), "--name", name, "--owner", owner, *sealed))
    for index, role in enumerate(definition.authorities):
        home = folders.authorities / role
        jobs.append(("count", "authority-init", home, "--role", role, "--index", str(index), *sealed))
    await commands(jobs, log=folders.logs / "keys.log")


def machines(folders: Folders, kind: str) -> list[Program]:
    """The trustees' or mixers' programs, each on its own machine; to be started and stopped by the caller."""
    homes = sorted((folders.trustees if kind == "trustee" else folders.mixers).iterdir())
    return [Program(kind, "run", home, log=folders.logs / f"{kind}-{home.name}.log", threads=2) for home in homes]


async def ceremony(folders: Folders) -> None:
    """The trustees, all present, make the three keys."""
    trustees = machines(folders, "trustee")
    for trustee in trustees:
        trustee.start()
    try:
        words = ("count", "ceremony", "--election", folders.election, "--trustees", folders.trustees)
        await commands([(*words, "--out", folders.ceremony)], log=folders.logs / "ceremony.log")
    finally:
        for trustee in trustees:
            trustee.stop()


def write_register(path: Path, definition: Definition, citizens: Iterable[Citizen]) -> None:
    """The register that every check-in terminal carries, with what is known at that time."""
    day = definition.polling_day.isoformat()
    people = [register.Person(c.national_id, c.name_fa, c.birth_year, c.flags) for c in citizens]
    data = register.build(people, election_id=definition.id, round=definition.round, day=day, version=1)
    path.write_bytes(data)


def write_changes(path: Path, citizens: Iterable[Citizen]) -> int:
    """What headquarters learned after the devices were loaded, as `hq delta` takes it; returns how many."""
    changed = [(c.national_id, c.name_fa, c.birth_year, c.later.bits()) for c in citizens if c.later is not None]
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([("national_id", "name_fa", "birth_year", "flags"), *changed])
    return len(changed)


def hq(folders: Folders, verb: str, *words: str | Path) -> tuple[str | Path, ...]:
    """`amanat hq VERB HOME …` in the rehearsal's time."""
    return ("hq", verb, folders.hq, *words, "--clock", folders.clock)


async def headquarters(folders: Folders, register_file: Path, *, database: str = "") -> None:
    """Headquarters' home: keys, manifest, register, database (by its url, else SQLite)."""
    words: tuple[str | Path, ...] = ("--election", folders.election, "--ceremony", folders.ceremony)
    words += ("--mixers", folders.mixers, "--authorities", folders.authorities)
    words += ("--register", register_file, "--passphrase", folders.passphrase)
    words += ("--database", database) if database else ()
    await commands([hq(folders, "init", *words)], log=folders.logs / "hq-setup.log")
    settings = folders.hq / "machine.json"
    machine = json.loads(settings.read_text(encoding="utf-8"))
    settings.write_text(json.dumps(machine | {"pace_ms": PACE_MS}) + "\n", encoding="utf-8")


def enrol(job: tuple[Path, Post, Path]) -> None:
    """Makes one terminal's key and request."""
    home, post, passphrase = job
    enrolment.enrol(home, station=post.station, terminal=post.number, passphrase=passphrase)


async def enrol_all(folders: Folders, everyone: Sequence[Post], *, workers: int, audio: bool = False) -> None:
    """Every terminal makes its key; headquarters certifies and packs, with the booth's voice if it is wanted."""
    jobs = [(folders.terminal(post.station, post.number), post, folders.passphrase) for post in everyone]
    await asyncio.to_thread(spread, enrol, jobs, workers)
    log = folders.logs / "hq-setup.log"
    await commands([hq(folders, "enrol", "--requests", folders.stations)], log=log)
    if audio:
        await commands([hq(folders, "audio")], log=log)
    await commands([hq(folders, "package", "--out", folders.package)], log=log)


@dataclass(frozen=True)
class Wiring:
    """What connects one terminal to the world."""

    home: Path
    package: Path
    listen: str
    peers: tuple[str, ...]
    link_url: str
    clock: str
    printer: str
    link_ca: str = ""


def load(wiring: Wiring) -> int:
    """Gives one terminal its package and its connections; returns its device index."""
    settings = enrolment.load(
        wiring.home,
        wiring.package,
        listen=wiring.listen,
        peers=wiring.peers,
        link_url=wiring.link_url,
        link_ca=wiring.link_ca,
        clock=wiring.clock,
        printer=wiring.printer,
    )
    return settings.device


def spread(work: Callable[[Job], Made], jobs: Sequence[Job], workers: int) -> list[Made]:
    """`work` on every job, in worker processes."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, jobs, chunksize=max(1, len(jobs) // (8 * workers))))


def terminal_socket(folders: Folders, post: Post) -> Path:
    """Where this terminal's screen is reached."""
    return folders.sockets / f"{post.station}-{post.number}"


async def load_all(
    folders: Folders,
    everyone: Sequence[Post],
    *,
    ports: Mapping[str, int],
    listen: Callable[[Post], str],
    workers: int,
) -> dict[tuple[str, int], int]:
    """Loads every terminal; the first of a station is its gateway, by its station's port to headquarters.

    Returns device indices by (station, number).
    """
    wirings = []
    for post in everyone:
        there = [other for other in everyone if other.station == post.station and other != post]
        wirings.append(
            Wiring(
                home=folders.terminal(post.station, post.number),
                package=folders.package,
                listen=listen(post),
                peers=tuple(map(listen, there)),
                link_url=f"http://127.0.0.1:{ports[post.station]}" if post.number == 1 else "",
                clock=folders.clock,
                printer=folders.printer,
            )
        )
    devices = await asyncio.to_thread(spread, load, wirings, workers)
    return {(post.station, post.number): device for post, device in zip(everyone, devices, strict=True)}


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
