"""Headquarters, one station and the public pages stay up, in real time, to be looked at and tried by hand.

The station is the first of the election, with an invented register; the headquarters of an earlier demo, where there is
one, is served beside it with its results and receipts.
"""

import asyncio
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from amanat.records.definition import Definition
from amanat.rehearsal import setup
from amanat.rehearsal.conduct import Exercise, prepare
from amanat.rehearsal.programs import Program
from amanat.rehearsal.setup import Post
from amanat.rehearsal.view import View

HOST: Final = "127.0.0.1"
SHOWN_PEOPLE: Final = 3
PAGES: Final = {1: ("check-in", "ballot", "supervisor")}
BOOTH_PAGES: Final = ("ballot", "supervisor")
PAD_PAGES: Final = ("approve", "supervisor")


async def serve(exercise: Exercise, *, port: int, demo: Path | None) -> None:
    """Serves from `port` on: headquarters, then the terminals, then the demo's headquarters; until a signal."""
    folders, view = exercise.folders, exercise.view
    await prepare(exercise, audio=True)
    with ExitStack() as stack:
        stack.callback(folders.remove_sockets)
        hq = Program(*setup.hq(folders, "serve", "--listen", f"{HOST}:{port}"), log=folders.logs / "hq.log")
        await begin(hq, stack, count=1)
        everyone = setup.posts(exercise.definition)
        await setup.load_all(
            folders,
            everyone,
            ports={post.station: port for post in everyone},
            listen=lambda post: f"{HOST}:{port + post.number}",
            workers=exercise.workers,
        )
        homes = [folders.terminal(post.station, post.number) for post in everyone]
        options = ("--clock", folders.clock, "--printer", folders.printer)
        station = Program("station", "run", *homes, *options, log=folders.logs / "station.log")
        await begin(station, stack, count=len(everyone))
        tell(exercise, everyone, port)
        if demo is not None:
            beside = f"{HOST}:{port + len(everyone) + 1}"
            archive = Program("hq", "serve", demo / "work/hq", "--listen", beside, log=folders.logs / "demo-hq.log")
            await begin(archive, stack, count=1)
            view.say(f"the demo's headquarters: http://{beside}/results/ · http://{beside}/receipt/")
            view.say(f"the demo's page: {demo / 'index.html'}")
        view.say("Ctrl-C ends all of it")
        await until_told()


async def begin(program: Program, stack: ExitStack, *, count: int) -> None:
    """Starts a program that `stack` will stop, and waits until it serves."""
    program.start()
    stack.callback(program.stop)
    await program.ready(count=count)


async def until_told() -> None:
    """Waits for SIGINT or SIGTERM."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await told.wait()


def tell(exercise: Exercise, everyone: list[Post], port: int) -> None:
    """The addresses, and whom to check in."""
    view: View = exercise.view
    definition: Definition = exercise.definition
    view.say(f"headquarters: http://{HOST}:{port}/ (pages need no login)")
    for post in everyone:
        for page in PAGES.get(post.number, PAD_PAGES if post.is_pad else BOOTH_PAGES):
            view.say(f"station {post.station}, terminal {post.number}: http://{HOST}:{port + post.number}/{page}")
    ids = ", ".join(citizen.national_id for citizen in exercise.crowd.citizens[:SHOWN_PEOPLE])
    view.say("first open each terminal on its page /supervisor (any two names)")
    view.say(f"national ids to check in: {ids}, … (invented); slips come out in {exercise.folders.out / 'slips'}")
    codes = ", ".join(candidate.code for candidate in definition.contests[0].candidates[:SHOWN_PEOPLE])
    view.say(f"candidates' codes: {codes}, …")
