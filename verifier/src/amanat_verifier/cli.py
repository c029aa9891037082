"""The command `amanat-verify`: arguments, what people read, exit codes (0 holds, 1 does not, 2 bad input)."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from amanat_verifier.ask import Answer, BadText, compare_sheet, explain
from amanat_verifier.checks import Outcome, Report, verify
from amanat_verifier.manifest import manifest
from amanat_verifier.record import Record
from amanat_verifier.shapes import Fault

EXAMPLE = """example:
  amanat-verify out/demo/record --election-hash 3f1c…   (the hash from the leaflet or the newspaper)
  amanat-verify out/demo/record --explain 7GQ2-0M4K-9TRX-VB3C-1ZP8-5
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="amanat-verify",
        description="Checks the public record of an election: exit 0 only if every check holds.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("record", metavar="RECORD_DIR", type=Path, help="the record's directory")
    parser.add_argument("--election-hash", metavar="HEX", help="the election hash that was made public before the day")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output, nothing else there")
    parser.add_argument("--jobs", metavar="N", type=int, default=os.cpu_count() or 1, help="processes (all cores)")
    parser.add_argument("--explain", metavar="CODE", help="what became of a ballot: its code, or its id in hex")
    parser.add_argument("--sheet", metavar="FILE", type=Path, help="whether a sheet's AH1… text agrees with the record")
    return parser


def _refuse(fa: str, en: str) -> int:
    print(f"{fa}\n{en}", file=sys.stderr)
    return 2


def _ask(record: Record, args: argparse.Namespace) -> Answer:
    if record.given is not None and record.given != manifest(record).eh:
        raise Fault(f"manifest.cbor: its hash is {manifest(record).eh.hex()}, not as given")
    if args.explain is not None:
        return explain(record, args.explain)
    return compare_sheet(record, args.sheet.read_text(encoding="utf-8"))


def _answer(args: argparse.Namespace, given: bytes | None) -> int:
    """--explain and --sheet."""
    try:
        answer = _ask(Record(args.record, given=given, jobs=1), args)
    except BadText as cause:
        return _refuse(f"این نوشته کد یا برگه نیست: {cause}.", f"This text is no code or sheet: {cause}.")
    except (OSError, UnicodeDecodeError) as cause:
        return _refuse(f"پروندهٔ {args.sheet} خوانده نشد.", f"{args.sheet}: cannot be read ({cause}).")
    except Fault as fault:
        answer = Answer(False, f"سند خراب است: {fault.where}", f"The record is damaged: {fault.where}")
    if args.json:
        print(json.dumps({"ok": answer.yes, "fa": answer.fa, "en": answer.en}, ensure_ascii=False))
    else:
        print(f"{answer.fa}\n{answer.en}")
    print("This asks the record, and does not check it.", file=sys.stderr)
    return 0 if answer.yes else 1


def _line(outcome: Outcome) -> str:
    mark = "ok  " if outcome.ok else "FAIL"
    line = f"{mark} {outcome.id:<4}{outcome.items:>9}  {outcome.seconds:7.2f} s  {outcome.clause}"
    return line if outcome.where is None else f"{line}\n          {outcome.where}"


def _print_result(report: Report, out: Callable[[str], None]) -> None:
    for contest, found in (report.result or {}).items():
        numbers = ", ".join(f"{name} {found[name]}" for name in ("counted", "valid", "blank", "unreadable"))
        names = "; ".join(f"{name}: {', '.join(found[name]) or '-'}" for name in ("elected", "runoff", "tied"))
        out(f"{contest}: {numbers}; {names}")


def _election_hash(typed: str | None) -> bytes | None:
    if typed is None:
        return None
    value = bytes.fromhex(typed)
    if len(value) != 32:
        raise ValueError("32 bytes in hex are expected")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    args = _parser().parse_args(arguments)
    try:
        given = _election_hash(args.election_hash)
    except ValueError:
        return _refuse(
            "هش انتخابات باید ۶۴ رقم شانزده‌شانزدهی باشد.", "--election-hash: 64 hexadecimal digits are expected."
        )
    if not args.record.is_dir():
        return _refuse(f"پوشهٔ {args.record} نیست.", f"{args.record}: no such directory.")
    if args.jobs < 1:
        return _refuse("شمار کارگرها باید دست‌کم یک باشد.", "--jobs: at least 1 is expected.")
    if args.explain is not None or args.sheet is not None:
        return _answer(args, given)
    people = sys.stderr if args.json else sys.stdout

    def say(text: str) -> None:
        print(text, file=people, flush=True)

    report = verify(args.record, given, args.jobs, seen=lambda outcome: say(_line(outcome)))
    for note in report.notes:
        print(f"NOTE: {note}", file=sys.stderr)
    _print_result(report, say)
    say(f"election hash {report.election_hash}: " + ("EVERY CHECK HOLDS" if report.ok else "THE RECORD DOES NOT HOLD"))
    if args.json:
        print(json.dumps(report.as_json(), ensure_ascii=False))
    return 0 if report.ok else 1
