"""Tally, seats and the published results (T-10, D-1): checks V22, V24 and V25."""

import json
from typing import Any

from amanat_verifier.ballots import DUPLICATE, LATE, REASONS, ballots, set_aside
from amanat_verifier.devices import signed_by_all
from amanat_verifier.hashes import identify
from amanat_verifier.manifest import Contest, dumps, manifest
from amanat_verifier.opening import Count, counts
from amanat_verifier.record import Record, names_below, once
from amanat_verifier.rules import RUNOFF, SEAT, Outcome, decide, read_rule
from amanat_verifier.shapes import Fault, blob, many, only, parse, raw, row, text, uint

LOTS = "lots.seq"
LOT = row(only(1), uint, only(SEAT, RUNOFF), many(text), many(text), raw(32))


@once
def lots(record: Record) -> dict[int, list[tuple[int, tuple[str, ...], tuple[str, ...]]]]:
    """Recorded lots by contest: purpose, tied, drawn; each signed by every authority."""
    found = manifest(record)
    by_contest: dict[int, list[tuple[int, tuple[str, ...], tuple[str, ...]]]] = {}
    for i, (body, signatures) in enumerate(record.rows(LOTS, row(blob, many(raw(64)))), 1):
        at = f"{LOTS}: item {i}"
        _, contest, purpose, tied, drawn, _ = parse(body, LOT, at)
        if contest >= len(found.contests):
            raise Fault(f"{at}: no such contest")
        if not signed_by_all(found, "lot", identify(found.eh, "lot", body), signatures):
            raise Fault(f"{at}: an authority's signature does not hold")
        by_contest.setdefault(contest, []).append((purpose, tied, drawn))
    return by_contest


def votes_of(contest: Contest, count: Count) -> dict[str, int]:
    """Votes by code, every code present."""
    return {code: count.marks.get(i, 0) for i, code in enumerate(contest.codes)}


@once
def outcomes(record: Record) -> dict[str, Outcome]:
    """Seats of each contest; a lot is taken only for the very tie that it names."""
    found = manifest(record)
    rule = read_rule(record.read("rules.toml"), found.round)
    result: dict[str, Outcome] = {}
    for contest in found.contests:
        count = counts(record)[contest.id]
        votes, drawn = votes_of(contest, count), dict[int, tuple[str, ...]]()
        outcome = decide(rule, votes, valid=count.valid, seats=contest.seats, drawn=drawn)
        for purpose, tied, names in lots(record).get(contest.index, []):
            if not outcome.tied or (purpose, tied) != (outcome.purpose, outcome.tied):
                raise Fault(f"{LOTS}: contest {contest.id}: a lot for a tie that is not there")
            if len(set(names)) != len(names) or len(names) != outcome.missing or not set(names) <= set(tied):
                raise Fault(f"{LOTS}: contest {contest.id}: {outcome.missing} of the tied must be drawn")
            drawn[purpose] = names
            outcome = decide(rule, votes, valid=count.valid, seats=contest.seats, drawn=drawn)
        result[contest.id] = outcome
    return result


def _tally_of(contest: Contest, count: Count) -> dict[str, Any]:
    return {
        "votes": votes_of(contest, count),
        "blank": count.blank,
        "unreadable": count.unreadable,
        "valid": count.valid,
        "counted": count.ballots,
    }


@once
def tally(record: Record) -> dict[str, dict[str, Any]]:
    """tally.json as it must be."""
    return {c.id: _tally_of(c, counts(record)[c.id]) for c in manifest(record).contests}


