"""What a trustee's and a mixer's machine have in common: jobs, its own copy of the record, its own checks (T-1).

A machine keeps every file it has accepted and refuses another version of it for ever, the bulletin's growing files
apart; a job's files are taken over only when the whole job was done.
"""

import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from amanat.count.checks.memory import Memory
from amanat.count.checks.session import Session, read_session
from amanat.count.exchange import RECORD, Files, Job, file_names, serve
from amanat.count.keys import Keys
from amanat.count.tags import Sorted, read_sorted
from amanat.errors import BadInput, Rejected
from amanat.records import election_record as paths

Handler = Callable[[Job, Files, Path], dict[str, Any]]


class Machine:
    """One machine in its folder; subclasses name the jobs they know in `jobs`."""

    def __init__(self, home: Path, *, given: bytes | None = None) -> None:
        """`given` is the election hash as the machine's owner was told it (M-3).  Raises BadInput."""
        self.home = home
        self.keys = Keys(home)
        self.identity = self.keys.identity
        self.signing_seed = self.keys.signing_seed
        self.given = given
        self.memory = Memory(home / "checked")
        self.jobs: Mapping[str, Handler] = {}

    @property
    def index(self) -> int:
        """The trustee's number or the mixer's position.  Raises BadInput."""
        try:
            return int(self.identity["index"])
        except (KeyError, ValueError, TypeError) as cause:
            raise BadInput("identity-wrong", file=str(self.home / "identity.json")) from cause

    def run(self, stop: threading.Event) -> None:
        """Answers jobs until `stop`."""
        print(f"{self.home.name}: ready", file=sys.stderr, flush=True)
        serve(self.home, self.handle, stop)

    def handle(self, job: Job, out: Path) -> dict[str, Any]:
        """Does one job.  Raises Rejected, BadInput."""
        kind = job.text("kind")
        if kind not in self.jobs:
            raise BadInput("job-unknown", file=str(job.folder / "job.json"), field=kind)
        brought, kept = job.folder / RECORD, self.home / RECORD
        for name in file_names(brought):
            changed = (kept / name).exists() and Files(kept).sha256(name) != Files(brought).sha256(name)
            if changed and not name.startswith(paths.BULLETIN):
                raise Rejected("record-file-changed", file=name)
        answer = self.jobs[kind](job, Files(brought, kept), out)
        for name in list(file_names(brought)):
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            (brought / name).replace(kept / name)
        return answer

    def session(self, job: Job, files: Files) -> Session:
        """V2 to V14, and that this machine serves one election under these keys.  Raises Rejected."""
        session = read_session(files, self.memory, job.number("session"), given=self.given)
        bound = self.home / "bound" / session.election.ceremony.hex()
        if bound.exists() and bound.read_bytes() != session.election.eh:
            raise Rejected("election-hash-other", found=session.election.eh.hex(), given=bound.read_bytes().hex())
        if not bound.exists():
            bound.parent.mkdir(exist_ok=True)
            bound.write_bytes(session.election.eh)
        return session

    def sorted(self, job: Job, files: Files) -> Sorted:
        """V2 to V17."""
        return read_sorted(files, self.memory, self.session(job, files))

    def check(self, job: Job, files: Files, out: Path) -> dict[str, Any]:
        """The job `check`: V2 to V14 and nothing else, so that a whole day's checking is done before the work."""
        started = time.monotonic()
        session = self.session(job, files)
        return {"annulled": len(session.failing), "seconds": {"check": time.monotonic() - started, "work": 0.0}}


class Clock:
    """Seconds of checking and of work in one job, for the answer."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._checked = self._started

    def checked(self) -> None:
        """The checks are done; what follows is work."""
        self._checked = time.monotonic()

    def seconds(self) -> dict[str, float]:
        """For the answer's field of that name."""
        return {"check": self._checked - self._started, "work": time.monotonic() - self._checked}
