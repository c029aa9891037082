"""Who is behind which curtain, on the desk's screen: busy or free, how many are on their way, and who walked away.

A desk whose page is looked at asks every booth's terminal of its station over the station's network; the booth answers
at once when something changes, and otherwise after `HELD_SECONDS`.  Nothing of it is stored; no vote waits for it.  A
booth names a permit only when its voter is absent, since the desk must be able to void it (C-7, C-12).
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from amanat.records import cbor
from amanat.records.device import ROLE_BALLOT, ROLE_CHECK_IN
from amanat.rules import persian
from amanat.station.booth import Booth
from amanat.station.clock import Clock
from amanat.station.journal import Journal
from amanat.station.lan import FAULTS, Colleague, Lan
from amanat.station.package import Identity
from amanat.station.refusal import Refused

Screen = dict[str, Any]
HELD_SECONDS: Final = 3.0  # of real time, for which a booth keeps a question that has no new answer
WATCHED_SECONDS: Final = 4.0  # after a page's last look nobody watches any more
SILENT_SECONDS: Final = 1.0  # before a booth that did not answer is asked again
SENTENCES: Final = {
    "voter-left": ("غرفهٔ {n}: رأی‌دهنده رفت و رأی نداده است", "Booth {n}: the voter left without casting"),
    "left-uncast": ("غرفهٔ {n}: رأی‌دهنده بدون رأی بیرون رفت", "Booth {n}: the voter went out without a vote"),
}


@dataclass(frozen=True, slots=True)
class BoothState:
    """What is shown of a booth; ``absent`` gives kind and wall ms by serial, ``cast`` counts this journal's casts."""

    busy: bool = False
    absent: tuple[tuple[bytes, str, int], ...] = ()
    cast: int = 0

    def screen(self) -> Screen:
        """As it travels."""
        absent = [[serial.hex(), kind, since] for serial, kind, since in self.absent]
        return {"ok": True, "busy": self.busy, "absent": absent, "cast": self.cast}

    @classmethod
    def read(cls, screen: Mapping[str, Any]) -> "BoothState":
        """From a colleague's answer; ValueError if it is none."""
        try:
            absent = tuple((bytes.fromhex(serial), str(kind), int(since)) for serial, kind, since in screen["absent"])
            if any(kind not in SENTENCES for _, kind, _ in absent):
                raise ValueError("absent")
            return cls(bool(screen["busy"]), absent, int(screen["cast"]))
        except (KeyError, TypeError) as cause:
            raise ValueError("presence") from cause


