"""Files that outlive a power cut: a medium (the port is `media.Medium`), and small files written whole."""

import fcntl
import os
from pathlib import Path

from amanat.errors import BadInput


class FileMedium:
    """A medium that is a file; it is created with its directory made durable, and locked against a second program."""

    def __init__(self, path: Path, *, name: str) -> None:
        self.name = name
        fresh = not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as cause:
            os.close(self._fd)
            raise BadInput("journal-in-use", file=str(path)) from cause
        if fresh:  # cut before this: no file, nothing lost; the name must not vanish later
            for directory in (path.parent, path.parent.parent):
                _sync_directory(directory)

    def read(self, offset: int, length: int) -> bytes:
        """See `Medium`."""
        return os.pread(self._fd, length, offset)

    def write(self, offset: int, data: bytes) -> None:
        """See `Medium`."""
        while data:
            done = os.pwrite(self._fd, data, offset)
            data, offset = data[done:], offset + done

    def sync(self) -> None:
        """See `Medium`; fdatasync also carries a changed size."""
        os.fdatasync(self._fd)

    def size(self) -> int:
        """See `Medium`."""
        return os.fstat(self._fd).st_size

    def close(self) -> None:
        """Give the file and its lock back."""
        os.close(self._fd)


def write_whole(path: Path, data: bytes) -> None:
    """Put a small file in its place durably, whole or not at all, for its owner's eyes; raises OSError."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
