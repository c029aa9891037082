"""The whole count with every machine its own process, by the commands that people give (T-1 to T-10)."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from amanat.records import cbor
from amanat.records import election_record as paths
from amanat.records.identifiers import is_signed

ROOT = Path(__file__).parents[2]
VERIFIER = ROOT / ".venv-verifier/bin/amanat-verify"
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'crypto/python'}"}
SECONDS_MAX = 240


def amanat(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    command = [sys.executable, "-m", "amanat.cli.main", *map(str, words)]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)


@contextmanager
def running(*homes: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A process for each folder of `trustees/` and `mixers/`; told to stop at the end."""
    kinds = {"trustees": "trustee", "mixers": "mixer"}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "amanat.cli.main", kinds[home.parent.name], "run", str(home)], env=ENVIRONMENT
        )
        for home in homes
    ]
    try:
        yield started
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(timeout=60) for process in started]
    assert codes == [0] * len(codes)


def test_sixty_voters_three_stations_and_every_machine_a_process(county: Callable[..., Any]) -> None:
    """Sixty voters; two vote twice, one is excluded, one had a permit replaced and cast both.  The order is signed,
    three trustees and three mixers run, the count is killed once and started again.  Wanted: the account closes, and
    the verifier, which shares no code with us, finds every check true (P-4)."""
    place = county()
    place.fill(60)
    for person in (10, 11):
        place.vote(person, (person + 1) % 3, 2)
    first = place.vote(600, 0, 0)
    place.vote(600, 0, 3, replaces=first.serial)
    place.exclude(5)
    place.close()
    where = ["--record", place.record, "--private", place.private]
    ordered = amanat("count", "order", *where, "--authorities", place.root / "authorities")
    assert ordered.returncode == 0, ordered.stderr
    assert len(bytes.fromhex(ordered.stdout.strip())) == 32
    words = ["count", "run", *where, "--trustees", place.root / "trustees", "--mixers", place.root / "mixers"]
    homes = [place.root / f"trustees/{j}" for j in (1, 2, 3)] + [place.root / f"mixers/{at}" for at in range(3)]
    with running(*homes):
        killed = subprocess.Popen(
            [sys.executable, "-m", "amanat.cli.main", *map(str, words)], env=ENVIRONMENT, stderr=subprocess.DEVNULL
        )
        wait_for(place.record / "mix/majlis/s1-1/0/sig")
        killed.kill()
        killed.wait(timeout=60)
        done = amanat(*words, "--json")
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["seconds"]) == {"check", "tags", "mix", "decrypt"}
    result = place.result
    assert result["set_aside"] == {"annulled": 1, "duplicate": 3, "late": 0, "paper": 0}
    assert (result["received"], result["counted"]) == (64, 60)
    assert result["contests"]["majlis"]["votes"]["1004"] == 0
    place.publish()
    if VERIFIER.exists():
        command = [VERIFIER, place.record, "--election-hash", place.eh.hex(), "--json"]
        verified = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
        assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_lot_and_a_signature_by_command(county: Callable[..., Any], tmp_path: Path) -> None:
    """Two stand level; the boards draw a lot and record it by command (M-6).  Before, they signed a decision's
    digest by command: both signatures, in the manifest's order, hold (T-2)."""
    place = county(rule_set="by-election")
    for person in range(4):
        place.vote(person, person % 3, person % 2)
    place.count()
    (tmp_path / "minutes.txt").write_text("drawn before both boards", encoding="utf-8")
    lot = ["count", "lot", "--record", place.record, "--authorities", place.root / "authorities", "--contest", "majlis"]
    drawn = amanat(*lot, "--drawn", "1001", "--text", tmp_path / "minutes.txt")
    assert drawn.returncode == 0, drawn.stderr
    assert place.result["contests"]["majlis"]["elected"] == ["1001"]
    again = amanat(*lot, "--drawn", "1001", "--text", tmp_path / "minutes.txt")
    assert again.returncode == 2
    assert "no open tie" in again.stderr
    words = ["--eh", place.eh.hex(), "--domain", "decision", "--digest", "11" * 32, "--out", tmp_path / "signed"]
    assert amanat("count", "sign", "--authorities", place.root / "authorities", *words).returncode == 0
    rows: list[Any] = cbor.decode_seq((tmp_path / "signed").read_bytes())
    ((digest, signatures),) = rows
    assert digest == b"\x11" * 32
    for authority, signature in zip(place.manifest.authorities, signatures, strict=True):
        assert is_signed(authority.key, "decision", place.eh, digest, signature)


def wait_for(path: Path) -> None:
    """Waits until a file is there; no longer than a test may take."""
    for _ in range(SECONDS_MAX * 50):
        if path.exists():
            return
        time.sleep(0.02)
    raise TimeoutError(path)


def test_the_ceremony_by_commands(tmp_path: Path) -> None:
    """Three trustees make their keys, hold the ceremony for an election's folder, and lose nothing to a second try."""
    election = ROOT / "examples/damavand-firuzkuh"
    (tmp_path / "pass").write_text("a phrase", encoding="utf-8")
    homes = [tmp_path / f"trustees/{j}" for j in range(1, 6)]
    for j, home in enumerate(homes, start=1):
        words: list[str | Path] = [
            "--index",
            str(j),
            "--name",
            f"T{j}",
            "--power",
            f"P{j}",
            "--passphrase",
            tmp_path / "pass",
        ]
        assert amanat("trustee", "init", home, *words).returncode == 0
    out = tmp_path / "ceremony"
    with running(*homes):
        held = amanat("count", "ceremony", "--election", election, "--trustees", tmp_path / "trustees", "--out", out)
    assert held.returncode == 0, held.stderr
    assert (out / "trustees.cbor").exists()
    assert {path.name for path in (out / "keys/K").iterdir()} == {f"{j}.cbor" for j in range(1, 6)}


@pytest.mark.parametrize(
    "words",
    [
        ["trustee", "run", "no-such-folder"],
        ["count", "order", "--record", "nowhere", "--private", "nowhere", "--authorities", "nowhere"],
        ["count", "ceremony", "--election", "nowhere", "--trustees", "nowhere", "--out", "nowhere"],
        ["mixer", "run", "no-such-folder", "--election-hash", "xyz"],
        ["count", "lot", "--record", "n", "--authorities", "n", "--contest", "c", "--drawn", "1", "--text", "nowhere"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_wrong_command_gets_two_sentences_and_no_traceback(words: list[str], tmp_path: Path) -> None:
    told = amanat(*words)
    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert len(told.stderr.strip().splitlines()) >= 2


def test_help_of_each_command_has_an_example() -> None:
    for name in ("trustee", "mixer", "count"):
        told = amanat(name, "--help")
        assert told.returncode == 0
        assert "example" in told.stdout


def test_the_record_of_a_count_has_no_file_too_many(county: Callable[..., Any]) -> None:
    """D-1: what a count adds to the exported record is tags, mixes, shares, tally, result and minutes, and no more."""
    place = county()
    place.fill(12)
    place.count()
    folders = {str(p.relative_to(place.record)).split("/")[0] for p in place.record.rglob("*") if p.is_file()}
    exported = {"keys", "devices", "bulletin", "journal-summaries", "ballots", "order"}
    counted = {"dedup", "mix", "decrypt", "minutes"}
    files = {paths.MANIFEST, paths.MANIFEST_JSON, paths.RULES, paths.LOTS, paths.TALLY, paths.RESULT}
    assert folders == exported | counted | files
    assert not list(place.record.rglob("*.part"))
