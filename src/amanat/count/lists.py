"""The lists of ballots a trustee has helped to open, kept for ever: each ballot in one unit, once (T-7, V23, P-2).

The same list may be opened again with another J; a list that shares one id with another would show by the difference
what a single person chose.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from amanat.count.exchange import PART, file_names, write_whole
from amanat.errors import Rejected

ID_BYTES = 32


class Lists:
    """Lists by contest and unit, under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, dict[bytes, str]] = {}

    def accept(self, contest: str, wanted: Mapping[str, Sequence[bytes]]) -> None:
        """Keeps these units' lists, on disk, before a key is used.  Raises Rejected and keeps none of them."""
        known = self._read(contest)
        for unit, ids in wanted.items():
            path = self.folder / contest / unit
            if path.exists() and path.read_bytes() == b"".join(ids):
                continue
            for ballot in ids:
                if ballot in known:
                    raise Rejected("list-shares-ballot", unit=unit, other=known[ballot], ballot=ballot.hex())
            if path.exists():
                raise Rejected("list-shares-ballot", unit=unit, other=unit, ballot="")
        for unit, ids in wanted.items():
            write_whole(self.folder / contest / unit, b"".join(ids), private=True)
            known.update(dict.fromkeys(ids, unit))

    def _read(self, contest: str) -> dict[bytes, str]:
        if contest not in self._known:
            known = self._known[contest] = {}
            whole = (name for name in file_names(self.folder / contest) if not name.endswith(PART))
            for unit in whole:  # what a cut left half-written was never kept, and no key was used for it
                data = (self.folder / contest / unit).read_bytes()
                known.update((data[at : at + ID_BYTES], unit) for at in range(0, len(data), ID_BYTES))
        return self._known[contest]
