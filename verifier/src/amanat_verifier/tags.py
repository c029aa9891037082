"""Person tags (T-3) and what is set aside (T-4, T-5): checks V15 and V16."""

from dataclasses import dataclass, replace

from amanat_verifier.account import absent
from amanat_verifier.ballots import (
    ANNULLED,
    DUPLICATE,
    LATE,
    REASONS,
    STANDS,
    Aside,
    Ballot,
    ballots,
    by_session,
    sessions,
    set_aside,
)
from amanat_verifier.ceremony import require_enough, share_key
from amanat_verifier.devices import devices
from amanat_verifier.group import ZERO, sub, total
from amanat_verifier.hashes import sha256
from amanat_verifier.linear import Statement, equations, require_points, split
from amanat_verifier.orders import OF_BALLOT, OF_DEVICE, OF_PERMIT, decisions, exclusions, orders
from amanat_verifier.pool import require_vanishing, split_units, spread
from amanat_verifier.record import Record, names_below, once
from amanat_verifier.sealed import failing
from amanat_verifier.shapes import Fault
from amanat_verifier.units import late_ballots

CHUNK = 65_536  # rows of one proof


def _decided(record: Record, session: int) -> dict[tuple[int, bytes], Aside]:
    """What decisions set aside, by kind and reference; the first by id wins."""
    found: dict[tuple[int, bytes], Aside] = {}
    for decision in decisions(record)[session]:
        if decision.reason != STANDS:
            found.setdefault((decision.kind, decision.reference), Aside(b"", decision.reason, decision.id))
    return found


@once
def annulled(record: Record) -> dict[bytes, Aside]:
    """T-5 (a): failing ballots, permits absent from a closed issuer's sheet, decisions."""
    found: dict[bytes, Aside] = {}
    missing = {(ph, number) for number, phs in absent(record).items() for ph in phs}
    ids = {number: device.id for number, device in devices(record).items()}
    for s, rows in by_session(record).items():
        decided = _decided(record, s)
        for ballot in rows:
            permit = ballot.permit
            if ballot.id in failing(record) or permit is None or (ballot.ph, permit.issuer) in missing:
                found[ballot.id] = Aside(ballot.id, ANNULLED, None)
                continue
            keys = [(OF_PERMIT, ballot.ph), (OF_BALLOT, ballot.id)]
            keys += [(OF_DEVICE, ids[number]) for number in (permit.issuer, permit.terminal)]
            decision = next((decided[key] for key in keys if key in decided), None)
            if decision is not None:
                found[ballot.id] = replace(decision, id=ballot.id)
    return found


@dataclass(frozen=True)
class Rows:
    """The rows of a session: E of permits in the order of ph, then of exclusions."""

    phs: list[bytes]
    a: list[bytes]
    b: list[bytes]


@once
def tag_rows(record: Record) -> dict[int, Rows]:
    """Rows by session."""
    found: dict[int, Rows] = {}
    for s, rows in by_session(record).items():
        mine = {b.ph: b.permit.e for b in rows if b.permit is not None and b.id not in annulled(record)}
        phs = sorted(mine)
        pairs = [mine[ph] for ph in phs] + [exclusion.e for exclusion in exclusions(record)[s]]
        found[s] = Rows(phs, [e[:32] for e in pairs], [e[32:] for e in pairs])
    return found


@once
def tag_trustees(record: Record) -> dict[int, tuple[int, ...]]:
    """J by session: the numbers of the directories."""
    found: dict[int, tuple[int, ...]] = {}
    for s in sessions(record):
        folders = {name.split("/")[0] for name in names_below(record, f"dedup/{s}/") if "/" in name}
        found[s] = tuple(sorted(int(folder) for folder in folders if folder.isdecimal()))
        if found[s] or tag_rows(record)[s].a:
            require_enough(record, found[s], f"dedup/{s}")
    return found


def _shares(record: Record, session: int, j: int) -> list[bytes]:
    """All outputs of one trustee."""
    count = len(tag_rows(record)[session].a)
    shares: list[bytes] = []
    for chunk, start in enumerate(range(0, count, CHUNK)):
        path = f"dedup/{session}/{j}/{chunk}.bin"
        part = split(record.read(path), path, count=min(CHUNK, count - start))
        require_points(part, path)
        shares += part
    return shares


@once
def tags(record: Record) -> dict[int, list[bytes]]:
    """T_i of each row by session; their proofs are V15's."""
    found: dict[int, list[bytes]] = {}
    for s, who in tag_trustees(record).items():
        columns = [_shares(record, s, j) for j in who]
        found[s] = [total(parts) for parts in zip(*columns, strict=True)]
    return found


