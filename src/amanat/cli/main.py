"""`amanat`: finds the program that was asked for, runs it, and turns errors into sentences and exit codes.

Exit codes everywhere: 0 done and true · 1 the answer is no · 2 bad input or usage · 3 interrupted, resumable.
Only the module of the command that was asked for is imported, so that one program's fault never hides another.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, NoReturn, TextIO

from amanat.errors import AmanatError, BadInput, Interrupted, Usage


class Command(NamedTuple):
    """A first word after `amanat`: the module whose `add_commands` defines it, and what it is for."""

    module: str
    help: str


COMMANDS: Final = {
    "demo": Command("amanat.cli.rehearsal", "a whole polling day of a synthetic electorate, counted and verified"),
    "replay": Command("amanat.cli.rehearsal", "cast every row of a ballots.csv through the real programs"),
    "serve": Command("amanat.cli.rehearsal", "headquarters, one station and the public pages stay up"),
    "tamper": Command("amanat.cli.rehearsal", "change one vote of a copy of the record and let the verifier find it"),
    "simulate": Command("amanat.cli.simulate", "the deterministic simulation of a day of faults"),
    "register": Command("amanat.cli.register", "build, look up and describe a voters' register"),
    "station": Command("amanat.cli.station", "a polling station's terminals"),
    "exercise": Command("amanat.cli.exercise", "exercises (مانور): made from an election, read back as signed results"),
    "office": Command("amanat.cli.office", "before the day: boards, candidates, places, readiness, devices, people"),
    "hq": Command("amanat.cli.hq", "headquarters: set-up, intake, cases, export, publication"),
    "trustee": Command("amanat.cli.count", "a trustee's machine: ceremony, tags, decryption"),
    "mixer": Command("amanat.cli.count", "a mixer's machine"),
    "count": Command("amanat.cli.count", "ceremony, order and count, driven by files"),
}

EXAMPLES: Final = """examples:
  amanat demo --election examples/damavand-firuzkuh --voters 2000 --out out/demo
  amanat replay --election DIR --ballots ballots.csv --out out/replay --network flaky --seed 7
  amanat register build --synthetic 100000 --seed 1 --out register.bin
  amanat hq status out/demo/work/hq --json
  amanat station run --help
"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose faults are the project's own: two sentences and exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Raises Usage in place of argparse's own exit."""
        self.print_usage(sys.stderr)
        raise Usage("command-line", message=message, program=self.prog)


def parser_for(word: str | None) -> argparse.ArgumentParser:
    """The parser with the commands of `word`'s module in full; the other commands are only named."""
    parser = Parser(
        prog="amanat",
        description="Amanat (امانت): an electronic election that works without the network and proves its result.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sub = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    wanted = COMMANDS[word].module if word in COMMANDS else None
    if wanted is None:
        for name, command in COMMANDS.items():
            sub.add_parser(name, help=command.help)
        return parser
    importlib.import_module(wanted).add_commands(sub)
    return parser


def run(argv: Sequence[str]) -> int:
    """Runs one command; returns its exit code.  Raises AmanatError and KeyboardInterrupt."""
    word = next((argument for argument in argv if not argument.startswith("-")), None)
    arguments = parser_for(word).parse_args(list(argv))
    chosen: Callable[[argparse.Namespace], int] = arguments.run
    return chosen(arguments)


def broken_pipe(stream: TextIO) -> None:
    """Our reader went away (`| head`): point the stream elsewhere, so that Python's last flush stays quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def main(argv: Sequence[str] | None = None) -> int:
    """The console entry point; never a traceback for a user's mistake."""
    try:
        return run(sys.argv[1:] if argv is None else argv)
    except AmanatError as error:
        print(error.both(), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(Interrupted("interrupted").both(), file=sys.stderr)
        return Interrupted.exit_code
    except BrokenPipeError:
        broken_pipe(sys.stdout)
        return 0
    except OSError as error:  # a path of the person's, or a disk: what the system said stands at the end
        fault = BadInput("file-system", file=str(error.filename or ""), reason=error.strerror or str(error))
        print(fault.both(), file=sys.stderr)
        return fault.exit_code


if __name__ == "__main__":
    sys.exit(main())
