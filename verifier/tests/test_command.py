"""The command: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from maker import Maker
from test_records import sheet_text

from amanat_verifier import checks, pool, verify
from amanat_verifier.cbor import encode
from amanat_verifier.cli import main
from amanat_verifier.codes import ballot_code, base32


@pytest.fixture
def day(tmp_path: Path) -> tuple[Maker, Path]:
    maker, root = Maker(), tmp_path / "record"
    maker.make(root)
    return maker, root


def test_a_true_record_is_exit_0_and_one_json_object(
    day: tuple[Maker, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    maker, root = day
    assert main([str(root), "--election-hash", maker.eh.hex(), "--json", "--jobs", "1"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["ok"] is True
    assert found["election_hash"] == maker.eh.hex()
    assert [check["id"] for check in found["checks"]] == [f"V{n}" for n in range(1, 26)]
    assert set(found["checks"][0]) == {"id", "clause", "ok", "items", "seconds", "where"}
    assert found["result"]["contests"]["majlis"]["votes"]["1001"] == 3
    assert "EVERY CHECK HOLDS" in err


def test_a_changed_byte_is_exit_1_with_check_and_place(
    day: tuple[Maker, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    maker, root = day
    path = root / "ballots/1.seq"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    assert main([str(root), "--jobs", "1"]) == 1
    out, err = capsys.readouterr()
    last = max(vote.id for vote in maker.people).hex()
    assert f"ballots/1.seq: item 7 (ballot {last})" in out
    assert "FAIL V7" in out
    assert "TAKEN FROM THE RECORD ITSELF" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["/nowhere"],
        ["RECORD", "--election-hash", "12"],
        ["RECORD", "--election-hash", "nonsense"],
        ["RECORD", "--jobs", "0"],
        ["RECORD", "--explain", "AAAA-BBBB"],
        ["RECORD", "--sheet", "/nowhere"],
    ],
)
def test_bad_input_is_exit_2_and_a_sentence_in_both_languages(
    day: tuple[Maker, Path], capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main([str(day[1]) if word == "RECORD" else word for word in arguments]) == 2
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 2
    assert not err[0].isascii()


def test_explain_and_sheet(day: tuple[Maker, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    maker, root = day
    assert main([str(root), "--explain", ballot_code(maker.people[0].id)]) == 0
    assert "counted" in capsys.readouterr().out
    assert main([str(root), "--explain", ballot_code(bytes(32))]) == 1
    photo = tmp_path / "photo.txt"
    photo.write_text(sheet_text(maker, maker.sheets[1]))
    assert main([str(root), "--sheet", str(photo)]) == 0
    for nonsense in ("AH1NONSENSE!", "AH1" + base32(encode([b"", bytes(64)])), "nothing"):
        photo.write_text(nonsense)
        assert main([str(root), "--sheet", str(photo)]) == 2
    photo.write_text(sheet_text(maker, [*maker.sheets[1][:8], 2, *maker.sheets[1][9:]]))
    capsys.readouterr()
    assert main([str(root), "--sheet", str(photo), "--json", "--election-hash", maker.eh.hex()]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_an_empty_directory_is_exit_1_and_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not any(check["ok"] for check in found["checks"])
    assert not any("verifier failed" in check["where"] for check in found["checks"])
    assert found["result"] is None


def test_a_big_unit_is_summed_by_all_processes(day: tuple[Maker, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the threshold lowered the same record takes the path of units too big for one process."""
    maker, root = day
    monkeypatch.setattr(pool, "SHARED_TERMS_MIN", 10)
    report = verify(root, maker.eh, 2)
    assert report.ok
    assert report.result == verify(root, maker.eh, 1).result


def test_a_fault_of_the_verifier_is_no_traceback_and_no_pass(
    day: tuple[Maker, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bug of ours beside the checks, on a record that holds: exit 1, one JSON object, and no result."""

    def broken(record: object) -> None:
        raise RecursionError

    monkeypatch.setattr(checks, "summary", broken)
    assert main([str(day[1]), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["result"]) == (False, None)
