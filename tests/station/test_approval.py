"""The observer's second approval at a station (C-9): desk, two pads and booths on one network, as people use them."""

import asyncio
import contextlib
import copy
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import pytest_asyncio
from tests.station.conftest import CHOICES, MARYAM, OFFICERS, REZA, Booths, Election, StandingClock, tray

from amanat.records import cbor, sheet
from amanat.records.cbor import Value
from amanat.records.identifiers import is_signed, merkle_root, sign
from amanat.records.journal import Entry
from amanat.records.permit import IssuedPermit, Permit, permit_hash, read_slip, slip
from amanat.records.sheet import Sheet
from amanat.rules.national_id import NationalId
from amanat.station import day_acts, run
from amanat.station.approval import STALE_MS, require_approved
from amanat.station.printer import PrinterFault
from amanat.station.refusal import Refused
from amanat.station.terminal import Terminal


@dataclass
class Station:
    """Terminal 1 is desk and booth, 2 a booth, 3 and 4 the observers' pads."""

    booths: Booths
    clock: StandingClock
    stack: contextlib.AsyncExitStack
    servers: dict[int, asyncio.Server] = field(default_factory=dict)

    async def begin(self) -> None:
        self.desk, self.second, self.pad, self.other = [await self.started(number) for number in (1, 2, 3, 4)]
        for terminal in (self.desk, self.second, self.pad, self.other):
            await terminal.open(OFFICERS)

    async def started(self, number: int) -> Terminal:
        terminal = self.booths.start("S1", number)
        self.servers[terminal.identity.device] = await run._listen(terminal)
        self.stack.callback(self.servers[terminal.identity.device].close)
        return terminal

    async def cut(self, terminal: Terminal) -> None:
        """Its power goes, and the connections to it are gone."""
        self.servers[terminal.identity.device].close()
        await self.booths.stop(terminal)
        for other in self.booths.open_terminals:
            await other.lan.hang_up()

    async def after_cut(self, terminal: Terminal) -> Terminal:
        """The power comes back at once."""
        await self.cut(terminal)
        return await self.started(terminal.identity.number(terminal.identity.device))

    async def wanted(self, person: NationalId, *, at: Terminal | None = None) -> dict[str, Any]:
        """The clerk issues; what the desk's page is told."""
        booth = (at or self.desk).identity.device
        desk = self.desk.desk
        desk._choose_booth = lambda _: booth
        assert desk.look(person)["decision"] == "eligible"
        return await desk.issue(person, document=0)


@pytest.fixture(scope="module")
def observed(enrolled: Callable[..., Election]) -> Election:
    return enrolled({"S1": 2}, approvals=1)


@pytest_asyncio.fixture
async def station(observed: Election, tmp_path: Any, clock: StandingClock) -> AsyncIterator[Station]:
    fresh = copy.copy(observed)
    fresh.folder = tmp_path / "e"
    shutil.copytree(observed.folder, fresh.folder)
    booths = Booths(fresh, clock)
    async with contextlib.AsyncExitStack() as stack:
        made = Station(booths, clock, stack)
        await made.begin()
        yield made
    await booths.close()


def on_screen(pad: Terminal) -> dict[str, Any]:
    wanted = pad.pad.screen()["wanted"]
    assert wanted is not None
    return dict(wanted)


def entries(terminal: Terminal, kind: str) -> list[list[Value]]:
    decoded = (Entry.decode(signed.entry) for signed in terminal.journal.entries)
    return [entry.body for entry in decoded if entry.kind == kind]


def slips(desk: Terminal) -> list[str]:
    return [found.qr or "" for found in tray(desk).slips if found.kind == "permit"]


async def test_a_person_waits_for_the_observer_and_votes(station: Station) -> None:
    """Maryam is issued a permit.  Wanted: nothing is printed; the pad shows her name, year and time waiting; one key;
    the desk's page asks and the slip comes out with the approval; the booth takes it; both journals have it once."""
    told = await station.wanted(MARYAM)
    assert (told["approval"], slips(station.desk)) == ("waiting", [])
    station.clock.ms += 3000
    assert (await station.desk.desk.approval(told["serial"]))["approval"] == "waiting"
    shown = on_screen(station.pad)
    assert shown == {"permit": shown["permit"], "name_fa": "مریم کریمی", "birth_year": 1350, "waited_ms": 3000}
    await station.pad.pad.approve(shown["permit"])
    assert station.pad.pad.screen()["wanted"] is None
    told = await station.desk.desk.approval(told["serial"])
    assert told["approval"] == "approved"
    (printed,) = tray(station.desk).slips[-1:]
    assert (printed.kind, printed.duplicate) == ("permit", False)
    permit, _, device, approval = read_slip(printed.qr or "")
    ph = permit_hash(station.desk.identity.eh, permit)
    assert device == station.pad.identity.device
    assert is_signed(station.pad.identity.certificate.key, "approve", station.desk.identity.eh, ph, approval or b"")
    assert entries(station.desk, "approval") == entries(station.pad, "approval") == [[ph, device, approval]]
    assert station.other.pad.screen()["wanted"] is None
    await station.desk.booth.accept(printed.qr or "")
    await station.desk.booth.seal(CHOICES)
    assert (await station.desk.booth.cast())["told"] == "cast"
    again = await station.desk.desk.issue(MARYAM, document=0)
    assert (again["approval"], again["repeated"], len(slips(station.desk))) == ("approved", True, 1)


