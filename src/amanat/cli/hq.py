"""`amanat hq …`: parsing and printing; the work is in `amanat.hq`."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from amanat.errors import BadInput, Usage

EXAMPLES: Final = """examples:
  amanat hq init work/hq --election examples/tehran --ceremony work/ceremony --mixers work/mixers \\
      --authorities work/authorities --register work/register.bin --passphrase work/passphrase
  amanat hq enrol work/hq --requests work/stations
  amanat hq audio work/hq --recordings recordings
  amanat hq package work/hq --out work/package
  amanat hq serve work/hq --listen 127.0.0.1:8400
  amanat hq extension work/hq --until 20:00 --sign-with work/authorities --qr extension.svg
  amanat hq usb work/hq stick/*.amanat-usb
  amanat hq narrow work/hq --in modem/in --out modem/out
  amanat hq decide work/hq --sign-with work/authorities
  amanat hq export work/hq --record record --session 1 --private private --sign-with work/authorities
  amanat hq publish work/hq --record record
"""
Arguments = argparse.Namespace
AUDIO_SAID_EVERY: Final = 200
KINDS: Final = {"device": 1, "ballot": 2, "sheet": 3, "decision": 4, "order": 5, "record": 6}


def add_commands(sub: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `hq` and its commands."""
    about = "headquarters: set-up, intake, cases, export, publication"
    hq = sub.add_parser("hq", help=about, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = hq.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[Arguments], int], help: str) -> argparse.ArgumentParser:
        parser = commands.add_parser(name, help=help, epilog=EXAMPLES, formatter_class=hq.formatter_class)
        parser.add_argument("home", type=Path, metavar="HOME", help="headquarters' folder")
        parser.add_argument("--database", default="", help="postgresql://…; default what init was told, else SQLite")
        parser.add_argument("--clock", default="system", help="system or unix:SOCKET")
        parser.set_defaults(run=partial(_with_database, run))
        return parser

    _add_before(command)
    _add_during(command)
    _add_after(command)


def _with_database(run: Callable[[Arguments], int], arguments: Arguments) -> int:
    """Runs a command; a database that does not answer is said, not traced.  Raises BadInput."""
    from django.db import OperationalError

    try:
        return run(arguments)
    except OperationalError as cause:
        raise BadInput(
            "hq-database-silent", home=str(arguments.home), reason=str(cause).strip().split("\n")[0]
        ) from cause


Add = Callable[[str, Callable[[Arguments], int], str], argparse.ArgumentParser]


def _add_before(command: Add) -> None:
    init = command("init", _init, "keys, manifest, register and database of an election")
    for name in ("election", "ceremony", "mixers", "authorities"):
        init.add_argument(f"--{name}", type=Path, required=True, metavar="DIR")
    init.add_argument("--register", type=Path, metavar="FILE", help="of this election, round and day")
    init.add_argument("--register-key", type=Path, metavar="FILE", help="its key, if it was built with one")
    init.add_argument("--passphrase", type=Path, metavar="FILE", help="default HOME/../passphrase")
    enrol = command("enrol", _enrol, "certificates for device requests, logged at once")
    enrol.add_argument("--requests", type=Path, required=True, metavar="DIR", help="<station>-<terminal>/request.cbor")
    enrol.add_argument("--sign-with", type=Path, metavar="DIR", help="both boards' folders, after opening")
    audio = command("audio", _audio, "the booth's voice: a file for every name and sentence, before `package`")
    audio.add_argument("--recordings", type=Path, metavar="DIR", help="people's voices: <contest>/<code>.opus|wav|flac")
    package = command("package", _package, "what every terminal loads")
    package.add_argument("--out", type=Path, required=True, metavar="DIR")


def _add_during(command: Add) -> None:
    serve = command("serve", _serve, "intake, bulletin and pages")
    serve.add_argument("--listen", required=True, metavar="HOST:PORT")
    serve.add_argument("--workers", type=int, default=1, metavar="N", help="processes over PostgreSQL; default 1")
    usb = command("usb", _usb, "take USB bundles")
    usb.add_argument("files", type=Path, nargs="+", metavar="FILE")
    narrow = command("narrow", _narrow, "text messages of stations without a link: take them, answer them")
    narrow.add_argument(
        "--in", type=Path, required=True, metavar="DIR", dest="inbox", help="*.frame, or *.txt as lines"
    )
    narrow.add_argument("--out", type=Path, required=True, metavar="DIR", help="<device>-<number>.frame to send")
    slip = command("slip", _slip, "take a ballot from its voter's two slips")
    slip.add_argument("--prepared", required=True, metavar="AS1…", help="what slip 1's QR says")
    slip.add_argument("--cast", required=True, metavar="AS1…", help="what slip 2's QR says")
    delta = command("delta", _delta, "a signed change of the register")
    delta.add_argument("--changes", type=Path, required=True, metavar="FILE.csv")
    extension = command("extension", _extension, "a signed order that extends voting, for stations to scan")
    extension.add_argument("--until", required=True, metavar="HH:MM", help="in Iran's time; 24:00 and later: at night")
    extension.add_argument("--closes", default="18:00", metavar="HH:MM", help="the legal end that is extended")
    extension.add_argument("--station", action="append", default=[], metavar="ID", help="again for more; default all")
    extension.add_argument("--sign-with", type=Path, required=True, metavar="DIR", help="the governor's folder in it")
    extension.add_argument("--qr", type=Path, metavar="FILE.svg", help="draw what stations scan")
    status = command("status", _status, "what is held")
    status.add_argument("--json", action="store_true")
    command("restored", _restored, "say after a restore from backup: a new epoch")


def _add_after(command: Add) -> None:
    decide = command("decide", _decide, "drafts and decisions of the boards")
    decide.add_argument("--kind", choices=["permit", "ballot", "device"], help="rule on one thing")
    decide.add_argument("--reference", metavar="HEX", help="permit hash, ballot id or device certificate id")
    decide.add_argument("--reason", choices=["stands", "duplicate", "annulled"], default="stands")
    decide.add_argument("--text", default="", help="the minutes' words")
    decide.add_argument("--signatures", type=Path, metavar="FILE", help="of `amanat count sign`")
    decide.add_argument("--sign-with", type=Path, metavar="DIR", help="both boards' folders")
    decide.add_argument("--json", action="store_true")
    export = command("export", _export, "headquarters' part of the record, for the count")
    export.add_argument("--record", type=Path, required=True, metavar="DIR")
    export.add_argument("--private", type=Path, metavar="DIR", help="default `private` beside the record")
    export.add_argument("--session", type=int, default=1)
    export.add_argument("--sign-with", type=Path, metavar="DIR", help="both boards' folders")
    log = command("log", _log, "put a hash on the bulletin and flush its batch")
    log.add_argument("--kind", choices=sorted(KINDS), required=True)
    log.add_argument("--digest", required=True, metavar="HEX")
    publish = command("publish", _publish, "sums, signature, final checkpoint")
    publish.add_argument("--record", type=Path, required=True, metavar="DIR")


def _now(arguments: Arguments) -> int:
    from amanat.hq.clock import open_clock

    return open_clock(arguments.clock).now_ms()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _open(arguments: Arguments) -> Any:
    from amanat.hq import api

    return api.open_home(arguments.home, database=arguments.database)


def _hex(text: str | None, field: str) -> bytes:
    try:
        digest = bytes.fromhex(text or "")
    except ValueError as cause:
        raise Usage("hq-hex", field=field) from cause
    if len(digest) != 32:
        raise Usage("hq-hex", field=field)
    return digest


def _init(arguments: Arguments) -> int:
    from amanat.hq import settings

    settings.configure(arguments.home, database=arguments.database)
    from amanat.hq.elections import making

    given = {name: getattr(arguments, name) for name in making.Sources._fields}
    given["passphrase"] = arguments.passphrase or arguments.home.resolve().parent / "passphrase"
    manifest = making.init(arguments.home, making.Sources(**given), now_ms=_now(arguments), database=arguments.database)
    print(manifest.election_hash.hex())
    return 0


def _enrol(arguments: Arguments) -> int:
    here = _open(arguments)
    from amanat.hq.cases.boards import boards_of
    from amanat.hq.devices import enrolment

    boards = boards_of(here, arguments.sign_with) if arguments.sign_with else None
    _say(f"{enrolment.enrol(here, arguments.requests, now_ms=_now(arguments), boards=boards)} certificates")
    return 0


def _audio(arguments: Arguments) -> int:
    here = _open(arguments)
    from amanat.hq.elections import audio

    began = time.perf_counter()

    def progress(done: int, of: int) -> None:
        if done % AUDIO_SAID_EVERY == 0 or done == of:
            _say(f"{done:>8} / {of}")

    out = here.election / audio.AUDIO
    spoken = audio.utterances(here.election)
    made, recorded = audio.build(spoken, out, recordings=arguments.recordings, progress=progress)
    size = sum(path.stat().st_size for path in out.rglob("*.opus"))
    _say(f"{made} synthesised, {recorded} recorded, {size / 1e6:.1f} MB, {time.perf_counter() - began:.1f} s")
    return 0


def _package(arguments: Arguments) -> int:
    here = _open(arguments)
    from amanat.hq.elections import packages

    print(packages.write_package(here, arguments.out))
    return 0


def _serve(arguments: Arguments) -> int:
    from amanat.hq import settings

    settings.configure(arguments.home, database=arguments.database)
    from amanat.hq.server import serve

    given = {"clock": arguments.clock, "database": arguments.database, "workers": max(1, arguments.workers)}
    serve(arguments.home, listen=arguments.listen, **given)
    return 0


def _usb(arguments: Arguments) -> int:
    here = _open(arguments)
    from amanat.hq.clock import open_clock
    from amanat.hq.devices.enrolment import Certificates
    from amanat.hq.intake.usb import take_bundle
    from amanat.hq.server import intake_of

    certificates = Certificates()
    side = intake_of(here, open_clock(arguments.clock), certificates)
    for file in arguments.files:
        taken = take_bundle(here, side, certificates, file)
        _say(f"{file}: {taken.stored} new, {taken.repeats} known, {taken.forks} forked, {taken.dead} dead letters")
    return 0


def _narrow(arguments: Arguments) -> int:
    here = _open(arguments)
    from amanat.hq.devices.enrolment import Certificates
    from amanat.hq.intake.narrow import exchange

    done = exchange(here, Certificates(), arguments.inbox, arguments.out, now_ms=_now(arguments))
    _say(f"{done.taken} new, {done.repeats} known, {done.refused} refused, {done.written} written")
    return 0


def _slip(arguments: Arguments) -> int:
    here = _open(arguments)
    from amanat.hq.devices.enrolment import Certificates
    from amanat.hq.intake.slips import take_slips

    texts = {"prepared": arguments.prepared, "cast": arguments.cast}
    id_, is_new = take_slips(here, Certificates(), **texts, now_ms=_now(arguments))
    _say("new" if is_new else "known already")
    print(id_.hex())
    return 0


def _delta(arguments: Arguments) -> int:
    here = _open(arguments)
    from amanat.hq.elections import deltas

    print(deltas.add_delta(here, arguments.changes, now_ms=_now(arguments)))
    return 0


def _extension(arguments: Arguments) -> int:
    here = _open(arguments)
    from amanat.hq.cases import extensions

    number, slip = extensions.extend(
        here,
        until=arguments.until,
        closes=arguments.closes,
        stations=arguments.station,
        sign_with=arguments.sign_with,
    )
    if arguments.qr is not None:
        import segno

        segno.make(slip, micro=False).save(str(arguments.qr), kind="svg", scale=6, border=4)
    _say(f"extension order {number}")
    print(slip)
    return 0


def _status(arguments: Arguments) -> int:
    here = _open(arguments)
    from amanat.hq import api

    found = api.status(here)
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, sort_keys=True))
        return 0
    for name, value in found.items():
        if name != "heads":
            _say(f"{name}: {value}")
    return 0


def _restored(arguments: Arguments) -> int:
    _open(arguments)
    from amanat.hq import api

    print(api.new_epoch().hex())
    return 0


def _decide(arguments: Arguments) -> int:
    here = _open(arguments)
    from amanat.hq.cases import decisions
    from amanat.hq.cases.boards import boards_of
    from amanat.records.order import DecisionKind, Reason

    now = _now(arguments)
    if arguments.kind:
        kind, reason = DecisionKind[arguments.kind.upper()], Reason[arguments.reason.upper()]
        reference = _hex(arguments.reference, "--reference")
        decisions.rule_on(here, kind, reference, reason, arguments.text, now_ms=now)
    excluded = decisions.exclude_not_eligible(here, now_ms=now)
    signed = 0
    if arguments.signatures:
        signed += decisions.attach_file(here, arguments.signatures.read_bytes(), now_ms=now)
    if arguments.sign_with:
        signed += decisions.sign_drafts(here, boards_of(here, arguments.sign_with), now_ms=now)
    left = [id_.hex() for id_ in decisions.unsigned()]
    if arguments.json:
        print(json.dumps({"excluded": excluded, "signed": signed, "unsigned": left}))
    else:
        _say(f"{excluded} excluded, {signed} decisions signed, {len(left)} to sign: {' '.join(left)}")
    return 0


def _export(arguments: Arguments) -> int:
    here = _open(arguments)
    from amanat.hq.cases.boards import boards_of
    from amanat.hq.results import export

    private = arguments.private or arguments.record.resolve().parent / "private"
    boards = boards_of(here, arguments.sign_with) if arguments.sign_with else None
    target = export.Target(arguments.record, private, arguments.session)
    for path, count in export.export(here, target, now_ms=_now(arguments), boards=boards).items():
        _say(f"{count:>8}  {path}")
    return 0


def _log(arguments: Arguments) -> int:
    here = _open(arguments)
    from amanat.hq.bulletin import log

    now = _now(arguments)
    log.add([bytes([KINDS[arguments.kind]]) + _hex(arguments.digest, "--digest")], now_ms=now)
    print(log.flush(here, now_ms=now))
    return 0


def _publish(arguments: Arguments) -> int:
    here = _open(arguments)
    from amanat.hq.results import publishing

    began = time.perf_counter()
    print(publishing.publish(here, arguments.record, now_ms=_now(arguments)))
    _say(f"published in {time.perf_counter() - began:.1f} s")
    return 0
