"""The day-before checklist that the program itself ticks, and signs for readiness (clause K-11).

A line says what was found, and where it is not ticked what to do; the words are in ``checklist.toml``.
"""

import asyncio
import json
import os
import shutil
import tomllib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

import aiohttp

import amanat_crypto
from amanat.errors import AmanatError, PeerFault, Rejected
from amanat.records import package_sums
from amanat.records.ballot import limb_count
from amanat.records.cbor import Malformed
from amanat.records.device import ROLE_BALLOT, ROLE_CHECK_IN
from amanat.records.readiness import CHECKLIST, Checklist, Line, Mark, Measurement, SignedReport, report_id
from amanat.station import config, officers, power
from amanat.station.burn_in import SYNC_SECONDS_GOOD, SYNC_SECONDS_MOST, burn_in
from amanat.station.clock import Clock
from amanat.station.config import Address
from amanat.station.enrolment import PACKAGE
from amanat.station.journal import BALLOT_BYTES_SPARE, CLOSING_BYTES, PERMIT_BYTES
from amanat.station.link_tls import tls_of
from amanat.station.medium_file import write_whole
from amanat.station.narrow import Modem
from amanat.station.package import Identity, open_register, read_package
from amanat.station.printer import Slip, SlipPrinter, open_printer
from amanat.sync.station_side import Paced, StationSide

VOTERS_WANTED: Final = 3000  # twice the largest station
CLOCK_MS_MOST: Final = 60_000
BATTERY_PERCENT_LEAST: Final = 80
MEASURED_MS_LEAST: Final = 23 * 3_600_000
ANSWER_SECONDS_MAX: Final = 10.0
POWER: Final = Path("/sys/class/power_supply")
PROC: Final = Path("/proc")
Found = tuple[Mark, str]


