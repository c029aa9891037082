"""Decryption shares and plaintexts (T-9): checks V21 and V22."""

from collections import Counter
from dataclasses import dataclass

from amanat_verifier.ceremony import require_enough, share_key
from amanat_verifier.group import sub, total
from amanat_verifier.linear import Statement, equations, require_points, split
from amanat_verifier.manifest import Contest, manifest
from amanat_verifier.orders import orders
from amanat_verifier.pool import require_vanishing, split_units, spread
from amanat_verifier.ranks import read_points
from amanat_verifier.record import Record, names_below, once
from amanat_verifier.shapes import Fault
from amanat_verifier.shuffle import output_path
from amanat_verifier.units import Unit, units

PART = 2_000  # ballots of one unit that one child opens
WHOLE = slice(None)


@dataclass(frozen=True)
class Count:
    """The plaintexts of one contest or unit; `marks` by candidate's position."""

    ballots: int
    marks: Counter[int]
    blank: int
    unreadable: int

    @property
    def valid(self) -> int:
        """Ballots with at least one name."""
        return self.ballots - self.blank - self.unreadable


def _trustees(record: Record, unit: Unit) -> tuple[int, ...]:
    """J of a unit: the numbers of its files, exactly t, each with its proof."""
    folder = f"decrypt/{unit.folder}/"
    names = set(names_below(record, folder))
    who = tuple(sorted(int(name[:-4]) for name in names if name.endswith(".bin") and name[:-4].isdecimal()))
    require_enough(record, who, folder)
    for name in sorted(names ^ {f"{j}.{end}" for j in who for end in ("bin", "proof")}):
        raise Fault(f"{folder}{name}: missing or extra")
    return who


def _mixed(record: Record, unit: Unit, component: int, part: slice) -> list[bytes]:
    """A (component 0) or B (1) of the last mixer's output, tuple by tuple, column by column; only a part of it."""
    mixers = orders(record)[unit.session].mixers
    if not mixers:
        raise Fault(f"mix/{unit.folder}: nobody mixed it")
    path = output_path(record, unit, mixers[-1])
    items = split(record.read(path), path, count=2 * len(unit.ballots) * unit.contest.width)[component::2][part]
    require_points(items, path)
    return items


def _shares(record: Record, unit: Unit, j: int, part: slice) -> list[bytes]:
    path = f"decrypt/{unit.folder}/{j}.bin"
    shares = split(record.read(path), path, count=len(unit.ballots) * unit.contest.width)[part]
    require_points(shares, path)
    return shares


def _check_unit(record: Record, number: int) -> int:
    """All trustees' proofs on one unit as one sum; if it does not vanish, each alone."""
    unit = units(record)[number]
    who, a = _trustees(record, unit), _mixed(record, unit, 0, WHOLE)
    rows = b"".join(a)
    proofs = []
    for j in who:
        context = (orders(record)[unit.session].oh, unit.contest.index, unit.name, list(who), j)
        keys = [share_key(record, "K", j, who)]
        statement = Statement("decrypt", context, keys, [(a, 1)], rows, _shares(record, unit, j, WHOLE))
        proofs.append(equations(record, statement, f"decrypt/{unit.folder}/{j}.proof"))
    require_vanishing(record, proofs, "the proof of these decryption shares does not hold")
    return len(a)


def check_decryption(record: Record) -> int:
    """V21: each unit opened by exactly t trustees, each share proved."""
    sizes = [len(unit.ballots) for unit in units(record)]
    orders(record)
    small, big = split_units(record, sizes)
    return sum(spread(record.jobs, record, _check_unit, small)) + sum(_check_unit(record, i) for i in big)


def _open_part(record: Record, task: tuple[int, range]) -> Count:
    number, part = task
    unit = units(record)[number]
    contest, width = unit.contest, unit.contest.width
    cut = slice(part.start * width, part.stop * width)
    b = _mixed(record, unit, 1, cut)
    columns = [_shares(record, unit, j, cut) for j in _trustees(record, unit)]
    marks: Counter[int] = Counter()
    blank = unreadable = 0
    for i in range(len(part)):
        points = [sub(b[at], total(shares[at] for shares in columns)) for at in range(i * width, (i + 1) * width)]
        chosen = read_points(points, len(contest.candidates), contest.choices_max)
        if chosen is None:
            unreadable += 1
        elif not chosen:
            blank += 1
        else:
            marks.update(chosen)
    return Count(len(part), marks, blank, unreadable)


@once
def counts(record: Record) -> dict[str, Count]:
    """The plaintexts of each contest, added up from its units."""
    tasks = [
        (number, range(start, min(start + PART, len(unit.ballots))))
        for number, unit in enumerate(units(record))
        for start in range(0, len(unit.ballots), PART)
    ]
    orders(record)
    parts = spread(record.jobs, record, _open_part, tasks)
    found = {contest.id: Count(0, Counter(), 0, 0) for contest in manifest(record).contests}
    for (number, _), part in zip(tasks, parts, strict=True):
        contest: Contest = units(record)[number].contest
        before = found[contest.id]
        found[contest.id] = Count(
            before.ballots + part.ballots,
            before.marks + part.marks,
            before.blank + part.blank,
            before.unreadable + part.unreadable,
        )
    return found
