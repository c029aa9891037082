"""Jobs and answers as folders: what people carry between machines on sticks.

A job is `DIR/in/<name>/` with `job.json` written last; its answer `DIR/out/<name>/` with `answer.json` written last.
Both appear by rename, so that a half-copied folder is never read.  A machine answers every job once, also with a
refusal in both languages; asking the same again finds the same answer.
"""

import filecmp
import hashlib
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from amanat.errors import AmanatError, BadInput, Language, PeerFault, Rejected
from amanat_crypto import CryptoFault

POLL_SECONDS: Final = 0.02
IDLE_SECONDS: Final = 0.05
HEARTBEAT_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 20.0
"""A machine on this disk without a heartbeat for so long is taken to be gone, and another is asked."""
RECORD: Final = "record"
PART: Final = ".part"
"""The end of the name of a file that is not whole yet."""


class Refused(Rejected):
    """A machine answered no; its own code and sentences are kept."""

    def __init__(self, machine: str, answer: Mapping[str, Any]) -> None:
        super().__init__(str(answer.get("code")), machine=machine)
        self.machine = machine
        self.answer = answer

    def say(self, language: Language) -> str:
        """The machine's own sentence, with its name before it."""
        return f"{self.machine}: {self.answer.get(language)}"


class Gone(PeerFault):
    """A machine does not answer; another set of machines may."""

    def __init__(self, home: Path) -> None:
        super().__init__("machine-gone", machine=home.name)
        self.home = home


@dataclass(frozen=True)
class Job:
    """One job as a machine reads it."""

    name: str
    folder: Path
    data: Mapping[str, Any]

    def text(self, field: str) -> str:
        """A text field.  Raises BadInput."""
        return str(self._field(field, str))

    def number(self, field: str) -> int:
        """An integer field.  Raises BadInput."""
        return int(self._field(field, int))

    def items(self, field: str, kind: type) -> list[Any]:
        """A list field, each item of `kind`.  Raises BadInput."""
        value = list(self._field(field, list))
        if not all(isinstance(item, kind) for item in value):
            raise BadInput("job-field-wrong", file=str(self.folder / "job.json"), field=field)
        return value

    def _field(self, field: str, kind: type) -> Any:
        value = self.data.get(field)
        if not isinstance(value, kind):
            raise BadInput("job-field-wrong", file=str(self.folder / "job.json"), field=field)
        return value


@dataclass(frozen=True)
class Answer:
    """What a machine left: its fields and the folder with its files."""

    data: Mapping[str, Any]
    folder: Path


class Files:
    """Files of a record below one or more folders; an earlier folder hides a later one."""

    def __init__(self, *roots: Path) -> None:
        self.roots = roots

    def path(self, name: str) -> Path:
        """Where a file is.  Raises Rejected if there is none."""
        for root in self.roots:
            if (root / name).is_file():
                return root / name
        raise Rejected("record-file-missing", file=name)

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return any((root / name).is_file() for root in self.roots)

    def read(self, name: str) -> bytes:
        """A file's bytes.  Raises Rejected if there is none or it cannot be read."""
        try:
            return self.path(name).read_bytes()
        except OSError as cause:
            raise Rejected("record-file-unreadable", file=name) from cause

    def sha256(self, name: str) -> bytes:
        """A file's digest, streamed."""
        with self.path(name).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()

    def below(self, folder: str) -> list[str]:
        """The names of all files below a folder, sorted."""
        found = {name for root in self.roots for name in file_names(root / folder)}
        return sorted(f"{folder}/{name}" for name in found)


