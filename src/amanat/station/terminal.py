"""One terminal: one device, one key, one journal; its desk, booth, sheets and link, put together and started."""

import asyncio
import contextlib
import functools
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from amanat.records.cbor import Value
from amanat.records.device import ROLE_APPROVE, ROLE_BALLOT, ROLE_CHECK_IN
from amanat.records.journal import genesis
from amanat.records.permit import IssuedPermit, Permit
from amanat.records.register import RegisterView
from amanat.rules import national_id
from amanat.station import config, usb
from amanat.station.account import StationAccount
from amanat.station.approval import Approvals, Pad
from amanat.station.booth import Booth
from amanat.station.checked_in_list import CheckedInList, Rhythm
from amanat.station.clock import Clock
from amanat.station.config import Address
from amanat.station.day import Day
from amanat.station.deltas import Deltas
from amanat.station.desk import Desk
from amanat.station.exercise import Exercise
from amanat.station.hearing import Hearing
from amanat.station.journal import VOTERS_ON_THEIR_WAY, Journal
from amanat.station.lan import Lan
from amanat.station.link import Link
from amanat.station.look_ups import LookUps
from amanat.station.media import TwoMedia
from amanat.station.narrow import Modem, Narrow
from amanat.station.news import News
from amanat.station.officers import Releases
from amanat.station.parts import Parts
from amanat.station.presence import Presence
from amanat.station.printer import SlipPrinter
from amanat.station.readers import BIOMETRIC, open_readers
from amanat.station.refusal import Refused
from amanat.station.register_age import RegisterAge
from amanat.station.right_day import require_polling_day
from amanat.station.sheets import Sheets
from amanat.station.strip import status_of
from amanat.station.take_over import Carried
from amanat.station.upkeep import Upkeep
from amanat.station.verification import Verification
from amanat.station.watch import Watch

Screen = dict[str, Any]
INCIDENT_LETTERS_MAX = 500
RESTART_SECONDS = 60.0  # before background work that failed begins again


