"""The functions under `amanat hq …`, for the command line and for the rehearsal.  Each takes HOME as a folder."""

import os
from pathlib import Path
from typing import Any

from amanat.hq import home, settings
from amanat.hq.home import Home
from amanat.hq.upgrade import bring_up_to_date
from amanat.hq.writing import rows_of, writing

__all__ = ["new_epoch", "open_home", "status", "status_counts"]


def open_home(folder: Path, *, database: str = "") -> Home:
    """Makes this process headquarters of `folder`, its schema up to date.  Raises BadInput where there is no home,
    or one of a version that cannot be used (`bring_up_to_date`)."""
    folder = folder.resolve()
    url = database or str(Home(folder).machine.get("database", ""))
    settings.configure(folder, database=url)
    here = home.current()
    bring_up_to_date(here)
    return here


def new_epoch() -> bytes:
    """After a restore from a backup: stations are told, and fill what is missing (S-4)."""
    from amanat.hq.elections.models import Election

    epoch = os.urandom(16)
    with writing():
        Election.objects.update(epoch=epoch)
    return epoch


def status_counts() -> dict[str, int]:
    """Counts of what is held."""
    return {
        "devices": _count("devices_device"),
        "entries": _count("intake_entry"),
        "ballots": _count("intake_ballot"),
        "permits": _count("intake_permit"),
        "forks": len(rows_of("SELECT DISTINCT device FROM intake_entry WHERE forked")),
        "loose": _count("intake_loose"),
        "dead_letters": _count("intake_deadletter"),
        "unsound_permits": _count("intake_permit WHERE NOT sound"),
        "unsound_ballots": _count("intake_ballot WHERE verdict <> ''"),
        "bulletin": _count("bulletin_logentry"),
    }


def status(here: Home) -> dict[str, Any]:
    """What `amanat hq status --json` prints."""
    from amanat.hq.cases import doubles, offline

    tips = rows_of("SELECT device, seq, hash FROM intake_tip ORDER BY device, seq, hash")
    return status_counts() | {
        "election_hash": here.eh.hex(),
        "heads": [[device, seq, bytes(hash).hex()] for device, seq, hash in tips],
        "cases": len(doubles.cases()),
        "offline_decisions": offline.figures(here).as_json(),
    }


def _count(what: str) -> int:
    return int(rows_of(f"SELECT COUNT(*) FROM {what}")[0][0])
