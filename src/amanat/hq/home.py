"""HOME: headquarters' folder, its files and keys.  Clauses K-9, M-1.

machine.json    {"passphrase": path of its file, "database": "" or postgresql://…, "pace_ms": n}, or {"office": true, …}
keys/           signing, hpke, bulletin, register: secrets of 32 bytes, sealed by the passphrase
election/       manifest.cbor, rules.toml, register.bin, keys/ (the ceremony's public files), texts.json (for pages)
bulletin/       checkpoint and tiles, as any web server could serve them
database.sqlite3
"""

import json
import os
from collections.abc import Mapping
from functools import cached_property, lru_cache
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, Final, Self

from amanat.errors import BadInput
from amanat.hq import settings
from amanat.records import sealed_key
from amanat.records.identifiers import ElectionHash, sign
from amanat.records.manifest import Manifest
from amanat.records.register import Register

KEYS: Final = ("signing", "hpke", "bulletin", "register")
PACE_MS: Final = 300_000  # an idle link speaks every five minutes; one with something to say does not wait


class Home:
    """An initialised home.  Raises BadInput("hq-home-missing") where there is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not self.machine_file.is_file():
            raise BadInput("hq-home-missing", file=str(folder))

    @classmethod
    def create(cls, folder: Path, *, passphrase: Path, secrets: Mapping[str, bytes], database: str = "") -> Self:
        """A new home with its secrets sealed.  Raises BadInput if there is one already."""
        if (folder / "machine.json").exists():
            raise BadInput("hq-home-exists", file=str(folder))
        word = read_passphrase(passphrase)
        (folder / "keys").mkdir(parents=True, mode=0o700)
        (folder / "election").mkdir()
        for name in KEYS:
            sealed = sealed_key.seal(secrets[name], passphrase=word, salt=os.urandom(16), nonce=os.urandom(12))
            (folder / "keys" / f"{name}.sealed").write_bytes(sealed)
        machine = {"passphrase": str(passphrase.resolve()), "database": database, "pace_ms": PACE_MS}
        write_private(folder / "machine.json", (json.dumps(machine, indent=1) + "\n").encode())
        here = cls(folder)
        here.sqlite_file.touch(mode=0o600)  # it will say who voted; its journal files take this mode over
        return here

    @classmethod
    def create_office(cls, folder: Path, *, database: str = "") -> Self:
        """A home for the time before the day: a database and no key of any election.  Raises BadInput."""
        if (folder / "machine.json").exists():
            raise BadInput("hq-home-exists", file=str(folder))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        machine = {"passphrase": "", "database": database, "office": True}
        write_private(folder / "machine.json", (json.dumps(machine, indent=1) + "\n").encode())
        here = cls(folder)
        here.sqlite_file.touch(mode=0o600)  # it will hold candidates' papers
        return here

    @property
    def is_office(self) -> bool:
        """Whether this home prepares an election and takes no ballot."""
        return bool(self.machine.get("office"))

    @property
    def machine_file(self) -> Path:
        """The settings of this machine."""
        return self.folder / "machine.json"

    @cached_property
    def machine(self) -> Mapping[str, Any]:
        """Its content.  Raises BadInput when it cannot be read."""
        try:
            data = json.loads(self.machine_file.read_text(encoding="utf-8"))
        except ValueError as cause:
            raise BadInput("hq-machine-unreadable", file=str(self.machine_file)) from cause
        if not isinstance(data, dict) or not isinstance(data.get("passphrase"), str):
            raise BadInput("hq-machine-unreadable", file=str(self.machine_file))
        return data

    @property
    def election(self) -> Path:
        """The election's public files."""
        return self.folder / "election"

    @property
    def bulletin(self) -> Path:
        """The bulletin's static files."""
        return self.folder / "bulletin"

    @property
    def sqlite_file(self) -> Path:
        """The embedded database."""
        return self.folder / "database.sqlite3"

    @cached_property
    def manifest(self) -> Manifest:
        """The election's manifest.  Raises BadInput while there is none."""
        path = self.election / "manifest.cbor"
        if not path.is_file():
            raise BadInput("hq-home-missing", file=str(path))
        return Manifest.decode(path.read_bytes())

    @property
    def eh(self) -> ElectionHash:
        """The election hash."""
        return self.manifest.election_hash

    @cached_property
    def texts(self) -> Mapping[str, Any]:
        """Names for people: {"title": {fa, en}, "contests": {id: {fa, en}}, "stations": [name_fa…]}."""
        texts: Mapping[str, Any] = json.loads((self.election / "texts.json").read_text(encoding="utf-8"))
        return texts

    @cached_property
    def register(self) -> Register:
        """The register snapshot, opened; names are read from its file."""
        with (self.election / "register.bin").open("rb") as file:
            return Register(mmap(file.fileno(), 0, access=ACCESS_READ), key=self.secret("register"))

    def secret(self, name: str) -> bytes:
        """A secret of KEYS, 32 bytes, unsealed (once: it stays in memory while the program runs)."""
        if name not in self._secrets:
            path = self.folder / "keys" / f"{name}.sealed"
            word = read_passphrase(Path(self.machine["passphrase"]))
            self._secrets[name] = sealed_key.unseal(path.read_bytes(), passphrase=word, file=str(path))
        return self._secrets[name]

    @cached_property
    def _secrets(self) -> dict[str, bytes]:
        return {}

    def sign(self, domain: str, digest: bytes) -> bytes:
        """Sign(HQ, domain, digest)."""
        return sign(self.secret("signing"), domain, self.eh, digest)


def write_private(path: Path, data: bytes) -> None:
    """A new file for its owner's eyes alone."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(data)


def read_passphrase(path: Path) -> str:
    """The passphrase in a file, without the newline at its end.  Raises BadInput."""
    try:
        word = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as cause:
        raise BadInput("hq-passphrase-file", file=str(path)) from cause
    if not word:
        raise BadInput("hq-passphrase-file", file=str(path))
    return word


@lru_cache(maxsize=4)
def _home(folder: Path) -> Home:
    return Home(folder)


def current() -> Home:
    """The home that this process is configured for."""
    return _home(settings.home_folder())


def forget() -> None:
    """After a home's files were written anew: read them again."""
    _home.cache_clear()