async def test_the_booth_takes_no_permit_without_the_approval(station: Station) -> None:
    """C-9: none at all; the desk's own signature; a stranger's; the pad's over another permit; a ballot terminal's.
    Wanted: refused in words, and the permit stays good."""
    identity = station.desk.identity
    first, second = [await station.wanted(person, at=station.second) for person in (MARYAM, REZA)]
    issued = [station.desk.desk._issued[bytes.fromhex(told["serial"])][1] for told in (first, second)]
    await station.pad.pad.approve(on_screen(station.pad)["permit"])
    (body,) = entries(station.pad, "approval")
    ph = permit_hash(identity.eh, issued[0].permit)
    pad, other = station.pad.identity.device, cbor.as_bytes(body[2], "signature")
    forged = [
        None,
        (identity.device, identity.sign("approve", ph)),
        (pad, sign(b"s" * 32, "approve", identity.eh, ph)),
        (pad, other),
        (99, other),
        (station.second.identity.device, station.second.identity.sign("approve", ph)),
    ]
    for approval in forged:
        with pytest.raises(Refused) as refused:
            await station.second.booth.accept(slip(issued[0], approval))
        assert refused.value.code == "permit-not-approved"
    assert (await station.second.booth.accept(slip(issued[1], (pad, other))))["ok"]


async def test_the_observer_refuses_and_two_officers_answer_for_it(station: Station) -> None:
    """The face is not that of the photo.  Wanted: the permit is void at its booth and refused in three journals, no
    slip comes out, the person is not eligible any more; on appeal by two officers a new permit asks the observer."""
    told = await station.wanted(MARYAM, at=station.second)
    permit = on_screen(station.pad)["permit"]
    with pytest.raises(Refused):
        await station.pad.pad.refuse(permit, "because")
    await station.pad.pad.refuse(permit, "face")
    with pytest.raises(Refused) as gone:
        await station.pad.pad.approve(permit)
    assert gone.value.code == "approval-not-wanted"
    for _ in range(2):
        screen = await station.desk.desk.approval(told["serial"])
        assert (screen["approval"], screen["reason"]) == ("refused", "observer-face")
    serial = bytes.fromhex(told["serial"])
    for terminal in (station.desk, station.second, station.pad):
        assert entries(terminal, "permit-refused") == [[serial, "observer-face"]]
    assert slips(station.desk) == []
    assert station.desk.desk.look(MARYAM)["decision"] == "checked-in-already"
    told = await station.desk.desk.issue(MARYAM, document=0, appeal=OFFICERS)
    assert told["approval"] == "waiting"
    await station.other.pad.approve(on_screen(station.other)["permit"])
    assert (await station.desk.desk.approval(told["serial"]))["approval"] == "approved"
    assert (await station.second.booth.accept(slips(station.desk)[0]))["ok"]


async def test_a_refusal_is_entered_though_the_booth_is_dead(station: Station) -> None:
    told = await station.wanted(MARYAM, at=station.second)
    await station.pad.pad.refuse(on_screen(station.pad)["permit"], "document")
    await station.cut(station.second)
    assert (await station.desk.desk.approval(told["serial"]))["approval"] == "refused"
    (incident,) = [body for body in entries(station.desk, "incident") if body[0] == "booth-not-told"]
    assert told["serial"] in str(incident[1])
    assert len(entries(station.desk, "permit-refused")) == 1


async def test_with_a_dead_pad_the_other_one_approves(station: Station) -> None:
    """The first pad is off.  Wanted: the desk goes on with the second; with both off it says so in words, and the
    permit waits until one is back."""
    await station.cut(station.pad)
    told = await station.wanted(MARYAM)
    assert told["approval"] == "waiting"
    await station.cut(station.other)
    told = await station.desk.desk.approval(told["serial"])
    assert (told["approval"], slips(station.desk)) == ("silent", [])
    assert told["fa"].startswith("دستگاه ناظر پاسخ نمی‌دهد")
    pad = await station.started(4)
    assert (await station.desk.desk.approval(told["serial"]))["approval"] == "waiting"
    await pad.pad.approve(on_screen(pad)["permit"])
    assert (await station.desk.desk.approval(told["serial"]))["approval"] == "approved"


