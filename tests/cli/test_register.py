"""`amanat register`: a register from a file or from invented people, looked up and described."""

import json
from pathlib import Path

import pytest

from amanat.cli.main import main
from amanat.rules.national_id import synthetic

MARYAM, ALI = synthetic(0), synthetic(1)


def test_people_of_a_file_can_be_looked_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Maryam may vote; Ali is dead; exit 1 says that not everybody may."""
    people = tmp_path / "people.csv"
    people.write_text(f"national_id,name_fa,birth_year,reason\n{MARYAM},مریم,1360,\n{ALI},علی,1310,dead\n")
    out = tmp_path / "register.bin"
    assert main(["register", "build", "--people", str(people), "--out", str(out), "--names"]) == 0
    assert main(["register", "look", str(out), MARYAM]) == 0
    assert main(["register", "look", str(out), MARYAM, ALI, synthetic(2)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[1:] == [f"{MARYAM} eligible مریم 1360", f"{ALI} not-eligible dead علی 1310", f"{synthetic(2)} unknown"]


def test_the_same_seed_gives_the_same_register(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Invented people: one root a seed; `info` tells it."""
    roots = []
    for number, seed in enumerate(("1", "1", "2")):
        out = str(tmp_path / f"{number}.bin")
        assert main(["register", "build", "--synthetic", "500", "--seed", seed, "--out", out]) == 0
        assert main(["register", "info", out, "--json"]) == 0
        roots.append(json.loads(capsys.readouterr().out)["root"])
    assert roots[0] == roots[1] != roots[2]


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong id in line 2 and an unknown reason in line 3: both with file, line and field; nothing is written."""
    people = tmp_path / "people.csv"
    people.write_text(f"national_id,name_fa,birth_year,reason\n123,مریم,1360,\n{ALI},علی,1310,sleeping\n")
    out = tmp_path / "register.bin"
    assert main(["register", "build", "--people", str(people), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "line 2" in said
    assert "line 3" in said
    assert not out.exists()


def test_a_file_that_is_no_register_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty file, and one of other bytes."""
    for content in (b"", b"something else"):
        (tmp_path / "r.bin").write_bytes(content)
        assert main(["register", "look", str(tmp_path / "r.bin"), MARYAM]) == 2
    assert "r.bin" in capsys.readouterr().err
