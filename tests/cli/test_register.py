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


def test_a_keyed_register_is_read_with_its_key_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--key` makes the key where there is none; without it or with another nobody is looked up, but `info` answers."""
    out, key, other = (str(tmp_path / name) for name in ("register.bin", "key", "other"))
    build = ["register", "build", "--synthetic", "300", "--out", out, "--names"]
    assert main([*build, "--key", key, "--made", "1402-12-01"]) == 0
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    assert main(["register", "look", out, MARYAM]) == 2
    (tmp_path / "other").write_text("ab" * 32)
    assert main(["register", "look", out, "--key", other, MARYAM]) == 2
    (tmp_path / "other").write_text("ab" * 31)
    assert main(["register", "look", out, "--key", other, MARYAM]) == 2
    capsys.readouterr()
    assert main(["register", "look", out, "--key", key, MARYAM]) in (0, 1)
    assert capsys.readouterr().out.startswith(MARYAM)
    assert main(["register", "info", out, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["keyed"], facts["names"], facts["people"], facts["made"]) == (True, True, 300, "2024-02-20")


def test_a_build_that_fails_leaves_nothing_and_the_old_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same id twice at the end of the file: refused, the register of before stands, no draft beside it."""
    out, people = tmp_path / "register.bin", tmp_path / "people.csv"
    people.write_text(f"national_id,name_fa,birth_year\n{MARYAM},مریم,1360\n")
    build = ["register", "build", "--people", str(people), "--out", str(out), "--names"]
    assert main(build) == 0
    before = out.read_bytes()
    people.write_text(f"national_id,name_fa,birth_year\n{MARYAM},مریم,1360\n{MARYAM},مریم,1360\n")
    assert main(build) == 2
    assert MARYAM in capsys.readouterr().err
    assert out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["people.csv", "register.bin"]
    assert main([*build[:-2], str(tmp_path / "no" / "folder.bin")]) == 2
    assert "folder.bin" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xff\xfen\x00", "line 1"),
        (b"national_id,name_fa,birth_year\n7000000007,\x00,1360\n", "line 2"),
        (b"national_id,name_fa,birth_year\n7000000007,\xff,1360\n", "line 2"),
        (b"national_id,name_fa,birth_year\n" + b"7" * 70_000, "line 2"),
        (b'national_id,name_fa,birth_year\n"7000000007,a,1360\n', "people.csv"),
        (b"national_id,name_fa\n", "birth_year"),
        (b"national_id,name_fa,birth_year\n7000000007,a,1984\n", "line 2"),
        (b"national_id,name_fa,birth_year\n7000000007,a\n", "line 2"),
    ],
)
def test_files_of_another_kind(tmp_path: Path, content: bytes, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Read a line at a time, and refused at the line that is wrong."""
    people = tmp_path / "people.csv"
    people.write_bytes(content)
    assert main(["register", "build", "--people", str(people), "--out", str(tmp_path / "register.bin")]) == 2
    assert code in capsys.readouterr().err


def test_what_people_type_is_understood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A BOM, CRLF, Persian digits, Arabic letters, columns in another order and one that nobody asked for."""
    people, out = tmp_path / "people.csv", tmp_path / "register.bin"
    persian = MARYAM.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    text = f"name_fa,Birth_Year,city,national_id,reason\r\nعلي  كريمي,۱۳۶۰,ری,{persian},Abroad\r\n\r\n"
    people.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert main(["register", "build", "--people", str(people), "--out", str(out), "--names"]) == 0
    assert main(["register", "look", str(out), MARYAM]) == 1
    assert capsys.readouterr().out == f"{MARYAM} not-eligible abroad علی کریمی 1360\n"