@dataclass
class Checker:
    """Checks one home.  ``seed`` is the device's; ``leaflet`` its hash of the election, as far as somebody typed it."""

    home: Path
    seed: bytes
    clock: Clock
    leaflet: str = ""
    printer: str | None = None
    power: Path = POWER
    proc: Path = PROC
    identity: Identity | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.settings = config.read(self.home)

    async def run(self) -> Checklist:
        """All lines that concern this terminal, in order; a fault of one is its line's, and the others are asked."""
        lines = []
        for key, check in self._checks():
            try:
                mark, fact = await check()
            except (AmanatError, Malformed) as fault:
                mark, fact = Mark.MISSING, fault.both() if isinstance(fault, AmanatError) else str(fault)
            except OSError as fault:
                mark, fact = Mark.MISSING, f"{fault.filename or ''} {os.strerror(fault.errno or 0)}".strip()
            lines.append(Line(key, int(mark), fact))
        return Checklist(self.settings.device if self.settings.device >= 0 else 0, self.clock.now_ms(), tuple(lines))

    def _checks(self) -> Iterator[tuple[str, Callable[[], Awaitable[Found]]]]:
        """Asked one after the other: what the package says decides what is asked next."""
        yield "package", self._package
        if self.identity is not None:
            yield "election", self._election
            yield "key", self._key
            if self.identity.certificate.has(ROLE_CHECK_IN):
                yield "register", self._register
            if self.identity.certificate.has(ROLE_BALLOT):
                yield "audio", self._audio
        yield "media", self._media
        yield "medium_a", lambda: self._medium(self.settings.medium_a)
        yield "medium_b", lambda: self._medium(self.settings.medium_b)
        yield "printer", self._print
        yield from self._network_checks()
        yield "power", self._power
        yield "officers", self._officers
        yield "swap", self._swap

    def _network_checks(self) -> Iterator[tuple[str, Callable[[], Awaitable[Found]]]]:
        if self.settings.peers and self.identity is not None:
            yield "colleagues", self._colleagues
        if not self.settings.link_url:
            yield "route", self._route
            return
        if self.identity is not None:
            yield "link", self._link
            yield "clock", self._clock
            yield "measured", self._measured
        if self.settings.narrow:
            yield "narrow", self._narrow

    async def _package(self) -> Found:
        folder = self.home / PACKAGE
        await asyncio.to_thread(package_sums.require_whole, folder)
        package = read_package(folder)
        if self.settings.device not in package.devices:
            raise Rejected("device-not-in-package", file=str(folder / "devices.seq"))
        self.identity = Identity(package, self.settings.device, self.seed)
        exercise = "exercise · " if self.identity.training else ""
        return Mark.GOOD, f"{exercise}{package.manifest.election_id}, round {package.manifest.round}"

    @property
    def _who(self) -> Identity:
        assert self.identity is not None  # asked after `_package` only
        return self.identity

    async def _election(self) -> Found:
        hash_ = self._who.eh.hex()
        typed = self.leaflet.replace("-", "").replace(" ", "").lower()
        if len(typed) < 8:
            return Mark.LATER, hash_[:16]
        return (Mark.GOOD if hash_.startswith(typed) else Mark.MISSING), hash_[:16]

    async def _key(self) -> Found:
        same = amanat_crypto.public_key(self.seed) == self._who.certificate.key
        return (Mark.GOOD if same else Mark.MISSING), f"device {self._who.device}"

    async def _register(self) -> Found:
        open_register(self._who)
        header = self._who.package.register.header
        return Mark.GOOD, f"version {header.version}, {header.made}, {header.count} persons"

    async def _audio(self) -> Found:
        folder = self.home / PACKAGE / "audio"
        rows = [(contest.id, c.code) for contest in self._who.manifest.contests for c in contest.candidates]
        there = sum((folder / contest / f"{code}.opus").is_file() for contest, code in rows)
        prompts = (folder / "prompts/index.json").is_file()
        return (Mark.GOOD if there == len(rows) and prompts else Mark.MISSING), f"{there} of {len(rows)}"

    async def _media(self) -> Found:
        devices = []
        for name in (self.settings.medium_a, self.settings.medium_b):
            (self.home / name).mkdir(parents=True, exist_ok=True)
            devices.append((self.home / name).stat().st_dev)
        return (Mark.GOOD if devices[0] != devices[1] else Mark.MISSING), ""

    async def _medium(self, name: str) -> Found:
        found = await asyncio.to_thread(burn_in, self.home / name)
        voters = max(0, (found.free_bytes - CLOSING_BYTES) // self._bytes_of_a_voter())
        fact = f"sync {1000 * found.sync_seconds:.0f} ms, {voters} voters"
        if not found.is_same or found.sync_seconds > SYNC_SECONDS_MOST or voters < VOTERS_WANTED:
            return Mark.MISSING, fact
        return (Mark.GOOD if found.sync_seconds <= SYNC_SECONDS_GOOD else Mark.LATER), fact

    def _bytes_of_a_voter(self) -> int:
        contests = self.identity.manifest.contests if self.identity is not None else ()
        limbs = sum(limb_count(len(contest.candidates), contest.max_choices) for contest in contests)
        return PERMIT_BYTES + BALLOT_BYTES_SPARE + 128 * limbs

    async def _print(self) -> Found:
        text = self.printer or self.settings.printer
        port = open_printer(self.printer) if self.printer else open_printer(text, home=self.home)
        place = self.identity.place_name if self.identity is not None else self.settings.station
        code = f"AT1{self.clock.now_ms()}"
        slip = Slip("check", self.settings.device, {"station": place, "device": str(self.settings.terminal)}, code)
        await SlipPrinter(port, self.identity is not None and self.identity.training, "").print(slip)
        if text.startswith(("folder", "socket", "escpos-file")):
            return Mark.LATER, f"{text}: no printer of paper"
        return (Mark.GOOD if port.state == "good" else Mark.LATER), port.state

    async def _link(self) -> Found:
        await self._ask()
        return Mark.GOOD, self.settings.link_url

    async def _clock(self) -> Found:
        difference = self.clock.now_ms() - await self._ask()
        mark = Mark.GOOD if abs(difference) <= CLOCK_MS_MOST else Mark.MISSING
        return mark, f"{difference / 1000:+.1f} s"

    async def _ask(self) -> int:
        """Headquarters' clock, by the signed answer to a push of nothing; raises PeerFault, OSError."""
        who = self._who
        side = StationSide(who.eh, who.device, who.seed, who.manifest.hq_key)
        body = side.next_push([], lambda device, seq: (), nonce=os.urandom(16))
        ca = self.home / self.settings.link_ca if self.settings.link_ca else None
        connector = aiohttp.TCPConnector(ssl=tls_of(self.settings.link_url, ca))
        limit = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
        try:
            async with aiohttp.ClientSession(connector=connector, timeout=limit) as session:
                url = self.settings.link_url.rstrip("/") + "/sync/v1/push"
                async with session.post(url, data=body, allow_redirects=False) as answer:
                    events = side.receive(await answer.read(), self.clock.now_ms())
        except (aiohttp.ClientError, TimeoutError) as cause:
            raise PeerFault("link-silent", url=self.settings.link_url) from cause
        return next(event.headquarters_ms for event in events if isinstance(event, Paced))

    async def _measured(self) -> Found:
        newest = max(self.home.glob("measure-*.cbor"), default=None)
        if newest is None:
            return Mark.LATER, ""
        signed = SignedReport.decode(newest.read_bytes())
        if not signed.is_by(self._who.certificate.key, "measure", self._who.eh):
            return Mark.MISSING, newest.name
        found = Measurement.decode(signed.report)
        loss = 100 * found.lost / found.probes if found.probes else 100.0
        hours = (found.to_ms - found.from_ms) / 3_600_000
        fact = f"{hours:.1f} h, {loss:.1f} % lost, longest outage {found.longest_outage_minutes} min"
        return (Mark.GOOD if found.to_ms - found.from_ms >= MEASURED_MS_LEAST else Mark.LATER), fact

    async def _power(self) -> Found:
        found = power.read(Path(self.settings.power) if self.settings.power else self.power)
        if found is None or found.percent is None:
            return Mark.LATER, "" if found is None else found.words
        good = not found.on_battery and found.percent >= BATTERY_PERCENT_LEAST
        return (Mark.GOOD if good else Mark.MISSING), f"{found.words} · {found.percent} %"

    async def _colleagues(self) -> Found:
        told = []
        for text in self.settings.peers:
            state = await self._state_of(Address.read(text, home=self.home))
            told.append((state in ("same", "locked"), f"{text}: {state}"))
        return (Mark.GOOD if all(good for good, _ in told) else Mark.MISSING), " · ".join(fact for _, fact in told)

    async def _state_of(self, address: Address) -> str:
        """`same` election, `locked`, `other` election, or `silent`."""
        connector = aiohttp.UnixConnector(address.path) if address.path else aiohttp.TCPConnector()
        limit = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=limit) as session,
                session.get(f"{address.url}/api/status") as answer,
            ):
                status = json.loads(await answer.read())
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return "silent"
        if not isinstance(status, dict) or status.get("locked") is True:
            return "locked" if isinstance(status, dict) else "silent"
        return "same" if status.get("election_hash") == self._who.eh.hex() else "other"

    async def _officers(self) -> Found:
        if not officers.are_appointed(self.home):
            return Mark.LATER, "passphrase"
        names = officers.names(self.home)
        return (Mark.GOOD if len(names) > officers.OFFICERS_MIN else Mark.LATER), " · ".join(names)

    async def _route(self) -> Found:
        rows = [row.split() for row in (self.proc / "net/route").read_text(encoding="ascii").splitlines()[1:]]
        out = [row[0] for row in rows if len(row) > 7 and row[1] == "00000000" and row[7] == "00000000"]
        six = self.proc / "net/ipv6_route"
        more = [row.split() for row in six.read_text(encoding="ascii").splitlines()] if six.is_file() else []
        out += [row[9] for row in more if len(row) > 9 and row[0] == "0" * 32 and row[1] == "00" and row[9] != "lo"]
        return (Mark.MISSING if out else Mark.GOOD), " ".join(dict.fromkeys(out))

    async def _swap(self) -> Found:
        rows = (self.proc / "swaps").read_text(encoding="utf-8").splitlines()[1:]
        return (Mark.LATER if rows else Mark.GOOD), " ".join(row.split()[0] for row in rows)

    async def _narrow(self) -> Found:
        modem = Modem.read(self.settings.narrow, home=self.home, file=self.home / config.FILE)
        if modem is None or not modem.command:
            return Mark.LATER, self.settings.narrow
        return (Mark.GOOD if shutil.which(modem.command[0]) else Mark.MISSING), modem.command[0]


def sign_into(home: Path, identity: Identity, made: Checklist) -> Path:
    """The signed checklist, as HOME/checklist-<ms>.cbor."""
    encoded = made.encode()
    signature = identity.sign(CHECKLIST, report_id(CHECKLIST, identity.eh, encoded))
    path = home / f"checklist-{made.at_ms}.cbor"
    write_whole(path, SignedReport(encoded, identity.device, signature).encode())
    return path


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """The sentences of each line: fa, en, todo_fa, todo_en."""
    return tomllib.loads(resources.files("amanat.station").joinpath("checklist.toml").read_text(encoding="utf-8"))