@once
def result(record: Record) -> dict[str, Any]:
    """result.json as it must be."""
    contests: dict[str, Any] = {}
    for contest in manifest(record).contests:
        outcome = outcomes(record)[contest.id]
        contests[contest.id] = tally(record)[contest.id] | {
            "seats": contest.seats,
            "elected": list(outcome.elected),
            "runoff": list(outcome.runoff),
            "tied": list(outcome.tied),
            "lots": [list(drawn) for _, _, drawn in lots(record).get(contest.index, [])],
        }
    aside = {a.id: a.reason for rows in set_aside(record).values() for a in rows}
    reasons = list(aside.values())
    totals = {REASONS[reason]: reasons.count(reason) for reason in range(DUPLICATE, LATE + 1)}
    received = [ballot.id for ballot in ballots(record)]
    return {
        "contests": contests,
        "counted": sum(ballot not in aside for ballot in received),  # by itself, or the equation could not fail
        "election_hash": manifest(record).eh.hex(),
        "received": len(received),
        "set_aside": totals,
    }


def summary(record: Record) -> dict[str, Any]:
    """The contests as `summary.json` names them."""
    fields = ("votes", "counted", "valid", "blank", "unreadable", "elected", "runoff", "tied")
    return {c: {name: whole[name] for name in fields} for c, whole in result(record)["contests"].items()}


def _published(record: Record, path: str, *keys: str) -> Any:
    """What a published file has at these keys; None if it has not."""
    try:
        found = json.loads(record.read(path))
    except (ValueError, RecursionError) as cause:
        raise Fault(f"{path}: not JSON") from cause
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _difference(given: Any, wanted: Any, at: str) -> str:
    """The first place where two JSON values differ."""
    if isinstance(given, dict) and isinstance(wanted, dict):
        for key in sorted(set(given) | set(wanted)):
            if given.get(key) != wanted.get(key):
                return _difference(given.get(key), wanted.get(key), f"{at}.{key}")
    return f"{at}: says {json.dumps(given)[:80]}, must be {json.dumps(wanted)[:80]}"


def _require_same(record: Record, path: str, wanted: Any) -> None:
    if record.read(path) != dumps(wanted):
        raise Fault(f"{path}: " + _difference(_published(record, path), wanted, "it"))


def check_plaintexts(record: Record) -> int:
    """V22: every plaintext opened again; those that are no canonical ballot are the ones called unreadable."""
    for contest, count in counts(record).items():
        says = _published(record, "tally.json", contest, "unreadable")
        if says != count.unreadable:
            raise Fault(f"tally.json: {contest}: {says} unreadable, but {count.unreadable} plaintexts are")
    return sum(count.ballots for count in counts(record).values())


def check_tally(record: Record) -> int:
    """V24: tally.json from the plaintexts, seats and ties by the rule set and the recorded lots."""
    _require_same(record, "tally.json", tally(record))
    for contest, wanted in result(record)["contests"].items():
        for name in ("seats", "elected", "runoff", "tied", "lots"):
            if _published(record, "result.json", "contests", contest, name) != wanted[name]:
                raise Fault(f"result.json: {contest}: {name} must be {wanted[name]}")
        if wanted["tied"]:
            record.say(f"{contest}: {', '.join(wanted['tied'])} stand level and no lot is recorded: a place is open.")
    return len(tally(record))


def check_results(record: Record) -> int:
    """V25: result.json and minutes/*.json byte for byte, and the closing equations."""
    whole = result(record)
    _require_same(record, "result.json", whole)
    minutes = {name for name in names_below(record, "minutes/") if name.endswith(".json")}
    extra = minutes - {f"{contest}.json" for contest in whole["contests"]}
    if extra:
        raise Fault(f"minutes/{min(extra)}: of no contest")
    for contest, wanted in whole["contests"].items():
        _require_same(record, f"minutes/{contest}.json", wanted)
        if wanted["counted"] != wanted["valid"] + wanted["blank"] + wanted["unreadable"]:
            raise Fault(f"result.json: {contest}: counted is not valid + blank + unreadable")
    if whole["received"] != whole["counted"] + sum(whole["set_aside"].values()):
        raise Fault("result.json: received is not counted + set aside")
    return 1 + len(whole["contests"])
