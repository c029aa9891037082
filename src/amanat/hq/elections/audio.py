"""The booth's voice, made before the day: a file for every name and every prompt.  No station has a voice engine.

A file says in its comment what it says, so a build that was stopped goes on, and a changed name is spoken anew.  A
person's recording `<contest>/<code>` or `prompts/<key>` (.opus, .wav, .flac) takes the place of the synthetic voice.
LIMIT: espeak-ng's Persian is understood, not beautiful; short vowels that are not written are guessed.
"""

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from amanat.errors import BadInput, sentences
from amanat.records.manifest import Manifest
from amanat.rules import persian

AUDIO: Final = "audio"
PROMPTS: Final = "prompts"
INDEX: Final = f"{PROMPTS}/index.json"
"""Below the audio folder: what each prompt says, by key."""
NUMBERS_MIN: Final = 30
RECORDING_BYTES_MAX: Final = 1 << 20
SECONDS_MAX: Final = 300
HEAD_BYTES: Final = 4096  # the comment stands in the second page of an Ogg stream
RECORDINGS: Final = (".opus", ".wav", ".flac")
VOICE: Final = ("espeak-ng", "-v", "fa", "-s", "150", "-b", "1", "--stdin", "--stdout")
ENCODER: Final = (
    "opusenc", "--quiet", "--speech", "--bitrate", "16", "--framesize", "60", "--comp", "5", "--serial", "1",
    "--padding", "0", "--discard-comments", "--discard-pictures",
)  # fmt: skip
PLACE: Final = re.compile(r"\{\w+\}")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Utterance:
    """One file: `audio/<folder>/<key>.opus` says `text`, but for places such as {terminal} in it."""

    folder: str
    key: str
    text: str

    @property
    def name(self) -> str:
        """Its place below the audio folder."""
        return f"{self.folder}/{self.key}.opus"


def prompts() -> dict[str, str]:
    """The shipped sentences by key; a place such as {terminal} is not spoken."""
    tables = tomllib.loads((files(__package__) / "prompts.toml").read_text(encoding="utf-8"))
    refused = {f"refused-{code}": sentences()[code]["fa"] for code in tables.pop("refused")["codes"]}
    return {key: text for table in tables.values() for key, text in table.items()} | refused


def utterances(folder: Path) -> list[Utterance]:
    """Everything that a booth of this election may say; `folder` has the package's manifest and JSON files."""
    contests = Manifest.decode((folder / "manifest.cbor").read_bytes()).contests
    titles = json.loads((folder / "contests.json").read_text(encoding="utf-8"))
    candidates = json.loads((folder / "candidates.json").read_text(encoding="utf-8"))
    spoken = [Utterance(PROMPTS, key, text) for key, text in prompts().items()]
    numbers = max(NUMBERS_MIN, *(contest.max_choices for contest in contests))
    spoken += [Utterance(PROMPTS, f"number-{n}", persian.to_persian_digits(str(n))) for n in range(numbers + 1)]
    spoken += [Utterance(PROMPTS, f"contest-{row['id']}", str(row["title_fa"])) for row in titles]
    for contest, rows in candidates.items():
        spoken += [Utterance(contest, str(row["code"]), _name(row)) for row in rows]
    return spoken


def _name(row: Mapping[str, Any]) -> str:
    """The name as it is to be pronounced, and the mark that tells namesakes apart."""
    name = str(row.get("phonetic_fa") or row["name_fa"])
    return f"{name}، {row['mark']}" if row.get("mark") else name


def build(spoken: Sequence[Utterance], out: Path, *, recordings: Path | None, progress: Progress) -> tuple[int, int]:
    """Makes what is missing in `out`, on all processors, and removes what nobody says any more.

    Returns how many files were synthesised and how many come from people.

    Raises:
        BadInput: a program is not installed or fails, or a recording is of nobody, too large or of another kind.
    """
    _require_programs()
    recorded = dict(_recordings(recordings, spoken)) if recordings else {}
    for extra in set(out.rglob("*.*")) - {out / one.name for one in spoken}:
        extra.unlink()
    for folder in {PROMPTS, *(one.folder for one in spoken)}:
        (out / folder).mkdir(parents=True, exist_ok=True)
    index = {one.key: one.text for one in spoken if one.folder == PROMPTS}
    (out / INDEX).write_text(json.dumps(index, ensure_ascii=False, indent=0), encoding="utf-8")
    missing = [one for one in spoken if one.name not in recorded and not _says(out / one.name, one.text)]
    work: list[Callable[[], None]] = [partial(_synthesise, one, out / one.name) for one in missing]
    work += [partial(_record, source, out / name) for name, source in recorded.items()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for count, _ in enumerate(pool.map(lambda act: act(), work), start=1):
            progress(count, len(work))
    return len(missing), len(recorded)


def _require_programs() -> None:
    for program, package in (("espeak-ng", "espeak-ng"), ("opusenc", "opus-tools")):
        if shutil.which(program) is None:
            raise BadInput("audio-program-missing", program=program, package=package)


def _recordings(folder: Path, spoken: Sequence[Utterance]) -> Iterator[tuple[str, Path]]:
    """(place below the audio folder, file) of each recording."""
    known = {one.name for one in spoken}
    if not folder.is_dir():
        raise BadInput("file-missing", file=str(folder))
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).with_suffix(".opus").as_posix()
        if path.suffix.lower() not in RECORDINGS:
            raise BadInput("audio-recording-kind", file=str(path), allowed=" ".join(RECORDINGS))
        if name not in known:
            raise BadInput("audio-recording-of-nobody", file=str(path))
        if path.stat().st_size > RECORDING_BYTES_MAX:
            raise BadInput("package-media-too-large", file=str(path), most=RECORDING_BYTES_MAX)
        if path.suffix.lower() == ".opus" and b"OpusHead" not in path.read_bytes()[:64]:
            raise BadInput("audio-recording-kind", file=str(path), allowed=" ".join(RECORDINGS))
        yield name, path


def _says(path: Path, text: str) -> bool:
    """Whether the file is there and says this text in the synthetic voice."""
    try:
        with path.open("rb") as file:
            return _comment(text).encode() in file.read(HEAD_BYTES)
    except FileNotFoundError:
        return False


def _comment(text: str) -> str:
    return f"SYNTHETIC={text}"


def _synthesise(one: Utterance, target: Path) -> None:
    wave = _run(VOICE, PLACE.sub("", one.text).encode(), about=one.name)
    _put(target, _run((*ENCODER, "--ignorelength", "--comment", _comment(one.text), "-", "-"), wave, about=one.name))


def _record(source: Path, target: Path) -> None:
    """A person's voice: as it is if it is Opus already."""
    data = source.read_bytes()
    _put(target, data if source.suffix.lower() == ".opus" else _run((*ENCODER, "-", "-"), data, about=str(source)))


def _run(command: Sequence[str], data: bytes, *, about: str) -> bytes:
    try:
        done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired as cause:
        raise BadInput("audio-failed", file=about, program=command[0], reason=f"> {SECONDS_MAX} s") from cause
    if done.returncode or not done.stdout:
        reason = done.stderr.decode("utf-8", "replace").strip()[:200]
        raise BadInput("audio-failed", file=about, program=command[0], reason=reason)
    return done.stdout


def _put(target: Path, data: bytes) -> None:
    """Whole or not at all: a build may be stopped anywhere."""
    new = target.with_suffix(".part")
    new.write_bytes(data)
    new.replace(target)
