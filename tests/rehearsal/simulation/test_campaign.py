"""A small campaign in every run of the tests: fresh processes with tokens, days full of faults, the auditor throughout.

The large one is `amanat simulate --seed 1 --seeds 1000`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from amanat.cli.main import main
from amanat.errors import BadInput
from amanat.rehearsal.simulation.campaign import campaign
from amanat.rehearsal.simulation.report import Report, total
from amanat.rehearsal.simulation.worker import Job

SEEDS = 14
VOTERS = 60


def test_no_vote_is_lost_and_none_counted_twice_in_days_full_of_faults(tmp_path: Path) -> None:
    """P1.  Each seed has its own faults; after them everything that anybody was told is at headquarters and counts
    once.  Interrupted after some seeds, the campaign goes on from its file and comes to the same."""
    jobs = [Job(seed, voters=VOTERS) for seed in range(1, SEEDS + 1)]
    out = tmp_path / "days.jsonl"
    first = campaign(jobs[:3], workers=2, out=out)
    reports = campaign(jobs, workers=2, out=out)
    assert reports[:3] == first
    assert len(out.read_text(encoding="utf-8").splitlines()) == SEEDS
    found = total(reports)
    assert found.violations == [], found.violations[0]
    assert (found.lost, found.counted_twice, found.seeds) == (0, 0, SEEDS)
    assert found.votes > SEEDS * VOTERS // 2
    assert found.acknowledged >= found.votes - sum(found.beyond_model.values())
    assert len(found.faults) > 30


def simulate(*words: str, hash_seed: str) -> dict[str, object]:
    """`amanat simulate … --json` in a process whose sets have another order."""
    command = [sys.executable, "-m", "amanat.cli.main", "simulate", *words, "--json"]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_seed_is_the_same_day_in_every_process() -> None:
    """The digest is of all that happened; the order of sets and the process do not matter."""
    words = ("--seed", "3", "--voters", "40", "--stations", "3")
    one = simulate(*words, hash_seed="1")
    assert one == simulate(*words, hash_seed="2")
    wanted = {"votes", "acknowledged", "lost", "counted_twice", "beyond_model", "faults", "reached", "violations"}
    assert wanted | {"quiet_after_hours", "seed", "digest"} <= set(one)
    assert one["seed"] == 3


def test_totals_are_sums_and_the_digest_is_of_all_digests() -> None:
    """Faults and losses add up by name; seeds come in any order."""
    one = Report(votes=3, lost=0, counted_twice=0, faults={"cut": 1}, beyond_model={"theft": 1}, seed=2, digest="aa")
    other = Report(votes=4, lost=2, faults={"cut": 2, "kill": 1}, violations=["seed 1: no"], seed=1, digest="bb")
    found = total([one, other])
    assert found == total([other, one])
    assert (found.lost, found.counted_twice) == (2, None)  # one day was not counted: nobody knows the sum
    assert (found.votes, found.faults, found.beyond_model) == (7, {"cut": 3, "kill": 1}, {"theft": 1})
    assert found.violations == ["seed 1: no"]


def test_a_file_of_something_else_is_refused_with_its_line(tmp_path: Path) -> None:
    """`--out` names a file that no campaign wrote, or one that was asked for other voters."""
    out = tmp_path / "notes.txt"
    asked = {"asked": [None, 60, None, False]}
    out.write_text(json.dumps(asked | Report(seed=1).fields()) + "\nnotes\n", encoding="utf-8")
    with pytest.raises(BadInput, match="line 2"):
        campaign([Job(1, voters=60)], workers=1, out=out)
    with pytest.raises(BadInput, match="line 1"):
        campaign([Job(1, voters=61)], workers=1, out=out)


@pytest.mark.parametrize(
    "words",
    [("--seed", "-1"), ("--seed", "1", "--stations", "9"), ("--seed", "1", "--faults", "rain"), ("--seed", "x")],
)
def test_bad_input_is_told_in_two_languages(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, a Persian and an English sentence, and no day is simulated."""
    assert main(["simulate", *words]) == 2
    said = capsys.readouterr().err
    assert any("\u0600" < letter < "\u06ff" for letter in said)
    assert "Traceback" not in said
