"""The shipped programs as processes: started, waited for, killed.  Each one's standard error is a log of its own."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from amanat.errors import AmanatError, Rejected

START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.02
COMMAND: Final = (sys.executable, "-m", "amanat.cli.main")
LOG_TAIL: Final = 400
PR_SET_PDEATHSIG: Final = 1


def environment() -> dict[str, str]:
    """Ours, with one thread of the core a process: the machine is shared by all of them."""
    source = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


class ProgramFailed(Rejected):
    """A program of the rehearsal ended as it should not."""


def die_with_parent() -> None:
    """In a child: the kernel kills it when the rehearsal itself is killed, so that nothing is left running."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def failed(words: Sequence[str], code: int | None, log: Path) -> AmanatError:
    """The error that names the program, its exit code and the last words of its log."""
    tail = log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL:].strip() if log.exists() else ""
    ended = "none" if code is None else str(code)
    return ProgramFailed("program-failed", program=" ".join(words[:3]), ended=ended, log=str(log), tail=tail)


def run(*words: str | Path, log: Path) -> str:
    """Runs `amanat …` to its end; returns its standard output.  Raises ProgramFailed."""
    given = [str(word) for word in words]
    with log.open("ab") as err:
        done = subprocess.run([*COMMAND, *given], stdout=subprocess.PIPE, stderr=err, env=environment(), check=False)
    if done.returncode != 0:
        raise failed(given, done.returncode, log)
    return done.stdout.decode()


class Program:
    """A long-running `amanat …`; ``prefix`` stands before the command, ``extra`` is added to its environment."""

    def __init__(
        self,
        *words: str | Path,
        log: Path,
        threads: int = 1,
        prefix: Sequence[str] = (),
        extra: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.words = [str(word) for word in words]
        self.log = log
        self.threads = threads
        self.prefix = prefix
        self.extra = extra
        self.process: subprocess.Popen[bytes] | None = None
        self.read_from = 0

    def start(self) -> None:
        """Starts it, in a process group of its own; `ready` tells when it serves."""
        env = {**environment(), "RAYON_NUM_THREADS": str(self.threads), **self.extra}
        self.read_from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as err:
            self.process = subprocess.Popen(
                [*self.prefix, *COMMAND, *self.words],
                stdin=subprocess.DEVNULL,
                stdout=err,
                stderr=err,
                env=env,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    def says(self, word: bytes) -> int:
        """How many lines since its last start begin with `word`."""
        with self.log.open("rb") as log:
            log.seek(self.read_from)
            return sum(line.startswith(word) for line in log)

    async def ready(self, *, count: int = 1, word: bytes = b"ready") -> None:
        """Waits until it has said `word` so often.  Raises ProgramFailed if it ends or is silent too long."""
        until = time.monotonic() + START_SECONDS
        while self.says(word) < count:
            self.require_running()
            if time.monotonic() > until:
                raise failed(self.words, None, self.log)
            await asyncio.sleep(POLL_SECONDS)

    def require_running(self) -> None:
        """Raises ProgramFailed if it has ended by itself."""
        assert self.process is not None
        if (code := self.process.poll()) is not None:
            raise failed(self.words, code, self.log)

    def kill(self) -> None:
        """SIGKILL, as a power cut would; returns when it is gone."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that does not end it."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
