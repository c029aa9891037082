"""The register at headquarters: taken in enciphered, its key sealed for each check-in terminal (R-1, R-4, R-5)."""

import os
import shutil
from mmap import ACCESS_READ, mmap
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NamedTuple

from amanat.errors import AmanatError, BadInput, Rejected
from amanat.hq.home import Home
from amanat.hq.writing import rows_of
from amanat.records import cbor, register_key
from amanat.records.definition import Definition
from amanat.records.register import Register, require_of
from amanat.records.register_build import Builder, Of
from amanat.records.register_file import KEY


class Taken(NamedTuple):
    """A register that is ours now, and its key."""

    file: Path
    key: bytes
    root: bytes


def take(definition: Definition, source: Path | None, key_file: Path | None, *, into: Path) -> Taken:
    """The register of this election, round and day, whole; one that nobody enciphered is enciphered under a new key.

    Raises:
        BadInput: no register, one of another election, round or day, one with too old data, or the key of another.
    """
    day = definition.polling_day.isoformat()
    if source is None:
        key = os.urandom(KEY)
        return _encipher(None, Of(definition.id, definition.round, day, 0), key, into)
    register = _read(source)
    _require_ours(register, definition, str(source))
    if not register.header.keyed:
        of = (register.election_id, register.round, register.day, register.version)
        return _encipher(register, Of(*of, register.header.made), os.urandom(KEY), into)
    if key_file is None:
        raise BadInput("register-key-needed", file=str(source))
    key = register_key.read_file(key_file)
    register.open(key)
    register.require_names()
    shutil.copyfile(source, into)
    into.chmod(0o600)
    return Taken(into, key, register.root)


def _require_ours(register: Register, definition: Definition, file: str) -> None:
    of = {"election_id": definition.id, "round": definition.round, "day": definition.polling_day.isoformat()}
    try:
        require_of(register.header, **of, most_days=definition.rule_set.register_days, file=file)  # type: ignore[arg-type]
    except Rejected as cause:
        raise BadInput(cause.code, **cause.facts) from cause


def _read(path: Path) -> Register:
    try:
        with path.open("rb") as file:
            return Register(mmap(file.fileno(), 0, access=ACCESS_READ))
    except (OSError, ValueError) as cause:  # an empty file cannot be mapped
        raise BadInput("hq-source-missing", file=str(path)) from cause
    except AmanatError as cause:
        raise BadInput("register-unreadable", file=str(path)) from cause


def _scratch(into: Path) -> dict[str, Any]:
    return {"scratch": lambda: TemporaryFile(dir=into.parent), "scratch_key": os.urandom(KEY)}


def _encipher(register: Register | None, of: Of, key: bytes, into: Path) -> Taken:
    with os.fdopen(os.open(into, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b") as out:
        names = register is None or register.header.sizes[5] > 0
        builder = Builder(out, of, key=key, salt=os.urandom(16), names=names, **_scratch(into))
        for person in register.people() if register else ():
            builder.add(person)
        root = builder.finish().root
    return Taken(into, key, root)


def sealed_keys(here: Home) -> bytes:
    """`register-keys.seq`: [device, the register key sealed for it] for every device that checks in."""
    key, root = here.secret("register"), here.register.root
    sql = "SELECT device, key FROM devices_device WHERE roles IN (1, 3) ORDER BY device"
    return cbor.encode_seq(
        [device, register_key.seal(key, eh=here.eh, root=root, device=device, public=bytes(public))]
        for device, public in rows_of(sql)
    )
