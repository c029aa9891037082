"""Conducts a whole rehearsal: set-up, day, closing, count, publication, verification, summary, page."""

import asyncio
import csv
import signal
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from amanat.errors import Interrupted
from amanat.records.definition import Definition
from amanat.rehearsal import closing, plan, setup, summary
from amanat.rehearsal.clock import Clock
from amanat.rehearsal.day import OPENING_SECONDS, Day, Stopwatch
from amanat.rehearsal.folders import Folders
from amanat.rehearsal.ledger import Ledger
from amanat.rehearsal.network import Network
from amanat.rehearsal.people import Crowd
from amanat.rehearsal.plan import MediumLoss, Plan
from amanat.rehearsal.printer import Printers, Slip
from amanat.rehearsal.programs import Program
from amanat.rehearsal.terminal import Terminal
from amanat.rehearsal.view import View
from amanat.rehearsal.visit import Place
from amanat.rehearsal.world import World
from amanat.station import slip_drawing

OPENS_AT: Final = time(4, 30, tzinfo=UTC)  # 08:00 in Iran
HEADQUARTERS_THREADS: Final = 2


@dataclass
class Exercise:
    """One rehearsal: the election, the people, what goes wrong, where everything lies."""

    definition: Definition
    crowd: Crowd
    plan: Plan
    folders: Folders
    seed: int
    workers: int
    view: View


@dataclass
class Outcome:
    """What a rehearsal leaves besides its files."""

    summary: dict[str, Any]
    checks: Sequence[Mapping[str, Any]]
    samples: Sequence[tuple[float, int, int | None]]
    happened: Sequence[tuple[float, str, str, str]]
    refused: Mapping[str, int]


def opening(definition: Definition) -> int:
    """Virtual time when the terminals are started, in ms since the epoch."""
    start = datetime.combine(definition.polling_day, OPENS_AT) - timedelta(seconds=OPENING_SECONDS)
    return int(start.timestamp() * 1000)


def station_programs(exercise: Exercise, everyone: Sequence[setup.Post]) -> dict[str, Program]:
    """The processes that run the terminals, by station: a station whose power will go has its own, others share."""
    folders = exercise.folders
    own = {cut.station for cut in exercise.plan.power_cuts}
    shared = [station.id for station in exercise.definition.stations if station.id not in own]
    groups = [[station] for station in sorted(own)]
    groups += [part for worker in range(exercise.workers) if (part := shared[worker :: exercise.workers])]
    programs: dict[str, Program] = {}
    for number, group in enumerate(groups):
        homes = [folders.terminal(post.station, post.number) for post in everyone if post.station in group]
        words = ("--clock", folders.clock, "--printer", folders.printer)
        program = Program("station", "run", *homes, *words, log=folders.logs / f"station-{number}.log")
        programs.update(dict.fromkeys(group, program))
    return programs


async def prepare(exercise: Exercise, *, audio: bool = False) -> None:
    """Keys, ceremony, register, headquarters, certificates; the booth's voice is for people.  Raises ProgramFailed."""
    definition, folders, view = exercise.definition, exercise.folders, exercise.view
    view.say("keys of trustees, mixers and authorities …")
    await setup.keys(definition, folders)
    view.say("key ceremony …")
    await setup.ceremony(folders)
    view.say(f"register of {len(exercise.crowd.citizens):,} people, headquarters …")
    register_file = folders.work / "register.bin"
    setup.write_register(register_file, definition, exercise.crowd.citizens)
    await setup.headquarters(folders, register_file)
    everyone = setup.posts(definition)
    view.say(f"{len(everyone)} terminals of {len(definition.stations)} stations enrol …")
    await setup.enrol_all(folders, everyone, workers=exercise.workers, audio=audio)
    changes = folders.work / "changes.csv"
    if setup.write_changes(changes, exercise.crowd.citizens):
        log = folders.logs / "hq-setup.log"
        await setup.commands([setup.hq(folders, "delta", "--changes", changes)], log=log)


def draw_slip(folder: Path) -> Any:
    """Draws a slip as the station's own printer does, and keeps the picture."""
    folder.mkdir()

    def draw(slip: Slip) -> None:
        picture = slip_drawing.draw(slip.kind, slip.fields, slip.qr, slip.duplicate)
        (folder / f"{slip.device}-{slip.kind}.png").write_bytes(picture)

    return draw


def ballots_at(port: int) -> int | None:
    """Ballots that headquarters says it holds, by its own metrics; None while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
            for line in answer:
                if line.startswith(b"amanat_ballots "):
                    return int(float(line.split()[1]))
    except OSError:
        return None
    return None


async def conduct_until_told(exercise: Exercise) -> Outcome:
    """`conduct`, ended in order by SIGINT or SIGTERM.  Raises Interrupted then."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await conduct(exercise)
    except asyncio.CancelledError as cause:
        raise Interrupted("interrupted") from cause


