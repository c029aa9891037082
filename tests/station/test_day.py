"""The day of a station: pause, end, extension, paper, incidents, and a closing that adds up or is explained."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.station.conftest import (
    CHOICES,
    DEAD,
    MARYAM,
    OFFICERS,
    REZA,
    Booths,
    StandingClock,
    permit_for,
    tray,
    vote,
)

from amanat.errors import AmanatError, Rejected
from amanat.records import extension
from amanat.records.extension import GOVERNOR, SUPERVISORY_BOARD, ExtensionOrder
from amanat.records.journal import Entry
from amanat.records.permit import Permit, read_slip
from amanat.rules.national_id import synthetic
from amanat.station.acts import LAN_ACTS
from amanat.station.lan import Colleague, Lan
from amanat.station.refusal import Refused, screen_of
from amanat.station.terminal import Terminal

BOARDS = {GOVERNOR: b"o" * 32, SUPERVISORY_BOARD: b"o" * 32}  # the conftest's authorities share one key
HOUR = 3_600_000
NOON = 1_709_281_800_000  # 11:50 in Iran on the polling day


def order(terminal: Terminal, *, hours: int = 2, number: int = 1, **more: Any) -> str:
    """The slip of an order that extends by so many hours."""
    base = terminal.day.legal_end_ms
    made = replace(ExtensionOrder(number, (), base + hours * HOUR, base), **more)
    return extension.make(made, eh=terminal.identity.eh, seeds=BOARDS).slip()


def incidents(terminal: Terminal, kind: str) -> list[str]:
    entries = [Entry.decode(signed.entry) for signed in terminal.journal.entries]
    return [str(entry.body[1]) for entry in entries if entry.kind == "incident" and entry.body[0] == kind]


def wire(monkeypatch: pytest.MonkeyPatch, *terminals: Terminal, silent: tuple[Terminal, ...] = ()) -> None:
    """One station's cable, without sockets: what one asks is the other's act; who is silent does not answer."""
    places = {terminal.identity.device: terminal for terminal in terminals if terminal not in silent}
    senders = {id(terminal.lan): terminal.identity.device for terminal in terminals}

    async def ask(lan: Lan, colleague: Colleague, path: str, body: bytes) -> bytes:
        if colleague.device not in places:
            raise ConnectionRefusedError
        try:
            done = LAN_ACTS[path](places[colleague.device], senders[id(lan)], body)
            screen = done if isinstance(done, dict) else await done
        except AmanatError as error:
            screen = screen_of(error)
        return json.dumps(screen).encode()

    async def statuses(lan: Lan) -> dict[int, Mapping[str, Any] | None]:
        return {c.device: places[c.device].status() if c.device in places else None for c in lan.colleagues}

    monkeypatch.setattr(Lan, "ask", ask)
    monkeypatch.setattr(Lan, "statuses", statuses)


async def two(booths: Booths, monkeypatch: pytest.MonkeyPatch) -> tuple[Terminal, Terminal]:
    """A desk with its booth, and a second booth, on one cable, both open."""
    desk, booth = booths.start("S2", 1), booths.start("S2", 2)
    wire(monkeypatch, desk, booth)
    for terminal in (desk, booth):
        await terminal.open(OFFICERS)
    return desk, booth


def at(terminals: tuple[Terminal, ...], slip: str) -> Terminal:
    """The terminal whose booth a permit names."""
    device = Permit.decode(read_slip(slip)[0]).ballot_device
    return next(terminal for terminal in terminals if terminal.identity.device == device)


# ---- pause and end


async def test_a_pause_stops_the_desk_and_the_next_voter_and_no_permit_is_lost(
    booths: Booths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quarrel.  The supervisor pauses at the desk.  Wanted: nobody is checked in, Reza has to wait with his permit,
    Maryam behind her curtain finishes; after the pause all goes on."""
    desk, booth = await two(booths, monkeypatch)
    hers, his = await permit_for(desk, MARYAM), await permit_for(desk, REZA)
    inside, outside = at((desk, booth), hers), at((desk, booth), his)
    assert inside is not outside  # they were sent to different booths
    await inside.accept(hers)
    with pytest.raises(Refused) as refused:
        await desk.day.pause(OFFICERS, "  ")
    assert refused.value.code == "reason-missing"
    assert (await desk.day.pause(OFFICERS, "درگیری در صف"))["silent"] == []
    assert [terminal.status()["paused"] for terminal in (desk, booth)] == [
        f"{OFFICERS[0]} · {OFFICERS[1]}: درگیری در صف"
    ] * 2
    for person, appeal in ((synthetic(10), False), (MARYAM, True)):
        with pytest.raises(Refused, match="paused"):
            desk.check_in(person, appeal=appeal)
    with pytest.raises(Refused, match="paused"):
        await outside.accept(his)
    await inside.booth.seal(CHOICES)
    assert (await inside.booth.cast())["told"] == "cast"
    await desk.day.resume(OFFICERS)
    assert booth.status()["paused"] is None
    await outside.accept(his)
    with pytest.raises(Refused) as refused:
        await desk.day.resume(OFFICERS)
    assert refused.value.code == "not-paused"


