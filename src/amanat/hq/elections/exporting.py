"""The definition as files: made of what every noun holds, frozen as a version that two roles sign for, written out.

What is exported is what `amanat hq init`, `demo` and `replay` read (M-1); it is read back by them before it is frozen.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from amanat.errors import AmanatError, Rejected
from amanat.hq import clock
from amanat.hq.accounts import pairs
from amanat.hq.accounts.log import log_action
from amanat.hq.accounts.models import Appointment, Proposal
from amanat.hq.accounts.roles import Role
from amanat.hq.elections.models import KeyHolder, PlannedContest, Version
from amanat.hq.elections.plan import current_plan
from amanat.hq.writing import writing
from amanat.records.definition import read_definition
from amanat.rules import persian

CANDIDATE_FIELDS: Final = ("code", "name_fa", "name_en", "mark_fa", "phonetic_fa", "photo")
STATION_FIELDS: Final = (
    *("id", "name_fa", "county", "district", "ballot_terminals", "mobile"),
    *("mode", "link", "lat", "lon", "approvals"),
)
Rows = Sequence[Mapping[str, str]]
Candidates = Callable[[str], Rows]
Stations = Callable[[], Rows]
_candidates: list[Candidates] = []
_stations: list[Stations] = []


def gives_candidates(rows: Candidates) -> Candidates:
    """Registers who knows the final list of a contest, by its id: rows of CANDIDATE_FIELDS."""
    _candidates[:] = [rows]
    return rows


def gives_stations(rows: Stations) -> Stations:
    """Registers who knows the stations and how each runs: rows of STATION_FIELDS."""
    _stations[:] = [rows]
    return rows


def files() -> dict[str, str]:
    """The definition's files by name, as things are now.

    Raises:
        Rejected: no plan.
    """
    made = {"election.toml": _toml()}
    for contest in PlannedContest.objects.order_by("id"):
        rows = _candidates[0](contest.id) if _candidates else ()
        made[f"candidates-{contest.id}.csv"] = _csv(CANDIDATE_FIELDS, rows)
    made["stations.csv"] = _csv(STATION_FIELDS, _stations[0]() if _stations else ())
    return made


def _csv(fields: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, fields, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _toml() -> str:
    plan = current_plan()
    holders: dict[str, list[KeyHolder]] = {"trustee": [], "mixer": [], "authority": []}
    for one in KeyHolder.objects.all():
        holders[one.kind].append(one)
    trustees, mixers = holders["trustee"], holders["mixer"]
    lines = [
        f"id = {_text(plan.election_id)}",
        f"title = {{ fa = {_text(plan.title_fa)}, en = {_text(plan.title_en)} }}",
        f"round = {plan.round}",
        f"polling_day = {_text(persian.jalali_digits(plan.polling_day))}",
        f"rule_set = {_text(plan.rule_set)}",
        f"trustees = {{ names = {_texts(t.name for t in trustees)}, powers = {_texts(t.power for t in trustees)}, "
        f"threshold = {plan.threshold} }}",
        f"mixers = {_texts(m.name for m in mixers)}",
        f"mixer_owners = {_texts(m.power for m in mixers)}",
        f"authorities = {_texts(a.power for a in holders['authority'])}",
    ]
    for contest in PlannedContest.objects.order_by("id"):
        lines += [
            "",
            "[[contest]]",
            f"id = {_text(contest.id)}",
            f"title = {{ fa = {_text(contest.title_fa)}, en = {_text(contest.title_en)} }}",
            f"seats = {contest.seats}",
            f"max_choices = {contest.max_choices}",
            f"candidates = {_text(f'candidates-{contest.id}.csv')}",
            f"unit_min = {contest.unit_min}",
            f"unit_by = {_text(contest.unit_by)}",
            'count = "whole"',
        ]
    return "\n".join([*lines, "", "[stations]", 'file = "stations.csv"', ""])


def _text(value: str) -> str:
    """A TOML basic string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'


def _texts(values: Iterable[str]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"


def faults() -> list[str]:
    """Why it cannot be published yet, a Persian sentence each; empty when it can."""
    try:
        read_definition({name: text.encode() for name, text in files().items()})
    except AmanatError as fault:
        return fault.say("fa").splitlines()
    return []


def digest_of(made: Mapping[str, str]) -> str:
    """SHA-256 over the files in order of their names."""
    digest = hashlib.sha256(b"amanat/v1/definition")
    for name in sorted(made):
        data = made[name].encode()
        digest.update(f"{name}\n{len(data)}\n".encode() + data)
    return digest.hexdigest()


def _freeze(facts: Mapping[str, Any], by: Appointment) -> None:
    number = 1 + (Version.objects.order_by("-number").values_list("number", flat=True).first() or 0)
    Version.objects.create(
        number=number,
        reason_fa=facts["reason"],
        files=facts["files"],
        digest=facts["digest"],
        proposed_by_id=facts["by"],
        confirmed_by=by,
        at_ms=clock.now_ms(),
    )
    shown: dict[str, str | int] = {"number": number, "digest": str(facts["digest"]), "reason": str(facts["reason"])}
    log_action("definition-published", f"version:{number}", str(facts["reason"]), by=by, facts=shown)


PUBLISH: Final = pairs.pair_act("publish-definition", Role.HEADQUARTERS, Role.SUPERVISORY_BOARD)(_freeze)


def propose(reason_fa: str, *, by: Appointment) -> Proposal:
    """Headquarters proposes what is there now as the next version.

    Raises:
        Rejected: no reason, another proposal waits, nothing has changed.
        BadInput: the definition has a fault; each is named.
    """
    reason = reason_fa.strip()
    if not reason:
        raise Rejected("decision-ground")
    with writing():  # two at the same moment: the second would wait, and publish what is old by then
        if pairs.waiting(PUBLISH.verb):
            raise Rejected("item-waits", subject="version")
        made = files()
        read_definition({name: text.encode() for name, text in made.items()})
        digest = digest_of(made)
        last = Version.objects.order_by("-number").first()
        if last is not None and last.digest == digest:
            raise Rejected("definition-unchanged", number=last.number)
        facts = {"files": made, "digest": digest, "reason": reason, "by": by.id}
        return pairs.propose(PUBLISH, "version", f"انتشار تعریف انتخابات: {reason}", facts, by=by)


def write(folder: Path) -> Version:
    """Writes the last published version's files into a folder.

    Raises:
        Rejected: none was published.
    """
    version = Version.objects.order_by("-number").first()
    if version is None:
        raise Rejected("definition-unpublished")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in version.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return version
