"""A terminal's own times: cast to tick with both syncs, and start to ready after a crash with many ballots (J-2, J-3).

    python -m bench.station --ballots 2000 --folder out/bench-station

Requests go through the terminal's application in this process, as its page would send them; the printer is a folder
without pictures; both media are folders below FOLDER, so these are figures of one disk where a terminal has two.
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
from tools import one_station

from amanat.records.register import Person
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import synthetic
from amanat.station.api import Application
from amanat.station.clock import SystemClock
from amanat.station.terminal import Terminal

OFFICERS = ("نسرین پارسا", "بهرام صفایی")


async def press(application: Application, path: str, **body: object) -> dict[str, Any]:
    """What the page sees; raises RuntimeError where the terminal refuses."""
    parts: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    async def send(message: Any) -> None:
        parts.append(message.get("body", b""))

    headers = [(b"content-type", b"application/json")]
    await application({"type": "http", "method": "POST", "path": path, "headers": headers}, receive, send)
    screen: dict[str, Any] = json.loads(b"".join(parts))
    if not screen["ok"]:
        raise RuntimeError(f"{path}: {screen}")
    return screen


def take(slips: Path) -> str:
    """Take all papers out of the printer; the QR of the last one."""
    qr = ""
    for path in sorted(slips.glob("*.json")):
        qr = json.loads(path.read_text(encoding="utf-8"))["qr"]
        path.unlink()
    return qr


async def vote_all(home: Path, slips: Path, people: Sequence[Person]) -> dict[str, list[float]]:
    """Milliseconds of each press, by path, for so many voters; the process then lets go of the media without a word."""
    terminal = Terminal(home, SystemClock(), printer=f"folder:{slips}?draw=0")
    application, ms = Application(terminal), dict[str, list[float]]()

    async def timed(path: str, **body: object) -> dict[str, Any]:
        began = time.perf_counter()
        screen = await press(application, path, **body)
        ms.setdefault(path, []).append((time.perf_counter() - began) * 1000)
        return screen

    await press(application, "/api/open", officers=OFFICERS, other_day=True)
    contests = terminal.identity.manifest.contests
    choices = {c.id: [candidate.code for candidate in c.candidates[: c.max_choices]] for c in contests}
    for person in people:
        await timed("/api/desk/look", national_id=person.national_id)
        await timed("/api/desk/issue", national_id=person.national_id)
        await timed("/api/booth/permit", slip=take(slips))
        await timed("/api/booth/seal", choices=choices)
        await timed("/api/booth/cast")
        await press(application, "/api/booth/leave")
        take(slips)
    await terminal.close()
    return ms


async def start(home: Path) -> float:
    """Seconds from the command to its word *ready*, the shipped program in a process of its own."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "amanat.cli.main", "station", "run", str(home)]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, env=os.environ)
    assert process.stderr is not None
    try:
        line = await process.stderr.readline()
        seconds = time.perf_counter() - began
        if not line.startswith(b"ready"):
            raise RuntimeError((line + await process.stderr.read()).decode())
        connector = aiohttp.UnixConnector(str(home / "s"))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.post("http://terminal/api/hourly", json={}) as answer,  # the first act
        ):
            if not (await answer.json())["ok"]:
                raise RuntimeError("the first act was refused")
    finally:
        process.kill()
        await process.wait()
    return seconds


def row(name: str, ms: Sequence[float]) -> str:
    """A line of the table."""
    cuts = statistics.quantiles(ms, n=100)
    return f"| {name} | {len(ms)} | {statistics.median(ms):.1f} | {cuts[98]:.1f} | {max(ms):.1f} |"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ballots", type=int, default=2000)
    parser.add_argument("--election", type=Path, default=Path("examples/tehran"))
    parser.add_argument(
        "--folder", type=Path, default=Path("out/bench-station"), help="made anew, on the disk measured"
    )
    parser.add_argument("--starts", type=int, default=5)
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    people = [Person(synthetic(n), f"شهروند {n}", 1360, Flags()) for n in range(1, options.ballots + 1)]
    one_station.PEOPLE = tuple(people)  # type: ignore[misc]
    home = one_station.make(options.folder, options.election, listen=["unix:s"], link_url="")[0]
    slips = options.folder / "slips"
    ms = asyncio.run(vote_all(home, slips, people))
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}")
    print("| press | times | median ms | p99 ms | longest ms |\n|---|---|---|---|---|")
    for path, values in ms.items():
        print(row(path, values))
    size = (home / "medium-a" / "journal").stat().st_size / 1e6
    seconds = sorted(asyncio.run(start(home)) for _ in range(options.starts))
    shown = ", ".join(f"{s:.2f}" for s in seconds)
    print(
        f"start to ready after {options.ballots} ballots ({size:.1f} MB a medium), {options.starts} starts: {shown} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
