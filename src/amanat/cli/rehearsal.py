"""`amanat demo | replay | serve | tamper`: the rehearsal's commands."""

import argparse
import asyncio
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import uvloop

from amanat.errors import BadInput
from amanat.records.ballots import read_ballots
from amanat.records.definition import Definition, read_definition
from amanat.records.manifest import PAPER
from amanat.rehearsal import people, plan
from amanat.rehearsal.conduct import Exercise, Outcome, conduct_until_told, write_voters
from amanat.rehearsal.folders import Folders, prepare
from amanat.rehearsal.page import write as write_page
from amanat.rehearsal.page.gather import gather
from amanat.rehearsal.people import Crowd
from amanat.rehearsal.plan import Kind, Plan
from amanat.rehearsal.serve import serve
from amanat.rehearsal.tamper import tamper
from amanat.rehearsal.view import View
from amanat.rules import persian

ELECTION: Final = Path("examples/damavand-firuzkuh")
DEMO_VOTERS: Final = 20_000
WORKERS: Final = 2
PORT: Final = 8400
SERVED_PEOPLE: Final = 1000
POLLING_DAY: Final = re.compile(r"(?m)^polling_day\s*=.*$")
DESCRIPTION: Final = argparse.RawDescriptionHelpFormatter


def add_commands(sub: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `demo`, `replay`, `serve` and `tamper`."""
    demo = sub.add_parser(
        "demo",
        help="a whole polling day of a synthetic electorate, counted and verified",
        description="A whole polling day of invented people, with outages, power cuts and a kill of headquarters.",
        epilog="example:\n  amanat demo --election examples/tehran --voters 600 --stations 20 --out out/demo",
        formatter_class=DESCRIPTION,
    )
    demo.add_argument("--election", type=Path, default=ELECTION, metavar="DIR", help=f"default {ELECTION}")
    demo.add_argument("--voters", type=at_least_one, default=DEMO_VOTERS, metavar="N", help=f"default {DEMO_VOTERS:,}")
    demo.add_argument("--stations", type=at_least_one, metavar="N", help="only the first N stations (default all)")
    common(demo, out=Path("out/demo"))
    demo.set_defaults(run=run_demo)
    replay = sub.add_parser(
        "replay",
        help="cast every row of a ballots.csv through the real programs",
        description="Casts every row of a ballots.csv (station,voter,contest,choices) through the real programs.",
        epilog="example:\n  amanat replay --election DIR --ballots FILE --out out/replay --network flaky --seed 7",
        formatter_class=DESCRIPTION,
    )
    replay.add_argument("--election", type=Path, required=True, metavar="DIR")
    replay.add_argument("--ballots", type=Path, required=True, metavar="FILE")
    replay.add_argument("--network", choices=("online", "offline", "flaky", "usb"), default="online")
    common(replay, out=None)
    replay.set_defaults(run=run_replay)
    stay = sub.add_parser(
        "serve",
        help="headquarters, one station and the public pages stay up",
        epilog="example:\n  amanat serve --election examples/tehran --out out/serve --port 8400",
        formatter_class=DESCRIPTION,
    )
    stay.add_argument("--election", type=Path, default=ELECTION, metavar="DIR", help=f"default {ELECTION}")
    stay.add_argument("--out", type=Path, default=Path("out/serve"), metavar="DIR")
    stay.add_argument("--port", type=at_least_one, default=PORT, metavar="N", help=f"the first port (default {PORT})")
    stay.add_argument("--demo", type=Path, default=Path("out/demo"), metavar="DIR", help="an earlier demo")
    stay.set_defaults(run=run_serve)
    forge = sub.add_parser(
        "tamper",
        help="change one vote of a copy of the record and let the verifier find it",
        epilog="example:\n  amanat tamper --demo out/demo --ballot 17",
        formatter_class=DESCRIPTION,
    )
    forge.add_argument("--demo", type=Path, default=Path("out/demo"), metavar="DIR")
    forge.add_argument("--ballot", type=int, default=0, metavar="N", help="which ballot of the record, from 0")
    forge.add_argument("--json", action="store_true")
    forge.set_defaults(run=run_tamper)


def common(parser: argparse.ArgumentParser, *, out: Path | None) -> None:
    """What demo and replay share."""
    parser.add_argument("--out", type=Path, default=out, required=out is None, metavar="DIR")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="people, faults and moments (default 1)")
    parser.add_argument("--workers", type=at_least_one, default=WORKERS, metavar="N", help=f"default {WORKERS}")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON object")


def at_least_one(text: str) -> int:
    """A whole number above 0, for argparse."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


class _Files(Mapping[str, bytes]):
    """The files of a folder, read when asked for and kept: each is read once, and may vanish afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        if name not in self.kept:
            self.kept[name] = (self.folder / name).read_bytes()
        return self.kept[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (self.folder / name).is_file()

    def __iter__(self) -> Any:
        return (path.name for path in self.folder.iterdir() if path.is_file())

    def __len__(self) -> int:
        return sum(1 for _ in self)


def read_election(folder: Path) -> tuple[Definition, _Files]:
    """The definition in a folder and its files.  Raises BadInput."""
    files = _Files(folder)
    try:
        definition = read_definition(files, folder=str(folder))
        for name in files:  # settlements.csv and what else a page can use
            files[name]
    except OSError as cause:
        raise BadInput("file-missing", file=str(cause.filename or folder)) from cause
    paper = next((station.id for station in definition.stations if station.mode == PAPER), None)
    if paper is not None:  # LIMIT: paper stations are not rehearsed; nothing is cast rather than cast wrongly
        raise BadInput("paper-not-rehearsed", file=str(folder), station=paper)
    return definition, files


def copy_election(files: Mapping[str, bytes], folders: Folders) -> None:
    """Our own copy of what was read."""
    for name, data in files.items():
        target = folders.election / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def terminals(definition: Definition) -> list[tuple[str, int]]:
    """(station id, terminal number) of every booth."""
    return [(s.id, number) for s in definition.stations for number in range(1, s.ballot_terminals + 1)]


def held_today(files: _Files) -> Definition:
    """The election with today, in Iran, for its polling day: whoever tries it opens a station today."""
    today = persian.jalali_digits((datetime.now(UTC) + persian.IRAN).date())
    text = files.kept["election.toml"].decode("utf-8-sig")
    files.kept["election.toml"] = POLLING_DAY.sub(f'polling_day = "{today}"', text).encode()
    return read_definition(files.kept, folder=str(files.folder))


def first_stations(definition: Definition, files: _Files, count: int | None) -> Definition:
    """The election with its first `count` stations, in the definition and in the file that headquarters will read."""
    if count is None or count >= len(definition.stations):
        return definition
    name = tomllib.loads(files.kept["election.toml"].decode("utf-8-sig"))["stations"]["file"]
    lines = files.kept[name].splitlines(keepends=True)
    files.kept[name] = b"".join(lines[: count + 1])
    return replace(definition, stations=definition.stations[:count])


def run_demo(arguments: argparse.Namespace) -> int:
    """`amanat demo`."""
    definition, files = read_election(arguments.election)
    definition = first_stations(definition, files, arguments.stations)
    booths = {station.id: station.ballot_terminals for station in definition.stations}
    crowd = people.invent(voters=arguments.voters, stations=booths, contests=definition.contests, seed=arguments.seed)
    return rehearse(arguments, definition, files, crowd, kind="demo")


def run_replay(arguments: argparse.Namespace) -> int:
    """`amanat replay`.  Raises BadInput before anything is cast, with all faults of the rows."""
    definition, files = read_election(arguments.election)
    try:
        data = arguments.ballots.read_bytes()
    except OSError as cause:
        raise BadInput("file-missing", file=str(arguments.ballots)) from cause
    rows = read_ballots(data, definition, file=str(arguments.ballots))
    crowd = people.from_rows(rows, seed=arguments.seed)
    return rehearse(arguments, definition, files, crowd, kind=arguments.network)


def rehearse(arguments: argparse.Namespace, definition: Definition, files: _Files, crowd: Crowd, *, kind: Kind) -> int:
    """The day and all that follows; exit 1 unless nothing was lost, counted twice or found wrong."""
    folders = prepare(arguments.out)
    copy_election(files.kept, folders)
    if crowd.voters:
        write_voters(folders.out / "voters.csv", crowd)
    view = View()
    faults = plan.make(kind, seed=arguments.seed, terminals=terminals(definition))
    exercise = Exercise(definition, crowd, faults, folders, arguments.seed, arguments.workers, view)
    outcome = uvloop.run(conduct_until_told(exercise))
    show(definition, folders, faults, outcome)
    summary = outcome.summary
    if arguments.json:
        print(json.dumps(summary, ensure_ascii=False))
    tell(view, summary, folders)
    wrong = summary["lost"] or summary["counted_twice"] or summary["totals_differ"]
    return 0 if summary["verified"] and not wrong else 1


def show(definition: Definition, folders: Folders, faults: Plan, outcome: Outcome) -> None:
    """Writes the page."""
    facts = gather(
        definition,
        election=folders.election,
        plan=faults,
        summary=outcome.summary,
        checks=outcome.checks,
        samples=outcome.samples,
        happened=outcome.happened,
        refused=outcome.refused,
    )
    write_page(folders.out / "index.html", facts)


def tell(view: View, summary: Mapping[str, Any], folders: Folders) -> None:
    """The day in five lines."""
    refused, aside = sum(summary["refused"].values()), sum(summary["set_aside"].values())
    view.say(
        f"{summary['attempts']:,} attempts = {summary['cast']:,} cast + {refused:,} refused + {summary['left']:,} left"
    )
    view.say(f"{summary['received']:,} received = {summary['counted']:,} counted + {aside:,} set aside")
    view.say(
        f"lost {summary['lost']:,} · counted twice {summary['counted_twice']:,}"
        f" · totals that differ from the voters' own: {len(summary['totals_differ']):,}"
    )
    verdict = "everything holds" if summary["verified"] else f"FAILED, see {folders.out / 'verify.json'}"
    view.say(f"independent verifier: {verdict}")
    view.say(f"page: {folders.out / 'index.html'} · record: {folders.record}")


def run_serve(arguments: argparse.Namespace) -> int:
    """`amanat serve`."""
    _, files = read_election(arguments.election)
    definition = first_stations(held_today(files), files, 1)
    folders = prepare(arguments.out, real_time=True)
    copy_election(files.kept, folders)
    booths = {station.id: station.ballot_terminals for station in definition.stations}
    crowd = people.invent(voters=SERVED_PEOPLE, stations=booths, contests=definition.contests, seed=1)
    exercise = Exercise(definition, crowd, Plan("online"), folders, 1, WORKERS, View())
    demo = arguments.demo.resolve() if (arguments.demo / "work/hq/machine.json").exists() else None
    asyncio.run(serve(exercise, port=arguments.port, demo=demo))
    return 0


def run_tamper(arguments: argparse.Namespace) -> int:
    """`amanat tamper`: exit 0 if the verifier finds it."""
    forged, passed, account = tamper(arguments.demo, number=arguments.ballot)
    failed = [check for check in account["checks"] if not check["ok"]]
    if arguments.json:
        print(json.dumps(asdict(forged) | {"verified": passed, "failed": failed}, ensure_ascii=False))
    view = View()
    view.say(f"changed the vote of ballot {forged.code}, id {forged.before}, and mended the sums")
    view.say(f"it is item {forged.place} of {forged.file} now, id {forged.after}")
    for check in failed:
        view.say(f"{check['id']} ({check['clause']}): {check['where']}")
    view.say("the verifier did not notice" if passed else "the verifier noticed")
    return int(passed)