async def test_after_the_end_nobody_new_is_checked_in_and_who_has_a_permit_votes(booths: Booths) -> None:
    """19:50, two officers end the voting; Reza waits with his permit.  Wanted: he votes, his lost paper can be asked
    for again, Maryam is turned away kindly, and ending twice is refused."""
    terminal = await booths.opened()
    his = await permit_for(terminal, REZA)
    await terminal.day.end(OFFICERS, "")
    assert terminal.status()["ended"]
    with pytest.raises(Refused, match="has ended"):
        terminal.check_in(MARYAM)
    assert terminal.check_in(REZA).look(REZA)["decision"] == "checked-in-already"
    await terminal.accept(his)
    await terminal.booth.seal(CHOICES)
    assert (await terminal.booth.cast())["told"] == "cast"
    with pytest.raises(Refused, match="has ended"):
        await terminal.day.end(OFFICERS, "")
    assert OFFICERS[0] in incidents(terminal, "ended")[0]
    assert (await terminal.close_polls(""))["ok"]
    with pytest.raises(Refused, match="closed"):
        await terminal.day.extend(order(terminal))


async def test_ending_before_the_legal_end_asks_for_a_reason(booths: Booths, clock: StandingClock) -> None:
    """Noon.  Wanted: neither end nor closing without a reason, which stands in the journal; a lying clock that shows
    noon in the evening costs a sentence and nothing else."""
    terminal = await booths.opened()
    clock.ms = NOON
    for act in (terminal.day.end(OFFICERS, " "), terminal.close_polls("")):
        with pytest.raises(Refused) as refused:
            await act
        assert (refused.value.code, refused.value.facts["closes"]) == ("early-end", "۱۸:۰۰")
    with pytest.raises(Refused, match="Two officers"):
        await terminal.close_polls("the clock is wrong")
    await terminal.close_polls("the clock is wrong", OFFICERS)
    assert "the clock is wrong" in incidents(terminal, "ended")[0]
    assert terminal.status()["state"] == "closed"


# ---- extension


