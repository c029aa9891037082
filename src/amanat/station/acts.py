"""What a terminal's buttons and colleagues can ask of it: one table each, and what stands around every act.

Decides nothing; asks the terminal.  It knows no web server: `api` brings requests here, and so does a rehearsal.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from amanat.errors import AmanatError
from amanat.records import cbor
from amanat.records.permit import Permit, read_slip
from amanat.station import take_over
from amanat.station.approval_acts import APPROVAL_ACTS, APPROVAL_LAN_ACTS
from amanat.station.code_acts import PATH as PERMIT_BY_CODE
from amanat.station.code_acts import accept_code, permit_by_code
from amanat.station.day_acts import DAY_ACTS, DAY_LAN_ACTS
from amanat.station.desk_acts import DESK_ACTS
from amanat.station.officers import require_two
from amanat.station.refusal import Refused, screen_of
from amanat.station.request import Body, field, texts
from amanat.station.terminal import Terminal

Screen = dict[str, Any]
Act = Callable[[Terminal, Body], Screen | Awaitable[Screen]]


async def _seal(terminal: Terminal, body: Body) -> Screen:
    sealed = body.get("sealed")
    choices = terminal.booth.open_choices(sealed) if isinstance(sealed, dict) else field(body, "choices", dict)
    return await terminal.booth.seal({contest: texts(choices, contest) for contest in choices})


async def _medium(terminal: Terminal, body: Body) -> Screen:
    two = await require_two(terminal.home, body)
    done = terminal.upkeep.replace(field(body, "which", str), field(body, "path", str), two)
    return done if isinstance(done, dict) else await done


ACTS: Final[Mapping[tuple[str, str], Act]] = {
    ("GET", "/api/status"): lambda t, _: t.status(),
    **DAY_ACTS,
    ("POST", "/api/hourly"): lambda t, _: t.hourly(),
    **DESK_ACTS,
    **APPROVAL_ACTS,
    ("POST", "/api/booth/permit"): lambda t, b: t.accept(field(b, "slip", str)),
    ("POST", "/api/booth/code"): accept_code,
    ("POST", "/api/booth/seal"): _seal,
    ("POST", "/api/booth/cast"): lambda t, _: t.booth.cast(),
    ("POST", "/api/booth/test"): lambda t, _: t.booth.test(),
    ("POST", "/api/booth/leave"): lambda t, _: t.booth.leave(),
    ("POST", "/api/booth/away"): lambda t, _: t.booth.away(),
    ("POST", "/api/booth/back"): lambda t, _: t.booth.back(),
    ("GET", "/api/exercise"): lambda t, _: t.exercise.screen(),
    ("POST", "/api/exercise/begin"): lambda t, b: t.exercise.begin(field(b, "person", str), field(b, "scenario", str)),
    ("POST", "/api/exercise/stop"): lambda t, _: t.exercise.stop(),
    ("POST", "/api/supervisor/usb"): lambda t, b: t.write_usb(
        Path(field(b, "path", str)), lost=field(b, "gateway_lost", bool, False)
    ),
    ("POST", "/api/supervisor/medium"): _medium,
    ("POST", "/api/supervisor/head"): lambda t, b: t.upkeep.take_head(field(b, "slip", str)),
    ("POST", "/api/supervisor/incident"): lambda t, b: t.note_incident(field(b, "text", str)),
    ("POST", "/api/supervisor/checked-in-list"): lambda t, b: (
        t.checked_in_list.print_all() if field(b, "all", bool, False) else t.checked_in_list.print_new()
    ),
}
"""What each button does, by method and path."""


def _lan_entries(terminal: Terminal, sender: int, body: bytes) -> Screen:
    """A colleague's entries, for the copy that we keep and deliver; how far we hold its journal now."""
    return terminal.take_copies(sender, cbor.decode_seq(body))


def _lan_permit_refused(terminal: Terminal, _: int, body: bytes) -> Screen:
    """A desk replaces a permit that names us (C-7)."""
    slip, reason = cbor.as_list(cbor.decode(body), "void", size=2)
    serial = Permit.decode(read_slip(cbor.as_text(slip, "slip"))[0]).serial
    terminal.booth.void(serial, cbor.as_text(reason, "reason"))
    return {"ok": True}


def _lan_carried_refused(terminal: Terminal, _: int, body: bytes) -> Screen:
    """A desk replaces a permit that named a booth whose journal we carry on (C-7, J-8)."""
    slip, reason = cbor.as_list(cbor.decode(body), "void", size=2)
    decoded = Permit.decode(read_slip(cbor.as_text(slip, "slip"))[0])
    if decoded.ballot_device not in terminal.carried.states:
        raise Refused("permit-not-ours")
    terminal.carried.require_not_cast(decoded.serial)
    terminal.booth.void(decoded.serial, cbor.as_text(reason, "reason"))
    return {"ok": True}


LAN_ACTS: Final[Mapping[str, Callable[[Terminal, int, bytes], Screen | Awaitable[Screen]]]] = {
    "/lan/entries": _lan_entries,
    "/lan/permit-refused": _lan_permit_refused,
    "/lan/carried-refused": _lan_carried_refused,
    take_over.PATH: lambda t, sender, body: take_over.take_carried(t.identity, t.lan, sender, body),
    "/lan/head": lambda t, sender, _: t.lan.last_of(sender),
    **DAY_LAN_ACTS,
    **APPROVAL_LAN_ACTS,
    PERMIT_BY_CODE: permit_by_code,
    "/lan/presence": lambda t, sender, body: t.presence.answer(sender, body),
}


async def press(terminal: Terminal, method: str, path: str, read: Callable[[], Awaitable[Body]]) -> Screen:
    """What follows when somebody presses a button; a refusal has its code and sentences, and changed nothing."""
    before = terminal.journal.state.next_seq
    body: Body = {}
    try:
        if method == "POST":
            body = await read()
            await terminal.hearing.wait()
        done = ACTS[method, path](terminal, body)
        screen = done if isinstance(done, dict) else await done
    except AmanatError as error:
        screen = screen_of(error)
    except Exception:
        logging.exception("%s", path)
        screen = screen_of(Refused("fault-of-ours"))
    _after(terminal, before)
    if method == "POST" and terminal.practice is not None:
        terminal.practice.saw(path.removeprefix("/api/"), body, screen)
    return screen


async def lan_press(
    terminal: Terminal, path: str, headers: Mapping[str, str], read: Callable[[], Awaitable[bytes]]
) -> tuple[bytes, str]:
    """What a colleague asks, heard only by its signature: the answer, and our signature for this very question."""
    before = terminal.journal.state.next_seq
    try:
        body = await read()
        done = LAN_ACTS[path](terminal, terminal.lan.require_colleague(path, body, headers), body)
        screen = done if isinstance(done, dict) else await done
    except AmanatError as error:
        screen = screen_of(error)
    except Exception:
        logging.exception("%s", path)
        screen = screen_of(Refused("fault-of-ours"))
    _after(terminal, before)
    content = encode(screen)
    return content, terminal.lan.sign_answer(path, headers, content)


def _after(terminal: Terminal, before: int) -> None:
    """Whatever was written goes to the gateway, and a booth that changed is shown."""
    if terminal.journal.state.next_seq != before:
        terminal.wrote()
    terminal.presence.look()


def encode(screen: Screen) -> bytes:
    """A screen as it travels."""
    return json.dumps(screen, ensure_ascii=False, separators=(",", ":")).encode()
