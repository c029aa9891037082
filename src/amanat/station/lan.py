"""The station's own network: each terminal gives the gateway a copy of its journal, and desks void permits at booths.

No voter waits for it, except that replacing a permit asks the terminal it names first (C-7).  Every request is signed
by its sender, Sign(device, "lan", ID("lan", path ‖ 0A ‖ body)), and only colleagues are heard.  Every answer is signed
for the request's nonce, Sign(device, "lan", ID("lan-answer", path ‖ 0A ‖ nonce ‖ body)), clause C-12.  The gateway's
own journal is kept by a colleague too.  LIMIT: without its private parts, which must not cross the cable a second
time: with the gateway's both media is lost who was checked in, but no permit, no ballot and no count.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amanat.records import cbor
from amanat.records.cbor import Value
from amanat.records.device import ROLE_BALLOT, ROLE_CHECK_IN
from amanat.records.identifiers import identifier, is_signed
from amanat.records.journal import SignedEntry
from amanat.records.permit import IssuedPermit, Permit, slip
from amanat.station.clock import Clock
from amanat.station.config import Address
from amanat.station.journal import Journal
from amanat.station.news import Copies
from amanat.station.package import Identity
from amanat.station.ports import Cable
from amanat.station.refusal import Refused
from amanat.sync.messages import Head, bounded

RETRY_SECONDS = 30.0
RETRY_SECONDS_MAX = 300.0
KEEP_SECONDS = 2.0  # the gateway's keeper gets what was written in so long at once
DEVICE, SIGNATURE, ROOM, NONCE = "x-amanat-device", "x-amanat-signature", "x-amanat-room", "x-amanat-nonce"
ASK_AGAIN_SECONDS = 600.0  # a holder's copies are not synced: a power cut there takes what it said that it holds
NONCE_LETTERS = 32
SIGNATURE_BYTES = 64
Screen = dict[str, Any]
FAULTS = (TimeoutError, OSError, ValueError)


@dataclass
class Colleague:
    """Another terminal of the station, by its certificate's order; ``alive`` and ``room`` as we last heard."""

    device: int
    address: Address
    alive: bool = True
    room: bool = True