async def test_a_pad_that_is_closed_says_so_at_the_desk(station: Station) -> None:
    for pad in (station.pad, station.other):
        await pad.close_polls("")
    told = await station.wanted(MARYAM)
    assert (told["approval"], told["en"].startswith("The observer's pad is closed")) == ("silent", True)


async def test_the_desks_power_goes_while_somebody_waits(station: Station) -> None:
    """Wanted: after the restart the same id is eligible with the same permit, the pad shows it again, and it is
    approved once; a restart of the pad before the desk heard of it gives the very same signature."""
    told = await station.wanted(MARYAM)
    station.desk = await station.after_cut(station.desk)
    found = station.desk.desk.look(MARYAM)
    assert (found["decision"], found["serial"]) == ("eligible", told["serial"])
    assert (await station.desk.desk.issue(MARYAM, document=0))["approval"] == "waiting"
    await station.pad.pad.approve(on_screen(station.pad)["permit"])
    (before,) = entries(station.pad, "approval")
    station.pad = await station.after_cut(station.pad)
    assert (await station.desk.desk.approval(told["serial"]))["approval"] == "approved"
    assert entries(station.pad, "approval") == entries(station.desk, "approval") == [before]
    assert len(slips(station.desk)) == 1


async def test_the_pads_power_goes_before_the_key_is_pressed(station: Station) -> None:
    told = await station.wanted(MARYAM)
    permit = on_screen(station.pad)["permit"]
    station.pad = await station.after_cut(station.pad)
    assert station.pad.pad.screen()["wanted"] is None
    with pytest.raises(Refused) as refused:
        await station.pad.pad.approve(permit)
    assert refused.value.code == "approval-not-wanted"
    assert (await station.desk.desk.approval(told["serial"]))["approval"] == "waiting"
    assert (await station.pad.pad.approve(permit))["ok"]


async def test_a_restart_remembers_why_the_observer_refused(station: Station) -> None:
    """Pad and desk are cut between the refusal and the desk's question: it is refused all the same, and once."""
    told = await station.wanted(MARYAM)
    await station.pad.pad.refuse(on_screen(station.pad)["permit"], "other")
    station.pad = await station.after_cut(station.pad)
    station.desk = await station.after_cut(station.desk)
    for _ in range(2):
        assert (await station.desk.desk.approval(told["serial"]))["reason"] == "observer-other"
    assert len(entries(station.pad, "permit-refused")) == 1
    assert len(entries(station.desk, "permit-refused")) == 1
    station.desk = await station.after_cut(station.desk)
    assert station.desk.desk.look(MARYAM)["decision"] == "checked-in-already"


async def test_the_paper_of_an_approved_permit_fails(station: Station) -> None:
    """The printer is broken when the approval comes.  Wanted: never shown as done; the same id prints it again, marked,
    and so it is after a power cut."""
    told = await station.wanted(MARYAM)
    await station.pad.pad.approve(on_screen(station.pad)["permit"])
    tray(station.desk).broken = True
    with pytest.raises(PrinterFault):
        await station.desk.desk.approval(told["serial"])
    station.desk = await station.after_cut(station.desk)
    assert station.desk.desk.look(MARYAM)["serial"] == told["serial"]
    assert (await station.desk.desk.approval(told["serial"]))["approval"] == "approved"
    assert [found.duplicate for found in tray(station.desk).slips if found.kind == "permit"] == [True]


async def test_two_keys_and_two_questions_at_once(station: Station) -> None:
    """The observer's finger trembles and the page asks twice.  Wanted: one approval, one slip."""
    told = await station.wanted(MARYAM)
    permit = on_screen(station.pad)["permit"]
    await asyncio.gather(*(station.pad.pad.approve(permit) for _ in range(3)))
    await asyncio.gather(*(station.desk.desk.approval(told["serial"]) for _ in range(3)))
    assert [len(entries(terminal, "approval")) for terminal in (station.pad, station.desk)] == [1, 1]
    assert len(slips(station.desk)) == 1


async def test_both_observers_approve(station: Station) -> None:
    """Two pads show the same person and both keys are pressed: the slip carries one, both are under their sheets."""
    told = await station.wanted(MARYAM)
    for pad in (station.pad, station.other):
        await pad.pad.approve(on_screen(pad)["permit"])
    assert (await station.desk.desk.approval(told["serial"]))["approval"] == "approved"
    assert len(entries(station.desk, "approval")) == 1
    assert all(pad.journal.state.account.permits == 1 for pad in (station.pad, station.other))


