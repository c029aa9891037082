"""`amanat office …`: parsing and printing; the work is in `amanat.hq.office`."""

import argparse
import sys
from pathlib import Path
from typing import Final

EXAMPLES: Final = """examples:
  amanat office make work/office
  amanat office serve work/office --listen 127.0.0.1:8300
  amanat office export work/office --out work/election
"""
Arguments = argparse.Namespace


def add_commands(sub: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `office` and its commands."""
    about = "before the day: boards, candidates, places, readiness, devices, people"
    raw = argparse.RawDescriptionHelpFormatter
    office = sub.add_parser("office", help=about, epilog=EXAMPLES, formatter_class=raw)
    commands = office.add_subparsers(metavar="COMMAND", required=True)
    make = commands.add_parser("make", help="an empty office and its first login", epilog=EXAMPLES, formatter_class=raw)
    make.add_argument("--database", default="", help="postgresql://…; else SQLite in the folder")
    make.set_defaults(run=_make)
    serve = commands.add_parser("serve", help="its pages", epilog=EXAMPLES, formatter_class=raw)
    serve.add_argument("--listen", required=True, metavar="HOST:PORT")
    serve.set_defaults(run=_serve)
    export = commands.add_parser("export", help="the published election's folder", epilog=EXAMPLES, formatter_class=raw)
    export.add_argument("--out", type=Path, required=True, metavar="DIR")
    export.set_defaults(run=_export)
    for parser in (make, serve, export):
        parser.add_argument("home", type=Path, metavar="HOME", help="the office's folder")


def _make(arguments: Arguments) -> int:
    from amanat.hq import office

    for login in office.prepare(arguments.home, database=arguments.database):
        print(f"{login.username}\t{login.password}\t{login.factor}")
    print("user name, first password, secret of the one-time codes: told once", file=sys.stderr)
    return 0


def _serve(arguments: Arguments) -> int:
    from amanat.hq import office

    office.serve(arguments.home, listen=arguments.listen)
    return 0


def _export(arguments: Arguments) -> int:
    from amanat.hq import office

    office.open_office(arguments.home)
    from amanat.hq.elections import exporting

    version = exporting.write(arguments.out)
    print(f"version {version.number} {version.digest}")
    return 0