class Lan:
    """This terminal among its colleagues; ``folder`` keeps the copies of their journals that we hold.

    ``addresses`` are the colleagues' in the order of their terminal numbers.
    """

    def __init__(
        self,
        identity: Identity,
        journal: Journal,
        addresses: Sequence[Address],
        clock: Clock,
        cable: Cable,
        *,
        folder: Path,
    ) -> None:
        self._identity = identity
        self._journal = journal
        self._clock = clock
        self._cable = cable
        self._folder = folder
        others = [c.device for c in identity.colleagues if c.device != identity.device]
        self.colleagues = [
            Colleague(device, address, alive=not identity.is_spare(device))  # a spare is in its box until it is heard
            for device, address in zip(others, addresses, strict=False)
        ]
        gateway = next(c.device for c in identity.colleagues if c.has(ROLE_CHECK_IN))
        self._gateway = next((c for c in self.colleagues if c.device == gateway), None)
        self.gateway = gateway
        self.buried: set[int] = set()  # dead devices whose journal somebody carries on: no voter is sent to them
        self._is_gateway = gateway == identity.device
        self._keeper = 0  # which colleague keeps the gateway's own copy
        self.held: int | None = None  # how far the gateway (for the gateway: its keeper) holds us; None: not heard yet
        self.has_room: Callable[[], bool] = lambda: True
        self._more = asyncio.Event()
        self._is_closed = False
        self._giving = asyncio.Lock()
        self._turn = 0
        self.copies: dict[int, Copies] = {}
        for path in sorted(folder.glob("*.journal")):
            self._copies_of(int(path.stem))

    def _copies_of(self, device: int) -> Copies:
        if device not in self.copies:
            path = self._folder / f"{device}.journal"
            self.copies[device] = Copies(path, eh=self._identity.eh, device=device)
        return self.copies[device]

    async def close(self) -> None:
        """Let all connections and files go, and hear nobody any more."""
        self._is_closed = True
        await self.hang_up()
        for copies in self.copies.values():
            copies.close()

    async def hang_up(self) -> None:
        """Let all connections go; the next question opens its own."""
        await self._cable.close()

    # Giving

    def wrote(self) -> None:
        """There is more for the gateway; returns at once."""
        self._more.set()

    def waiting(self) -> int:
        """How many of our entries the gateway has not been heard to hold; 0 on the gateway."""
        return self._behind() if self._gateway else 0

    def _behind(self) -> int:
        held = -1 if self.held is None else self.held
        return max(0, self._journal.state.next_seq - 1 - held)

    def _holder(self) -> Colleague | None:
        """Who keeps a copy of our journal: the gateway; of the gateway's, one of the others in turn."""
        if not self._is_gateway or not self.colleagues:
            return self._gateway
        return self.colleagues[self._keeper % len(self.colleagues)]

    async def run(self) -> None:
        """Give our holder what it lacks, whenever there is something; what fails is tried again later."""
        failures = 0
        while self._holder() is not None:
            self._more.clear()
            try:
                await self.give_all()
            except FAULTS:
                if self._is_gateway:
                    self._keeper, self.held = self._keeper + 1, None
                    failures += 1
                await self._clock.sleep(self._retry_seconds(failures))
                continue
            failures = 0
            if not await self._more_within(ASK_AGAIN_SECONDS):
                self.held = None
            if self._is_gateway:
                await self._clock.sleep(KEEP_SECONDS)

    def _retry_seconds(self, failures: int) -> float:
        """Later and later, once every colleague was asked in vain: spares stay in their boxes all day."""
        return min(RETRY_SECONDS_MAX, RETRY_SECONDS * 2.0 ** min(failures // max(1, len(self.colleagues)), 10))

    async def _more_within(self, seconds: float) -> bool:
        """Wait until there is more to give, at most so long; whether there is."""
        waits: list[Coroutine[Any, Any, Any]] = [self._more.wait(), self._clock.sleep(seconds)]
        tasks = [asyncio.create_task(wait) for wait in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        return self._more.is_set()

    async def give_all(self, *, afresh: bool = False) -> None:
        """Give our holder all that it lacks, now; ``afresh``: it is asked what that is.  Raises one of FAULTS."""
        if afresh:
            self.held = None
        async with self._giving:
            while (holder := self._holder()) is not None and (self.held is None or self._behind()):
                await self._give(holder)

    async def _give(self, holder: Colleague) -> None:
        """One bounded part; the first request is empty and only asks.  Raises one of FAULTS.

        Private parts go to the gateway alone, which delivers them; a gateway keeps its own for headquarters.
        """
        missing = [] if self.held is None else self._journal.after(self.held)
        if self._is_gateway:
            missing = [SignedEntry(signed.entry, signed.signature, None) for signed in missing]
        screen = json.loads(await self.ask(holder, "/lan/entries", cbor.encode_seq(bounded(missing))))
        held, head = screen.get("held"), screen.get("head")
        if not isinstance(held, int) or not isinstance(head, str):
            raise ValueError(str(screen.get("code")))
        if head and self._journal.contradicts(Head(self._identity.device, held, bytes.fromhex(head))):
            await self._ask_head(holder)
            raise ValueError("the holder of our copy tells another story")
        if missing and held == self.held:
            raise ValueError("the holder takes nothing more")
        self.held = held

    async def ask_heads(self) -> None:
        """Ask every colleague how far it holds our journal: who shows an entry that we lack stops us (J-7)."""

        async def one(colleague: Colleague) -> None:
            with contextlib.suppress(*FAULTS):
                await self._ask_head(colleague)

        await asyncio.gather(*map(one, self.colleagues))

    async def _ask_head(self, colleague: Colleague) -> None:
        """No word stops us, only an entry with our own signature.  Raises one of FAULTS."""
        screen = json.loads(await self.ask(colleague, "/lan/head", b""))
        shown = screen.get("entry")
        if not shown:
            return
        try:
            self._journal.require_unsurpassed(SignedEntry.decode(bytes.fromhex(shown)))
        except cbor.Malformed as cause:
            raise ValueError("no entry") from cause

    def last_of(self, device: int) -> Screen:
        """The last entry that we hold of a colleague's journal, without its private part: that shows its head."""
        copies = self.copies.get(device)
        if copies is None or not copies.entries:
            return {"ok": True, "entry": ""}
        last = copies.entries[-1]
        return {"ok": True, "entry": SignedEntry(last.entry, last.signature, None).encode().hex()}

    async def ask(self, colleague: Colleague, path: str, body: bytes) -> bytes:
        """A colleague's answer, signed by it for this very question.  Raises one of FAULTS."""
        signature = self._identity.sign("lan", _digest(self._identity, path, body))
        nonce = self._identity.random(NONCE_LETTERS // 2).hex()
        headers = {DEVICE: str(self._identity.device), SIGNATURE: signature.hex(), ROOM: str(int(self.has_room()))}
        headers[NONCE] = nonce
        told, content = await self._cable.post(colleague.address, path, body, headers)
        key = self._identity.package.devices[colleague.device].key
        signed = bytes.fromhex(told.get(SIGNATURE, ""))
        digest = _answer_digest(self._identity, path, nonce, content)
        if len(signed) != SIGNATURE_BYTES or not is_signed(key, "lan", self._identity.eh, digest, signed):
            raise ValueError("an answer that the colleague did not sign")
        return content

    def sign_answer(self, path: str, headers: Mapping[str, str], content: bytes) -> str:
        """Our signature over an answer; it goes into its header."""
        nonce = headers.get(NONCE, "")[:NONCE_LETTERS]
        return self._identity.sign("lan", _answer_digest(self._identity, path, nonce, content)).hex()

    async def void(self, issued: IssuedPermit, reason: str) -> bool:
        """Have the named terminal refuse this permit; False if it does not answer.  Raises Refused if it was cast."""
        device = Permit.decode(issued.permit).ballot_device
        colleague = next((c for c in self.colleagues if c.device == device), None)
        if colleague is None:
            return False
        try:
            screen = json.loads(await self.ask(colleague, "/lan/permit-refused", cbor.encode([slip(issued), reason])))
        except FAULTS:
            colleague.alive = False
            return await self._void_by_carrier(issued, reason)
        if screen.get("code") == "permit-cast":
            raise Refused("permit-cast")
        return bool(screen.get("ok")) or await self._void_by_carrier(issued, reason)

    async def _void_by_carrier(self, issued: IssuedPermit, reason: str) -> bool:
        """A spare that carries the dead booth's journal on knows whether this permit was cast there (J-8)."""
        answers = await self.ask_all("/lan/carried-refused", cbor.encode([slip(issued), reason]))
        told = [screen for screen in answers.values() if screen is not None]
        if any(screen.get("code") == "permit-cast" for screen in told):
            raise Refused("permit-cast")
        return any(screen.get("ok") for screen in told)

    def stand_in_for(self, dead: Collection[int]) -> None:
        """We carry these journals on: no voter is sent there; where the gateway is one, the others deliver to us."""
        self.buried.update(dead)
        if self.gateway in dead:
            self.gateway, self._gateway, self._is_gateway = self._identity.device, None, True

    def follow(self, spare: int, dead: int) -> None:
        """A spare carries the journal of ``dead`` on; where that was the gateway, the spare is it from now on."""
        colleague = next((c for c in self.colleagues if c.device == spare), None)
        self.buried.add(dead)
        if dead == self.gateway and colleague is not None and not self._is_gateway:
            self.gateway, self._gateway, self.held = spare, colleague, None
            self._more.set()

    @property
    def gateway_colleague(self) -> Colleague | None:
        """The station's gateway; None where we are it."""
        return self._gateway

    async def ask_all(self, path: str, body: bytes) -> dict[int, Screen | None]:
        """Every colleague's answer by device, asked at once; None from who is silent."""
        return await self._of_all(lambda colleague: self.ask(colleague, path, body))

    async def statuses(self) -> dict[int, Screen | None]:
        """What every colleague's screen shows, by device; unsigned, so that one of another election tells it too."""

        async def look(colleague: Colleague) -> bytes:
            return await self._cable.get(colleague.address, "/api/status")

        return await self._of_all(look)

    async def _of_all(self, ask: Callable[[Colleague], Awaitable[bytes]]) -> dict[int, Screen | None]:
        async def one(colleague: Colleague) -> Screen | None:
            try:
                screen = json.loads(await ask(colleague))
            except FAULTS:
                return None
            return screen if isinstance(screen, dict) else None

        answers = await asyncio.gather(*map(one, self.colleagues))
        return {colleague.device: answer for colleague, answer in zip(self.colleagues, answers, strict=True)}

    def choose_booth(
        self, *, own_room: bool, wanted: int | None = None, load: Callable[[int], int] | None = None
    ) -> int:
        """A device among the booths that live and have room: the least loaded, else whose turn it is.

        ``wanted`` is the one that the clerk was shown: kept unless another has become better.

        Raises:
            Refused: there is none; the voter is sent on before a permit exists.
        """
        unfit = self.buried | {c.device for c in self.colleagues if not (c.alive and c.room)}
        if not own_room:
            unfit.add(self._identity.device)
        booths = [c.device for c in self._identity.colleagues if c.has(ROLE_BALLOT) and c.device not in unfit]
        if not booths:
            raise Refused("no-booth")
        best = min(map(load, booths)) if load else 0
        if wanted in booths and (load is None or load(wanted) == best):
            return wanted
        self._turn += 1
        turn = self._turn % len(booths)
        in_turn = booths[turn:] + booths[:turn]
        return next(device for device in in_turn if load is None or load(device) == best)

    # Taking

    def require_colleague(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The device that signed a request; Refused for anybody who is no colleague.  It lives, and has room or not."""
        if self._is_closed:
            raise Refused("terminal-stops")
        text, signature = headers.get(DEVICE, ""), headers.get(SIGNATURE, "")
        sender = next((c for c in self._identity.colleagues if str(c.device) == text), None)
        try:
            signed = bytes.fromhex(signature)
        except ValueError:
            signed = b""
        if sender is None or len(signed) != SIGNATURE_BYTES:
            raise Refused("not-a-colleague")
        if not is_signed(sender.key, "lan", self._identity.eh, _digest(self._identity, path, body), signed):
            raise Refused("not-a-colleague")
        for colleague in self.colleagues:
            if colleague.device == sender.device:
                colleague.alive, colleague.room = True, headers.get(ROOM) != "0"
        return sender.device

    def take(self, device: int, values: Sequence[Value]) -> Head | None:
        """Add what follows to the copy of a colleague's journal; the head that we hold now."""
        copies = self._copies_of(device)
        copies.add([SignedEntry.from_value(value) for value in values])
        return copies.head


def _digest(identity: Identity, path: str, body: bytes) -> bytes:
    return identifier("lan", identity.eh, f"{path}\n".encode() + body)


def _answer_digest(identity: Identity, path: str, nonce: str, content: bytes) -> bytes:
    return identifier("lan-answer", identity.eh, f"{path}\n{nonce:0>{NONCE_LETTERS}}".encode() + content)
