"""The device's journal: one writer that signs entries, makes them durable, and folds them (clauses J-1, J-2, J-4)."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import amanat_crypto
from amanat.errors import AmanatError, MediumLost, Rejected
from amanat.records import journal
from amanat.records.cbor import Value
from amanat.records.device import Certificate
from amanat.records.identifiers import ElectionHash, is_signed
from amanat.records.journal import DeviceState, Entry, SignedEntry, entry_hash
from amanat.station.clock import Clock
from amanat.station.media import Medium, TwoMedia
from amanat.station.patience import THREADS, Hands
from amanat.station.refusal import Refused
from amanat.sync.messages import Head

CLOSING_BYTES = 8 << 10  # a sheet, `closed`, and the incidents of a bad hour
PERMIT_BYTES = 1 << 10  # with its private part
VOTERS_ON_THEIR_WAY = 64  # permits issued for one booth and not cast yet, at most: their space is kept
BALLOT_BYTES_SPARE = 4 << 10  # prepared, tested five times, dropped, and frames


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """An entry that a thread is making durable."""

    signed: SignedEntry
    appended: "Future[object]"


class Journal:
    """What a terminal did, in order.  `state` is the fold; `entries` what stands on the media, all of it.

    `write` and `commit` return when the entry is durable; `commit` lets others go on meanwhile, and who then writes
    waits for it: there is one order.  Both raise MediumLost when nobody knows whether it is durable: then this object
    writes nothing more, and only a new start, which recovers from the media, tells.
    """

    def __init__(
        self,
        media: TwoMedia,
        *,
        eh: ElectionHash,
        certificate: bytes,
        seed: bytes,
        clock: Clock,
        hands: Hands = THREADS,
    ) -> None:
        self.eh = eh
        self._hands = hands
        self.state = DeviceState(eh, certificate)
        self.entries: list[SignedEntry] = []
        self._media = media
        self._key = Certificate.decode(certificate).key
        self._device = Certificate.decode(certificate).device
        self._seed = seed
        self._clock = clock
        self._told_dead: set[str] = set()
        self._told_rotten: set[int] = set()
        self._told_filled: set[str] = set()
        self._stopped: AmanatError | None = None
        self._under_way: _UnderWay | None = None
        self._had_room = True

    def recover(self) -> None:
        """Take everything up from the media, entry by entry, and believe what chains and is signed by us (J-3).

        Raises:
            MediumLost, Rejected: see `TwoMedia.recover`; or an entry that is not ours.
        """
        self.entries += map(SignedEntry.decode, self._media.recover())
        bad: list[int] = []
        checked = self._hands.start(lambda: bad.extend(self._badly_signed()))  # beside the fold
        for signed in self.entries:
            self.state.apply(signed)
        checked.result()
        if bad:
            raise Rejected("journal-signature", seq=bad[0])

    def _badly_signed(self) -> list[int]:
        """The places of the entries that our key did not sign."""
        return amanat_crypto.verify_signatures(
            domain="journal",
            eh=self.eh,
            keys=self._key * len(self.entries),
            digests=b"".join(entry_hash(self.eh, signed.entry) for signed in self.entries),
            signatures=b"".join(signed.signature for signed in self.entries),
        )

    def write(self, kind: str, body: list[Value], private: bytes | None = None) -> SignedEntry:
        """Sign the next entry and make it durable, in the caller's own time.

        Raises:
            MediumLost: ``media-full``: nothing was written; ``media-lost``: unknown.  Or why this journal was stopped.
        """
        self.settle()
        signed = self._signed(kind, body, private)
        try:
            self._media.append(signed.encode())  # cut inside: recover finds the entry or does not; nobody was told yet
        except MediumLost as fault:
            self._note(fault)
            raise
        self._take(signed)
        return signed

    async def commit(self, kind: str, body: list[Value], private: bytes | None = None) -> SignedEntry:
        """`write`, while the event loop goes on: a medium that takes half a minute freezes no screen."""
        while (other := self._under_way) is not None:
            await self._ended(other)
        signed = self._signed(kind, body, private)
        self._under_way = mine = _UnderWay(signed, self._hands.start(lambda: self._media.append(signed.encode())))
        await self._ended(mine)
        mine.appended.result()
        return signed

    async def _ended(self, entry: _UnderWay) -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        entry.appended.add_done_callback(lambda _: loop.call_soon_threadsafe(ended.set))
        await ended.wait()
        if self._under_way is entry:  # else somebody who wrote meanwhile took it up
            self.settle()

    def settle(self) -> None:
        """Wait for the entry that is under way, if there is one, and take it up: before anything asks `state`."""
        entry, self._under_way = self._under_way, None
        if entry is None:
            return
        fault = entry.appended.exception()
        if fault is None:
            self._take(entry.signed)
        else:  # who commits raises it
            self._note(fault if isinstance(fault, MediumLost) else MediumLost("media-lost"))

    def _signed(self, kind: str, body: list[Value], private: bytes | None) -> SignedEntry:
        if self._stopped is not None:
            raise self._stopped
        if self.state.closed:  # an act that waited for somebody while the polls were closed
            raise Refused("station-closed")
        return journal.make(
            eh=self.eh,
            seed=self._seed,
            device=self._device,
            seq=self.state.next_seq,
            prev=self.state.head,
            kind=kind,
            body=body,
            wall_ms=self._clock.now_ms(),
            monotonic_ms=self._clock.monotonic_ms(),
            boot_id=self._clock.boot_id,
            private=private,
        )

    def _take(self, signed: SignedEntry) -> None:
        self.state.apply(signed)
        self.entries.append(signed)
        self._tell_of_media()

    def _note(self, fault: MediumLost) -> None:
        if fault.code == "media-lost":  # no voter is sent or let in here any more
            self._stopped = fault

    def _tell_of_media(self) -> None:
        """A medium that died, or that was blank beside the other and was filled at the start, is an incident, once."""
        if self.state.closed:
            return
        dead = {name for name, words in self._media.health().items() if words == "dead"} - self._told_dead
        filled = set(self._media.filled) - self._told_filled
        self._told_filled |= filled
        self._told_dead |= dead  # before writing: the incident may kill the next medium
        if dead:
            reasons = self._media.reasons()
            self.write("incident", ["medium-dead", " · ".join(f"{name} {reasons[name]}" for name in sorted(dead))])
        for name in sorted(filled):
            self.write("incident", ["medium-filled", name])

    def replace_medium(self, medium: Medium) -> None:
        """Put a blank medium in the place of the dead one of its name; see `TwoMedia.replace`."""
        self.settle()
        self._media.replace(medium)
        self._told_dead.discard(medium.name)

    def has_died(self, name: str) -> bool:
        """Whether this medium was given up."""
        return self._media.health().get(name) == "dead"

    def contradicts(self, head: Head) -> str | None:
        """Whether a head of this device is of more than we hold, or of another branch: then the code that says so."""
        if head.device != self._device:
            return None
        if head.seq >= self.state.next_seq:
            return "journal-rolled-back"
        is_ours = entry_hash(self.eh, self.entries[head.seq].entry) == head.hash
        return None if is_ours else "journal-forked"

    def require_unsurpassed(self, shown: SignedEntry) -> None:
        """Somebody shows an entry of this journal: with our own signature it stops us (J-7) as its head would.

        Raises:
            Malformed: it is no entry.  Without our signature it is nobody's business.
        """
        entry, hash = Entry.decode(shown.entry), entry_hash(self.eh, shown.entry)
        if is_signed(self._key, "journal", self.eh, hash, shown.signature):
            self.require_on_our_branch(Head(entry.device, entry.seq, hash))

    def require_on_our_branch(self, head: Head) -> None:
        """Write nothing more (J-7) if somebody holds more of this journal than we do, or another branch of it."""
        code = self.contradicts(head)
        if code is not None and self._stopped is None:
            self._stopped = Rejected(code, seq=head.seq)

    @property
    def stopped(self) -> AmanatError | None:
        """Why nothing is written any more, or None."""
        return self._stopped

    def after(self, seq: int) -> Sequence[SignedEntry]:
        """The entries with a higher sequence number; -1 gives all."""
        return self.entries[seq + 1 :]

    def has_room(self, *, permits: int, ballots: int, ballot_bytes: int) -> bool:
        """Whether so many permits and ballots fit, and the closing after them: asked before a permit is issued."""
        spare = BALLOT_BYTES_SPARE + ballot_bytes
        if self._under_way is None:  # else as it was: the media are in other hands
            self._had_room = self._media.reserve(permits * PERMIT_BYTES + ballots * spare + CLOSING_BYTES)
        return self._had_room

    def voters_left(self, *, permits: bool, ballot_bytes: int | None) -> int:
        """How many more voters are surely taken in before the reserve is touched, each with permit, ballot or both.

        ``ballot_bytes`` is None where no ballots are cast.  The reserve is `has_room` of those on their way.
        """
        desk = PERMIT_BYTES if permits else 0
        ballots = 0 if ballot_bytes is None else BALLOT_BYTES_SPARE + ballot_bytes
        room = self._media.room() - CLOSING_BYTES - VOTERS_ON_THEIR_WAY * ballots - 2 * desk
        return max(0, room // max(desk + ballots, 1))

    def scrub(self) -> None:
        """Look at the next frame; rot that was mended, or that no medium can mend, is an incident."""
        if self._under_way is not None:
            return
        found = self._media.scrub()
        if found is not None and self._stopped is None and not self.state.closed:
            for name in found.repaired:
                self.write("incident", ["medium-mended", f"{name} {found.position}"])
            if found.lost and found.position not in self._told_rotten:
                self._told_rotten.add(found.position)
                self.write("incident", ["journal-rotten", str(found.position)])
            self._tell_of_media()

    def health(self) -> dict[str, str]:
        """The media in a word each."""
        return self._media.health()

    def medium_reasons(self) -> dict[str, str]:
        """The code of the sentence for each medium that is not good."""
        return self._media.reasons()
