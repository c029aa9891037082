"""Files that outlive a power cut: a medium (the port is `media.Medium`), and small files written whole."""

import contextlib
import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from amanat.errors import BadInput


class FileMedium:
    """A medium that is a file; it is created with its directory made durable, and locked against a second program.

    Threads may work on it while it is closed: who works last lets the file go.
    """

    def __init__(self, path: Path, *, name: str) -> None:
        self.name = name
        fresh = not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._users = 1  # ourselves until `close`, and each act under way
        self._counting = threading.Lock()
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if fresh:  # cut before this: no file, nothing lost; the name must not vanish later
                for directory in (path.parent, path.parent.parent):
                    _sync_directory(directory)
        except OSError as cause:
            os.close(self._fd)
            if isinstance(cause, BlockingIOError):
                raise BadInput("journal-in-use", file=str(path)) from cause
            raise

    @contextlib.contextmanager
    def _open(self) -> Iterator[int]:
        with self._counting:
            if not self._users:
                raise OSError(errno.EBADF, "closed")
            self._users += 1
        try:
            yield self._fd
        finally:
            self.close()

    def read(self, offset: int, length: int) -> bytes:
        """See `Medium`."""
        with self._open() as fd:
            return os.pread(fd, length, offset)

    def write(self, offset: int, data: bytes) -> None:
        """See `Medium`."""
        with self._open() as fd:
            while data:
                done = os.pwrite(fd, data, offset)
                data, offset = data[done:], offset + done

    def sync(self) -> None:
        """See `Medium`; fdatasync also carries a changed size."""
        with self._open() as fd:
            os.fdatasync(fd)

    def size(self) -> int:
        """See `Medium`."""
        with self._open() as fd:
            return os.fstat(fd).st_size

    def free(self) -> int:
        """See `Medium`."""
        with self._open() as fd:
            found = os.fstatvfs(fd)
            return found.f_bavail * found.f_frsize

    def close(self) -> None:
        """Give the file and its lock back, once no thread works on it; once."""
        with self._counting:
            self._users -= 1
            last = self._users == 0
        if last:
            os.close(self._fd)


class NoMedium:
    """Stands for a medium that could not be opened: it fails at everything, so that the other goes on."""

    def __init__(self, name: str, fault: OSError) -> None:
        self.name = name
        self._fault = fault

    def _fail(self) -> OSError:
        return OSError(self._fault.errno, "medium not opened")

    def read(self, offset: int, length: int) -> bytes:
        """See `Medium`."""
        raise self._fail()

    def write(self, offset: int, data: bytes) -> None:
        """See `Medium`."""
        raise self._fail()

    def sync(self) -> None:
        """See `Medium`."""
        raise self._fail()

    def size(self) -> int:
        """See `Medium`."""
        raise self._fail()

    def free(self) -> int:
        """See `Medium`."""
        raise self._fail()

    def close(self) -> None:
        """Nothing is open."""


def open_medium(path: Path, *, name: str) -> FileMedium | NoMedium:
    """The medium whose file is ``path``, or its stand-in where the system does not open it.

    Raises:
        BadInput: another program has it open: two writers are worse than one medium.
    """
    try:
        return FileMedium(path, name=name)
    except OSError as fault:
        return NoMedium(name, fault)


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
