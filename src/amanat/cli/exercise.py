"""`amanat exercise …`: make an exercise of an election, and read the signed results of finished scenarios (M-8)."""

import argparse
import json
import re
import shutil
import sys
from importlib import resources
from pathlib import Path
from typing import Any

from amanat.errors import BadInput, Rejected
from amanat.records import cbor
from amanat.records.definition import FILE
from amanat.records.exercise import PREFIX, ExerciseResult, SignedResult, exercise_id
from amanat.records.identifiers import is_signed
from amanat.station.package import Package, read_package

ID_LINE = re.compile(r'(?m)^id = "([^"]+)"')
TITLE_FA = re.compile(r'(?m)^(title = \{ fa = ")')
EXAMPLES = """examples:
  amanat exercise make --election examples/damavand-firuzkuh --out exercise
  amanat register build --people exercise/people.csv --election-id exercise-damavand-firuzkuh --names --out register.bin
  amanat hq init …                      (as for any election; its keys are its own)
  amanat exercise read homes/S001-1/exercises/*.cbor --package homes/S001-1/package
"""


def add_commands(sub: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Define `exercise` and its commands."""
    exercise = sub.add_parser(
        "exercise",
        help="exercises (مانور): made from an election, read back as signed results",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = exercise.add_subparsers(metavar="COMMAND", required=True)
    make = commands.add_parser("make", help="copy an election's files as an exercise with invented voters")
    make.add_argument("--election", type=Path, required=True, metavar="DIR")
    make.add_argument("--out", type=Path, required=True, metavar="DIR")
    make.set_defaults(run=run_make)
    read = commands.add_parser("read", help="check signed results and say them; exit 1 if one does not hold")
    read.add_argument("files", type=Path, nargs="+", metavar="FILE")
    read.add_argument("--package", type=Path, required=True, metavar="DIR", help="the exercise's package")
    read.add_argument("--json", action="store_true")
    read.set_defaults(run=run_read)


def run_make(arguments: argparse.Namespace) -> int:
    """`amanat exercise make`."""
    source, out = arguments.election, arguments.out
    try:
        text = (source / FILE).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as cause:
        raise BadInput("file-missing", file=str(source / FILE)) from cause
    found = ID_LINE.search(text)
    if found is None:
        raise BadInput("exercise-no-id", file=str(source / FILE))
    if out.exists() and any(out.iterdir()):
        raise BadInput("hq-folder-not-empty", file=str(out))
    shutil.copytree(source, out, dirs_exist_ok=True)
    if not found[1].startswith(PREFIX):
        text = ID_LINE.sub(rf'id = "{PREFIX}\1"', text, count=1)
    (out / FILE).write_text(TITLE_FA.sub(r"\1مانور: ", text, count=1), encoding="utf-8")
    people = resources.files("amanat.station").joinpath("scenarios/people.csv").read_bytes()
    (out / "people.csv").write_bytes(people)
    print(out, file=sys.stderr)
    return 0


def read_result(path: Path, package: Package) -> ExerciseResult:
    """A signed result whose signature holds.

    Raises:
        BadInput: no such file, or no result.  Rejected: the device is unknown, or did not sign this.
    """
    try:
        signed = SignedResult.decode(path.read_bytes())
        result = ExerciseResult.decode(signed.result)
    except (OSError, cbor.Malformed) as cause:
        raise BadInput("exercise-unreadable", file=str(path)) from cause
    eh, device = package.manifest.election_hash, package.devices.get(signed.device)
    known = device is not None and package.manifest.election_id.startswith(PREFIX)
    if (
        device is None
        or not known
        or not is_signed(device.key, "exercise", eh, exercise_id(eh, signed.result), signed.signature)
    ):
        raise Rejected("exercise-not-signed", file=str(path))
    return result


def run_read(arguments: argparse.Namespace) -> int:
    """`amanat exercise read`."""
    package = read_package(arguments.package)
    rows: list[dict[str, Any]] = []
    for path in arguments.files:
        result = read_result(path, package)
        mistakes = [{"step": m.step, "act": m.act, "code": m.code} for m in result.mistakes]
        shown = {"person": result.person, "role": result.role, "scenario": result.scenario, "mistakes": mistakes}
        rows.append(shown | {"started_ms": result.started_ms, "finished_ms": result.finished_ms, "file": str(path)})
    if arguments.json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        print("\n".join(f"{r['person']} · {r['role']} · {r['scenario']} · {len(r['mistakes'])} mistakes" for r in rows))
    return 0
