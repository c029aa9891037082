"""A terminal's care for its media and for what others know of its journal (clauses J-2, J-3, J-7)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from amanat.errors import AmanatError, BadInput, MediumLost
from amanat.records import sheet
from amanat.records.cbor import Malformed
from amanat.records.device import ROLE_CHECK_IN
from amanat.records.identifiers import is_signed
from amanat.records.journal import Entry
from amanat.records.sheet import Sheet, sheet_id
from amanat.station.booth import Booth
from amanat.station.config import Settings
from amanat.station.journal import Journal
from amanat.station.media import OpenMedium
from amanat.station.medium_file import FileMedium, NoMedium, open_medium
from amanat.station.package import Identity
from amanat.station.refusal import Refused, screen_of
from amanat.sync.messages import Head

Screen = dict[str, Any]
FOLDERS = {"a": "medium_a", "b": "medium_b"}  # settings by the medium's name
JOURNAL = "journal"


def open_media(home: Path, settings: Settings) -> list[FileMedium | NoMedium]:
    """Both media of a terminal; BadInput where another program has one open."""
    return [open_medium(home / getattr(settings, setting) / JOURNAL, name=name) for name, setting in FOLDERS.items()]


class Upkeep:
    """What the staff's screens say of the media, and what a supervisor does for them; ``media`` are the open files."""

    def __init__(
        self,
        home: Path,
        settings: Settings,
        identity: Identity,
        journal: Journal,
        booth: Booth | None,
        media: list[OpenMedium],
    ) -> None:
        self._home = home
        self._settings = settings
        self._identity = identity
        self._journal = journal
        self._booth = booth
        self._media = media

    def told(self) -> list[Screen]:
        """A sentence, with what to do, for each medium that is not good."""
        reasons = self._journal.medium_reasons().items()
        return [{"medium": name} | screen_of(MediumLost(code, medium=name.upper())) for name, code in sorted(reasons)]

    def voters_left(self) -> int:
        """How many voters the media surely still take, by what they say of their free space."""
        permits = self._identity.certificate.has(ROLE_CHECK_IN)
        ballot_bytes = None if self._booth is None else self._booth.ballot_bytes
        return self._journal.voters_left(permits=permits, ballot_bytes=ballot_bytes)

    def limits(self) -> Screen:
        """For the screens."""
        return {"voters_left": self.voters_left()}

    def replace(self, which: str, folder: str, officers: Sequence[str]) -> Screen:
        """A blank medium takes the place of a dead one in the day: filled from the other, and the second from then on.

        Raises:
            Refused, BadInput, Rejected: it cannot be written, holds another journal, or the old one is good.
        """
        if which not in FOLDERS:
            raise Refused("request-field", field="which")
        if not self._journal.has_died(which):
            raise BadInput("medium-not-lost", medium=which.upper())
        try:
            new = FileMedium(self._home / folder / JOURNAL, name=which)
        except (OSError, ValueError) as cause:  # ValueError: no file has such a name
            raise BadInput("medium-not-filled", medium=which.upper()) from cause
        try:
            self._journal.replace_medium(new)
        except AmanatError:
            new.close()
            raise
        place = list(FOLDERS).index(which)
        old, self._media[place] = self._media[place], new
        old.close()
        self._settings = replace(self._settings, **{FOLDERS[which]: folder})  # type: ignore[arg-type]
        self._settings.write(self._home)
        if self._journal.state.opened and not self._journal.state.closed:
            self._journal.write("incident", ["medium-replaced", " · ".join([which, *officers])])
        return {"ok": True, "media": self._journal.health()}

    def take_head(self, slip: str) -> Screen:
        """The last printed sheet of this device is held before it: a device below its own paper signs nothing (J-7).

        Raises:
            Refused: no sheet of this device.  Rejected: it was rolled back, or the paper tells another story.
        """
        identity = self._identity
        try:
            encoded, signature = sheet.read_slip(slip.strip())
            made = Sheet.decode(encoded)
        except Malformed as cause:
            raise Refused("sheet-unreadable") from cause
        if made.device != identity.device:
            raise Refused("sheet-of-another")
        if not is_signed(identity.certificate.key, "sheet", identity.eh, sheet_id(identity.eh, encoded), signature):
            raise Refused("sheet-unreadable")
        own = Entry.decode(after[0].entry).body if (after := self._journal.after(made.seq)) else []
        self._journal.require_on_our_branch(Head(made.device, made.seq, made.head))
        if encoded not in own:  # the entry with this very sheet was durable before the paper
            self._journal.require_on_our_branch(Head(made.device, made.seq + 1, bytes(32)))
        if self._journal.stopped is not None:
            raise self._journal.stopped
        return {"ok": True, "seq": made.seq, "next_seq": self._journal.state.next_seq}
