"""`amanat register build | look | info`: the voters' register as a file that check-in terminals carry (clause R-1)."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from mmap import ACCESS_READ, mmap
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from amanat.errors import BadInput
from amanat.records import cbor, register_key
from amanat.records.fields import Row
from amanat.records.reading import Faults, stream_table
from amanat.records.register import Person, Register
from amanat.records.register_build import Builder, Of
from amanat.records.register_file import KEY
from amanat.rehearsal import registers
from amanat.rules import eligibility
from amanat.rules.eligibility import REASONS, Flags
from amanat.rules.national_id import parse
from amanat.rules.persian import normalise, parse_jalali

ELECTION_ID: Final = "exercise"
DAY: Final = "1402-12-11"
YEARS: Final = (1270, 1455)
PROGRESS_SECONDS: Final = 5
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
    make.add_argument("--made", metavar="DAY", help="the day whose data these are, Jalali (default: polling day)")
    make.add_argument("--key", type=Path, metavar="FILE", help="encipher under the key in FILE, made if absent")
    make.set_defaults(run=run_build)
    look = verbs.add_parser(
        "look",
        help="what the register says of persons",
        epilog="example:\n  amanat register look register.bin 7000000007",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    look.add_argument("file", type=Path, metavar="FILE")
    look.add_argument("--key", type=Path, metavar="FILE")
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


FLAGS_OF: Final = {reason: flags_for(reason) for reason in ("", *REASONS)}


def read_people(source: BinaryIO, *, file: str) -> Iterator[Person]:
    """The people of a CSV file of any size.  Raises BadInput with the first twenty faults, each with its line."""
    faults = Faults()
    table = stream_table(source, file=file, required=("national_id", "name_fa", "birth_year"), faults=faults)
    places = [table.columns.get(name, -1) for name in ("national_id", "name_fa", "birth_year", "reason")]
    stored = lru_cache(maxsize=1 << 16)(normalise)
    for line, values in table.rows:
        id_, name, year, reason = (values[place] if place >= 0 else "" for place in places)
        person = _plain(id_, stored(name), year, reason) or _person(Row(file, faults, line, table.columns, values))
        if person is not None and not faults.found:
            yield person
    faults.require_none()


def _plain(id_: str, name: str, year: str, reason: str) -> Person | None:
    """The person of a row as a program writes it; None for all else, which is looked at field by field."""
    national_id = parse(id_)
    if national_id is None or not name or reason not in FLAGS_OF or not (year.isascii() and year.isdigit()):
        return None
    return Person(national_id, name, int(year), FLAGS_OF[reason]) if YEARS[0] <= int(year) <= YEARS[1] else None


def _person(row: Row) -> Person | None:
    choices = {reason: place for place, reason in enumerate(FLAGS_OF)}
    national_id = parse(row.text("national_id"))
    reason = list(FLAGS_OF)[row.choice("reason", choices, default="")]
    name, year = row.text("name_fa"), row.whole("birth_year", *YEARS)
    if national_id is None:
        row.refuse("national_id", allowed="0000000000 + check digit")
        return None
    return Person(national_id, name, year, FLAGS_OF[reason])


def key_of(path: Path | None, *, make: bool) -> bytes:
    """The register key in a file, 64 hexadecimal digits, empty for none; made if it is not there and may be."""
    if path is None:
        return b""
    if make and not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(os.urandom(KEY).hex() + "\n")
    return register_key.read_file(path)


def iran_day(text: str, option: str) -> str:
    """A Jalali day as ISO text.  Raises BadInput naming the option."""
    try:
        return parse_jalali(text).isoformat()
    except ValueError as cause:
        raise BadInput("command-line", program="amanat register build", message=f"{option} {text}") from cause


def run_build(arguments: argparse.Namespace) -> int:
    """`amanat register build`: the file appears under its name when it is whole; a cut build is begun again."""
    out: Path = arguments.out
    day = iran_day(arguments.day, "--day")
    made = iran_day(arguments.made, "--made") if arguments.made else day
    started = time.monotonic()
    draft = out.with_name(out.name + ".new")
    try:
        with draft.open("w+b") as file:
            os.chmod(file.fileno(), 0o600)  # noqa: PTH101 - an open file
            key = key_of(arguments.key, make=True)
            builder = Builder(
                file,
                Of(arguments.election_id, arguments.round, day, 1, made),
                key=key,
                salt=os.urandom(16) if key else bytes(16),
                names=arguments.names,
                progress=_progress(started),
                scratch=lambda: TemporaryFile(dir=out.parent),  # noqa: SIM115 - the builder closes it
                scratch_key=os.urandom(KEY),
            )
            _add_people(builder, arguments)
            header = builder.finish()
            os.fsync(file.fileno())
        draft.replace(out)
    except OSError as cause:
        raise BadInput("register-not-written", file=str(out), why=str(cause.strerror)) from cause
    finally:
        draft.unlink(missing_ok=True)
    size, seconds = out.stat().st_size, time.monotonic() - started
    print(f"{out}: {header.count:,} people, {size:,} bytes in {seconds:.1f} s", file=sys.stderr)
    return 0


def _add_people(builder: Builder, arguments: argparse.Namespace) -> None:
    if arguments.people is None:
        registers.invent(builder, arguments.synthetic, arguments.seed)
        return
    try:
        source = arguments.people.open("rb")
    except OSError as cause:
        raise BadInput("file-missing", file=str(arguments.people)) from cause
    with source:
        for person in read_people(source, file=str(arguments.people)):
            builder.add(person)


def _progress(started: float) -> Callable[[str, int], None]:
    """Says every few seconds how far a long build has come."""
    last = started

    def tell(what: str, count: int) -> None:
        nonlocal last
        if time.monotonic() - last >= PROGRESS_SECONDS:
            last = time.monotonic()
            print(f"{what} {count:,} people, {last - started:.0f} s", file=sys.stderr, flush=True)

    return tell


def open_register(path: Path, key: bytes) -> Register:
    """A register in mapped memory, with this key.  Raises BadInput."""
    try:
        with path.open("rb") as file:
            return Register(mmap(file.fileno(), 0, access=ACCESS_READ), key=key)
    except (OSError, ValueError) as cause:  # an empty file cannot be mapped
        raise BadInput("file-missing", file=str(path)) from cause
    except cbor.Malformed as cause:
        raise BadInput("register-unreadable", file=str(path)) from cause


def run_look(arguments: argparse.Namespace) -> int:
    """`amanat register look`: a line a person; exit 1 if anybody is unknown or may not vote."""
    register = open_register(arguments.file, key_of(arguments.key, make=False))
    if not register.is_open:
        raise BadInput("register-key-needed", file=str(arguments.file))
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
    register = open_register(arguments.file, b"")
    facts = {
        "election": register.election_id,
        "round": register.round,
        "day": register.day,
        "version": register.version,
        "made": register.header.made,
        "people": register.count,
        "names": register.header.sizes[5] > 0,
        "keyed": bool(register.header.keyed),
        "opening_bytes": sum(register.header.sizes[:5]),
        "root": register.root.hex(),
        "bytes": arguments.file.stat().st_size,
    }
    if arguments.json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        print("\n".join(f"{name}: {value}" for name, value in facts.items()))
    return 0
