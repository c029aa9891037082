"""What this terminal heard of check-ins elsewhere (S-5), and copies of its colleagues' journals: small side files.

Both are helps, never the truth: lost, they are sent again.  So a torn tail is cut off and nothing is synced.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from amanat.records import cbor
from amanat.records.cbor import Value
from amanat.records.identifiers import ElectionHash
from amanat.records.journal import Entry, SignedEntry, entry_hash
from amanat.sync.messages import DIGEST_BYTES, Head, NewsItem, news_digest

_ROW = DIGEST_BYTES + 4  # a person and a station, as many as came in one answer are one note


class Notes:
    """A file of CBOR values, each behind its length in four bytes; what is torn at the end is forgotten."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        data = path.read_bytes() if path.exists() else b""
        self.held: list[Value] = []
        end = 0
        for after, value in _values(data):
            self.held.append(value)
            end = after
        self._file: BinaryIO = path.open("r+b" if path.exists() else "w+b", buffering=0)
        self._file.truncate(end)
        self._file.seek(end)

    def add(self, values: Iterable[Value]) -> None:
        """Append values."""
        encoded = [cbor.encode(value) for value in values]
        self._file.write(b"".join(len(data).to_bytes(4, "big") + data for data in encoded))

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def _values(data: bytes) -> Iterator[tuple[int, Value]]:
    """Each whole value with the position after it."""
    at = 0
    while at + 4 <= len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        try:
            value = cbor.decode(data[at + 4 : end])
        except cbor.Malformed:
            return
        yield end, value
        at = end


class News:
    """Check-ins known from headquarters: ten bytes that stand for a person, and the station."""

    def __init__(self, path: Path, *, eh: ElectionHash) -> None:
        self._eh = eh
        self._notes = Notes(path)
        self._stations: dict[bytes, int] = {}
        for value in self._notes.held:
            rows = value if isinstance(value, bytes) and len(value) % _ROW == 0 else b""  # rot: it is sent again
            for at in range(0, len(rows), _ROW):
                self._stations[rows[at : at + DIGEST_BYTES]] = int.from_bytes(
                    rows[at + DIGEST_BYTES : at + _ROW], "big"
                )

    def add(self, items: Iterable[NewsItem]) -> None:
        """Take news up; what is known already is not written again."""
        new = [item for item in items if item.digest not in self._stations]
        self._stations.update((item.digest, item.station) for item in new)
        if new:
            self._notes.add([b"".join(item.digest + item.station.to_bytes(4, "big") for item in new)])

    def close(self) -> None:
        """Give the file back."""
        self._notes.close()

    def station_of(self, national_id: str) -> int | None:
        """The station where this person was checked in, as far as we have heard."""
        return self._stations.get(news_digest(self._eh, national_id))


def _sound(values: Iterable[Value]) -> Iterator[SignedEntry]:
    """The entries up to the first that has rotted: what follows is sent again."""
    for value in values:
        try:
            yield SignedEntry.from_value(value)
        except cbor.Malformed:
            return


class Copies:
    """The journal of one colleague as far as we hold it; only what chains is taken."""

    def __init__(self, path: Path, *, eh: ElectionHash, device: int) -> None:
        self.entries: list[SignedEntry] = []
        self.head: Head | None = None
        self._eh = eh
        self._device = device
        self._notes = Notes(path)
        self._take(_sound(self._notes.held))

    def _take(self, entries: Iterable[SignedEntry]) -> list[Value]:
        taken: list[Value] = []
        for signed in entries:
            try:
                entry = Entry.decode(signed.entry)
            except cbor.Malformed:
                break
            if (entry.device, entry.seq) != (self._device, len(self.entries)):
                break
            if self.head is not None and entry.prev != self.head.hash:
                break
            self.entries.append(signed)
            self.head = Head(entry.device, entry.seq, entry_hash(self._eh, signed.entry))
            taken.append([signed.entry, signed.signature, signed.private])
        return taken

    def add(self, entries: Iterable[SignedEntry]) -> None:
        """Append what follows."""
        self._notes.add(self._take(entries))

    def close(self) -> None:
        """Give the file back."""
        self._notes.close()

    def after(self, seq: int) -> list[SignedEntry]:
        """The entries with a higher sequence number; -1 gives all."""
        return self.entries[seq + 1 :]
