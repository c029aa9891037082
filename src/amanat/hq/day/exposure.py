"""Exposure as the situation room shows it: what headquarters' tables know, given to `amanat.rules.exposure`.

machine.json may say `check_in_ms`, the least time between two permits of one desk.  LIMIT: a desk that is faster, or
that works before the polling day, is not bounded.  Where a desk is not its station's gateway, no push of its own speaks
for it, and all that fits in the day is taken for possible.  Clause C-13.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from amanat.hq.devices.endings import Ending
from amanat.hq.elections.models import RegisterDelta
from amanat.hq.home import Home
from amanat.hq.writing import rows_of
from amanat.records.device import ROLE_CHECK_IN
from amanat.records.order import DeviceStatus
from amanat.records.register import Delta
from amanat.rules.exposure import Desk, Exposure, Limits, tally
from amanat.rules.persian import IRAN

CHECK_IN_MS: Final = 10_000  # a document, a look, a slip out of the printer: nobody is quicker for long
LATE_MS: Final = 60_000  # a station gives a push up after 20 s, and headquarters its queue
DESKS: Final = f"(SELECT device FROM devices_device WHERE (roles & {ROLE_CHECK_IN}) <> 0)"
NAMED: Final = f"replaces IS NULL AND person IS NOT NULL AND (sound IS NULL OR sound) AND device IN {DESKS}"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the tables knew at one moment; it stays true, so that a later bound may be made of it."""

    desks: Sequence[Desk]
    single: Mapping[int, int]
    doubles: Sequence[frozenset[int]]
    limits: Limits

    def exposure(self, now_ms: int) -> Exposure:
        """The bound at `now_ms`."""
        return tally(self.desks, self.single, self.doubles, self.limits, now_ms)


def knowledge(here: Home, endings: Sequence[Ending]) -> Knowledge:
    """Reads the tables, `endings` first and the persons last: what arrives meanwhile is then counted as unheard too."""
    desks = _desks(endings)
    limits = Limits(_midnight(here), int(here.machine.get("check_in_ms", CHECK_IN_MS)), LATE_MS, _people(here))
    station_of = {desk.device: desk.station for desk in desks}
    by_person = f"FROM intake_permit WHERE {NAMED} GROUP BY person HAVING COUNT(DISTINCT device)"
    alone = f"SELECT MIN(device) AS desk {by_person} = 1"
    single = dict(_pairs(f"SELECT desk, COUNT(*) FROM ({alone}) AS alone GROUP BY desk"))
    touched: dict[str, set[int]] = {}
    twice = f"SELECT person {by_person} > 1"
    for person, device in rows_of(f"SELECT person, device FROM intake_permit WHERE {NAMED} AND person IN ({twice})"):
        touched.setdefault(person, set()).add(station_of[device])
    return Knowledge(desks, single, [frozenset(stations) for stations in touched.values()], limits)


def _desks(endings: Sequence[Ending]) -> list[Desk]:
    certified = dict(_pairs(f"SELECT device, station FROM devices_device WHERE device IN {DESKS}"))
    pushed = "SELECT device, heard_ms, seq FROM intake_link WHERE gateway = device"
    own = {device: (heard, seq) for device, heard, seq in rows_of(pushed)}
    tips = dict(_pairs("SELECT device, MAX(seq) FROM intake_tip GROUP BY device"))
    loose = dict(
        _pairs(
            "SELECT w.device, COUNT(DISTINCT w.seq) FROM intake_loose w JOIN intake_link k ON k.device = w.device "
            "WHERE w.seq <= k.seq GROUP BY w.device"
        )
    )
    later = dict(
        _pairs(
            "SELECT k.device, COUNT(*) FROM intake_link k JOIN intake_entry e ON e.device = k.device AND e.seq > k.seq "
            "WHERE k.gateway = k.device AND e.kind = 'permit' AND NOT e.forked GROUP BY k.device"
        )
    )
    permits = dict(_pairs("SELECT device, COUNT(*) FROM intake_permit GROUP BY device"))
    unnamed = "replaces IS NULL AND (person IS NULL OR NOT sound)"
    nameless = dict(_pairs(f"SELECT device, COUNT(*) FROM intake_permit WHERE {unnamed} GROUP BY device"))
    found = []
    for ending in endings:
        device = ending.device
        if device not in certified:
            continue
        heard, named = own.get(device, (None, -1))
        missing = max(0, named - tips.get(device, -1) - loose.get(device, 0))
        held = permits.get(device, 0), nameless.get(device, 0)
        is_closed = ending.status is DeviceStatus.CLOSED
        copies = max(1, ending.branches)
        found.append(Desk(device, certified[device], *held, missing, heard, is_closed, copies, later.get(device, 0)))
    return found


def _pairs(sql: str) -> list[tuple[int, int]]:
    return [(device, number) for device, number in rows_of(sql)]


def _midnight(here: Home) -> int:
    """The first moment of the polling day in Iran, in ms."""
    midnight = datetime.combine(date.fromisoformat(here.manifest.polling_day), time(0), UTC) - IRAN
    return int(midnight.timestamp()) * 1000


def _people(here: Home) -> int:
    """Persons of the register and of its deltas, at most."""
    deltas = RegisterDelta.objects.values_list("delta", flat=True)
    return here.register.count + sum(len(Delta.decode(bytes(delta)).changes) for delta in deltas)


def as_json(found: Exposure, counties: Mapping[str, Collection[int]], cut_off: Collection[int]) -> dict[str, object]:
    """For the page: the whole, and each county that has any, the largest first; `cut_off` stations are silent or were
    never heard."""
    rows = [
        {
            "county": county,
            "bound": found.at(stations),
            "known": found.known_at(stations),
            "unheard": found.unheard_at(stations),
            "cut_off": sum(station in cut_off for station in stations),
        }
        for county, stations in counties.items()
    ]
    rows = [row for row in rows if row["bound"]]
    rows.sort(key=lambda row: (-int(str(row["bound"])), str(row["county"])))
    return {
        "bound": found.bound,
        "known": found.known,
        "unheard": found.unheard,
        "unheard_cut_off": found.unheard_at(cut_off),
        "cut_off": len(cut_off),
        "counties": rows,
    }
