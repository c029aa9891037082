"""A replay of two counties' published figures, a small part of them: every network plan gives them back to the vote."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from amanat.rehearsal import ledger
from amanat.rehearsal.programs import environment
from amanat.rehearsal.two_counties import make

FIGURES = Path(__file__).resolve().parents[2] / "examples/two-counties-1388/figures.csv"
SCALE = 1500


def replay(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`amanat replay` on the folder's election and ballots."""
    command = [sys.executable, "-m", "amanat.cli.main", "replay", "--election", str(folder / "election")]
    command += ["--ballots", str(folder / "ballots.csv"), "--out", str(folder / "out"), *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=600, check=False)


@pytest.mark.parametrize("network", ["online", "offline", "flaky", "usb"])
def test_every_network_gives_the_figures_back(tmp_path: Path, network: str) -> None:
    """Two stations a county.  Wanted, whatever the network: each vote counted once, the verifier's own result equal,
    the ledger's ballots all in the record, by station as in the file."""
    expected = make(tmp_path, figures=FIGURES, scale=SCALE, stations=2)
    done = replay(tmp_path, "--network", network, "--seed", "5", "--json")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "polls closed" in done.stderr
    summary = json.loads(done.stdout)
    contest = summary["contests"]["president"]
    assert (summary["counted"], contest["blank"]) == (expected.counted, expected.blank)
    assert contest["votes"] == expected.votes
    assert (summary["lost"], summary["counted_twice"], summary["verified"]) == (0, 0, True)
    by_station = {s: figures["president"]["cast"] for s, figures in summary["by_station"].items()}
    assert by_station == {station: expected.by_station.get(station, 0) for station in by_station}
    verified = json.loads((tmp_path / "out/verify.json").read_text())
    assert verified["ok"]
    assert verified["result"]["contests"]["president"]["votes"] == expected.votes
    told = Counter(line.told for line in ledger.read(tmp_path / "out/ledger.jsonl"))
    assert told == {"cast": expected.counted}


def test_what_is_wrong_in_the_rows_is_told_before_anything_is_cast(tmp_path: Path) -> None:
    """An unknown station in line 2, an unknown code in line 3, too many choices in line 4: exit 2, all three with
    their lines, in both languages; no folder of a run is made."""
    make(tmp_path, figures=FIGURES, scale=SCALE, stations=2)
    rows = "station,voter,contest,choices\nX9,a,president,1001\nD001,b,president,9999\nD001,c,president,1001|1002\n"
    (tmp_path / "ballots.csv").write_text(rows)
    done = replay(tmp_path)
    assert done.returncode == 2
    assert all(done.stderr.count(f"line {line}") == 1 for line in (2, 3, 4)), done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "out").exists()
