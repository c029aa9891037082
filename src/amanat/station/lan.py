"""The station's own network: each terminal gives the gateway a copy of its journal, and desks void permits at booths.

No voter waits for it, except that replacing a permit asks the terminal it names first (C-7).  Every request is signed
by its sender, Sign(device, "lan", ID("lan", path ‖ 0A ‖ body)), and only colleagues are heard.  LIMIT: the gateway's
own journal has no copy on a colleague, since that would carry private parts over the cable; its copy is headquarters.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from amanat.errors import Rejected
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
from amanat.station.refusal import Refused
from amanat.sync.messages import Head, bounded

ANSWER_SECONDS_MAX = 5.0
RETRY_SECONDS = 30.0
DEVICE, SIGNATURE, ROOM = "x-amanat-device", "x-amanat-signature", "x-amanat-room"
FAULTS = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


@dataclass
class Colleague:
    """Another terminal of the station, by its certificate's order; ``alive`` and ``room`` as we last heard."""

    device: int
    address: Address
    alive: bool = True
    room: bool = True
    session: aiohttp.ClientSession | None = field(default=None, repr=False)


class Lan:
    """This terminal among its colleagues; ``folder`` keeps the copies of their journals that we hold.

    ``addresses`` are the colleagues' in the order of their terminal numbers.
    """

    def __init__(
        self, identity: Identity, journal: Journal, addresses: Sequence[Address], clock: Clock, *, folder: Path
    ) -> None:
        self._identity = identity
        self._journal = journal
        self._clock = clock
        self._folder = folder
        others = [c.device for c in identity.colleagues if c.device != identity.device]
        self.colleagues = [Colleague(device, address) for device, address in zip(others, addresses, strict=False)]
        gateway = next(c.device for c in identity.colleagues if c.has(ROLE_CHECK_IN))
        self._gateway = next((c for c in self.colleagues if c.device == gateway), None)
        self.held: int | None = None  # how far the gateway holds our journal; None: not heard yet
        self.has_room: Callable[[], bool] = lambda: True
        self._more = asyncio.Event()
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
        """Let all connections and files go."""
        for colleague in self.colleagues:
            if colleague.session is not None:
                await colleague.session.close()
        for copies in self.copies.values():
            copies.close()

    # Giving

    def wrote(self) -> None:
        """There is more for the gateway; returns at once."""
        self._more.set()

    def waiting(self) -> int:
        """How many of our entries the gateway has not been heard to hold."""
        held = -1 if self.held is None else self.held
        return max(0, self._journal.state.next_seq - 1 - held) if self._gateway else 0

    async def run(self) -> None:
        """Give the gateway what it lacks, whenever there is something; what fails is tried again later."""
        while self._gateway is not None:
            self._more.clear()
            try:
                while self.held is None or self.waiting():
                    await self._give(self._gateway)
            except FAULTS:
                await self._clock.sleep(RETRY_SECONDS)
                continue
            await self._more.wait()

    async def _give(self, gateway: Colleague) -> None:
        """One bounded part; the first request is empty and only asks.  Raises one of FAULTS."""
        missing = [] if self.held is None else self._journal.after(self.held)
        screen = json.loads(await self._ask(gateway, "/lan/entries", cbor.encode_seq(bounded(missing))))
        held, head = screen.get("held"), screen.get("head")
        if not isinstance(held, int) or not isinstance(head, str):
            raise ValueError(str(screen.get("code")))
        if head:
            self._journal.require_on_our_branch(Head(self._identity.device, held, bytes.fromhex(head)))
        stopped = isinstance(self._journal.stopped, Rejected)  # with dead media what was signed is given all the same
        if stopped or (missing and held == self.held):
            raise ValueError("the gateway takes nothing more")
        self.held = held

    async def _ask(self, colleague: Colleague, path: str, body: bytes) -> bytes:
        if colleague.session is None:
            unix = colleague.address.path
            connector = aiohttp.UnixConnector(unix) if unix else aiohttp.TCPConnector()
            limit = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
            colleague.session = aiohttp.ClientSession(connector=connector, timeout=limit)
        signature = self._identity.sign("lan", _digest(self._identity, path, body))
        headers = {DEVICE: str(self._identity.device), SIGNATURE: signature.hex(), ROOM: str(int(self.has_room()))}
        async with colleague.session.post(colleague.address.url + path, data=body, headers=headers) as answer:
            return await answer.read()

    async def void(self, issued: IssuedPermit, reason: str) -> bool:
        """Have the named terminal refuse this permit; False if it does not answer.  Raises Refused if it was cast."""
        device = Permit.decode(issued.permit).ballot_device
        colleague = next((c for c in self.colleagues if c.device == device), None)
        if colleague is None:
            return False
        try:
            screen = json.loads(await self._ask(colleague, "/lan/permit-refused", cbor.encode([slip(issued), reason])))
        except FAULTS:
            colleague.alive = False
            return False
        if screen.get("code") == "permit-cast":
            raise Refused("permit-cast")
        return bool(screen.get("ok"))

    def choose_booth(self, *, own_room: bool) -> int:
        """The device whose turn it is among the booths that live and have room.

        Raises:
            Refused: there is none; the voter is sent on before a permit exists.
        """
        unfit = {c.device for c in self.colleagues if not (c.alive and c.room)}
        if not own_room:
            unfit.add(self._identity.device)
        booths = [c.device for c in self._identity.colleagues if c.has(ROLE_BALLOT) and c.device not in unfit]
        if not booths:
            raise Refused("no-booth")
        self._turn += 1
        return booths[self._turn % len(booths)]

    # Taking

    def require_colleague(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The device that signed a request; Refused for anybody who is no colleague.  It lives, and has room or not."""
        text, signature = headers.get(DEVICE, ""), headers.get(SIGNATURE, "")
        sender = next((c for c in self._identity.colleagues if str(c.device) == text), None)
        try:
            signed = bytes.fromhex(signature)
        except ValueError:
            signed = b""
        if sender is None or len(signed) != 64:
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