class Terminal:
    """A started terminal; `api` shows it, `start` runs its background work, `close` lets everything go.

    Raises, when it is made:
        BadInput, Rejected, MediumLost: it cannot start, and nothing was signed.
    """

    def __init__(
        self,
        home: Path,
        clock: Clock,
        *,
        printer: str | None = None,
        seed: bytes | None = None,
        parts: Parts | None = None,
    ) -> None:
        """See `Parts.read`, unless somebody gives the parts."""
        parts = parts or Parts.read(home, printer=printer, seed=seed)
        self.home = home
        self.settings = parts.settings
        self.clock = clock
        self.identity = parts.identity
        self.roles = self.identity.certificate.roles
        self.candidates = self.identity.package.candidates
        self.printer = parts.printer
        self._parts = parts
        self._media = list(parts.media)
        eh, certificate = self.identity.eh, self.identity.package.certificates[self.identity.device]
        hands = parts.ports.hands
        media = TwoMedia(self._media, owner=genesis(eh, certificate), hands=hands, timer=parts.ports.timer)
        seed = self.identity.seed
        self.journal = Journal(media, eh=eh, certificate=certificate, seed=seed, clock=clock, hands=hands)
        try:
            self.readers = open_readers(self.settings.readers, home=home, file=home / config.FILE)
            self._assemble()
        except BaseException:  # whatever it was, the media go back to who may need them
            self._close_media()
            raise
        self._tasks: list[asyncio.Task[None]] = []
        self.releases = Releases(home, self.journal)

    def _assemble(self) -> None:
        """Recover the journal, then build everything on its fold."""
        self.journal.recover()
        settings, identity, ports = self.settings, self.identity, self._parts.ports
        rhythm = Rhythm.read(settings.checked_in_list, file=str(self.home / config.FILE))
        modem = Modem.read(settings.narrow, home=self.home, file=self.home / config.FILE)
        wire = self._parts.wire()
        deltas = Deltas(self.home / "deltas", identity)
        register = deltas.view(self.journal.state.register_version)
        addresses = [Address.read(text, home=self.home) for text in settings.peers]
        cable = self._parts.cable()
        self.lan = Lan(identity, self.journal, addresses, self.clock, cable, folder=self.home / "colleagues")
        self.lan.has_room = self.has_booth_room
        self.carried = Carried(self.home, identity, self.lan.copies)
        self.carried.require_whole(self.journal)
        self.lan.stand_in_for(self.carried.states)
        self.news = News(self.home / "news.notes", eh=identity.eh)
        self.sheets = Sheets(identity, self.journal, self.printer)
        self.link: Link | None = None
        if wire is not None:
            self.link = Link(identity, self.journal, self.lan, self.news, register, deltas, self.clock, wire)
        self.hearing = Hearing(self.lan, self.link)
        self._booth: Booth | None = None
        if self.roles & ROLE_BALLOT:
            made = functools.partial(Booth, identity, self.journal, self.printer, home=self.home)
            self._booth = made(test_page=settings.test_page, new_key=ports.visit_key)
        self.upkeep = Upkeep(self.home, settings, identity, self.journal, self._booth, self._media)
        self.sheets.voters_left = self.upkeep.voters_left
        self.presence = Presence(identity, self.journal, self.lan, self._booth, self.clock, ports.timer)
        self.look_ups = LookUps(self.journal, self.clock)
        self._register_age = RegisterAge(self.journal, identity.package.register.header.made)
        self._desk = self._make_desk(register) if self.roles & ROLE_CHECK_IN else None
        self._pad: Pad | None = None
        if self.roles & ROLE_APPROVE:
            self._pad = Pad(identity, self.journal, self.clock, self._require_open)
        account = StationAccount(identity, self.journal, self.lan.copies)
        self.day = Day(identity, self.journal, self.lan, account, self.clock, settings.legal_end, self._require_open)
        self.watch = Watch(
            self.journal,
            self.clock,
            Path(settings.power) if settings.power else None,
            may_write=self._may_write,
            wrote=self.wrote,
            every_seconds=ports.look_seconds,
        )
        self._assemble_fallbacks(rhythm, modem)
        self.practice = Exercise(self.home, identity, self.clock) if identity.training else None
        self._is_resumed = False

    def _make_desk(self, register: RegisterView) -> Desk:
        acts = (self.seconds_since_answer, self._choose_booth, self._void)
        verification = Verification(self.journal, self.readers.get(BIOMETRIC), self.identity.random)
        approvals = Approvals(self.identity, self.journal, self.lan, register, self._void)
        parts = (self.identity, self.journal, register, self.news, self.printer)
        return Desk(*parts, *acts, verification, approvals, self.carried.entries())

    async def _watch_printer(self) -> None:
        if isinstance(self.printer, SlipPrinter):
            await self.printer.watch(self.clock)

    def _assemble_fallbacks(self, rhythm: Rhythm, modem: Modem | None) -> None:
        """What carries on when the rest does not: the list on paper, the narrow band."""
        self._list: CheckedInList | None = None
        if self._desk is not None:
            self._list = CheckedInList(self.home, self.identity, self.journal, self.printer, self.clock, rhythm)
        self._narrow: Narrow | None = None
        if self.link is not None and modem is not None:
            self._narrow = Narrow(modem, self.identity, self.journal, self.lan, self.link, self.news, self.clock)

    def _resume(self) -> None:
        """What a restart writes before its first act: the dropped ballot of a cut, and that there was one (B-8, J-3).

        Not at the start itself: until somebody acts, headquarters or a colleague may still say that they hold more of
        this journal than we do, and then nothing must be signed (J-7).
        """
        state = self.journal.state
        if not self._is_resumed and state.opened and not state.closed:
            if self._booth is not None:
                self._booth.settle()
            self.journal.write("recovered", ["restart"])
            self.carried.hand_over(self.journal)
        self._is_resumed = True

    def _close_media(self) -> None:
        for medium in self._media:
            medium.close()

    @property
    def desk(self) -> Desk:
        """The check-in desk; Refused where this terminal is none or is not open."""
        if self._desk is None:
            raise Refused("not-a-desk")
        self._require_open()
        return self._desk

    @property
    def booth(self) -> Booth:
        """The voting booth; Refused where this terminal is none."""
        if self._booth is None:
            raise Refused("not-a-booth")
        self._resume()
        return self._booth

    @property
    def pad(self) -> Pad:
        """The observer's pad; Refused where this terminal is none."""
        if self._pad is None:
            raise Refused("not-a-pad")
        return self._pad

    @property
    def exercise(self) -> Exercise:
        """The exercise; Refused in an election that is none."""
        if self.practice is None:
            raise Refused("no-exercise")
        return self.practice

    def check_in(self, text: str, *, appeal: bool = False) -> Desk:
        """The desk, for somebody new: not while paused, nor after the end.  Whom we served may ask again."""
        desk = self.desk
        if appeal or national_id.parse(text) not in self.journal.state.checked_in:
            self.day.require_checking_in()
        return desk

    def _require_open(self) -> None:
        if self.journal.stopped is not None:
            raise self.journal.stopped
        if not self.journal.state.opened:
            raise Refused("station-not-open")
        if self.journal.state.closed:
            raise Refused("station-closed")
        self._resume()

    def _may_write(self) -> bool:
        """Whether an entry that nobody asked for may be signed now (J-7)."""
        state = self.journal.state
        return self._is_resumed and state.opened and not state.closed and self.journal.stopped is None

    def scrub(self) -> None:
        """Read the next frame back, once this terminal has acted: what is found may have to be signed for (J-7)."""
        if self._is_resumed:
            self.journal.scrub()

    def start(self) -> None:
        """Begin the background work: a gateway delivers to headquarters, the others to their gateway."""
        work = self.lan.run if self.link is None else self.link.run
        carry = functools.partial(self.carried.run, self.lan, self.clock)
        works: list[Callable[[], Awaitable[None]]] = [work, self.watch.run, carry]
        if self.link is not None:
            works.append(self.lan.run)
        self._tasks.append(self.hearing.start())
        works += [functools.partial(self.presence.run, colleague) for colleague in self.presence.watches]
        self._tasks += [asyncio.create_task(self._again_and_again(one)) for one in works]
        papers: list[Callable[[], Awaitable[None]]] = [self._watch_printer]
        papers += [one.run for one in (self._list, self._narrow) if one is not None]
        self._tasks += [asyncio.create_task(self._again_and_again(run)) for run in papers]

    async def _again_and_again(self, work: Callable[[], Awaitable[None]]) -> None:
        """A fault of our own in the background is logged and does not end the deliveries of the day."""
        while True:
            try:
                return await work()
            except Exception:
                logging.exception("background work of device %d", self.identity.device)
                await self.clock.sleep(RESTART_SECONDS)

    async def close(self) -> None:
        """Stop the background work and give the media back."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.presence.close()
        await self.lan.close()
        self.news.close()
        if self._list is not None:
            self._list.close()
        self._close_media()

    def wrote(self) -> None:
        """After an act that wrote entries: give them to the gateway; a sealed ballot waits for what becomes of it."""
        self.releases.note()
        self.look_ups.watch()
        if self._list is not None:
            self._list.wrote()
        if self.journal.state.open_prepared is None:
            self.lan.wrote()
            if self.link is not None:
                self.link.wrote()
        if self.journal.state.closed:
            self.poke_link()

    def poke_link(self) -> None:
        """A voter came or got a permit: ask and tell headquarters now."""
        if self.link is not None:
            self.link.poke()

    def seconds_since_answer(self) -> int | None:
        """Since headquarters' last answer, None if there was none; a plain number, no lock and no socket."""
        last = self.link.last_answer_ms if self.link is not None else None
        return None if last is None else max(0, self.clock.now_ms() - last) // 1000

    def has_booth_room(self) -> bool:
        """Whether a desk may send another voter: as many as may be on their way still fit, and the closing."""
        return self._booth is not None and self.journal.stopped is None and self._booth.has_room(VOTERS_ON_THEIR_WAY)

    def _choose_booth(self, wanted: int | None) -> int:
        load = self._booth_load if self.presence.is_fresh else None
        return self.lan.choose_booth(own_room=self.has_booth_room(), wanted=wanted, load=load)

    def _booth_load(self, device: int) -> int:
        """How many are before a voter at this booth: behind the curtain, or on their way."""
        assert self._desk is not None
        waiting = self.presence.waiting_at(device, self._desk.sent)
        return int(self.presence.state_of(device).busy) if waiting is None else waiting

    def seen(self, serial: str) -> Screen:
        """The clerk saw an alarm."""
        self._require_open()
        return self.presence.seen(serial)

    async def _void(self, issued: IssuedPermit, reason: str) -> bool:
        decoded = Permit.decode(issued.permit)
        self.day.account.require_not_cast(decoded.serial)
        if decoded.ballot_device != self.identity.device and decoded.ballot_device not in self.carried.states:
            return await self.lan.void(issued, reason)
        self.booth.void(decoded.serial, reason)
        return True

    async def accept(self, slip: str) -> Screen:
        """A permit before the booth; while the voting is paused no new one is taken, and it stays good."""
        if not self.booth.busy:
            self.day.require_not_paused()
        if (cast := self.carried.cast_of(slip)) is not None:
            return await self.booth.tell_carried(cast.device, cast.id, cast.signature)
        return await self.booth.accept(slip)

    async def open(self, officers: Sequence[str], witnesses: str = "", *, other_day: bool = False) -> Screen:
        """Two officers open before witnesses, where all terminals of the station hold one election's package.

        ``other_day``: they know that the clock shows another day.
        """
        if not self.journal.state.opened:
            await self.day.require_one_election()
        self._resume()
        version = self._desk.register.version if self._desk else self.identity.package.register.version
        day = functools.partial(require_polling_day, self.identity, self.journal, self.clock, confirmed=other_day)
        screen = await self.sheets.open(officers, witnesses, register_version=version, before=day)
        self.carried.hand_over(self.journal)
        return screen

    async def hourly(self) -> Screen:
        """A sheet in between."""
        self._resume()
        return await self.sheets.hourly()

    async def close_polls(self, explanation: str, officers: Sequence[str] = ()) -> Screen:
        """Close this terminal; nothing is signed afterwards.  What does not hold two officers explain (J-9)."""
        self._resume()
        self.sheets.require_can_close(busy=self._booth is not None and self._booth.busy)
        if not self.journal.state.closed:
            await self.day.hear_everybody()
            self.sheets.require_can_close(busy=self._booth is not None and self._booth.busy)
            self.day.settle(explanation, officers)
        return await self.sheets.close()

    def take_copies(self, device: int, values: Sequence[Value]) -> Screen:
        """A colleague's entries; once we are closed ourselves they are delivered at once.  How far we hold it now."""
        head = self.lan.take(device, values)
        if self.link is not None and values:
            self.link.wrote()
        if self.journal.state.closed:
            self.poke_link()
        return {"ok": True, "held": head.seq if head else -1, "head": head.hash.hex() if head else ""}

    def write_usb(self, path: Path, *, lost: bool = False) -> Screen:
        """All journals this terminal holds, sealed for headquarters; the file's path; ``lost`` as in `usb.to_carry`."""
        journals = [self.journal.entries, *(copies.entries for copies in self.lan.copies.values())]
        return {"ok": True, "path": str(usb.write(path, usb.bundle(self.identity, usb.to_carry(journals, lost=lost))))}

    @property
    def checked_in_list(self) -> CheckedInList:
        """The printed list; Refused where nobody is checked in."""
        if self._list is None:
            raise Refused("not-a-desk")
        return self._list

    def note_incident(self, text: str) -> Screen:
        """What a supervisor saw, for the boards to read."""
        self._require_open()
        self.journal.write("incident", ["supervisor", text[:INCIDENT_LETTERS_MAX]])
        return {"ok": True}

    def present(self) -> Screen:
        """A document lies on the desk: ask headquarters for news, and wait for nothing."""
        self.poke_link()
        return {"ok": True}

    def status(self) -> Screen:
        """What every screen shows."""
        return status_of(self)
