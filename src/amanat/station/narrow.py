"""News by text message while the link is down: frames in a folder, and a command that a modem's program brings (S-7).

``narrow = "folder:DIR?command=CMD"``: a frame to send is put into DIR/out, whole or not at all, and CMD is run with its
path (no shell); frames that came lie in DIR/in as files ``*.frame``.  What headquarters has heard moves to DIR/sent,
what was read to DIR/taken, what is no frame of ours to DIR/refused: nothing is deleted.  Without an answer a frame is
sent again.  None of it is delivery: entries go by link or stick, later, all the same.
"""

import asyncio
import logging
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from amanat.errors import BadInput, PeerFault
from amanat.records.cbor import Malformed, as_bytes, as_list
from amanat.records.journal import Entry, SignedEntry
from amanat.records.permit import PrivatePart
from amanat.records.sheet import CLOSING, Sheet, sheet_id
from amanat.station.clock import Clock
from amanat.station.journal import Journal
from amanat.station.lan import Lan
from amanat.station.link import Link
from amanat.station.medium_file import write_whole
from amanat.station.news import News
from amanat.station.package import Identity
from amanat.sync.messages import news_digest
from amanat.sync.narrow import (
    CHECKED_IN_MAX,
    COUNTS,
    Body,
    Channel,
    CheckedIn,
    Closed,
    Elsewhere,
    Heard,
    Opened,
    Turnout,
    is_from_headquarters,
)

LOOK_SECONDS: Final = 5.0  # between two looks into the folder
PATIENCE_MS: Final = 60_000  # the link must be down for so long, and a lone check-in waits so long for company
TURNOUT_MS: Final = 3_600_000
AGAIN_MS: Final = 600_000  # a frame of which headquarters has said nothing is sent again
COMMAND_SECONDS_MAX: Final = 60.0
FRAME: Final = "*.frame"
COVERED: Final = "covered"


@dataclass(frozen=True, slots=True)
class Modem:
    """The folder, and the words of the command (none: somebody else takes the files)."""

    folder: Path
    command: tuple[str, ...]

    @classmethod
    def read(cls, text: str, *, home: Path, file: Path) -> "Modem | None":
        """From ``folder:DIR[?command=CMD]``, or None for an empty text; BadInput otherwise."""
        if not text:
            return None
        kind, _, rest = text.partition(":")
        place, _, query = rest.partition("?")
        try:
            command = shlex.split(parse_qs(query).get("command", [""])[0])
        except ValueError as cause:
            raise BadInput("terminal-settings", file=str(file), field="narrow") from cause
        if kind != "folder" or not place:
            raise BadInput("terminal-settings", file=str(file), field="narrow")
        return cls(home / place, tuple(command))