def _check_chunk(record: Record, task: tuple[int, int]) -> int:
    """All trustees' proofs of one chunk as one sum; if it does not vanish, each alone."""
    session, chunk = task
    rows, who = tag_rows(record)[session], tag_trustees(record)[session]
    part = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
    a, b = rows.a[part], rows.b[part]
    hashed = b"".join(y + sub(ZERO, x) for x, y in zip(a, b, strict=True))
    proofs = []
    for j in who:
        path = f"dedup/{session}/{j}/{chunk}"
        outputs = split(record.read(f"{path}.bin"), f"{path}.bin", count=len(a))
        require_points(outputs, f"{path}.bin")
        keys = [share_key(record, q, j, who) for q in ("Z", "W")]
        context = (orders(record)[session].oh, list(who), j, chunk)
        statement = Statement("tag", context, keys, [(b, 1), (a, -1)], hashed, outputs)
        proofs.append(equations(record, statement, f"{path}.proof"))
    require_vanishing(record, proofs, "the proof of these tag shares does not hold")
    return len(a)


def check_tags(record: Record) -> int:
    """V15: J is exactly t trustees, every chunk there and proved, no file beyond."""
    folders = {name.split("/")[0] for name in names_below(record, "dedup/")}
    for folder in sorted(folders - {str(s) for s in sessions(record)}):
        raise Fault(f"dedup/{folder}: no such session")
    items = 0
    for s, who in tag_trustees(record).items():
        chunks = range(-(-len(tag_rows(record)[s].a) // CHUNK))
        wanted = {f"{j}/{c}.{end}" for j in who for c in chunks for end in ("bin", "proof")} | {"set-aside.seq"}
        for name in sorted(wanted ^ set(names_below(record, f"dedup/{s}/"))):
            raise Fault(f"dedup/{s}/{name}: missing or extra")
        small, big = split_units(record, [min(CHUNK, len(tag_rows(record)[s].a) - c * CHUNK) for c in chunks])
        items += sum(spread(record.jobs, record, _check_chunk, [(s, chunk) for chunk in small]))
        items += sum(_check_chunk(record, (s, chunk)) for chunk in big)
    return items


def _keep(group: list[Ballot], tag: bytes, earlier: bytes | None) -> bytes:
    """T-5 (c): the id that is kept of one person's ballots."""
    if earlier is not None:
        return earlier
    first = {(b.permit.issuer, b.permit.serial) for b in group if b.permit is not None}
    left = [b for b in group if b.permit is not None and (b.permit.issuer, b.permit.replaces) not in first]
    return min((sha256(b"amanat/v1/lottery" + tag + ballot.id), ballot.id) for ballot in left or group)[1]


def _session_asides(record: Record, s: int, kept: dict[bytes, bytes], out: dict[bytes, Aside]) -> list[Aside]:
    """T-5 for one session; `kept` (tag to counted id) and `out` (tag to exclusion) grow by it."""
    rows, values = tag_rows(record)[s], tags(record)[s]
    tag_of = dict(zip(rows.phs, values, strict=False))
    for exclusion, tag in zip(exclusions(record)[s], values[len(rows.phs) :], strict=True):
        out.setdefault(tag, Aside(b"", exclusion.reason, exclusion.item))
    result, groups = [], dict[bytes, list[Ballot]]()
    for ballot in by_session(record)[s]:
        if ballot.id in annulled(record):
            result.append(annulled(record)[ballot.id])
            continue
        tag = tag_of[ballot.ph]
        if tag == ZERO:
            result.append(Aside(ballot.id, ANNULLED, None))
        elif tag in out:
            result.append(replace(out[tag], id=ballot.id))
        else:
            groups.setdefault(tag, []).append(ballot)
    for tag, group in groups.items():
        winner = _keep(group, tag, kept.get(tag))
        result += [Aside(ballot.id, DUPLICATE, winner) for ballot in group if ballot.id != winner]
        kept[tag] = winner
    return result


@once
def expected_aside(record: Record) -> dict[int, list[Aside]]:
    """What must be set aside, by session, sorted by id, *late* included."""
    kept: dict[bytes, bytes] = {}
    out: dict[bytes, Aside] = {}
    found: dict[int, list[Aside]] = {}
    for s in sessions(record):
        rows = _session_asides(record, s, kept, out)
        late = late_ballots(record, s, {aside.id for aside in rows})
        rows += [Aside(ballot, LATE, None) for ballot in late]
        kept = {tag: ballot for tag, ballot in kept.items() if ballot not in late}
        found[s] = sorted(rows, key=lambda aside: aside.id)
    return found


def check_set_aside(record: Record) -> int:
    """V16: set-aside.seq is what the rules give, line by line."""
    places = {ballot.id: ballot.at for ballot in ballots(record)}
    for s, wanted in expected_aside(record).items():
        given = {aside.id: aside for aside in set_aside(record)[s]}
        rules = {aside.id: aside for aside in wanted}
        for ballot in sorted(set(given) | set(rules)):
            if given.get(ballot) != rules.get(ballot):
                says, must = _say(given.get(ballot)), _say(rules.get(ballot))
                at = places.get(ballot, ballot.hex())
                raise Fault(f"dedup/{s}/set-aside.seq: {at}: says {says}, must be {must}")
    return sum(map(len, set_aside(record).values()))


def _say(aside: Aside | None) -> str:
    if aside is None:
        return "counted"
    return REASONS[aside.reason] + (f" ({aside.reference.hex()})" if aside.reference else "")
