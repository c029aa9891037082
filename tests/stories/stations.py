"""The stations of a story: terminals that run in this process, people who press their buttons."""

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.stories.clock import HandClock

from amanat.rules.national_id import NationalId
from amanat.station import api, run
from amanat.station.terminal import Terminal

ROOT = Path(__file__).parents[2]
KILL_SECONDS_MAX = 60
Screen = dict[str, Any]
OFFICERS = ["نسرین پارسا", "بهرام صفایی"]


@dataclass(frozen=True)
class Permit:
    """What a person carries from the desk to a booth; `booth` is the terminal's number, from 1."""

    slip: str
    serial: str
    booth: int


@dataclass(frozen=True)
class Receipt:
    """Slip 2 in a person's hand."""

    person: NationalId
    id: bytes
    code: str


class Machine:
    """One terminal as people see it: buttons (its JSON), and a tray where slips come out."""

    def __init__(self, home: Path, clock: HandClock) -> None:
        self.home, self.clock = home, clock

    async def begin(self) -> None:
        self.terminal = Terminal(self.home, self.clock, printer=f"folder:{self.home / 'slips'}?draw=0")
        self.application = api.Application(self.terminal)
        self.server = await run._listen(self.terminal)
        self.terminal.start()

    async def end(self) -> None:
        """Power is gone; what stands on the media is all that is left."""
        self.server.close()
        await self.terminal.close()

    async def press(self, path: str, /, **body: object) -> Screen:
        """A button; the screen that follows."""
        content = json.dumps(body).encode()
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"content-type", b"application/json")]
        method = "GET" if path == "status" else "POST"
        scope = {"type": "http", "method": method, "path": f"/api/{path}", "headers": headers}
        await self.application(scope, receive, send)
        screen: Screen = json.loads(sent[-1]["body"])
        return screen

    async def must(self, path: str, /, **body: object) -> Screen:
        """A button that is expected to do something."""
        screen = await self.press(path, **body)
        assert screen["ok"], screen
        return screen

    def slip(self, kind: str) -> Screen:
        """The last slip of a kind that came out."""
        slip: Screen = json.loads(max((self.home / "slips").glob(f"*-{kind}.json")).read_text(encoding="utf-8"))
        return slip

    def receipt(self, person: NationalId) -> Receipt:
        fields = self.slip("cast")["fields"]
        return Receipt(person, bytes.fromhex(fields["ballot"]), fields["code"])

    async def cast(self, person: NationalId, permit: Permit, *choices: str) -> Receipt:
        """Behind the curtain, from the tray to slip 2."""
        await self.must("booth/permit", slip=permit.slip)
        await self.must("booth/seal", choices={"majlis": choices})
        assert (await self.must("booth/cast"))["told"] == "cast"
        await self.must("booth/leave")
        return self.receipt(person)

    async def killed_in_a_cast(self, permit: Permit, choice: str, step: str) -> None:
        """Its process casts with this permit and is killed just before `step`; then it is started again."""
        await self.end()
        words = ["-m", "tests.stories.killed", str(self.home), str(self.clock.ms), permit.slip, choice, step]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, env=environment)
        async with asyncio.timeout(KILL_SECONDS_MAX):
            assert await process.wait() == -signal.SIGKILL
        await self.begin()

    async def undelivered(self) -> int:
        return int((await self.press("status"))["queue"]["undelivered"])


class Station:
    """A polling place: terminal 1 is desk, booth and gateway."""

    def __init__(self, name: str, machines: list[Machine]) -> None:
        self.name, self.machines = name, machines

    @property
    def desk(self) -> Machine:
        return self.machines[0]

    def booth(self, number: int) -> Machine:
        return self.machines[number - 1]

    async def look(self, person: NationalId) -> Screen:
        """What the clerk reads when the tenth digit is typed."""
        return await self.desk.must("desk/look", national_id=person)

    async def check_in(self, person: NationalId, *, appeal: tuple[str, ...] = ()) -> Permit:
        decision = (await self.look(person))["decision"]
        assert decision == ("checked-in-already" if appeal else "eligible"), decision
        screen = await self.desk.must("desk/issue", national_id=person, appeal=list(appeal))
        return self.permit(screen)

    def permit(self, screen: Screen) -> Permit:
        return Permit(self.desk.slip("permit")["qr"], screen["serial"], screen["ballot_terminal"])

    async def vote(self, person: NationalId, *choices: str, appeal: tuple[str, ...] = ()) -> Receipt:
        """A whole visit."""
        permit = await self.check_in(person, appeal=appeal)
        return await self.booth(permit.booth).cast(person, permit, *choices)

    async def close(self) -> None:
        """The booths, then the desk; two officers say why so early, and what is open (J-9)."""
        for machine in reversed(self.machines):
            status = await machine.press("status")
            if status["state"] == "open" and status["stopped"] is None:
                await machine.must("booth/leave")
                await machine.must("close", explanation="the story ends", officers=OFFICERS)

    async def write_stick(self, folder: Path) -> Path:
        return Path((await self.desk.must("supervisor/usb", path=str(folder / self.name)))["path"])
