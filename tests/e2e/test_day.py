"""A whole day with the real programs as processes of their own: ceremony, stations, headquarters, count, verifier."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

from amanat.cli.rehearsal import copy_election, first_stations, read_election, terminals
from amanat.rehearsal import audit, folders, ledger, people, plan, tamper
from amanat.rehearsal.conduct import Exercise, conduct
from amanat.rehearsal.plan import DAY_SECONDS
from amanat.rehearsal.view import View

ELECTION = Path(__file__).resolve().parents[2] / "examples/damavand-firuzkuh"
VOTERS, STATIONS, SEED = 60, 3, 4


def rehearse(out: Path, *, kills: tuple[int, ...] = (), kind: plan.Kind = "online") -> dict[str, Any]:
    """Sixty voters at three stations; headquarters is killed at these moments.  Returns the summary."""
    definition, files = read_election(ELECTION)
    definition = first_stations(definition, files, STATIONS)
    home = folders.prepare(out)
    copy_election(files.kept, home)
    booths = {station.id: station.ballot_terminals for station in definition.stations}
    crowd = people.invent(voters=VOTERS, stations=booths, contests=definition.contests, seed=SEED)
    faults = plan.make(kind, seed=SEED, terminals=terminals(definition))
    faults = replace(faults, headquarters_kills=kills or faults.headquarters_kills)
    exercise = Exercise(definition, crowd, faults, home, SEED, 2, View(StringIO()))
    outcome = asyncio.run(conduct(exercise))
    assert json.loads((out / "summary.json").read_text()) == outcome.summary
    return outcome.summary


def require_sound(summary: dict[str, Any]) -> None:
    """Verified, nothing lost, nothing twice, and the sums hold."""
    assert summary["verified"] is True
    assert (summary["lost"], summary["counted_twice"]) == (0, 0)
    assert summary["attempts"] == summary["cast"] + sum(summary["refused"].values()) + summary["left"]
    assert summary["received"] == summary["counted"] + sum(summary["set_aside"].values())
    for contest in summary["contests"].values():
        assert contest["counted"] == contest["valid"] + contest["blank"] + contest["unreadable"]


def test_killing_headquarters_at_a_random_moment_changes_nothing(tmp_path: Path) -> None:
    """The same people twice, once with kill -9 for headquarters at a moment drawn here.  Wanted: both days verified,
    nothing lost, and the same tally to the vote."""
    moment = random.randrange(600, DAY_SECONDS)
    calm = rehearse(tmp_path / "calm")
    killed = rehearse(tmp_path / "killed", kills=(moment,))
    require_sound(calm)
    require_sound(killed)
    assert killed["contests"] == calm["contests"], f"killed at second {moment}"
    log = (tmp_path / "killed/link-log.csv").read_text()
    assert "process,headquarters,running,killed" in log
    assert "process,headquarters,killed,running" in log


def test_a_day_of_outages_and_power_cuts_and_a_forger_afterwards(tmp_path: Path) -> None:
    """The demo's plan: cut-off stations, power cuts in a visit, headquarters killed.  Wanted: every voter who was
    thanked is in the record, and the tally is that of their own ledger.  Then one vote of a copy is changed: the
    verifier names ballot and place."""
    summary = rehearse(tmp_path, kind="demo")
    require_sound(summary)
    lines = list(ledger.read(tmp_path / "ledger.jsonl"))
    assert len(lines) == summary["attempts"]
    assert {line.told for line in lines} <= {"cast", "refused", "left"}
    assert audit.votes_told(lines, audit.read_record(tmp_path / "record")) == {
        contest: +Counter(figures["votes"]) for contest, figures in summary["contests"].items()
    }
    log = (tmp_path / "link-log.csv").read_text()
    assert log.count("power,") == 6
    forged, passed, account = tamper.tamper(tmp_path, number=7)
    assert not passed
    failed = [check for check in account["checks"] if not check["ok"]]
    assert failed
    assert all(check["where"] for check in failed)
    assert any(forged.after in check["where"] and forged.file in check["where"] for check in failed), failed
