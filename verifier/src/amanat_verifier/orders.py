"""The boards' order, decisions and exclusions (T-2): check V14, and check V9 of the ballots against the bulletin."""

from dataclasses import dataclass

from amanat_verifier.ballots import ANNULLED, PAPER, by_session, sessions
from amanat_verifier.bulletin import BALLOT, DECISION, ORDER, bulletin
from amanat_verifier.cbor import encode
from amanat_verifier.devices import signed_by_all
from amanat_verifier.group import is_sound
from amanat_verifier.hashes import has_signed, identify, sha256
from amanat_verifier.manifest import manifest
from amanat_verifier.record import Record, once
from amanat_verifier.shapes import Fault, blob, many, only, optional, parse, raw, require_ascending, row, uint

DEVICE_LINE = row(uint, only(0, 1, 2, 3, 4), optional(raw(32)))
ORDER_SHAPE = row(
    only(1), uint, row(uint, raw(32)), raw(32), raw(32), raw(32), many(DEVICE_LINE), many(uint), many(uint)
)
DECISION_SHAPE = row(only(1), only(0, 1, 2, 3), raw(32), only(0, 1, 2, 3, 4), raw(32))
EXCLUSION = row(only(1), raw(64), only(PAPER, ANNULLED), optional(uint))
OF_PERMIT, OF_BALLOT, OF_DEVICE, OF_EXCLUSION = range(4)  # kinds of decisions


@dataclass(frozen=True)
class Decision:
    """A decision of the authorities; `id` is ID("decision", bytes)."""

    id: bytes
    kind: int
    reference: bytes
    reason: int
    signatures: tuple[bytes, ...]


@dataclass(frozen=True)
class Exclusion:
    """One item of exclusions.seq; `item` is its SHA-256."""

    e: bytes
    reason: int
    station: int | None
    item: bytes


@dataclass(frozen=True)
class Order:
    """A session's order; `oh` is ID("order", O)."""

    session: int
    oh: bytes
    size: int
    root: bytes
    hashes: tuple[bytes, bytes, bytes]
    devices: tuple[tuple[int, int, bytes | None], ...]
    mixers: tuple[int, ...]
    apart: tuple[int, ...]


@once
def orders(record: Record) -> dict[int, Order]:
    """Orders by session."""
    eh = manifest(record).eh
    found: dict[int, Order] = {}
    for s in sessions(record):
        path = f"order/{s}/order.cbor"
        _, number, (size, root), of_ballots, of_exclusions, of_decisions, lines, mixers, apart = record.parse(
            path, ORDER_SHAPE
        )
        if number != s:
            raise Fault(f"{path}: it names session {number}")
        oh = identify(eh, "order", record.read(path))
        hashes = (of_ballots, of_exclusions, of_decisions)
        found[s] = Order(s, oh, size, root, hashes, lines, mixers, apart)
    return found


@once
def decisions(record: Record) -> dict[int, list[Decision]]:
    """Decisions by session, in the file's order."""
    eh = manifest(record).eh
    found: dict[int, list[Decision]] = {}
    for s in sessions(record):
        path = f"order/{s}/decisions.seq"
        found[s] = []
        for i, (body, signatures) in enumerate(record.rows(path, row(blob, many(raw(64)))), 1):
            _, kind, reference, reason, _ = parse(body, DECISION_SHAPE, f"{path}: item {i}")
            found[s].append(Decision(identify(eh, "decision", body), kind, reference, reason, signatures))
    return found


@once
def exclusions(record: Record) -> dict[int, list[Exclusion]]:
    """Exclusions by session, in the file's order."""
    return {
        s: [
            Exclusion(e, reason, station, sha256(encode([1, e, reason, station])))
            for _, e, reason, station in record.rows(f"order/{s}/exclusions.seq", EXCLUSION)
        ]
        for s in sessions(record)
    }


