"""`summary.json`: every figure is counted where it arises, none by subtraction; what was not measured is absent.

From the voters' ledger: attempts, refused, left, cast, by_station.  From the record: received, set_aside, counted,
contests.  From both together: lost, counted_twice, totals_differ (totals that the voters' own choices do not
give).  From headquarters: offline_decisions.
"""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amanat.records.definition import Definition
from amanat.rehearsal import audit, ledger
from amanat.rehearsal.closing import Counted
from amanat.rehearsal.folders import Folders
from amanat.rehearsal.ledger import Ledger

CONTEST_FIELDS = ("votes", "counted", "valid", "blank", "unreadable", "elected", "runoff", "tied")
STEPS = ("cast", "deliver", "tags", "mix", "decrypt", "verify")


def offline_decisions(account: Mapping[str, Any]) -> dict[str, Any]:
    """Decisions without headquarters, and how many of them it contradicted when it had all data up to that moment."""
    given = account["offline_decisions"]
    made, contradicted = given["made"], given["contradicted"]
    share = {"share": contradicted / made} if made else {}
    return {"made": made, "contradicted": contradicted, "by_reason": given["by_reason"], **share}


def make(
    definition: Definition, folders: Folders, told: Ledger, counted: Counted, *, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """The summary.  Raises Malformed, OSError or KeyError for a record that is none."""
    published = audit.read_record(folders.record)
    verdict = audit.audit(ledger.read(folders.out / "ledger.jsonl"), published)
    votes_told = audit.votes_told(ledger.read(folders.out / "ledger.jsonl"), published)
    result = json.loads((folders.record / "result.json").read_text(encoding="utf-8"))
    contests = {id_: {name: figures[name] for name in CONTEST_FIELDS} for id_, figures in result["contests"].items()}
    reasons = Counter(published.set_aside.values())
    return {
        "attempts": told.attempts,
        "refused": dict(told.refused),
        "left": told.left,
        "cast": told.cast,
        "received": len(published.received),
        "set_aside": {reason: reasons[reason] for reason in audit.REASONS.values()},
        "counted": result["counted"],
        "contests": contests,
        "by_station": {
            station.id: {contest.id: {"cast": told.cast_at(station.id, contest.id)} for contest in definition.contests}
            for station in definition.stations
        },
        "offline_decisions": offline_decisions(counted.account),
        "lost": len(verdict.lost),
        "counted_twice": len(verdict.counted_twice),
        "totals_differ": list(
            audit.differing_totals(votes_told, {id_: figures["votes"] for id_, figures in contests.items()})
        ),
        "tested": told.tested,
        "verified": counted.verified,
        "record": str(folders.record),
        "election_hash": published.election_hash,
        "seconds": {step: seconds[step] for step in STEPS if step in seconds},
    }


def write(path: Path, summary: Mapping[str, Any]) -> None:
    """Writes summary.json."""
    path.write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
