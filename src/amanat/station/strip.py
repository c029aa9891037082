"""What a terminal's screens show of it: the strip's facts and words, and what a desk's page shows besides."""

from typing import TYPE_CHECKING, Any

from amanat.station import officers
from amanat.station.link_words import words
from amanat.station.readers import CARD

if TYPE_CHECKING:
    from amanat.station.terminal import Terminal

Screen = dict[str, Any]


def status_of(terminal: "Terminal") -> Screen:
    """What the strip of every screen shows."""
    state, account = terminal.journal.state, terminal.journal.state.account
    names = ("permits", "refused", "prepared", "cast", "tested", "dropped")
    return {
        "ok": True,
        "station": terminal.identity.place.id,
        "station_name_fa": terminal.identity.place_name,
        "county": terminal.identity.place.county,
        "district": terminal.identity.place.district,
        "device": terminal.identity.device,
        "terminal": terminal.identity.number(terminal.identity.device),
        "roles": terminal.roles,
        "state": "closed" if state.closed else "open" if state.opened else "new",
        "stopped": terminal.journal.stopped.code if terminal.journal.stopped else None,
        "busy": terminal._booth is not None and terminal._booth.busy,
        "counts": {name: getattr(account, name) for name in names},
        "queue": _queue(terminal),
        "link": _link_words(terminal),
        "media": terminal.journal.health(),
        "media_told": terminal.upkeep.told(),
        "limits": terminal.upkeep.limits(),
        "printer": terminal.printer.state,
        "register_version": terminal._desk.register.version if terminal._desk else None,
        "head": [state.next_seq - 1, state.head.hex()],
        "election_hash": terminal.identity.eh.hex(),
        "training": terminal.identity.training,
        "locked": False,
        "officers": officers.names(terminal.home) if officers.are_appointed(terminal.home) else None,
        "now_ms": terminal.clock.now_ms(),
        **terminal.day.status(),
        **terminal.watch.status(),
    } | _desk_words(terminal)


def _desk_words(terminal: "Terminal") -> Screen:
    """What a desk's page shows besides; somebody looks, so the booths are watched."""
    if terminal._desk is None:
        return {"booths": [], "alarms": [], "waiting": None, "register_day": None, "card": False}
    terminal.presence.watch()
    booths = terminal.presence.booths(terminal._desk.sent)
    waiting = [booth["waiting"] for booth in booths if booth["waiting"] is not None]
    return {
        "booths": booths,
        "alarms": terminal.presence.alarms(),
        "look_ups": terminal.look_ups.words(),
        "waiting": sum(waiting) if waiting else None,
        "register_day": terminal._register_age.day(),
        "card": CARD in terminal.readers and terminal.readers[CARD].is_there(),
    }


def _queue(terminal: "Terminal") -> Screen:
    if terminal.link is not None:
        return {"undelivered": terminal.link.undelivered(), "oldest_ms": terminal.link.oldest_ms()}
    return {"undelivered": terminal.lan.waiting(), "oldest_ms": None}


def _link_words(terminal: "Terminal") -> Screen:
    if terminal.link is None:
        return {"last_answer_ms": None, "up": False, "words_fa": "", "words_en": ""}
    fa, en = words(terminal.link.state(safe=terminal.journal.state.account.cast))
    is_up = terminal.link.down_since_ms is None
    return {"last_answer_ms": terminal.link.last_answer_ms, "up": is_up, "words_fa": fa, "words_en": en}
