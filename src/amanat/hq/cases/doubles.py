"""Double check-ins: persons with more than one permit, by id, which headquarters alone can see.  Clauses C-6, T-5.

The groups go to the count, which compares them with equal tags; a *case* for the boards is a group whose permits are
not one chain of replacements.
"""

from dataclasses import dataclass

from amanat.hq.writing import rows_of


@dataclass(frozen=True, slots=True)
class Permitted:
    """One permit of a person: its hash, where and when."""

    ph: bytes
    serial: bytes
    replaces: bytes | None
    device: int
    station: int
    wall_ms: int


def groups() -> dict[str, list[Permitted]]:
    """The permits of each person who has several; permits whose V names another person are left out."""
    sql = (
        "SELECT person, ph, serial, replaces, device, station, wall_ms FROM intake_permit "
        "WHERE (sound IS NULL OR sound) AND person IN (SELECT person FROM intake_permit "
        "WHERE person IS NOT NULL AND (sound IS NULL OR sound) GROUP BY person HAVING COUNT(*) > 1) ORDER BY person, ph"
    )
    found: dict[str, list[Permitted]] = {}
    for person, ph, serial, replaces, device, station, at in rows_of(sql):
        before = bytes(replaces) if replaces is not None else None
        found.setdefault(person, []).append(Permitted(bytes(ph), bytes(serial), before, device, station, at))
    return found


def is_case(group: list[Permitted]) -> bool:
    """Whether the permits are more than one chain: a replacement names the first serial of its chain."""
    return len({permitted.replaces or permitted.serial for permitted in group}) > 1


def cases() -> dict[str, list[Permitted]]:
    """The groups that are cases."""
    return {person: group for person, group in groups().items() if is_case(group)}