async def test_a_person_steps_aside_and_another_comes(station: Station) -> None:
    """Maryam looks for her paper; Reza is served.  Wanted: the pads show Reza alone; Maryam's id goes on later."""
    first = await station.wanted(MARYAM)
    await station.desk.desk.aside()
    assert station.pad.pad.screen()["wanted"] is None
    second = await station.wanted(REZA)
    assert on_screen(station.pad)["name_fa"] == "رضا احمدی"
    await station.pad.pad.approve(on_screen(station.pad)["permit"])
    assert (await station.desk.desk.approval(second["serial"]))["approval"] == "approved"
    assert station.desk.desk.look(MARYAM)["serial"] == first["serial"]
    assert (await station.desk.desk.issue(MARYAM, document=0))["approval"] == "waiting"
    assert on_screen(station.other)["name_fa"] == "مریم کریمی"


async def test_a_question_that_is_not_asked_again_is_over(station: Station) -> None:
    """The desk is dead: after ten seconds the pad shows nobody, and signs nothing for it."""
    await station.wanted(MARYAM)
    permit = on_screen(station.pad)["permit"]
    station.clock.ms += STALE_MS
    for act in (station.pad.pad.approve(permit), station.pad.pad.refuse(permit, "face")):
        with pytest.raises(Refused) as refused:
            await act
        assert refused.value.code == "approval-not-wanted"
    assert station.pad.pad.screen()["wanted"] is None
    assert station.pad.journal.state.account.permits == 0


async def test_a_pad_hears_only_its_own_desks(station: Station) -> None:
    """A ballot terminal asks; a desk's permit for another station; one with a broken signature.  Wanted: not shown."""
    told = await station.wanted(MARYAM)
    await station.desk.desk.aside()
    issued = station.desk.desk._issued[bytes.fromhex(told["serial"])][1]
    fields = cbor.as_list(cbor.decode(issued.permit), "permit")
    elsewhere = cbor.encode([*fields[:2], 7, *fields[3:]])
    signed = station.desk.identity.sign("permit", permit_hash(station.desk.identity.eh, elsewhere))
    cases = [
        (station.second.identity.device, issued),
        (station.desk.identity.device, IssuedPermit(issued.permit, bytes(64), b"")),
        (station.desk.identity.device, IssuedPermit(elsewhere, signed, b"")),
    ]
    for sender, one in cases:
        with pytest.raises(Refused) as refused:
            station.pad.pad.asked(sender, cbor.encode([one.permit, one.signature, "نام", 1350]))
        assert refused.value.code == "permit-not-signed"
    assert station.pad.pad.screen()["wanted"] is None


async def test_the_pads_sheet_is_over_its_approvals(station: Station) -> None:
    """J-6: the closing sheet, in the observer's hand, binds what was approved; afterwards nothing is signed."""
    hashes = []
    for person in (MARYAM, REZA):
        told = await station.wanted(person)
        permit = on_screen(station.pad)["permit"]
        hashes.append(bytes.fromhex(permit))
        await station.pad.pad.approve(permit)
        await station.desk.desk.approval(told["serial"])
    await station.pad.close_polls("")
    made = Sheet.decode(sheet.read_slip(tray(station.pad).last("closing").qr or "")[0])
    assert (made.permits, made.permit_root) == (2, merkle_root(sorted(hashes)))
    assert (made.prepared, made.cast) == (0, 0)
    assert tray(station.pad).last("closing").fields["approved"] == "2"
    assert "cast" not in tray(station.pad).last("closing").fields
    with pytest.raises(Refused):
        await station.pad.pad.approve("00")


async def test_who_is_no_pad_has_no_keys(station: Station) -> None:
    for terminal in (station.desk, station.second):
        with pytest.raises(Refused) as refused:
            _ = terminal.pad
        assert refused.value.code == "not-a-pad"
    with pytest.raises(Refused):
        _ = station.pad.desk


async def test_a_pad_of_another_station_approves_nothing_here(station: Station) -> None:
    """Its signature is good, and the permit names another station than the pad's."""
    identity, pad = station.desk.identity, station.pad.identity
    told = await station.wanted(MARYAM)
    issued = station.desk.desk._issued[bytes.fromhex(told["serial"])][1]
    elsewhere = replace(Permit.decode(issued.permit), station=7)
    ph = permit_hash(identity.eh, elsewhere.encode())
    with pytest.raises(Refused) as refused:
        require_approved(identity, elsewhere, elsewhere.encode(), pad.device, pad.sign("approve", ph))
    assert refused.value.code == "permit-not-approved"


async def test_a_pad_commands_no_station(station: Station) -> None:
    """A stolen pad tells the desk that voting is paused.  Wanted: not heard, and nothing is written."""
    before = station.desk.journal.state.head
    with pytest.raises(Refused):
        day_acts.told(station.desk, station.pad.identity.device, cbor.encode(["paused", "x"]))
    assert station.desk.journal.state.head == before
