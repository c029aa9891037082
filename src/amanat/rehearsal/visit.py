"""One person's visit: from the document on the desk to the slip in the hand, through a station's screens alone.

A power cut may fall anywhere in it.  What the person already holds (a permit, a slip) stays in their hand, and the
visit goes on from there when the power is back: the same permit is presented again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from amanat.errors import Rejected
from amanat.rehearsal.ledger import Line
from amanat.rehearsal.people import Visit
from amanat.rehearsal.printer import Printers, Slip
from amanat.rehearsal.terminal import PowerGone, Screen, Terminal

T = TypeVar("T")
TRIES: Final = 3
TRY_AGAIN_SECONDS: Final = 0.1
NATIONAL_CARD: Final = 0  # the document kind that people show


class Unexpected(Rejected):
    """A screen that no honest station shows at this point."""


@dataclass(eq=False)
class Place:
    """A station as its visitors know it: a desk with one clerk, booths with one voter at a time, perhaps observers.

    ``terminals`` are all of them, ``pads`` those in observers' hands.
    """

    id: str
    terminals: list[Terminal]
    pads: Sequence[Terminal] = ()
    clerk: asyncio.Lock = field(default_factory=asyncio.Lock)
    booths: dict[int, asyncio.Lock] = field(default_factory=dict)
    powered: bool = True
    waiting: list["Errand"] = field(default_factory=list)

    @property
    def desk(self) -> Terminal:
        """The check-in terminal."""
        return self.terminals[0]

    def booth(self, number: int) -> asyncio.Lock:
        """The curtain of booth `number`, from 1."""
        return self.booths.setdefault(number, asyncio.Lock())


@dataclass(eq=False)
class Errand:
    """A visit under way, and what the person holds."""

    visit: Visit
    permit: str | None = None
    booth: int = 0
    tested: int = 0
    sealed: str | None = None

    def line(self, told: Any, *, reason: str | None = None, ballot: str | None = None) -> Line:
        """What the person will tell."""
        visit = self.visit
        return Line(visit.person, visit.station, told, reason, ballot, self.tested, visit.choices)

    def keep(self, slip: Slip) -> None:
        """Takes a permit slip in hand."""
        self.permit = slip.qr
        self.booth = int(slip.fields["ballot_terminal"])


def require(screen: Screen, *, at: str) -> Screen:
    """The screen, if it is not a refusal.  Raises Unexpected."""
    if not screen.get("ok"):
        raise Unexpected("screen-unexpected", at=at, screen=str(screen))
    return screen


async def present(place: Place) -> None:
    """A document is laid on the desk: the station may ask headquarters while the person waits."""
    await place.desk.post("/api/desk/present")


async def serve(errand: Errand, place: Place, printers: Printers) -> Line:
    """The rest of the visit.  Raises PowerGone (the errand can be served again later) and Unexpected."""
    if errand.permit is None:
        async with place.clerk:
            refused = await steadily(place, lambda: check_in(errand, place, printers))
        if refused is not None:
            return refused
    async with place.booth(errand.booth):
        return await steadily(place, lambda: vote(errand, place.terminals[errand.booth - 1], printers))


async def steadily(place: Place, act: Callable[[], Awaitable[T]]) -> T:
    """Does it again where a connection broke though the lights are on; a power cut raises PowerGone."""
    for _ in range(TRIES):
        try:
            return await act()
        except PowerGone:
            if not place.powered:
                raise
            await asyncio.sleep(TRY_AGAIN_SECONDS)
    return await act()


async def check_in(errand: Errand, place: Place, printers: Printers) -> Line | None:
    """At the desk: a refusal as the person hears it, or None with the permit in hand."""
    desk, person = place.desk, errand.visit.person
    screen = require(await desk.post("/api/desk/look", national_id=person), at="look")
    decision = screen["decision"]
    if decision != "eligible":
        return errand.line("refused", reason=decision)
    try:
        wanted = list(errand.visit.choices)
        screen = require(
            await desk.post("/api/desk/issue", national_id=person, document=NATIONAL_CARD, contests=wanted), at="issue"
        )
        if "approval" in screen:
            await observed(place, screen)
        elif screen["serial"] is None:  # news came between the look and the press: the desk decided again
            return errand.line("refused", reason=screen["decision"])
    finally:
        slip = printers.take(desk.device, "permit")  # it may have come out just before the light went
        if slip is not None:
            errand.keep(slip)
    if slip is None:
        raise Unexpected("slip-missing", kind="permit", station=place.id)
    return None


async def observed(place: Place, screen: Screen) -> None:
    """The observer looks at the person and presses the key; the clerk's page asks until the slip is out (C-9)."""
    serial = screen["serial"]
    for _ in range(TRIES):
        if screen["approval"] == "approved":
            return
        for pad in place.pads:
            shown = require(await pad.ask("GET", "/api/pad"), at="pad")["wanted"]
            if shown is not None:
                require(await pad.post("/api/pad/approve", permit=shown["permit"]), at="approve")
        screen = require(await place.desk.post("/api/desk/approval", serial=serial), at="approval")
    if screen["approval"] != "approved":
        raise Unexpected("screen-unexpected", at="approval", screen=str(screen))


async def vote(errand: Errand, booth: Terminal, printers: Printers) -> Line:
    """Behind the curtain: permit, choices, perhaps a test, cast."""
    screen = await booth.post("/api/booth/permit", slip=errand.permit)
    if screen.get("told") == "cast":  # the power went after a ballot was in the box; its slip comes again
        ballot = ballot_on(printers.take(booth.device, "cast"), booth)
        ours = ballot == errand.sealed
        return errand.line("cast", ballot=ballot) if ours else errand.line("refused", reason="checked-in-already")
    require(screen, at="permit")
    if errand.visit.leaves:
        require(await booth.post("/api/booth/leave"), at="leave")
        return errand.line("left")
    choices = {contest: list(codes) for contest, codes in errand.visit.choices.items()}
    while errand.tested < errand.visit.tests:
        await seal(errand, booth, choices, printers)
        require(await booth.post("/api/booth/test"), at="test")
        errand.tested += 1
    await seal(errand, booth, choices, printers)
    screen = require(await booth.post("/api/booth/cast"), at="cast")
    ballot = ballot_on(printers.take(booth.device, "cast"), booth)
    if screen["told"] != "cast" or ballot != errand.sealed:
        raise Unexpected("screen-unexpected", at="cast", screen=f"{screen} {ballot} {errand.sealed}")
    return errand.line("cast", ballot=ballot)


async def seal(errand: Errand, booth: Terminal, choices: dict[str, list[str]], printers: Printers) -> None:
    """Choices leave the screen; the first slip names the sealed ballot."""
    require(await booth.post("/api/booth/seal", choices=choices), at="seal")
    errand.sealed = ballot_on(printers.take(booth.device, "prepared"), booth)


def ballot_on(slip: Slip | None, booth: Terminal) -> str:
    """The ballot id on a slip, in hex."""
    if slip is None:
        raise Unexpected("slip-missing", kind="ballot", station=str(booth.device))
    return slip.fields["ballot"]


__all__ = ["Errand", "Place", "PowerGone", "Unexpected", "present", "require", "serve"]
