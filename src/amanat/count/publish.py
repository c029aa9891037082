"""The tally, the seats and the minutes (T-10, M-5, M-6): `tally.json`, `result.json`, `minutes/`, and lots."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from amanat.count.checks.election import Election, require, require_authorities
from amanat.count.exchange import Files, load, write_whole
from amanat.count.order import sign_all
from amanat.count.tags import Sorted
from amanat.errors import AmanatError, BadInput, Rejected
from amanat.records import cbor
from amanat.records import election_record as paths
from amanat.records.cbor import as_bytes, as_list
from amanat.records.manifest import json_line
from amanat.records.order import REASONS, Lot, Reason, lot_id
from amanat.rules import rule_set, tally
from amanat.rules.tally import Counted, Outcome, Purpose


def read_lots(files: Files, election: Election) -> list[Lot]:
    """Every lot with every authority's signature.  Raises Rejected."""
    lots = []
    for row in cbor.decode_seq(files.read(paths.LOTS)):
        data, signatures = as_list(row, "lot", size=2)
        lot = Lot.decode(as_bytes(data, "lot"))
        found = lot_id(election.eh, as_bytes(data, "lot"))
        require_authorities(election.manifest, election.eh, "lot", found, signatures, where=paths.LOTS)
        require("V24", paths.LOTS, lot.contest < len(election.manifest.contests))
        lots.append(lot)
    return lots


def decide(files: Files, election: Election, contest: int, counted: Counted, lots: Sequence[Lot]) -> Outcome:
    """Who is elected, by the record's rule set.  Raises Rejected for a lot that settles no tie."""
    rules = rule_set.load(files.read(paths.RULES).decode(), file=paths.RULES)
    return tally.decide(
        rules,
        election.manifest.round,
        votes=counted.votes,
        valid=counted.valid,
        seats=election.manifest.contests[contest].seats,
        lots=[lot.rule() for lot in lots if lot.contest == contest],
    )


def publish(record: Path, sorted_: Sorted, counted: Mapping[int, Counted]) -> None:
    """Writes `tally.json`, `result.json` and `minutes/`; `counted` by contest index."""
    reasons = Counter(reason for reason, _ in sorted_.aside.values())
    received = len(sorted_.session.ballots.ids)
    kept = sum(at not in sorted_.aside for at in range(received))
    account = {REASONS[reason]: reasons[reason] for reason in Reason if reason is not Reason.STANDS}
    write_result(record, sorted_.session.election, counted, received=received, kept=kept, set_aside=account)


def write_result(
    record: Path, election: Election, counted: Mapping[int, Counted], *, received: int, kept: int,
    set_aside: Mapping[str, int],
) -> None:  # fmt: skip
    """The files of T-10 from the counts and the lots recorded so far."""
    files = Files(record)
    lots = read_lots(files, election)
    objects = {}
    for contest, of_contest in counted.items():
        outcome = decide(files, election, contest, of_contest, lots)
        drawn = [lot.drawn for lot in lots if lot.contest == contest]
        of = election.manifest.contests[contest]
        objects[of.id] = paths.contest_object(of, of_contest, outcome, drawn)
    by_id = {election.manifest.contests[contest].id: of_contest for contest, of_contest in counted.items()}
    for name, value in objects.items():
        write_whole(record / paths.minutes_path(name), json_line(value).encode())
    text = paths.result_json(
        election_hash=election.eh, contests=objects, received=received, counted=kept, set_aside=set_aside
    )
    write_whole(record / paths.RESULT, text.encode())
    write_whole(record / paths.TALLY, paths.tally_json(by_id).encode())


def draw_lot(
    *, record: Path, authorities: Path, election: Election, contest: str, drawn: Sequence[str], text: bytes
) -> None:
    """Records a drawing of lots for the open tie of a contest and writes the result anew.  Raises BadInput, Rejected.

    `drawn` are the codes drawn, in order; `text` the minutes of the drawing.  Headquarters publishes again afterwards.
    """
    result = load(record / paths.RESULT)
    ids = [of.id for of in election.manifest.contests]
    if contest not in ids or not result["contests"][contest]["tied"]:
        raise BadInput("no-tie", contest=contest)
    files, index = Files(record), ids.index(contest)
    counted = {at: _counted(result["contests"][name]) for at, name in enumerate(ids)}
    before, fault = read_lots(files, election), None
    for purpose in Purpose:
        tied = tuple(result["contests"][contest]["tied"])
        lot = Lot(index, purpose, tied, tuple(drawn), hashlib.sha256(text).digest())
        try:
            decide(files, election, index, counted[index], [*before, lot])
        except Rejected as cause:
            fault = cause
            continue
        data = lot.encode()
        row = cbor.encode([data, sign_all(authorities, election, "lot", lot_id(election.eh, data))])
        write_whole(record / paths.LOTS, files.read(paths.LOTS) + row)
        account = {name: result[name] for name in ("received", "set_aside")}
        write_result(record, election, counted, kept=result["counted"], **account)
        return
    assert isinstance(fault, AmanatError)
    raise fault


def _counted(value: Mapping[str, object]) -> Counted:
    votes = value["votes"]
    assert isinstance(votes, dict)
    numbers = {name: int(str(value[name])) for name in ("blank", "unreadable", "valid", "counted")}
    return Counted(votes, **numbers)
