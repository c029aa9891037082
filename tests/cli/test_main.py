"""`amanat`: errors are two sentences and an exit code, never a traceback; one program's fault does not hide another."""

from pathlib import Path

import pytest

from amanat.cli import main as cli
from amanat.cli.main import main
from amanat.errors import Usage


def test_help_lists_every_program_and_imports_none(capsys: pytest.CaptureFixture[str]) -> None:
    """`amanat --help` works even where a program cannot be imported."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(name in said for name in cli.COMMANDS)
    assert "examples:" in said


@pytest.mark.parametrize("words", [["nonsense"], [], ["register"], ["register", "build"], ["register", "fly"]])
def test_wrong_words_are_exit_2_in_two_languages(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Usage on standard error, nothing on standard output."""
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "فرمان درست نیست" in said.err
    assert "--help" in said.err


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which file, in both languages, exit 2."""
    assert main(["register", "info", str(tmp_path / "no.bin")]) == 2
    assert capsys.readouterr().err.count("no.bin") == 2


def test_an_interruption_is_exit_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C: the same command goes on from here."""

    def interrupted(argv: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "run", interrupted)
    assert main(["register"]) == 3
    assert "again" in capsys.readouterr().err


def test_a_file_that_the_system_refuses_is_two_sentences(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path that is not there, a full disk: the file and the reason in both languages, exit 2, no traceback."""

    def refused(argv: object) -> int:
        raise FileNotFoundError(2, "No such file or directory", "signatures.seq")

    monkeypatch.setattr(cli, "run", refused)
    assert main(["hq"]) == 2
    said = capsys.readouterr().err
    assert said.count("signatures.seq") == 2
    assert "Traceback" not in said


def test_numbers_in_a_persian_sentence_are_persian() -> None:
    """The Persian sentence says ۲, the English one 2."""
    fault = Usage("session-not-built", session=2)
    assert "۲" in fault.say("fa")
    assert not any(digit in fault.say("fa") for digit in "0123456789")
    assert "2" in fault.say("en")


@pytest.mark.parametrize(("eh", "digest"), [("", "00" * 32), ("00" * 32, "00"), ("00" * 32, "x")])
def test_a_board_signs_nothing_but_whole_hashes(eh: str, digest: str, tmp_path: Path) -> None:
    """A hash cut short on the way to the boards: exit 2, and no signature is written."""
    words = ["--authorities", str(tmp_path), "--eh", eh, "--digest", digest, "--out", str(tmp_path / "signed")]
    assert main(["count", "sign", *words]) == 2
    assert not (tmp_path / "signed").exists()