def file_names(folder: Path) -> Iterator[str]:
    """The paths of all files below a folder, relative to it; none if there is no such folder."""
    if folder.is_dir():
        yield from (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def write_whole(path: Path, data: bytes, *, private: bool = False) -> None:
    """Writes a file so that it is whole or absent, whenever power goes; a `private` one for its owner's eyes alone,
    and there for good when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + PART)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with os.fdopen(os.open(part, flags, 0o600 if private else 0o666), "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
    if private:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_plain(path: Path, data: bytes) -> None:
    """Writes a file that can be made again; the answer that names it is what must be whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def dump(value: Mapping[str, Any]) -> bytes:
    """JSON for these folders and for the record: sorted keys, no spaces, one final newline (E-2)."""
    return (json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n").encode()


def load_any(path: Path) -> Any:
    """Any JSON value from a file.  Raises BadInput."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as cause:
        raise BadInput("json-unreadable", file=str(path)) from cause


def load(path: Path) -> dict[str, Any]:
    """A JSON object from a file.  Raises BadInput."""
    value = load_any(path)
    if not isinstance(value, dict):
        raise BadInput("json-unreadable", file=str(path))
    return value


# --- the machine's side


def serve(home: Path, handle: Callable[[Job, Path], Mapping[str, Any]], stop: threading.Event) -> None:
    """Answers jobs of `home/in` until `stop`; `handle` takes a job and a folder for files, and returns the answer."""
    (home / "in").mkdir(parents=True, exist_ok=True)
    (home / "out").mkdir(exist_ok=True)
    heart = threading.Thread(target=_beat, args=(home, stop), daemon=True)
    heart.start()
    while not stop.is_set():
        if not any(_answer(home, name, handle) for name in _waiting(home)):
            stop.wait(IDLE_SECONDS)
    heart.join()
    (home / "alive").unlink(missing_ok=True)


def _waiting(home: Path) -> list[str]:
    names = sorted(path.parent.name for path in (home / "in").glob("*/job.json"))
    return [name for name in names if not (home / "out" / name / "answer.json").exists()]


def _answer(home: Path, name: str, handle: Callable[[Job, Path], Mapping[str, Any]]) -> bool:
    out = home / "out" / name
    shutil.rmtree(out, ignore_errors=True)  # what a machine cut off in the middle has left
    out.mkdir()
    job = Job(name, home / "in" / name, {})
    try:
        job = Job(name, job.folder, load(job.folder / "job.json"))
        answer = {"ok": True, **handle(job, out)}
    except (AmanatError, CryptoFault, OSError) as error:
        fault = _as_fault(error)
        answer = {"ok": False, "code": fault.code, "fa": fault.say("fa"), "en": fault.say("en"), "facts": fault.facts}
        print(f"{home.name}: {name}: {fault.both()}", file=sys.stderr, flush=True)
    write_whole(out / "answer.json", dump(answer))
    return True


def _as_fault(error: AmanatError | CryptoFault | OSError) -> AmanatError:
    if isinstance(error, AmanatError):
        return error
    if isinstance(error, OSError):
        return BadInput("file-unreadable", file=str(error.filename or error))
    return Rejected("proof-rejected", check=str(error))


def _beat(home: Path, stop: threading.Event) -> None:
    while not stop.is_set():
        (home / "alive").touch()
        stop.wait(HEARTBEAT_SECONDS)


def alive(home: Path, patience: float = PATIENCE_SECONDS) -> bool:
    """Whether a machine is at work in this folder: its heartbeat is younger than `patience` seconds."""
    try:
        return time.time() - (home / "alive").stat().st_mtime < patience
    except FileNotFoundError:
        return False


# --- the carrier's side


def ask(
    home: Path,
    data: Mapping[str, Any],
    files: Mapping[str, Path | bytes],
    *,
    record: Mapping[str, Path] | None = None,
    patience: float = PATIENCE_SECONDS,
) -> Answer:
    """Gives a machine a job and waits for its answer; an answer already there to the same job is taken.

    What makes a job the same are `data` and `files`; `record` are files of the record by name, which travel along
    unless the machine keeps them already.  Raises Refused, and Gone.
    """
    digest = hashlib.sha256(dump(data))
    for name, content in sorted(files.items()):
        whole = content if isinstance(content, bytes) else content.read_bytes()
        digest.update(name.encode() + hashlib.sha256(whole).digest())
    job = f"{data['kind']}-{digest.hexdigest()[:16]}"
    answer = home / "out" / job / "answer.json"
    if answer.exists() and not load(answer).get("ok"):
        shutil.rmtree(home / "in" / job, ignore_errors=True)
        shutil.rmtree(answer.parent)
    if not answer.exists() and not (home / "in" / job / "job.json").exists():  # else the machine may be at it
        _put(home, job, data, files, record or {})
    started = time.monotonic()
    while not answer.exists():
        if time.monotonic() - started > patience and not alive(home, patience):
            raise Gone(home)
        time.sleep(POLL_SECONDS)
    found = load(answer)
    if not found.get("ok"):
        raise Refused(home.name, found)
    return Answer(found, answer.parent)


def _put(
    home: Path, job: str, data: Mapping[str, Any], files: Mapping[str, Path | bytes], record: Mapping[str, Path]
) -> None:
    folder = home / "in" / job
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            shutil.copyfile(content, target)
    for name, source in record.items():
        kept, target = home / RECORD / name, folder / RECORD / name
        if not (kept.exists() and filecmp.cmp(kept, source, shallow=False)):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    write_whole(folder / "job.json", dump(data))
