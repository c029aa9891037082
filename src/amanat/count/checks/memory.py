"""What this machine has checked already, by the SHA-256 of each file looked at; never another machine's word (T-1)."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from amanat.count.exchange import Files, write_whole


class Memory:
    """Results of checks under `folder`, one file each, named by what they depend on; objects only while we run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._objects: dict[str, tuple[str, Any]] = {}

    @staticmethod
    def key(check: str, files: Files, names: Iterable[str], extra: bytes = b"") -> str:
        """The name of a check over these files as they are now.  Raises Rejected for a missing file."""
        digest = hashlib.sha256(check.encode() + b"\0" + extra)
        for name in names:
            digest.update(name.encode() + b"\0" + files.sha256(name))
        return f"{check}-{digest.hexdigest()}"

    def knows(self, key: str) -> bool:
        """Whether this check held before."""
        return (self.folder / key).exists()

    def keep(self, key: str, result: bytes = b"") -> None:
        """Keeps that a check held, and what it found."""
        write_whole(self.folder / key, result)

    def once(self, key: str, verify: Callable[[], bytes]) -> bytes:
        """The kept result of a check, or that of running it now; a check that raises is not kept."""
        if not self.knows(key):
            self.keep(key, verify())
        return (self.folder / key).read_bytes()

    def object(self, name: str, key: str, make: Callable[[], Any]) -> Any:
        """The last object made under this name if its key is the same, else a new one."""
        if name not in self._objects or self._objects[name][0] != key:
            self._objects[name] = (key, make())
        return self._objects[name][1]
