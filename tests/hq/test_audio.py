"""The booth's voice as headquarters makes it, and candidates' photographs (M-7)."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from amanat.cli.main import main
from amanat.errors import BadInput
from amanat.hq.elections import audio, photos
from amanat.hq.elections.audio import Utterance
from amanat.hq.home import Home
from amanat.records import package_sums
from amanat.records.definition import CandidateRow, ContestDefinition

ALI, LEILA = Utterance("majlis", "101", "علی رضایی"), Utterance("majlis", "102", "لیلا نوری، معلم")
HELLO = Utterance("prompts", "welcome", "خوش آمدید")


def build(out: Path, *spoken: Utterance, recordings: Path | None = None) -> tuple[int, int]:
    return audio.build(spoken, out, recordings=recordings, progress=lambda *_: None)


def files(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """A folder with a wave of somebody's voice for 102."""
    folder = tmp_path / "recordings"
    (folder / "majlis").mkdir(parents=True)
    subprocess.run(["espeak-ng", "-v", "fa", "-w", str(folder / "majlis/102.wav"), "سلام"], check=True)
    return folder


def test_names_and_prompts_become_the_same_files_whenever_they_are_made(tmp_path: Path) -> None:
    """Two builds agree byte for byte, so that a package's digest can be checked by making it again."""
    assert build(tmp_path / "one", ALI, LEILA, HELLO) == (3, 0)
    build(tmp_path / "two", HELLO, LEILA, ALI)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert all(data.startswith(b"OggS") for name, data in files(tmp_path / "one").items() if name.endswith(".opus"))


def test_a_build_that_was_stopped_goes_on(tmp_path: Path) -> None:
    """What is there is kept; a name that was corrected is spoken anew; what nobody says any more is taken away."""
    build(tmp_path, ALI, LEILA, HELLO)
    (tmp_path / HELLO.name).unlink()
    (tmp_path / "majlis/103.part").write_bytes(b"torn")
    before = files(tmp_path)
    corrected = Utterance("majlis", "101", "علی رضائی")
    assert build(tmp_path, corrected, HELLO) == (2, 0)
    after = files(tmp_path)
    assert set(after) == {"majlis/101.opus", "prompts/welcome.opus", audio.INDEX}
    assert after["majlis/101.opus"] != before["majlis/101.opus"]


def test_a_persons_recording_takes_the_voices_place(tmp_path: Path, voice: Path) -> None:
    """A wave becomes Opus; an Opus file is taken as it is; without the recording the voice speaks again."""
    assert build(tmp_path / "out", ALI, LEILA, recordings=voice) == (1, 1)
    recorded = files(tmp_path / "out")["majlis/102.opus"]
    assert recorded.startswith(b"OggS")
    assert b"SYNTHETIC" not in recorded
    (voice / "majlis/102.wav").unlink()
    (voice / "majlis/101.opus").write_bytes(recorded)
    assert build(tmp_path / "out", ALI, LEILA, recordings=voice) == (1, 1)
    made = files(tmp_path / "out")
    assert made["majlis/101.opus"] == recorded
    assert b"SYNTHETIC" in made["majlis/102.opus"]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("majlis/999.opus", b"OggS....OpusHead", "audio-recording-of-nobody"),
        ("majlis/101.mp3", b"ID3", "audio-recording-kind"),
        ("majlis/101.opus", b"RIFF", "audio-recording-kind"),
        ("majlis/101.wav", b"RIFF" + bytes(audio.RECORDING_BYTES_MAX), "package-media-too-large"),
        ("majlis/101.flac", b"no flac", "audio-failed"),
    ],
)
def test_recordings_of_nobody_or_of_another_kind_are_refused(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    """A wrong file is named; it is never passed over, or a voter would hear a name that nobody checked."""
    path = tmp_path / "recordings" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        build(tmp_path / "out", ALI, recordings=tmp_path / "recordings")
    assert caught.value.code == code
    assert str(caught.value.facts["file"]).endswith(name)


def test_missing_programs_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where espeak-ng is not installed the sentence says which Debian package brings it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput) as caught:
        build(tmp_path / "out", ALI)
    assert caught.value.facts["package"] == "espeak-ng"


def contest(photo: str) -> ContestDefinition:
    row = CandidateRow("101", "علی", "Ali", "", "", photo)
    return ContestDefinition("majlis", {"fa": "مجلس", "en": "Majlis"}, 1, 1, 0, 50, 0, (row,))


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def test_a_photograph_is_taken_by_contest_and_code(tmp_path: Path) -> None:
    """`photo` names a file of the election's folder; its kind is what it is, not what it is called."""
    (tmp_path / "ali.png").write_bytes(PNG)
    assert photos.take_photos([contest("ali.png")], tmp_path, tmp_path / "out") == {("majlis", "101"): "png"}
    assert (tmp_path / "out/majlis/101.png").read_bytes() == PNG


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("ali.jpg", PNG, "photo-kind"),
        ("ali.gif", b"GIF89a", "photo-kind"),
        ("ali.png", PNG + bytes(photos.BYTES_MAX), "package-media-too-large"),
        ("ali.png", None, "file-missing"),
    ],
)
def test_other_photographs_are_refused(tmp_path: Path, name: str, data: Any, code: str) -> None:
    """Too large, of another kind, or not there: named before any package is made."""
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(BadInput) as caught:
        photos.take_photos([contest(name)], tmp_path, tmp_path / "out")
    assert caught.value.code == code


def test_the_command_speaks_and_the_package_holds_it(
    here: Home, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`amanat hq audio` makes a file for each name, number and title; `amanat hq package` signs them with the rest."""
    monkeypatch.setattr(audio, "prompts", lambda: {"welcome": "خوش آمدید"})
    monkeypatch.setattr(audio, "NUMBERS_MIN", 1)
    assert main(["hq", "audio", str(here.folder)]) == 0
    assert "0 recorded" in capsys.readouterr().err
    assert main(["hq", "package", str(here.folder), "--out", str(root / "package")]) == 0
    names = package_sums.require_whole(root / "package")
    assert {"audio/majlis/1001.opus", "audio/prompts/welcome.opus", "audio/prompts/contest-majlis.opus"} <= set(names)
    assert {"audio/prompts/number-0.opus", "audio/prompts/index.json", "register.bin"} <= set(names)
    index = json.loads((root / "package/audio/prompts/index.json").read_text(encoding="utf-8"))
    assert index["contest-majlis"] == "مجلس"
