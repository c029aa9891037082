"""One person's visit to a simulated station, by its screens and slips alone, whatever fails on the way.

Who stands before a dead screen waits and tries again with what they hold; who has waited too long goes, and what they
then know is what stands in the ledger.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from amanat.rehearsal.simulation.draw import Draw
from amanat.rehearsal.simulation.ledger import Ledger
from amanat.rules.national_id import NationalId
from amanat.station.slips import Slip

Screen = dict[str, Any]
OFFICERS: Final = ("نسرین پارسا", "بهرام صفایی")
CHECK_IN_MS: Final = (12_000, 40_000)  # of the clerk's time, before a permit is issued
CHOOSE_MS: Final = (15_000, 120_000)
AGAIN_MS: Final = (20_000, 240_000)
PATIENCE_MS: Final = 5_400_000
TRIES_MAX: Final = 60
VOID_AFTER_TRIES: Final = 4  # at a booth that does not take the permit, before officers replace it
NEVER: Final = ("station-closed", "voting-ended")


class PowerGone(Exception):
    """The terminal does not answer, or stopped half-way; what it did is unknown to the person before it."""


class Machine(Protocol):
    """A terminal as people reach it."""

    @property
    def device(self) -> int:
        """Its number in the election."""

    async def post(self, path: str, /, **body: object) -> Screen:
        """A key pressed, or a field filled in; the screen that follows.  Raises PowerGone."""

    def has(self, kind: str, ballot: str) -> bool:
        """Whether the slip of this kind about this ballot lies in its tray."""

    def take(self, kind: str) -> Slip | None:
        """The last slip of this kind that lies in its tray; it lies there no more."""


@dataclass(eq=False)
class Place:
    """A station as its visitors know it.  ``machine`` gives whichever terminal stands for a device now."""

    id: str
    devices: Sequence[int]  # in the order of their numbers; the spare is the last
    desk_device: int
    machine: Callable[[int], Machine]
    clerk: asyncio.Lock = field(default_factory=asyncio.Lock)
    booths: dict[int, asyncio.Lock] = field(default_factory=dict)
    stand_ins: dict[int, int] = field(default_factory=dict)  # the spare by the dead terminal that it stands for
    closes: bool = False  # the doors are shut: who is not served yet goes

    @property
    def desk(self) -> Machine:
        """The check-in terminal."""
        return self.machine(self.desk_device)

    def booth(self, device: int) -> asyncio.Lock:
        """The curtain of a booth."""
        return self.booths.setdefault(device, asyncio.Lock())


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants, and how they behave."""

    person: NationalId
    choices: Mapping[str, Sequence[str]]
    document: int = 0
    tests: int = 0
    walks_away: bool = False
    voided: bool = False  # walks away with the permit, is voided, comes back
    replaced: bool = False
    appeal: bool = False


class _Gone(Exception):
    """The person goes, for this reason."""