async def test_a_signed_order_extends_with_no_network_and_opens_what_was_ended(
    booths: Booths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Voting was ended; an order comes on paper and is scanned at the desk.  Wanted: both terminals are extended and
    open again, the sheet says until when, the journal keeps the order whole, and a second scan changes nothing."""
    desk, booth = await two(booths, monkeypatch)
    await desk.day.end(OFFICERS, "")
    assert booth.status()["ended"]
    slip = order(desk)
    screen = await desk.day.extend(slip.lower())
    assert (screen["silent"], screen["number"]) == ([], 1)
    for terminal in (desk, booth):
        status = terminal.status()
        assert (status["ended"], status["extended_until_ms"]) == (False, terminal.day.legal_end_ms + 2 * HOUR)
        assert extension.read_slip(slip).encode() in terminal.journal.state.extensions
    before = desk.status()["head"]
    await desk.day.extend(slip)
    assert desk.status()["head"] == before
    await booth.hourly()
    assert "۲۰:۰۰" in tray(booth).last("hourly").fields["extended"]
    await desk.day.extend(order(desk, hours=4, number=2))  # beyond three hours: both signatures are on it
    assert desk.day.is_early


async def test_wrong_orders_are_refused_kindly(booths: Booths) -> None:
    """Of another election, for others, old, with another base, lacking the Council's approval, rubbish: each in its own
    words, and nothing changes."""
    terminal = await booths.opened()
    eh, base = terminal.identity.eh, terminal.day.legal_end_ms
    await terminal.day.extend(order(terminal, number=3))
    before = terminal.status()["head"]
    four = ExtensionOrder(9, (), base + 4 * HOUR, base)
    whole = extension.make(four, eh=eh, seeds=BOARDS)
    wrong = {
        "extension-unreadable": "AE1RUBBISH",
        "extension-other-station": order(terminal, number=4, stations=(1,)),
        "extension-old": order(terminal, number=2),
        "extension-base": order(terminal, number=4, base_ms=base + HOUR),
        "extension-needs": replace(whole, signatures=whole.signatures[:1]).slip(),
        "extension-not-signed": extension.make(four, eh=b"x" * 32, seeds=BOARDS).slip(),
    }
    for code, slip in wrong.items():
        with pytest.raises((Refused, Rejected)) as refused:
            await terminal.day.extend(slip)
        assert refused.value.code == code
        assert refused.value.say("fa")
    assert terminal.status()["head"] == before
    await terminal.day.end(OFFICERS, "every voter of the village has come")
    with pytest.raises(Refused) as again:
        await terminal.day.extend(order(terminal, number=3))  # the same paper does not open twice
    assert again.value.code == "extension-old"


async def test_a_terminal_that_did_not_hear_is_named(booths: Booths, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second booth is off.  Wanted: the desk is extended and says at which terminal to scan the order again."""
    desk, booth = await two(booths, monkeypatch)
    wire(monkeypatch, desk, booth, silent=(booth,))
    assert (await desk.day.extend(order(desk)))["silent"] == [2]
    assert (await desk.day.pause(OFFICERS, "برق"))["silent"] == [2]
    wire(monkeypatch, desk, booth)
    slip = order(booth)
    assert (await booth.day.extend(slip))["silent"] == []


# ---- paper


async def test_paper_is_a_normal_mode_with_its_stock_in_the_equations(booths: Booths) -> None:
    """The link of a county was never built: the station goes on paper with two batches, counts them in the evening, and
    at first miscounts.  Wanted: not closed before they are counted and add up, or two officers explain; the sheet has
    the four numbers."""
    terminal = await booths.opened()
    with pytest.raises(Refused) as refused:
        terminal.day.paper(True, [(1, 50), (40, 60)], None)
    assert refused.value.code == "paper-serials"
    terminal.day.paper(True, [(101, 150), (1, 50)], None)
    assert terminal.status()["paper"]["mode"]
    assert terminal.status()["paper"]["serials"] == [[1, 50], [101, 150]]
    with pytest.raises(Refused) as refused:
        await terminal.close_polls("")
    assert refused.value.code == "paper-uncounted"
    terminal.day.paper(False, [(1, 50), (101, 150)], (30, 2, 67))
    with pytest.raises(Rejected) as unbalanced:
        await terminal.close_polls("")
    assert unbalanced.value.facts == {"equation": "paper", "left": 100, "right": 99}
    terminal.day.paper(False, [(1, 50), (101, 150)], (30, 2, 68))
    assert (await terminal.close_polls(""))["ok"]
    assert tray(terminal).last("closing").fields["paper"] == "۱۰۰ = ۳۰ + ۲ + ۶۸"


# ---- incidents and look-ups


async def test_incidents_come_from_a_list_and_look_ups_are_shown_without_names(booths: Booths) -> None:
    """R-3.  A clerk looks up somebody dead and lets Reza go.  Wanted: the observers' list shows both with time and
    reason and no id; an incident of the list is kept with its words, another kind refused."""
    terminal = await booths.opened()
    terminal.desk.look(DEAD)
    terminal.desk.look(REZA)
    terminal.desk.withdraw(REZA)
    terminal.day.note("quarrel", "دو نفر بیرون رفتند")
    with pytest.raises(Refused, match="no such kind"):
        terminal.day.note("alien", "")
    screen = terminal.day.screen()
    assert [(row["reason"], row["detail"]) for row in screen["look_ups"]][-1] == ("not-eligible", "dead")
    assert len(screen["look_ups"]) == 2
    assert all(person not in json.dumps(screen) for person in (DEAD, REZA))
    assert incidents(terminal, "supervisor") == ["quarrel: دو نفر بیرون رفتند"]


# ---- closing


async def test_at_closing_no_permit_of_the_station_is_open_unexplained(
    booths: Booths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Maryam votes at one booth, Reza goes home with his permit, a third was replaced.  Wanted: the desk closes only
    after its booths, names the one open permit by its booth, and after two officers' word all equations hold."""
    desk, booth = await two(booths, monkeypatch)
    both = (desk, booth)
    slips = {person: await permit_for(desk, person) for person in (MARYAM, REZA, synthetic(10))}
    replaced = Permit.decode(read_slip(slips[synthetic(10)])[0]).serial.hex()
    await desk.desk.replace(replaced, "torn", officers=OFFICERS)
    slips[synthetic(10)] = tray(desk).last("permit").qr or ""
    for person in (MARYAM, synthetic(10)):
        place = at(both, slips[person])
        await place.accept(slips[person])
        await place.booth.seal(CHOICES)
        await place.booth.cast()
        place.booth.leave()
    with pytest.raises(Refused) as refused:
        await desk.close_polls("")
    assert (refused.value.code, refused.value.facts["terminals"]) == ("booths-behind", "۲")
    assert (await booth.close_polls(""))["ok"]
    with pytest.raises(Refused) as refused:
        await desk.close_polls("")
    assert (refused.value.code, refused.value.facts["count"]) == ("permits-open", 1)
    (waiting,) = desk.day.screen()["open_permits"]
    assert waiting["serial"] == Permit.decode(read_slip(slips[REZA])[0]).serial.hex()
    for serials, names, code in (
        ([replaced], OFFICERS, "permit-not-open"),
        ([], OFFICERS, "permit-not-open"),
    ):
        with pytest.raises(Refused) as refused:
            desk.day.leave(serials, "went home", names)
        assert refused.value.code == code
    assert desk.day.leave([waiting["serial"]], "went home", OFFICERS) == {"ok": True, "open": 0}
    account = desk.day.account.account()
    assert (account.permits, account.cast, account.permits_refused, account.left) == (4, 2, 1, 1)
    assert [(row["name"], row["holds"]) for row in desk.day.screen()["equations"]] == [
        ("prepared", True),
        ("permits", True),
    ]
    assert (await desk.close_polls(""))["ok"]


async def test_a_dead_booth_is_explained_by_two_officers(booths: Booths, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second booth burns with a permit on its way to it.  Wanted: the desk does not close, one officer is not
    enough, two are, and what did not hold stands in the journal with their names."""
    desk, booth = await two(booths, monkeypatch)
    slip = await permit_for(desk, MARYAM)
    if at((desk, booth), slip) is desk:
        slip = await permit_for(desk, REZA)
    wire(monkeypatch, desk, booth, silent=(booth,))
    with pytest.raises(Refused, match="not here yet"):
        await desk.close_polls("")
    with pytest.raises(Refused, match="Two officers"):
        await desk.close_polls("booth 2 burned", OFFICERS[:1])
    assert (await desk.close_polls("booth 2 burned", OFFICERS))["ok"]
    (words,) = incidents(desk, "unbalanced")
    assert words.startswith("booths-behind permits-open: ")
    assert all(name in words for name in OFFICERS)


async def test_the_gateway_has_the_rest_of_every_journal_before_it_closes(
    booths: Booths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The booth's copies wait for their turn when the desk presses *close*.  Wanted: it asks for them and closes."""
    desk, booth = await two(booths, monkeypatch)
    for person in (MARYAM, REZA):
        slip = await permit_for(desk, person)
        await at((desk, booth), slip).accept(slip)
        await at((desk, booth), slip).booth.seal(CHOICES)
        await at((desk, booth), slip).booth.cast()
        at((desk, booth), slip).booth.leave()
    await booth.close_polls("")
    assert not desk.lan.copies or desk.day.account.behind()
    assert (await desk.close_polls(""))["ok"]
    assert desk.day.account.account().cast == 2


# ---- opening, reprints


async def test_a_station_with_two_packages_does_not_open(booths: Booths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Antrim.  One terminal was left with another election's package.  Wanted: refused, naming it, and nothing signed;
    a terminal that is still off does not hold the station up."""
    desk, booth = booths.start("S2", 1), booths.start("S2", 2)
    wire(monkeypatch, desk, booth)
    status = booth.status() | {"election_hash": "00" * 32}
    monkeypatch.setattr(booth, "status", lambda: status)
    with pytest.raises(Refused) as refused:
        await desk.open(OFFICERS)
    assert (refused.value.code, refused.value.facts["terminals"]) == ("station-mixed", "۲")
    assert not desk.journal.entries
    wire(monkeypatch, desk, booth, silent=(booth,))
    assert (await desk.open(OFFICERS, "نمایندهٔ فرماندار، دو ناظر"))["ok"]
    assert incidents(desk, "witnesses") == ["نمایندهٔ فرماندار، دو ناظر"]


async def test_a_sheet_comes_again_marked_and_a_sheet_that_is_none_does_not(booths: Booths) -> None:
    """An observer lost the hourly sheet.  Wanted: the last of its kind again, marked; of a kind not made, a refusal."""
    terminal = await booths.opened()
    with pytest.raises(Refused) as refused:
        await terminal.sheets.reprint("hourly")
    assert refused.value.code == "sheet-none"
    first = await terminal.hourly()
    await vote(terminal, terminal, MARYAM)
    again = await terminal.sheets.reprint("hourly")
    assert (again["sheet"], again["repeated"]) == (first["sheet"], True)
    assert tray(terminal).last("hourly").duplicate
    assert (await terminal.sheets.reprint("zero"))["repeated"]
    for kind in ("closing", "menu"):
        with pytest.raises(Refused):
            await terminal.sheets.reprint(kind)
