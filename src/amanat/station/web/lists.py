"""The lists of candidates as the booth's page, My slate and the practice booth search them (C-8, B-11)."""

from collections.abc import Mapping
from typing import Any

from amanat.rules import persian
from amanat.station.package import Package

Row = dict[str, Any]


def lists_of(package: Package) -> Row:
    """{election: 8 bytes in hex, contests: {id: rows}, gone: {id: rows}, places: {id: contest index}}.

    A row is {code, name, mark, key, photo, number}: in the order of the Persian alphabet, `key` the folded text that
    is searched, `number` the candidate's in the manifest.  Who is in `gone` is no candidate any more.
    """
    contests: dict[str, list[Row]] = {}
    gone: dict[str, list[Row]] = {}
    for contest, numbers in zip(package.manifest.contests, package.numbers, strict=True):
        rows = sorted((_row(row, numbers) for row in package.candidates[contest.id]), key=_order)
        contests[contest.id] = [row for row in rows if (contest.id, row["code"]) not in package.gone]
        gone[contest.id] = [row for row in rows if (contest.id, row["code"]) in package.gone]
    places = {contest.id: index for index, contest in enumerate(package.manifest.contests)}
    election = package.manifest.election_hash[:8].hex()
    return {"election": election, "places": places, "contests": contests, "gone": gone}


def _row(row: Mapping[str, Any], numbers: Mapping[str, int]) -> Row:
    name, code = row["name_fa"], row["code"]
    texts = {"code": code, "name": name, "mark": row.get("mark") or "", "photo": row.get("photo") or ""}
    return texts | {"key": persian.search_key(name), "number": numbers[code]}


def _order(row: Row) -> tuple[str, str]:
    return persian.sort_key(row["name"]), row["code"]
