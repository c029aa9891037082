"""`amanat station officers`: who releases a terminal's key (clause K-10).

Secrets come from files or are typed, never as arguments, which other programs of the machine can read.
"""

import argparse
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from amanat.errors import BadInput
from amanat.station import config, keys, officers


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Define `station officers`."""
    appoint = commands.add_parser(
        "officers",
        help="appoint the officers of whom any two release the terminal's key",
        description="Seals the key for each pair of officers and removes the copy under the passphrase.  NAME=FILE "
        "takes the secret from a file; NAME alone asks for it.",
        epilog="example:\n  amanat station officers homes/S001-1 --officer رئیسی --officer منشی --officer ناظر",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    appoint.add_argument("home", type=Path)
    appoint.add_argument("--officer", action="append", required=True, metavar="NAME[=FILE]", help="two to seven times")
    appoint.add_argument(
        "--release",
        action="append",
        default=[],
        metavar="NAME[=FILE]",
        help="twice, where officers are appointed already",
    )
    appoint.set_defaults(run=run_officers)


def run_officers(arguments: argparse.Namespace) -> int:
    """`amanat station officers`."""
    home: Path = arguments.home
    if officers.are_appointed(home):
        seed = officers.release(home, secrets_of(arguments.release))
    else:
        seed = keys.unseal(home, keys.read_passphrase(Path(config.read(home).passphrase)))
    secrets = secrets_of(arguments.officer)
    if len(dict(secrets)) != len(secrets):
        raise BadInput("officers-number", least=officers.OFFICERS_MIN, most=officers.OFFICERS_MAX)
    officers.appoint(home, dict(secrets), seed=seed)
    (home / keys.FILE).unlink(missing_ok=True)  # cut before this: two ways in, and the command is given again
    print(home / officers.FILE, file=sys.stderr)
    return 0


def secrets_of(words: Sequence[str]) -> list[tuple[str, str]]:
    """The names and secrets; BadInput if a file cannot be read."""
    found = []
    for word in words:
        name, _, file = word.partition("=")
        secret = keys.read_passphrase(Path(file)) if file else getpass.getpass(f"{name}: ")
        found.append((name, secret))
    return found
