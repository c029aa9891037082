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
from amanat.rules.national_id import synthetic

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


TWO_CONTESTS = """\
id = "two"
title = { fa = "دو رقابت", en = "Two contests" }
round = 1
polling_day = "1402-12-11"
rule_set = "by-election"
trustees = { names = ["الف", "ب", "ج", "د", "ه"], threshold = 3 }
mixers = ["یک", "دو", "سه"]
[[contest]]
id = "majlis"
title = { fa = "مجلس", en = "Parliament" }
seats = 2
max_choices = 2
candidates = "names.csv"
unit_min = 3
count = "whole"
[[contest]]
id = "council"
title = { fa = "شورا", en = "Council" }
seats = 1
max_choices = 1
candidates = "council.csv"
unit_min = 3
count = "whole"
[stations]
file = "places.csv"
"""


def test_two_contests_on_one_visit_and_a_second_try_elsewhere(tmp_path: Path) -> None:
    """Twelve voters; every fourth skips the council, which is not a blank vote; every third leaves the first ballot
    blank; codes come with Persian digits, a BOM and CRLF.  The first voter tries again at another station: refused."""
    election = tmp_path / "election"
    election.mkdir()
    (election / "election.toml").write_text(TWO_CONTESTS)
    names = "code,name_fa,name_en\r\n۱۰۰۱,علی,Ali\r\n1002,رضا,Reza\r\n1003,مینا,Mina\r\n"
    (election / "names.csv").write_bytes(names.encode("utf-8-sig"))
    (election / "council.csv").write_text("code,name_fa,name_en\n01,الف,A\n02,ب,B\n")
    header = "id,name_fa,county,district,ballot_terminals,mobile\n"
    (election / "places.csv").write_text(header + "A1,یک,دماوند,مرکزی,2,no\nA2,دو,دماوند,مرکزی,1,no\n")
    rows = ["station,voter,contest,choices"]
    for number in range(12):
        station = "A1" if number % 2 else "A2"
        rows.append(f"{station},v{number},majlis,{'1001|۱۰۰۲' if number % 3 else ''}")
        if number % 4:
            rows.append(f"{station},v{number},council,01")
    rows.append("A1,v0,majlis,1003")
    (tmp_path / "ballots.csv").write_bytes("\r\n".join(rows).encode("utf-8-sig"))
    done = replay(tmp_path, "--json")
    assert done.returncode == 0, done.stderr[-2000:]
    summary = json.loads(done.stdout)
    assert (summary["attempts"], summary["cast"]) == (13, 12)
    assert summary["refused"] == {"checked-in-already": 1, "not-eligible": 0}
    majlis, council = summary["contests"]["majlis"], summary["contests"]["council"]
    assert (majlis["counted"], majlis["valid"], majlis["blank"]) == (12, 8, 4)
    assert majlis["votes"] == {"1001": 8, "1002": 8, "1003": 0}
    assert (council["counted"], council["blank"], council["votes"]) == (9, 0, {"01": 9, "02": 0})
    assert council["elected"] == ["01"]
    assert summary["by_station"]["A2"] == {"majlis": {"cast": 6}, "council": {"cast": 3}}
    assert (tmp_path / "out/voters.csv").read_text().splitlines()[1] == f"v0,{synthetic(0)}"
