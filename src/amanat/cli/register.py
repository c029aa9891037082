"""`amanat register build | look | info`: the voters' register as a file that check-in terminals carry (clause R-1)."""

import argparse
import json
import random
import sys
import time
from collections.abc import Iterable, Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final

from amanat.errors import BadInput
from amanat.records import cbor
from amanat.records.fields import read_table
from amanat.records.reading import Faults
from amanat.records.register import Person, Register, build
from amanat.rehearsal.people import citizen
from amanat.rules import eligibility
from amanat.rules.eligibility import REASONS, Flags
from amanat.rules.national_id import parse
from amanat.rules.persian import parse_jalali

ELECTION_ID: Final = "exercise"
DAY: Final = "1402-12-11"
BARRED_SHARE: Final = 0.01  # of a synthetic register: each hundredth person may not vote, for one of the reasons
FLAG_NAMES: Final = ("alive", "citizen", "in_country", "of_age", "not_barred", "here")


def add_commands(sub: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `register`."""
    parser = sub.add_parser("register", help="build, look up and describe a voters' register")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    make = verbs.add_parser(
        "build",
        help="make a register from a CSV file or from invented people",
        description="The CSV has the columns national_id,name_fa,birth_year[,reason]; `reason` says why a person may "
        f"not vote ({', '.join(REASONS)}), empty for who may.  The year of birth is Jalali.",
        epilog="example:\n  amanat register build --synthetic 100000 --seed 1 --out register.bin --names",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = make.add_mutually_exclusive_group(required=True)
    source.add_argument("--people", type=Path, metavar="FILE.csv")
    source.add_argument("--synthetic", type=int, metavar="N", help="invented people with ids of the synthetic range")
    make.add_argument("--seed", type=int, default=1, metavar="S")
    make.add_argument("--out", type=Path, required=True, metavar="FILE")
    make.add_argument("--names", action="store_true", help="with names and years of birth, as check-in shows them")
    make.add_argument("--election-id", default=ELECTION_ID, metavar="ID", help=f"default {ELECTION_ID}")
    make.add_argument("--round", type=int, default=1, metavar="N")
    make.add_argument("--day", default=DAY, metavar="DAY", help=f"polling day, Jalali (default {DAY})")
    make.set_defaults(run=run_build)
    look = verbs.add_parser(
        "look",
        help="what the register says of persons",
        epilog="example:\n  amanat register look register.bin 7000000007",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    look.add_argument("file", type=Path, metavar="FILE")
    look.add_argument("ids", nargs="+", metavar="NATIONAL_ID")
    look.set_defaults(run=run_look)
    info = verbs.add_parser(
        "info",
        help="what the register is",
        epilog="example:\n  amanat register info register.bin --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    info.add_argument("file", type=Path, metavar="FILE")
    info.add_argument("--json", action="store_true")
    info.set_defaults(run=run_info)


def flags_for(reason: str) -> Flags:
    """The flags that give this refusal; all good for an empty one."""
    if not reason:
        return Flags()
    return Flags(**{FLAG_NAMES[REASONS.index(reason)]: False})


def read_people(data: bytes, *, file: str) -> list[Person]:
    """The people of a CSV file.  Raises BadInput with all faults, each with its line."""
    faults = Faults()
    people = []
    choices = {reason: place for place, reason in enumerate(("", *REASONS))}
    for row in read_table(data, file=file, required=("national_id", "name_fa", "birth_year"), faults=faults):
        text = row.text("national_id")
        national_id = parse(text)
        reason = ("", *REASONS)[row.choice("reason", choices, default="")]
        name, year = row.text("name_fa"), row.whole("birth_year", 1270, 1500)
        if national_id is None:
            row.refuse("national_id", allowed="0000000000 + check digit")
        else:
            people.append(Person(national_id, name, year, flags_for(reason)))
    faults.require_none()
    return people


def invented(count: int, seed: int) -> Iterator[Person]:
    """Synthetic people; one in a hundred may not vote."""
    draw = random.Random(f"register {seed}")
    for number in range(count):
        barred = draw.random() < BARRED_SHARE
        one = citizen(draw, number, flags_for(draw.choice(REASONS) if barred else ""))
        yield Person(one.national_id, one.name_fa, one.birth_year, one.flags)


def read_file(path: Path) -> bytes:
    """A file's content.  Raises BadInput."""
    try:
        return path.read_bytes()
    except OSError as cause:
        raise BadInput("file-missing", file=str(path)) from cause


def run_build(arguments: argparse.Namespace) -> int:
    """`amanat register build`."""
    people: Iterable[Person]
    if arguments.people is not None:
        people = read_people(read_file(arguments.people), file=str(arguments.people))
    else:
        people = invented(arguments.synthetic, arguments.seed)
    try:
        day = parse_jalali(arguments.day).isoformat()
    except ValueError as cause:
        raise BadInput("command-line", program="amanat register build", message=f"--day {arguments.day}") from cause
    started = time.monotonic()
    data = build(
        people, election_id=arguments.election_id, round=arguments.round, day=day, version=1, names=arguments.names
    )
    draft = arguments.out.with_name(arguments.out.name + ".new")
    draft.write_bytes(data)
    draft.replace(arguments.out)
    print(f"{arguments.out}: {len(data):,} bytes in {time.monotonic() - started:.1f} s", file=sys.stderr)
    return 0


def open_register(path: Path) -> Register:
    """A register in mapped memory.  Raises BadInput and Malformed."""
    try:
        with path.open("rb") as file:
            return Register(mmap(file.fileno(), 0, access=ACCESS_READ))
    except (OSError, ValueError) as cause:  # an empty file cannot be mapped
        raise BadInput("file-missing", file=str(path)) from cause
    except cbor.Malformed as cause:
        raise BadInput("register-unreadable", file=str(path)) from cause


def run_look(arguments: argparse.Namespace) -> int:
    """`amanat register look`: a line a person; exit 1 if anybody is unknown or may not vote."""
    register = open_register(arguments.file)
    answer = 0
    for text in arguments.ids:
        national_id = parse(text)
        if national_id is None:
            raise BadInput("national-id-wrong-form", id=text)
        person = register.look(national_id)
        if person is None:
            answer = 1
            print(f"{national_id} unknown")
            continue
        match eligibility.decide(person.flags):
            case eligibility.Eligible():
                word = "eligible"
            case eligibility.NotEligible(reason):
                answer, word = 1, f"not-eligible {reason}"
        print(" ".join(filter(None, (national_id, word, person.name_fa, str(person.birth_year or "")))))
    return answer


def run_info(arguments: argparse.Namespace) -> int:
    """`amanat register info`."""
    register = open_register(arguments.file)
    facts = {
        "election": register.election_id,
        "round": register.round,
        "day": register.day,
        "version": register.version,
        "people": register.count,
        "root": register.root.hex(),
        "bytes": arguments.file.stat().st_size,
    }
    if arguments.json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        print("\n".join(f"{name}: {value}" for name, value in facts.items()))
    return 0