class Narrow:
    """The gateway's end of the narrow band."""

    def __init__(
        self, modem: Modem, identity: Identity, journal: Journal, lan: Lan, link: Link, news: News, clock: Clock
    ) -> None:
        self._modem = modem
        self._identity = identity
        self._journal = journal
        self._lan = lan
        self._link = link
        self._news = news
        self._clock = clock
        key = identity.manifest.hq_hpke_key
        self._channel = Channel.of_station(identity.eh, identity.device, seed=identity.seed, hq_hpke_key=key)
        self._said_open = False
        self._said_closed = False
        self._told_ms: int | None = None  # when a turnout was last said
        self._sent_ms: dict[Path, int] = {}
        for name in ("in", "out", "sent", "taken", "refused"):
            (modem.folder / name).mkdir(parents=True, exist_ok=True)
        self._covered = self._read_covered()
        self._next = 1 + max((int(path.stem) for path in self._all_sent() if path.stem.isdigit()), default=0)

    def _read_covered(self) -> int:
        """Our entries up to here are said in frames; forgotten, they are said again."""
        path = self._modem.folder / COVERED
        text = path.read_text(encoding="ascii").strip() if path.is_file() else ""
        return int(text) if text.isdigit() else -1

    def _all_sent(self) -> Iterator[Path]:
        for name in ("out", "sent"):
            yield from (self._modem.folder / name).glob(FRAME)

    async def run(self) -> None:
        """Look into the folder and at the link, all day; a modem that fails is tried again."""
        while True:
            try:
                await self.round()
            except OSError:
                logging.exception("the narrow band's folder")
            await self._clock.sleep(LOOK_SECONDS)

    async def round(self) -> None:
        """Read what came; while the link is down, say what is new and send again what was not heard."""
        self._receive()
        down = self._link.down_since_ms
        now = self._clock.now_ms()
        if down is None:
            self._link_is_back()
        elif now - down >= PATIENCE_MS and self._journal.state.opened:
            before = self._covered
            for body in self._bodies(now):
                self._put(body)
            if self._covered != before:
                write_whole(self._modem.folder / COVERED, str(self._covered).encode())
            await self._send(now)

    def _link_is_back(self) -> None:
        """The link tells all of it, and better."""
        for path in (self._modem.folder / "out").glob(FRAME):
            self._move(path, "sent")
        self._sent_ms.clear()
        self._covered = self._journal.state.next_seq - 1
        self._said_open, self._said_closed = self._journal.state.opened, self._journal.state.closed

    # Saying

    def _bodies(self, now: int) -> Iterator[Body]:
        state = self._journal.state
        if not self._said_open:
            self._said_open = True
            yield Opened(state.register_version)
        yield from self._checked_in(now)
        if self._told_ms is None or now - self._told_ms >= TURNOUT_MS:
            self._told_ms = now
            yield Turnout(state.account.permits, self._cast())
        if state.closed and not self._said_closed:
            self._said_closed = True
            yield from self._closed()

    def _checked_in(self, now: int) -> Iterator[Body]:
        """Full frames at once; a last one that is not full when its first has waited long enough, or at closing."""
        waiting: list[tuple[int, bytes]] = []
        oldest = now
        for seq, entry, signed in self._new_entries():
            if entry.kind == "permit" and signed.private is not None:
                person = PrivatePart.decode(signed.private).national_id
                waiting.append((seq, news_digest(self._identity.eh, person)))
                oldest = min(oldest, entry.wall_ms)
                if len(waiting) == CHECKED_IN_MAX:
                    yield CheckedIn(tuple(digest for _, digest in waiting))
                    self._covered = seq  # once it is written: a full disk raises there, and they are said later
                    waiting, oldest = [], now
        if waiting and (now - oldest >= PATIENCE_MS or self._journal.state.closed):
            yield CheckedIn(tuple(digest for _, digest in waiting))
            self._covered = waiting[-1][0]

    def _new_entries(self) -> Iterator[tuple[int, Entry, SignedEntry]]:
        """Our entries that headquarters has not been heard to hold and no frame says."""
        begin = max(self._covered, self._link.delivered_seq())
        for seq, signed in enumerate(list(self._journal.after(begin)), begin + 1):
            yield seq, Entry.decode(signed.entry), signed

    def _cast(self) -> int:
        """Ballots in the station's boxes, as far as this gateway holds the copies."""
        copies = (signed for copy in self._lan.copies.values() for signed in copy.entries)
        there = sum(Entry.decode(signed.entry).kind == "ballot-cast" for signed in copies)
        return self._journal.state.account.cast + there

    def _closed(self) -> Iterator[Body]:
        for signed in reversed(self._journal.entries):
            entry = Entry.decode(signed.entry)
            if entry.kind == "sheet":
                encoded = as_bytes(as_list(entry.body, "sheet", size=2)[0], "sheet")
                made = Sheet.decode(encoded)
                if made.kind == CLOSING:
                    counts = tuple(getattr(made, name) for name in COUNTS)
                    yield Closed(counts, sheet_id(self._identity.eh, encoded)[:16])
                return

    def _put(self, body: Body) -> None:
        data = self._channel.encode(self._next, body, seed=self._identity.seed)
        write_whole(self._modem.folder / "out" / f"{self._next:06}.frame", data)
        self._next += 1

    async def _send(self, now: int) -> None:
        for path in sorted((self._modem.folder / "out").glob(FRAME)):
            last = self._sent_ms.get(path)
            if last is None or now - last >= AGAIN_MS:
                self._sent_ms[path] = now
                if self._modem.command and not await self._run(path):
                    del self._sent_ms[path]  # the modem is busy or dead: the next round tries again
                    return

    async def _run(self, path: Path) -> bool:
        try:
            quiet = asyncio.subprocess.DEVNULL
            process = await asyncio.create_subprocess_exec(
                *self._modem.command, str(path), stdin=quiet, stdout=quiet, stderr=quiet
            )
        except OSError:
            return False
        try:
            async with asyncio.timeout(COMMAND_SECONDS_MAX):
                return await process.wait() == 0
        except TimeoutError:
            process.kill()
            await process.wait()
            return False

    # Hearing

    def _receive(self) -> None:
        for path in sorted((self._modem.folder / "in").glob(FRAME)):
            try:
                data = path.read_bytes()
                if not data or not is_from_headquarters(data):
                    raise PeerFault("frame")
                frame = self._channel.decode(data, signer=self._identity.manifest.hq_key)
            except (PeerFault, Malformed):
                self._move(path, "refused")
                continue
            self._take(frame.body)
            self._move(path, "taken")

    def _take(self, body: Body) -> None:
        if isinstance(body, Elsewhere):
            known = len(self._identity.manifest.stations)
            self._news.add(item for item in body.items if item.station < known)
        elif isinstance(body, Heard):
            for number in body.numbers:
                path = self._modem.folder / "out" / f"{number:06}.frame"
                if path.is_file():
                    self._sent_ms.pop(path, None)
                    self._move(path, "sent")

    def _move(self, path: Path, where: str) -> None:
        path.replace(self._modem.folder / where / path.name)