async def conduct(exercise: Exercise) -> Outcome:
    """Everything.  Raises AmanatError; what was started is ended in any case."""
    folders, watch = exercise.folders, Stopwatch()
    port = setup.free_port()
    async with AsyncExitStack() as stack:
        clock = Clock(opening(exercise.definition))
        stack.callback(folders.remove_sockets)
        await clock.start(folders.sockets / "clock")
        stack.push_async_callback(clock.stop)
        await prepare(exercise)
        day = await begin(exercise, clock, port, stack)
        watch.lap("setup")
        exercise.view.say("polls open")
        await day.open()
        await day.poll(exercise.crowd.visits)
        await day.close()
        watch.lap("cast")
        exercise.view.say("polls closed")
        day.ledger.close()
        await arrive(exercise, day)
        watch.lap("deliver")
        exercise.view.say("order, tags, mixes, decryption, publication, verification …")
        counted = await asyncio.to_thread(closing.count_and_verify, folders, workers=exercise.workers, watch=watch)
    seconds = {**watch.seconds, **counted.seconds}
    made = summary.make(exercise.definition, folders, day.ledger, counted, seconds=seconds)
    summary.write(folders.out / "summary.json", made)
    return Outcome(made, counted.checks["checks"], day.samples, day.world.happened, day.ledger.refused_by_station)


async def arrive(exercise: Exercise, day: Day) -> None:
    """What the stations hold goes to headquarters: over the restored links, or by hand where there never was one."""
    if exercise.plan.kind == "usb":
        gateways = [(station, place.desk) for station, place in day.places.items()]
        await closing.carry(gateways, exercise.folders)
    else:
        await day.deliver()


async def begin(exercise: Exercise, clock: Clock, port: int, stack: AsyncExitStack) -> Day:
    """Starts printers, network, headquarters and stations; whatever happens, `stack` ends them."""
    folders, definition = exercise.folders, exercise.definition
    printers = Printers(folders.work / "slips.jsonl", draw=draw_slip(folders.work / "slips"))
    await printers.start(folders.sockets / "printer")
    stack.push_async_callback(printers.stop)
    network = Network([station.id for station in definition.stations], ("127.0.0.1", port))
    await network.start()
    stack.push_async_callback(network.stop)
    hq = headquarters(folders, port)
    hq.start()
    stack.callback(hq.stop)
    await hq.ready()
    everyone = setup.posts(definition)
    ports = {station: line.port for station, line in network.lines.items()}
    devices = await setup.load_all(
        folders,
        everyone,
        ports=ports,
        listen=lambda post: f"unix:{setup.terminal_socket(folders, post)}",
        workers=exercise.workers,
    )
    programs = station_programs(exercise, everyone)
    places = {
        station.id: place_of(station.id, folders, [post for post in everyone if post.station == station.id], devices)
        for station in definition.stations
    }
    world = World(
        exercise.plan,
        clock=clock,
        network=network,
        places=places,
        programs=programs,
        headquarters=hq,
        log=folders.out / "link-log.csv",
        seed=exercise.seed,
        medium_file=lambda loss: medium_file(folders, loss),
    )
    stack.callback(world.close)
    world.set_links(-OPENING_SECONDS)
    await start_all(programs, places, stack)
    ledger = Ledger(folders.out / "ledger.jsonl")
    held = lambda: asyncio.to_thread(ballots_at, port)  # noqa: E731 - one line says it
    return Day(clock, network, world, places, printers, ledger, held, exercise.view.day)


def headquarters(folders: Folders, port: int) -> Program:
    """Headquarters' server."""
    words = setup.hq(folders, "serve", "--listen", f"127.0.0.1:{port}")
    return Program(*words, log=folders.logs / "hq.log", threads=HEADQUARTERS_THREADS)


def place_of(id_: str, folders: Folders, posts: Sequence[setup.Post], devices: Mapping[tuple[str, int], int]) -> Place:
    """A station as its visitors know it."""
    terminals = [terminal(folders, post, devices) for post in posts]
    pads = [found for found, post in zip(terminals, posts, strict=True) if post.is_pad]
    return Place(id_, terminals, pads=pads)


def terminal(folders: Folders, post: setup.Post, devices: Mapping[tuple[str, int], int]) -> Terminal:
    """One terminal's screen."""
    device = devices[post.station, post.number]
    return Terminal(setup.terminal_socket(folders, post), device=device, number=post.number)


async def start_all(programs: Mapping[str, Program], places: Mapping[str, Place], stack: AsyncExitStack) -> None:
    """Starts each process once and waits until every terminal in it serves."""
    terminals: dict[Program, int] = {}
    for station, program in programs.items():
        terminals[program] = terminals.get(program, 0) + len(places[station].terminals)
    for program in terminals:
        program.start()
        stack.callback(program.stop)
    for program, count in terminals.items():
        await program.ready(count=count)


def medium_file(folders: Folders, loss: MediumLoss) -> Path:
    """The journal file on one of a terminal's media."""
    folder = folders.terminal(loss.station, loss.terminal) / f"medium-{loss.medium}"
    return next(path for path in sorted(folder.iterdir()) if path.is_file())


def write_voters(path: Path, crowd: Crowd) -> None:
    """For a replay: which national id stands for which text of the file."""
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([("voter", "national_id"), *crowd.voters.items()])


__all__ = ["Exercise", "Outcome", "conduct", "plan", "write_voters"]
