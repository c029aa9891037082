"""`amanat trustee`, `amanat mixer`, `amanat count`: parsing, progress and printing only."""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from amanat.count import ceremony, keys, order, pipeline, publish
from amanat.count.checks.election import read_election, require_supported
from amanat.count.exchange import Files
from amanat.count.machine import Machine
from amanat.count.mixer import MixerMachine
from amanat.count.trustee import TrusteeMachine
from amanat.errors import BadInput, Usage
from amanat.records.definition import read_definition

CEREMONY_EXAMPLE = """example:
  amanat trustee init trustees/1 --index 1 --name "A. Rezaei" --power judiciary --passphrase pass.txt
  amanat trustee run trustees/1
"""
MIXER_EXAMPLE = """example:
  amanat mixer init mixers/0 --index 0 --name University --owner University --passphrase pass.txt
  amanat mixer run mixers/0
"""
COUNT_EXAMPLE = """example:
  amanat count ceremony --election examples/damavand-firuzkuh --trustees trustees --out ceremony
  amanat count order --record record --private private --authorities authorities
  amanat count run --record record --private private --trustees trustees --mixers mixers
"""


def add_commands(sub: Any) -> None:
    """Adds the three programs to `amanat`'s parser."""
    _machine(
        sub, "trustee", TrusteeMachine, CEREMONY_EXAMPLE, "--power", "the power of state that appointed the trustee"
    )
    _machine(sub, "mixer", MixerMachine, MIXER_EXAMPLE, "--owner", "who owns the machine; `hq` is headquarters")
    count = _group(sub, "count", "ceremony, order and count, driven by carrying files between machines", COUNT_EXAMPLE)
    _ceremony(count)
    _order(count)
    _run(count)
    _lot(count)