class Presence:
    """One terminal's part: it answers for its own booth, and as a desk it watches those of the station."""

    def __init__(
        self,
        identity: Identity,
        journal: Journal,
        lan: Lan,
        booth: Booth | None,
        clock: Clock,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._identity = identity
        self._timer = timer
        self._journal = journal
        self._clock = clock
        self._lan = lan
        self._booth = booth
        self._shown = BoothState()
        self._version = int.from_bytes(identity.random(4), "big")  # another one after a restart
        self._changed = asyncio.Event()
        self._held = 0  # questions that wait for a change
        self._nobody_waits = asyncio.Event()
        self._nobody_waits.set()
        self._closing = False
        self._heard: dict[int, tuple[BoothState, float]] = {}
        self._seen: set[tuple[bytes, int]] = set()
        self._watched_until = 0.0
        self._watched = asyncio.Event()
        booths = {c.device for c in identity.colleagues if c.has(ROLE_BALLOT)}
        self.watches = (
            [c for c in lan.colleagues if c.device in booths] if identity.certificate.has(ROLE_CHECK_IN) else []
        )
        self.is_only_desk = sum(c.has(ROLE_CHECK_IN) for c in identity.colleagues) == 1

    # The booth's part

    def look(self) -> None:
        """After any act: if the booth changed, whoever asked is answered now."""
        if self._booth is None:
            return
        began = {(serial, kind): since for serial, kind, since in self._shown.absent}
        absent = tuple(
            (serial, kind, began.get((serial, kind)) or self._clock.now_ms())
            for serial, kind in self._booth.absent.items()
        )
        now = BoothState(self._booth.busy, absent, len(self._journal.state.cast))
        if now != self._shown:
            self._shown = now
            self._version += 1
            self._changed.set()
            self._changed = asyncio.Event()

    async def answer(self, _: int, body: bytes) -> Screen:
        """A desk asks: [the version it knows] is answered when there is another, or after a while."""
        (known,) = cbor.as_list(cbor.decode(body), "presence", size=1)
        if self._booth is None:
            raise Refused("not-a-booth")
        self.look()
        if cbor.as_uint(known, "version") == self._version and not self._closing:
            self._held += 1
            self._nobody_waits.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), HELD_SECONDS)
            except TimeoutError:
                pass  # the same again: it lives, and nothing changed
            finally:
                self._held -= 1
                if not self._held:
                    self._nobody_waits.set()
        return self._shown.screen() | {"version": self._version}

    async def close(self) -> None:
        """Answer whoever still waits."""
        self._closing = True
        self._changed.set()
        await self._nobody_waits.wait()

    # The desk's part

    def watch(self) -> None:
        """Somebody looks at a page of this desk."""
        self._watched_until = self._timer() + WATCHED_SECONDS
        self._watched.set()

    async def run(self, colleague: Colleague) -> None:
        """Ask one booth for as long as somebody looks; what fails is asked again."""
        version = 0
        while True:
            await self._watched.wait()
            if self._timer() > self._watched_until:
                self._watched.clear()
                continue
            try:
                screen = json.loads(await self._lan.ask(colleague, "/lan/presence", cbor.encode([version])))
                if not screen.get("ok"):
                    raise ValueError(str(screen.get("code")))
                version = int(screen["version"])
                self._heard[colleague.device] = BoothState.read(screen), self._timer()
                colleague.alive = True
            except (*FAULTS, KeyError):
                colleague.alive = False
                await asyncio.sleep(SILENT_SECONDS)

    def state_of(self, device: int) -> BoothState:
        """What we know of a booth."""
        if device == self._identity.device:
            return self._shown
        return self._heard.get(device, (BoothState(), 0.0))[0]

    @property
    def is_fresh(self) -> bool:
        """Whether every living booth was heard just now, so that what is known of them can be compared."""
        limit = self._timer() - HELD_SECONDS - WATCHED_SECONDS
        return all(self._heard.get(c.device, (None, 0.0))[1] > limit for c in self.watches if c.alive)

    def booths(self, sent: Mapping[int, int]) -> list[Screen]:
        """The booths of the station as a desk's page shows them; ``sent`` counts our permits by booth."""
        alive = {c.device: c.alive for c in self._lan.colleagues}
        return [
            self._row(c.device, alive.get(c.device, True), sent)
            for c in self._identity.colleagues
            if c.has(ROLE_BALLOT)
        ]

    def _row(self, device: int, alive: bool, sent: Mapping[int, int]) -> Screen:
        state = self.state_of(device)
        left = [since for _, kind, since in state.absent if kind == "voter-left"]
        return {
            "terminal": self._identity.number(device),
            "busy": state.busy,
            "alive": alive,
            "away_since_ms": left[0] if left else None,
            "waiting": self.waiting_at(device, sent),
        }

    def waiting_at(self, device: int, sent: Mapping[int, int]) -> int | None:
        """Permits of ours for this booth that were not cast; None where another desk sends voters there too."""
        if not self.is_only_desk:
            return None
        return max(0, sent.get(device, 0) - self.state_of(device).cast)

    def _alarms(self) -> list[tuple[int, bytes, str, int]]:
        booths = [c.device for c in self._identity.colleagues if c.has(ROLE_BALLOT)]
        return [
            (device, serial, kind, since)
            for device in booths
            for serial, kind, since in self.state_of(device).absent
            if (serial, since) not in self._seen
        ]

    def alarms(self) -> list[Screen]:
        """Voters who went and whose permit is open: until they are back, the permit is void, or it was seen."""
        shown = []
        for device, serial, kind, since in self._alarms():
            number = self._identity.number(device)
            fa, en = SENTENCES[kind]
            words = {"fa": fa.format(n=persian.number(number)), "en": en.format(n=number)}
            shown.append({"kind": kind, "terminal": number, "serial": serial.hex(), "since_ms": since} | words)
        return shown

    def seen(self, serial: str) -> Screen:
        """The clerk saw an alarm and does nothing else; recorded (J-1, incident)."""
        found = next((one for one in self._alarms() if one[1].hex() == serial.lower()), None)
        if found is None:
            raise Refused("no-such-alarm")
        device, of, kind, since = found
        self._journal.write("incident", [kind, f"booth {self._identity.number(device)} {of.hex()} seen"])
        self._seen.add((of, since))
        return {"ok": True}
