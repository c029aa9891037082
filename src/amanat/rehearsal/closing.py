"""After the polls: bundles by hand, export, decisions, order, count, publication, and the independent verifier."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from amanat.errors import BadInput
from amanat.rehearsal.day import Stopwatch
from amanat.rehearsal.folders import Folders
from amanat.rehearsal.programs import Program, run
from amanat.rehearsal.setup import hq, machines
from amanat.rehearsal.terminal import Terminal
from amanat.rehearsal.visit import require

BUNDLE: Final = "amanat-usb"
VERIFIER: Final = "amanat-verify"


async def carry(gateways: Sequence[tuple[str, Terminal]], folders: Folders) -> None:
    """Each station writes a USB bundle; somebody carries them all to headquarters."""
    bundles = []
    for station, terminal in gateways:
        bundle = folders.usb / f"{station}.{BUNDLE}"
        require(await terminal.ask("POST", "/api/supervisor/usb", {"path": str(bundle)}), at="usb")
        bundles.append(bundle)
    await asyncio.to_thread(run, *hq(folders, "usb", *bundles), log=folders.logs / "hq-usb.log")


def headquarters_account(folders: Folders) -> dict[str, Any]:
    """Headquarters' own account, as `amanat hq status --json` prints it."""
    account: dict[str, Any] = json.loads(run(*hq(folders, "status", "--json"), log=folders.logs / "hq-status.log"))
    return account


def order(folders: Folders) -> None:
    """What headquarters exports, the boards decide and both representatives sign.  Raises ProgramFailed."""
    log = folders.logs / "order.log"
    run(*hq(folders, "decide", "--sign-with", folders.authorities), log=log)
    where = ("--record", folders.record, "--session", "1", "--private", folders.private)
    run(*hq(folders, "export", *where, "--sign-with", folders.authorities), log=log)
    words = ("--record", folders.record, "--private", folders.private, "--authorities", folders.authorities)
    digest = run("count", "order", *words, log=log).strip()
    run(*hq(folders, "log", "--kind", "order", "--digest", digest), log=log)


def count(folders: Folders, *, workers: int) -> dict[str, float]:
    """Tags, set-aside, mixes and decryption on trustees' and mixers' own machines.  Returns real seconds by step."""
    programs: list[Program] = machines(folders, "trustee") + machines(folders, "mixer")
    for program in programs:
        program.start()
    words = ("--record", folders.record, "--private", folders.private)
    try:
        said = run(
            "count",
            "run",
            *words,
            "--trustees",
            folders.trustees,
            "--mixers",
            folders.mixers,
            "--workers",
            str(workers),
            "--json",
            log=folders.logs / "count.log",
        )
    finally:
        for program in programs:
            program.stop()
    seconds: dict[str, float] = json.loads(said)["seconds"]
    return seconds


def publish(folders: Folders) -> None:
    """The sums, headquarters' signature, the last tiles of the bulletin."""
    run(*hq(folders, "publish", "--record", folders.record), log=folders.logs / "publish.log")


def verifier() -> Path:
    """The verifier's program, in an environment that has nothing else of ours.  Raises BadInput."""
    beside = Path(sys.prefix).parent / ".venv-verifier/bin" / VERIFIER
    found = str(beside) if beside.exists() else shutil.which(VERIFIER)
    if found is None:
        raise BadInput("verifier-missing", file=str(beside))
    return Path(found)


def verify(record: Path, *, election_hash: str, out: Path, jobs: int) -> tuple[bool, dict[str, Any]]:
    """Whether the verifier exited 0, and its own account, which is also written to `out`."""
    words = [str(verifier()), str(record), "--election-hash", election_hash, "--json", "--jobs", str(jobs)]
    done = subprocess.run(words, stdout=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"}, check=False)
    out.write_bytes(done.stdout)
    try:
        account: dict[str, Any] = json.loads(done.stdout)
    except ValueError:  # it said nothing, or nothing that can be read: that is no verdict
        account = {"ok": False, "checks": []}
    return done.returncode == 0 and account["ok"] is True, account


@dataclass(frozen=True)
class Counted:
    """What the counting and the verifier said."""

    verified: bool
    checks: dict[str, Any]
    seconds: dict[str, float]
    account: dict[str, Any]


def count_and_verify(folders: Folders, *, workers: int, watch: Stopwatch) -> Counted:
    """Everything after delivery, one program after another."""
    order(folders)
    seconds = count(folders, workers=workers)
    publish(folders)
    watch.lap("count")
    account = headquarters_account(folders)
    verified, checks = verify(
        folders.record, election_hash=account["election_hash"], out=folders.out / "verify.json", jobs=workers
    )
    watch.lap("verify")
    return Counted(verified, checks, seconds, account)
