"""Orders that extend voting hours: signed with the authorities' folders, kept beside headquarters' keys (clause J-10).

`HOME/extensions/<number>.txt` holds what stations scan.  Orders are numbered in the order they are made; a later one
replaces an earlier one, and none is deleted.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path

from amanat.errors import BadInput
from amanat.hq.cases.boards import seeds_of
from amanat.hq.home import Home
from amanat.records import extension
from amanat.records.extension import ExtensionOrder
from amanat.rules.persian import IRAN

FOLDER = "extensions"


def moment(day: date, text: str, *, field: str) -> int:
    """``HH:MM`` on the polling day, or ``24:00`` to ``29:59`` for the night after it, in ms.  Raises BadInput."""
    hours, colon, minutes = text.partition(":")
    is_time = colon and hours.isdigit() and minutes.isdigit() and len(minutes) == 2
    if not is_time or not int(hours) < 30 or not int(minutes) < 60:
        raise BadInput("extension-time", field=field, text=text)
    midnight = datetime.combine(day, time(0), UTC) - IRAN
    return int(midnight.timestamp()) * 1000 + (int(hours) * 60 + int(minutes)) * 60_000


def extend(here: Home, *, until: str, closes: str, stations: Sequence[str], sign_with: Path) -> tuple[int, str]:
    """Make the next order; its number and the QR's text.

    Raises:
        BadInput: a time that is none, a station that is none, a folder that is not an authority's.
        Rejected: ``extension-needs``: a signature that the length of the extension asks for cannot be made.
    """
    day = date.fromisoformat(here.manifest.polling_day)
    folder = here.folder / FOLDER
    folder.mkdir(exist_ok=True)
    number = 1 + max((int(path.stem) for path in folder.glob("*.txt")), default=0)
    until_ms, base_ms = moment(day, until, field="--until"), moment(day, closes, field="--closes")
    if until_ms <= base_ms:
        raise BadInput("extension-time", field="--until", text=until)
    order = ExtensionOrder(number, _indices(here, stations), until_ms, base_ms)
    slip = extension.make(order, eh=here.eh, seeds=seeds_of(here, sign_with)).slip()
    with (folder / f"{number}.txt").open("x", encoding="ascii") as file:
        file.write(slip + "\n")
    return number, slip


def _indices(here: Home, stations: Sequence[str]) -> tuple[int, ...]:
    index = {station.id: place for place, station in enumerate(here.manifest.stations)}
    for station in stations:
        if station not in index:
            raise BadInput("extension-station", station=station)
    return tuple(sorted({index[station] for station in stations}))
