"""`amanat station check` and `amanat station measure`: what a technician does the day before (clause K-11)."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from amanat.cli.officers import secrets_of
from amanat.errors import BadInput, Usage
from amanat.records.readiness import Checklist, Mark
from amanat.station import acceptance, checklist, config, keys, officers
from amanat.station.checklist import Checker
from amanat.station.clock import open_clock
from amanat.station.enrolment import PACKAGE
from amanat.station.package import Identity, read_package

SIGNS = {Mark.GOOD: "✓", Mark.MISSING: "✗", Mark.LATER: "○"}


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Define `station check` and `station measure`."""
    check = commands.add_parser(
        "check",
        help="the day-before checklist: ✓ good, ✗ missing, ○ look yourself; exit 1 if anything is missing",
        epilog="example:\n  amanat station check homes/S001-1 --election 9f31-77a0",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("--election", default="", metavar="HEX", help="the hash on the leaflet, 8 digits or more")
    check.add_argument("--printer", help="another printer than terminal.toml's")
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=run_check)

    measure = commands.add_parser(
        "measure",
        help="measure the link to headquarters: latency, loss, throughput each minute; a log and a signed summary",
        epilog="example:\n  amanat station measure homes/S001-1 --hours 24",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    length = measure.add_mutually_exclusive_group(required=True)
    length.add_argument("--hours", type=int)
    length.add_argument("--minutes", type=int)
    measure.add_argument("--url", default="", help="another address than terminal.toml's link_url")
    measure.set_defaults(run=run_measure)
    for parser in (check, measure):
        parser.add_argument("home", type=Path, metavar="HOME")
        parser.add_argument(
            "--release", action="append", default=[], metavar="NAME[=FILE]", help="twice, where officers are appointed"
        )


def _seed(arguments: argparse.Namespace) -> bytes:
    """The device's seed, from the passphrase's file or from two officers."""
    home: Path = arguments.home
    if officers.are_appointed(home):
        return officers.release(home, secrets_of(arguments.release))
    return keys.unseal(home, keys.read_passphrase(Path(config.read(home).passphrase)))


def run_check(arguments: argparse.Namespace) -> int:
    """`amanat station check`; 0: nothing is missing, 1: something is."""
    seed = _seed(arguments)

    async def checked() -> tuple[Checklist, Path | None]:
        clock = await open_clock(config.read(arguments.home).clock)
        checker = Checker(arguments.home, seed, clock, arguments.election, arguments.printer)
        made = await checker.run()
        key = next((line for line in made.lines if line.key == "key"), None)
        if checker.identity is None or key is None or key.mark != Mark.GOOD:
            return made, None  # nobody signs for a device that is not in its package
        return made, checklist.sign_into(arguments.home, checker.identity, made)

    made, signed = asyncio.run(checked())
    if arguments.json:
        rows = [{"key": line.key, "mark": Mark(line.mark).name.lower(), "fact": line.fact} for line in made.lines]
        told = {"device": made.device, "at_ms": made.at_ms, "ready": made.is_ready, "lines": rows}
        print(json.dumps(told | {"signed": str(signed) if signed else None}, ensure_ascii=False))
    else:
        _tell(made, signed)
    return 0 if made.is_ready else 1


def _tell(made: Checklist, signed: Path | None) -> None:
    for line in made.lines:
        words, mark = checklist.words()[line.key], Mark(line.mark)
        fact = f" ({line.fact})" if line.fact and "\n" not in line.fact else ""
        print(f"{SIGNS[mark]} {words['fa']} · {words['en']}{fact}")
        if mark is not Mark.GOOD:
            for row in [*(line.fact.splitlines() if "\n" in line.fact else []), words["todo_fa"], words["todo_en"]]:
                print(f"    {row}")
    missing = sum(line.mark == Mark.MISSING for line in made.lines)
    print("آماده است · ready" if not missing else f"آماده نیست · not ready: {missing}")
    if signed is not None:
        print(signed, file=sys.stderr)


def run_measure(arguments: argparse.Namespace) -> int:
    """`amanat station measure`."""
    settings = config.read(arguments.home)
    url = arguments.url or settings.link_url
    minutes = arguments.minutes or 60 * (arguments.hours or 0)
    if not url:
        raise BadInput("terminal-settings", file=str(arguments.home / config.FILE), field="link_url")
    if not 0 < minutes <= 60 * 24 * 31:
        raise Usage("measure-length")
    identity = Identity(read_package(arguments.home / PACKAGE), settings.device, _seed(arguments))
    ca = arguments.home / settings.link_ca if settings.link_ca else None

    def told(row: str) -> None:
        print(row, end="", file=sys.stderr, flush=True)

    told(acceptance.HEAD)
    made, path = asyncio.run(acceptance.measure(arguments.home, identity, url=url, ca=ca, minutes=minutes, told=told))
    shown = {name: getattr(made, name) for name in made.__dataclass_fields__ if name != "log_digest"}
    print(json.dumps(shown | {"signed": str(path)}))
    return 0 if made.lost < made.probes else 1
