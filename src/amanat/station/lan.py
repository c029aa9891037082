"""The station's own network: its terminals void each other's permits and keep copies of each other's journals.

Nothing here is waited for by a voter, except that replacing a permit asks the terminal it names first (C-7).  Every
request is signed by its sender, Sign(device, "lan", ID("lan", method ‖ path ‖ body)), and answered to colleagues only.
LIMIT: the answers are not encrypted on the cable; private parts leave a desk only where the gateway is another machine.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from amanat.records import cbor
from amanat.records.device import ROLE_BALLOT, ROLE_CHECK_IN
from amanat.records.identifiers import identifier, is_signed
from amanat.records.journal import SignedEntry
from amanat.records.permit import IssuedPermit, Permit, slip
from amanat.station.config import Address
from amanat.station.news import Copies
from amanat.station.package import Identity
from amanat.station.refusal import Refused

ANSWER_SECONDS_MAX = 2.0
DEVICE, SIGNATURE, ROOM = "x-amanat-device", "x-amanat-signature", "x-amanat-room"
FAULTS = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass
class Colleague:
    """Another terminal of the station; ``device`` is known after its first answer, ``dirty``: has more for us."""

    address: Address
    device: int | None = None
    alive: bool = True
    room: bool = True
    dirty: bool = True
    session: aiohttp.ClientSession | None = field(default=None, repr=False)


class Lan:
    """This terminal among its colleagues; ``folder`` keeps the copies of their journals."""

    def __init__(self, identity: Identity, addresses: list[Address], *, folder: Path, is_gateway: bool) -> None:
        self._identity = identity
        self._folder = folder
        self._is_gateway = is_gateway
        self.colleagues = [Colleague(address) for address in addresses]
        self.copies: dict[int, Copies] = {}
        self._turn = 0
        self._poking: asyncio.Task[None] | None = None
        for path in sorted(folder.glob("*.journal")):
            self._copies(int(path.stem))

    def _copies(self, device: int) -> Copies:
        if device not in self.copies:
            path = self._folder / f"{device}.journal"
            self.copies[device] = Copies(path, eh=self._identity.eh, device=device)
        return self.copies[device]

    async def close(self) -> None:
        """Let all connections go."""
        if self._poking is not None:
            self._poking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._poking
        for colleague in self.colleagues:
            if colleague.session is not None:
                await colleague.session.close()
        for copies in self.copies.values():
            copies.close()

    # Asking

    async def _ask(self, colleague: Colleague, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of a signed request; raises one of FAULTS."""
        if colleague.session is None:
            unix = colleague.address.path
            connector = aiohttp.UnixConnector(unix) if unix else aiohttp.TCPConnector()
            limit = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
            colleague.session = aiohttp.ClientSession(connector=connector, timeout=limit)
        headers = {DEVICE: str(self._identity.device), SIGNATURE: self._sign(method, path, body).hex()}
        url = colleague.address.url + path
        async with colleague.session.request(method, url, data=body, headers=headers) as answer:
            content = await answer.read()
            if DEVICE in answer.headers:
                colleague.device = int(answer.headers[DEVICE])
                colleague.room = answer.headers.get(ROOM) != "0"
            return answer.status, content

    def _sign(self, method: str, path: str, body: bytes) -> bytes:
        return self._identity.sign("lan", _digest(self._identity, method, path, body))

    async def collect(self) -> None:
        """Fetch what dirty colleagues have more than our copies; who does not answer stays dirty."""
        for colleague in self.colleagues:
            if colleague.dirty:
                colleague.dirty = False  # before asking: a poke meanwhile makes it dirty again
                try:
                    await self._fetch(colleague)
                    colleague.alive = True
                except FAULTS:
                    colleague.alive, colleague.dirty = False, True

    async def _fetch(self, colleague: Colleague) -> None:
        if colleague.device is None:
            await self._ask(colleague, "GET", "/lan/status")
        if colleague.device is None:
            return
        copies = self._copies(colleague.device)
        while True:
            before = len(copies.entries)
            _, content = await self._ask(colleague, "GET", f"/lan/entries?after={before - 1}")
            with contextlib.suppress(cbor.Malformed):  # not an answer of this version: nothing is taken
                copies.add([SignedEntry.from_value(value) for value in cbor.decode_seq(content)])
            if len(copies.entries) == before:
                return

    def all_dirty(self) -> None:
        """Ask everybody again at the next `collect`."""
        for colleague in self.colleagues:
            colleague.dirty = True

    def poke(self) -> None:
        """Tell the gateway, whenever it can be reached, that there is more here; never waited for."""
        if not self._is_gateway and (self._poking is None or self._poking.done()):
            self._poking = asyncio.create_task(self._poke())

    async def _poke(self) -> None:
        gateway = next(c.device for c in self._identity.colleagues if c.has(ROLE_CHECK_IN))
        for colleague in self.colleagues:
            with contextlib.suppress(*FAULTS):
                if colleague.device in (None, gateway):
                    await self._ask(colleague, "POST", "/lan/poke")

    async def void(self, issued: IssuedPermit, reason: str) -> bool:
        """Have the named terminal refuse this permit; False if it does not answer.  Raises Refused if it was cast."""
        device = Permit.decode(issued.permit).ballot_device
        body = cbor.encode([slip(issued), reason])
        for colleague in self.colleagues:
            with contextlib.suppress(*FAULTS):
                if colleague.device is None:
                    await self._ask(colleague, "GET", "/lan/status")
                if colleague.device == device:
                    status, _ = await self._ask(colleague, "POST", "/lan/permit-refused", body)
                    if status == 409:
                        raise Refused("permit-cast")
                    return status == 200
        return False

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

    # Being asked

    def require_colleague(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Colleague | None:
        """The sender of a signed request as far as we know its address; Refused for anybody else's."""
        text, signature = headers.get(DEVICE, ""), headers.get(SIGNATURE, "")
        sender = self._identity.package.devices.get(int(text)) if text.isdigit() else None
        if sender is None or sender.station != self._identity.station or len(signature) != 128:
            raise Refused("not-a-colleague")
        try:
            signed = bytes.fromhex(signature)
        except ValueError as cause:
            raise Refused("not-a-colleague") from cause
        digest = _digest(self._identity, method, path, body)
        if not is_signed(sender.key, "lan", self._identity.eh, digest, signed):
            raise Refused("not-a-colleague")
        return next((c for c in self.colleagues if c.device == sender.device), None)


def _digest(identity: Identity, method: str, path: str, body: bytes) -> bytes:
    return identifier("lan", identity.eh, f"{method} {path}\n".encode() + body)