def _check_form(record: Record, order: Order) -> None:
    found, log = manifest(record), bulletin(record)
    at = f"order/{order.session}/order.cbor"
    if not 0 < order.size <= len(log.entries) or log.root(order.size) != order.root:
        raise Fault(f"{at}: its tree size and root are not the bulletin's")
    files = (f"ballots/{order.session}.seq", *(f"order/{order.session}/{n}.seq" for n in ("exclusions", "decisions")))
    for path, given in zip(files, order.hashes, strict=True):
        if sha256(record.read(path)) != given:
            raise Fault(f"{path}: its hash is not the one in {at}")
    for numbers in ([n for n, _, _ in order.devices], list(order.mixers), list(order.apart)):
        require_ascending(numbers, at)
    if any(n >= len(found.stations) for n in order.apart) or any(n >= len(found.mixers) for n in order.mixers):
        raise Fault(f"{at}: a station or mixer that does not exist")
    place = log.place(ORDER, order.oh)
    if place is None or place < order.size:
        raise Fault(f"{at}: not in the bulletin after what it orders")


def _check_signatures(record: Record, order: Order) -> None:
    found, path = manifest(record), f"order/{order.session}/signatures.seq"
    rows = record.rows(path, row(uint, raw(64)))
    if [index for index, _ in rows] != list(range(len(found.authorities))):
        raise Fault(f"{path}: every authority once is expected, in the manifest's order")
    for index, signature in rows:
        role, key = found.authorities[index]
        if not has_signed(key, found.eh, "order", order.oh, signature):
            raise Fault(f"{path}: the signature of {role} does not hold")


def _check_decisions(record: Record, order: Order) -> int:
    rows, path = decisions(record)[order.session], f"order/{order.session}/decisions.seq"
    require_ascending([d.id for d in rows], path)
    for i, decision in enumerate(rows, 1):
        if not signed_by_all(manifest(record), "decision", decision.id, decision.signatures):
            raise Fault(f"{path}: item {i}: an authority's signature does not hold")
        place = bulletin(record).place(DECISION, decision.id)
        if place is None or place >= order.size:
            raise Fault(f"{path}: item {i}: not in the bulletin before the order")
    return len(rows)


def _check_exclusions(record: Record, order: Order) -> int:
    rows, path = exclusions(record)[order.session], f"order/{order.session}/exclusions.seq"
    require_ascending([x.e for x in rows], path)
    decided = {d.reference for d in decisions(record)[order.session] if (d.kind, d.reason) == (OF_EXCLUSION, ANNULLED)}
    for i, exclusion in enumerate(rows, 1):
        at = f"{path}: item {i}"
        if not (is_sound(exclusion.e[:32]) and is_sound(exclusion.e[32:])):
            raise Fault(f"{at}: E is not two points other than the identity")
        if exclusion.reason == PAPER:
            raise Fault(f"{at}: of a paper station, whose signed tally is not in the record")
        if exclusion.station is not None or sha256(exclusion.e) not in decided:
            raise Fault(f"{at}: no decision of the authorities annuls this person's ballots")
    return len(rows)


def check_orders(record: Record) -> int:
    """V14: orders, their signatures and hashes, decisions, exclusions; and the bulletin knows no others."""
    items = 0
    for order in orders(record).values():
        _check_form(record, order)
        _check_signatures(record, order)
        items += 1 + _check_decisions(record, order) + _check_exclusions(record, order)
    log = bulletin(record)
    if set(log.kind(ORDER)) != {order.oh for order in orders(record).values()}:
        raise Fault("order/: the bulletin has an order that is not in the record")
    if not set(log.kind(DECISION)) <= {d.id for rows in decisions(record).values() for d in rows}:
        raise Fault("order/: the bulletin has a decision that is not in the record")
    return items


def check_bulletin_ballots(record: Record) -> int:
    """V9: the ballots of a session are the entries 02 between the order before and its own, both ways."""
    log, items, start = bulletin(record), 0, 0
    for s, order in orders(record).items():
        if order.size < start:
            raise Fault(f"order/{s}/order.cbor: its tree is smaller than that of the order before")
        logged = set(log.kind(BALLOT, start, order.size))
        for ballot in by_session(record)[s]:
            if ballot.id not in logged:
                raise Fault(f"{ballot.at}: not in the bulletin before its order")
            logged.remove(ballot.id)
        if logged:
            raise Fault(f"ballots/{s}.seq: ballot {min(logged).hex()} of the bulletin is missing")
        items, start = items + len(by_session(record)[s]), order.size
    later = len(log.kind(BALLOT, start))
    if later:
        record.say(f"{later} ballots came into the bulletin after the last order; they are not in this count.")
    return items