def _group(sub: Any, name: str, text: str, example: str) -> Any:
    parser = sub.add_parser(
        name, help=text, description=text, epilog=example, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    return parser.add_subparsers(metavar="ACTION", required=True, parser_class=type(parser))


def _machine(sub: Any, name: str, machine: type[Machine], example: str, belongs: str, belongs_text: str) -> None:
    group = _group(sub, name, f"a {name}'s machine: watches DIR/in, answers in DIR/out", example)
    init = group.add_parser("init", help="make the keys of a new folder")
    init.add_argument("dir", type=Path)
    init.add_argument("--index", type=int, required=True, help="trustees from 1, mixers from 0")
    init.add_argument("--name", required=True)
    init.add_argument(belongs, required=True, help=belongs_text)
    init.add_argument("--passphrase", type=Path, required=True, metavar="FILE", help="file with the passphrase")
    init.set_defaults(run=lambda args: _init(args, name, belongs.removeprefix("--")))
    run = group.add_parser("run", help="answer jobs until told to stop")
    run.add_argument("dir", type=folder)
    run.add_argument("--election-hash", metavar="HEX", help="the election hash as you were told it; others are refused")
    run.set_defaults(run=lambda args: _serve(machine(args.dir, given=_hex(args.election_hash))))


def _init(args: argparse.Namespace, role: str, belongs: str) -> int:
    identity = {"role": role, "index": args.index, "name": args.name, belongs: getattr(args, belongs)}
    keys.create(args.dir, args.passphrase, hpke=role == "trustee", **identity)
    return 0


def _serve(machine: Machine) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    machine.run(stop)
    return 0


def folder(text: str) -> Path:
    """An argument that is a folder which is there."""
    if not (path := Path(text)).is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return path


def _hex(text: str | None) -> bytes | None:
    try:
        return None if text is None else bytes.fromhex(text)
    except ValueError as cause:
        raise Usage("not-hex", text=str(text)) from cause


def _hash(text: str) -> bytes:
    """32 bytes; no board's key signs anything else."""
    found = _hex(text)
    if found is None or len(found) != 32:
        raise Usage("not-hex", text=text)
    return found


def _ceremony(count: Any) -> None:
    parser = count.add_parser("ceremony", help="hold the key ceremony between running trustees")
    parser.add_argument("--election", type=folder, required=True, help="folder with election.toml")
    parser.add_argument("--trustees", type=folder, required=True, help="folder with 1…n")
    parser.add_argument("--out", type=Path, required=True)
    parser.set_defaults(run=_run_ceremony)
    init = count.add_parser("authority-init", help="make the keys of a board that signs orders and decisions")
    init.add_argument("dir", type=Path)
    init.add_argument("--role", required=True)
    init.add_argument("--index", type=int, default=0, help="position in the manifest, from 0")
    init.add_argument("--passphrase", type=Path, required=True, metavar="FILE")
    init.set_defaults(run=_init_authority)
    sign = count.add_parser("sign", help="sign decisions or late certificates by every board")
    sign.add_argument("--authorities", type=folder, required=True)
    sign.add_argument("--eh", required=True, metavar="HEX")
    sign.add_argument("--domain", choices=["decision", "device"], default="decision")
    sign.add_argument("--digest", action="append", required=True, metavar="HEX")
    sign.add_argument("--out", type=Path, required=True)
    sign.set_defaults(run=_sign)


def _run_ceremony(args: argparse.Namespace) -> int:
    found = {str(path.relative_to(args.election)): path for path in args.election.rglob("*") if path.is_file()}
    files = {name: path.read_bytes() for name, path in found.items() if path.suffix in (".toml", ".csv")}
    definition = read_definition(files, folder=str(args.election))
    contests = [contest.to_manifest() for contest in definition.contests]
    require_supported(contests, [station.to_manifest() for station in definition.stations])
    ceremony.run(
        election=definition.id,
        round=definition.round,
        threshold=definition.trustees.threshold,
        trustees=args.trustees,
        out=args.out,
    )
    return 0


def _init_authority(args: argparse.Namespace) -> int:
    keys.create(args.dir, args.passphrase, role=args.role, index=args.index, name=args.role)
    return 0


def _sign(args: argparse.Namespace) -> int:
    digests = [_hash(text) for text in args.digest]
    signed = order.sign_digests(args.authorities, eh=_hash(args.eh), domain=args.domain, digests=digests)
    args.out.write_bytes(signed)
    return 0


def _order(count: Any) -> None:
    parser = count.add_parser("order", help="check the record, draw up the order, have every board sign it")
    parser.add_argument("--record", type=folder, required=True)
    parser.add_argument("--private", type=folder, required=True)
    parser.add_argument("--authorities", type=folder, required=True)
    parser.add_argument("--apart", action="append", default=[], metavar="STATION", help="a station to be counted apart")
    parser.set_defaults(run=_draw_up)


def _draw_up(args: argparse.Namespace) -> int:
    found = order.draw_up(record=args.record, private=args.private, authorities=args.authorities, apart=args.apart)
    print(found.hex())
    return 0


def _run(count: Any) -> None:
    parser = count.add_parser("run", help="tags, mixes, decryption and tally; resumable")
    parser.add_argument("--record", type=folder, required=True)
    parser.add_argument("--private", type=folder, required=True)
    parser.add_argument(
        "--trustees", type=folder, required=True, help="folder with 1…n, each a running `amanat trustee`"
    )
    parser.add_argument("--mixers", type=folder, required=True, help="folder with 0…, each a running `amanat mixer`")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="machines asked at once")
    parser.add_argument("--json", action="store_true", help="print the seconds of each stage as JSON")
    parser.set_defaults(run=_count)


def _count(args: argparse.Namespace) -> int:
    places = pipeline.Places(args.record, args.private, args.trustees, args.mixers)
    seconds = pipeline.run(places, workers=args.workers)
    if args.json:
        print(json.dumps({"seconds": seconds}))
    return 0


def _lot(count: Any) -> None:
    parser = count.add_parser("lot", help="record a drawing of lots for a tie, and write the result anew")
    parser.add_argument("--record", type=folder, required=True)
    parser.add_argument("--authorities", type=folder, required=True)
    parser.add_argument("--contest", required=True)
    parser.add_argument("--drawn", nargs="+", required=True, metavar="CODE", help="the codes drawn, in order")
    parser.add_argument("--text", type=Path, required=True, help="the minutes of the drawing; `-` reads them here")
    parser.set_defaults(run=_draw_lot)


def _draw_lot(args: argparse.Namespace) -> int:
    try:
        text = sys.stdin.buffer.read() if str(args.text) == "-" else args.text.read_bytes()
    except OSError as cause:
        raise BadInput("file-unreadable", file=str(args.text)) from cause
    publish.draw_lot(
        record=args.record,
        authorities=args.authorities,
        election=read_election(Files(args.record)),
        contest=args.contest,
        drawn=args.drawn,
        text=text,
    )
    return 0
