"""Where everything of one rehearsal lies.  Each program sees only its own folder, as if it were its own machine."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

SHARED_WORDS = "a rehearsal's passphrase, as public as the rehearsal itself\n"


@dataclass(frozen=True)
class Folders:
    """The folders of a run under `out`.  `sockets` lies elsewhere: a unix socket's path has at most 107 bytes."""

    out: Path
    sockets: Path
    real_time: bool = False

    @property
    def work(self) -> Path:
        """Everything that is not for the public."""
        return self.out / "work"

    @property
    def election(self) -> Path:
        """Our own copy of the election files: the given ones may vanish."""
        return self.work / "election"

    @property
    def trustees(self) -> Path:
        """Homes 1…n."""
        return self.work / "trustees"

    @property
    def mixers(self) -> Path:
        """Homes 0…"""
        return self.work / "mixers"

    @property
    def authorities(self) -> Path:
        """One home a role."""
        return self.work / "authorities"

    @property
    def ceremony(self) -> Path:
        """What the key ceremony left."""
        return self.work / "ceremony"

    @property
    def hq(self) -> Path:
        """Headquarters' home."""
        return self.work / "hq"

    @property
    def package(self) -> Path:
        """What every station loads."""
        return self.work / "package"

    @property
    def stations(self) -> Path:
        """One home a terminal."""
        return self.work / "stations"

    @property
    def usb(self) -> Path:
        """Bundles carried by hand."""
        return self.work / "usb"

    @property
    def logs(self) -> Path:
        """What each program wrote to standard error."""
        return self.work / "logs"

    @property
    def private(self) -> Path:
        """What headquarters gives to the count and not to the public."""
        return self.work / "private"

    @property
    def record(self) -> Path:
        """The published election record."""
        return self.out / "record"

    @property
    def passphrase(self) -> Path:
        """The file with the rehearsal's one passphrase."""
        return self.work / "passphrase"

    @property
    def clock(self) -> str:
        """Where time is told, as programs take it."""
        return "system" if self.real_time else f"unix:{self.sockets / 'clock'}"

    @property
    def printer(self) -> str:
        """Where slips go, as stations take it."""
        return f"folder:{self.out / 'slips'}" if self.real_time else f"socket:{self.sockets / 'printer'}"

    def terminal(self, station: str, number: int) -> Path:
        """A terminal's home."""
        return self.stations / f"{station}-{number}"

    def remove_sockets(self) -> None:
        """Takes away the folder outside `out`."""
        shutil.rmtree(self.sockets, ignore_errors=True)


def prepare(out: Path, *, real_time: bool = False) -> Folders:
    """An empty set of folders; what an earlier run left in `out` of these is removed."""
    folders = Folders(out.resolve(), Path(tempfile.mkdtemp(prefix="amanat-")), real_time)
    for old in (folders.work, folders.record):
        shutil.rmtree(old, ignore_errors=True)
    for new in (folders.election, folders.trustees, folders.mixers, folders.authorities, folders.stations):
        new.mkdir(parents=True)
    for new in (folders.logs, folders.usb):
        new.mkdir()
    folders.passphrase.write_text(SHARED_WORDS, encoding="utf-8")
    return folders
