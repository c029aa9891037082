"""`amanat station …`: enrol a terminal, load its package, run terminals."""

import argparse
import sys
from pathlib import Path

from amanat.cli import officers, readiness
from amanat.station import enrolment, forgetting, public_pages, run, take_over
from amanat.station.link_tls import require_private

EXAMPLES = """examples:
  amanat station enrol homes/S001-1 --station S001 --terminal 1 --passphrase passphrase
  amanat station load homes/S001-1 package --listen 127.0.0.1:8001 --link-url http://127.0.0.1:8000
  amanat station check homes/S001-1 --election 9f31-77a0
  amanat station measure homes/S001-1 --hours 24
  amanat station run homes/S001-1 homes/S001-2 --printer folder:slips
"""
PRINTERS = "escpos:DEVICE, escpos-tcp:HOST:PORT, escpos-file:DIR, folder:DIR[?draw=N] or socket:PATH"


def add_commands(sub: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Define `station` and its commands."""
    station = sub.add_parser(
        "station",
        help="a polling station's terminals",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = station.add_subparsers(metavar="COMMAND", required=True)

    enrol = commands.add_parser("enrol", help="make a terminal's key and its request to headquarters")
    enrol.add_argument("home", type=Path, help="the terminal's folder, made here")
    enrol.add_argument("--station", required=True, help="the station's id in the manifest")
    enrol.add_argument("--terminal", type=int, required=True, help="its number in the station, from 1")
    enrol.add_argument("--passphrase", type=Path, required=True, help="file with the passphrase that seals the key")
    enrol.add_argument("--seal", default="", help="number of the paper seal on the machine")
    enrol.set_defaults(run=run_enrol)

    load = commands.add_parser("load", help="take the signed package of an election")
    load.add_argument("home", type=Path)
    load.add_argument("package", type=Path, help="the package's folder, as headquarters made it")
    load.add_argument("--listen", help="unix:PATH or 127.0.0.1:PORT (default: a socket in the home)")
    load.add_argument("--link-url", help="headquarters' base address (https), on the station's gateway only")
    load.add_argument("--link-ca", type=Path, metavar="FILE", help="PEM of who may vouch for it; default the system's")
    load.add_argument("--printer", help=PRINTERS)
    load.add_argument("--peer", action="append", default=[], help="address of another terminal of the station")
    load.set_defaults(run=run_load)

    officers.add_command(commands)
    readiness.add_commands(commands)

    over = commands.add_parser("take-over", help="a spare carries on the journal of a dead device of its station")
    over.add_argument("home", type=Path, help="the spare's folder; it must not run meanwhile")
    over.add_argument("--medium", type=Path, required=True, help="a medium of the dead device: its folder or journal")
    over.set_defaults(run=run_take_over)

    public = commands.add_parser("pages", help="write My slate and the practice booth as pages that need no server")
    public.add_argument("package", type=Path, help="the package's folder, as headquarters made it")
    public.add_argument("--out", type=Path, required=True, help="folder for my-slate/ and practice/")
    public.set_defaults(run=run_pages)

    serve = commands.add_parser("run", help="run terminals until a signal; says `ready` for each")
    serve.add_argument("homes", type=Path, nargs="+")
    serve.add_argument("--clock", help="system (default) or unix:SOCKET")
    serve.add_argument("--printer", help=f"{PRINTERS} (default: terminal.toml's)")
    serve.set_defaults(run=run_run)


def run_enrol(arguments: argparse.Namespace) -> int:
    """`amanat station enrol`."""
    enrolment.enrol(
        arguments.home,
        station=arguments.station,
        terminal=arguments.terminal,
        passphrase=arguments.passphrase,
        seal=arguments.seal,
    )
    print(arguments.home / "request.cbor", file=sys.stderr)
    return 0


def run_load(arguments: argparse.Namespace) -> int:
    """`amanat station load`."""
    given: dict[str, str | tuple[str, ...]] = {}
    if arguments.listen:
        given["listen"] = arguments.listen
    if arguments.link_url:
        require_private(arguments.link_url)
        given["link_url"] = arguments.link_url
    if arguments.link_ca:
        given["link_ca"] = str(arguments.link_ca.resolve())
    if arguments.printer:
        given["printer"] = arguments.printer
    if arguments.peer:
        given["peers"] = tuple(arguments.peer)
    settings = enrolment.load(arguments.home, arguments.package, **given)
    print(f"device {settings.device}, roles {settings.roles}", file=sys.stderr)
    return 0


def run_take_over(arguments: argparse.Namespace) -> int:
    """`amanat station take-over`."""
    taken = take_over.take_over(arguments.home, arguments.medium)
    print(f"device {taken.device}, {taken.entries} entries", file=sys.stderr)
    return 0


def run_pages(arguments: argparse.Namespace) -> int:
    """`amanat station pages`."""
    for path in public_pages.write(arguments.package, arguments.out):
        print(path, file=sys.stderr)
    return 0


def run_run(arguments: argparse.Namespace) -> int:
    """`amanat station run`."""
    forgetting.begin_again_wiping()
    run.run(arguments.homes, clock=arguments.clock, printer=arguments.printer)
    return 0
