"""Opening on a day that is not the polling day by the clock: said aloud, and confirmed by the same two officers.

A clock decides no right (J-5), so it cannot keep an honest station shut; what it said stands in the journal.
"""

from datetime import UTC, date, datetime

from amanat.rules import persian
from amanat.station.clock import Clock
from amanat.station.journal import Journal
from amanat.station.package import Identity
from amanat.station.refusal import Refused


def require_polling_day(identity: Identity, journal: Journal, clock: Clock, *, confirmed: bool) -> None:
    """Before the first opening.

    Raises:
        Refused: ``opening-on-another-day``, unless it is confirmed; then it is an incident.
    """
    if journal.state.opened:
        return
    today = datetime.fromtimestamp(clock.now_ms() / 1000, UTC) + persian.IRAN
    polling_day = identity.manifest.polling_day
    if today.date().isoformat() == polling_day:
        return
    if not confirmed:
        words = {"today": persian.jalali(today.date()), "day": persian.jalali(date.fromisoformat(polling_day))}
        raise Refused("opening-on-another-day", **words)
    journal.write("incident", ["opened-on-another-day", today.date().isoformat()])