@dataclass(eq=False)
class Visit:
    """A visit under way, and what the person holds."""

    wish: Wish
    place: Place
    draw: Draw
    ledger: Ledger
    now_ms: Callable[[], int]
    slip: str = ""
    serial: str = ""
    booth: int = 0
    sealed: str = ""
    tests: int = 0
    tries: int = 0

    async def run(self) -> None:
        """From the door to the door."""
        self._until = self.now_ms() + PATIENCE_MS
        try:
            if not await self._steadily(self._check_in):
                return
            if self.wish.voided:
                await self._steadily(self._void)
            if self.wish.replaced or self.wish.voided:
                await self._steadily(self._replace)
            while not await self._steadily(self._vote):
                await self._steadily(self._replace)
        except _Gone as why:
            pressed = self.ledger.of(self.wish.person).pressed
            waits = self.sealed in pressed
            self._tell("unknown" if waits else "left", id=self.sealed if waits else self.serial, reason=str(why))

    def _tell(self, what: Any, *, id: str = "", reason: str = "", device: int | None = None) -> None:
        at = self.place.desk_device if device is None else device
        self.ledger.tell(self.wish.person, self.place.id, at, what, id=id, reason=reason)

    async def _steadily(self, act: Callable[[], Any]) -> Any:
        """Does it until it has an answer; a dead screen is waited for."""
        while True:
            try:
                found = await act()
            except PowerGone:
                found = None
            if found is not None:
                return found
            self.tries += 1
            if self.now_ms() > self._until or self.tries > TRIES_MAX or self.place.closes:
                raise _Gone("waited too long")
            await _pass(self.draw.between(*AGAIN_MS))

    # At the desk

    async def _check_in(self) -> bool | None:
        """True with a permit in hand, False where they were refused, None to try again."""
        person, desk = self.wish.person, self.place.desk
        async with self.place.clerk:
            await desk.post("/api/desk/present")
            screen = await desk.post("/api/desk/look", national_id=person)
            if not screen.get("ok"):
                return self._answer(screen)
            appeals = self.wish.appeal and screen["decision"] == "checked-in-already"
            if screen["decision"] != "eligible" and not appeals:
                self._tell("refused", reason=str(screen["decision"]))
                return False
            await _pass(self.draw.between(*CHECK_IN_MS))
            more = {"appeal": list(OFFICERS)} if appeals else {}
            try:
                screen = await desk.post(
                    "/api/desk/issue",
                    national_id=person,
                    document=self.wish.document,
                    contests=list(self.wish.choices),
                    **more,
                )
            finally:
                has_slip = self._keep(desk.take("permit"))
            if has_slip:
                return True
            if screen.get("ok") and screen.get("decision") not in (None, "eligible"):
                self._tell("refused", reason=str(screen["decision"]))  # somebody was quicker under this number
                return False
            self._answer(screen)
            return None

    def _keep(self, slip: Slip | None) -> bool:
        if slip is None or not slip.qr:
            return False
        self.slip, self.serial = slip.qr, slip.fields["serial"]
        number = int(slip.fields["ballot_terminal"])
        self.booth = self.place.devices[number - 1]
        self.sealed = ""
        self._tell("permit", id=self.serial)
        return True

    def _answer(self, screen: Screen) -> bool | None:
        """True where it was done, None to try again."""
        if screen.get("code") in NEVER:
            raise _Gone(str(screen["code"]))
        return True if screen.get("ok") else None

    async def _void(self) -> bool | None:
        """They went away with the permit; two officers void it, at its booth."""
        desk = self.place.desk
        async with self.place.clerk:
            screen = await desk.post("/api/desk/void", serial=self.serial, reason="voter-left", officers=list(OFFICERS))
        if not screen.get("ok") and screen.get("code") == "booth-silent":
            return True  # it stays as it is, and the voter comes back with it
        return self._answer(screen)

    async def _replace(self) -> bool | None:
        """Another permit for the one in hand (C-7)."""
        desk = self.place.desk
        async with self.place.clerk:
            try:
                screen = await desk.post(
                    "/api/desk/replace", serial=self.serial, reason="replaced", officers=list(OFFICERS)
                )
            finally:
                has_slip = self._keep(desk.take("permit"))
        if has_slip or screen.get("code") == "permit-cast":
            return True
        if screen.get("code") == "permit-replaced":  # the slip before this one never reached the hand
            return await self._again()
        self._answer(screen)
        return None

    async def _again(self) -> bool | None:
        """The person who was served last asks for the paper again."""
        desk = self.place.desk
        async with self.place.clerk:
            try:
                await desk.post(
                    "/api/desk/issue",
                    national_id=self.wish.person,
                    document=self.wish.document,
                    contests=list(self.wish.choices),
                )
            finally:
                has_slip = self._keep(desk.take("permit"))
        return True if has_slip else None

    # Behind the curtain

    async def _vote(self) -> bool | None:
        """True when they are told something, False where the permit must be replaced, None to try again."""
        async with self.place.booth(self.booth):
            booth = self.place.machine(self.place.stand_ins.get(self.booth, self.booth))
            screen = await booth.post("/api/booth/permit", slip=self.slip)
            if screen.get("told") == "cast":
                return self._told_cast(booth, screen)
            if screen.get("code") == "booth-busy":
                await booth.post("/api/booth/leave")  # whoever was here went without a word: an officer helps
                return None
            if not screen.get("ok"):
                return self._not_taken(screen)
            if self.wish.walks_away:
                await booth.post("/api/booth/leave")
                self._tell("left", id=self.serial, reason="walked away", device=booth.device)
                return True
            await _pass(self.draw.between(*CHOOSE_MS))
            if not await self._decide(booth):
                return None
            self.ledger.of(self.wish.person).pressed.append(self.sealed)
            try:
                screen = await booth.post("/api/booth/cast")
            except PowerGone:
                if not booth.has("cast", self.sealed):
                    raise
                screen = {"told": "cast"}  # the screen is dark, and the slip in the tray says it
            return self._told_cast(booth, screen) if screen.get("told") == "cast" else None

    async def _decide(self, booth: Machine) -> bool:
        """The choices are sealed, after as many tests as they want."""
        is_sealed = await self._seal(booth)
        while is_sealed and self.tests < self.wish.tests:
            if not (await booth.post("/api/booth/test")).get("ok"):
                return False
            self.tests += 1
            self._tell("tested", id=self.sealed, device=booth.device)
            is_sealed = await self._seal(booth)
        return is_sealed

    def _not_taken(self, screen: Screen) -> bool | None:
        code = screen.get("code")
        if code in ("permit-replaced", "permit-of-dead-booth", "permit-other-terminal"):
            return False
        if self.tries >= VOID_AFTER_TRIES:
            return False
        return None

    async def _seal(self, booth: Machine) -> bool:
        choices = {contest: list(codes) for contest, codes in self.wish.choices.items()}
        try:
            screen = await booth.post("/api/booth/seal", choices=choices)
        finally:
            slip = booth.take("prepared")
        if not screen.get("ok") or slip is None:
            return False
        self.sealed = slip.fields["ballot"]
        return True

    def _told_cast(self, booth: Machine, screen: Screen) -> bool:
        slip = booth.take("cast")
        ballot = slip.fields["ballot"] if slip is not None else self.sealed
        self._tell("cast", id=ballot, device=booth.device, reason=str(screen.get("receipt") or screen.get("code")))
        return True


async def _pass(ms: int) -> None:
    await asyncio.sleep(ms / 1000)
