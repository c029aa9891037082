"""V14: the order, its signatures and hashes, decisions and exclusions (T-2)."""

from collections.abc import Mapping
from dataclasses import dataclass

from amanat.count.checks.ballots import wrong_points
from amanat.count.checks.election import Election, mixers_problem, require, require_authorities
from amanat.count.exchange import Files
from amanat.records import cbor
from amanat.records import election_record as paths
from amanat.records.cbor import as_bytes, as_list
from amanat.records.order import Decision, DecisionKind, Exclusion, Order, Reason, decision_id, order_id


@dataclass(frozen=True)
class Ordered:
    """The order as read, with `hash` = oh; decisions by their id in the file's order; exclusions in the file's."""

    order: Order
    hash: bytes
    decisions: Mapping[bytes, Decision]
    exclusions: tuple[Exclusion, ...]


def read_decisions(files: Files, election: Election, session: int) -> dict[bytes, Decision]:
    """Every decision with every authority's signature, sorted by id.  Raises Rejected."""
    name = paths.decisions_path(session)
    decisions: dict[bytes, Decision] = {}
    rows = cbor.decode_seq(files.read(name))
    for row in rows:
        data, signatures = as_list(row, "decision", size=2)
        found = decision_id(election.eh, as_bytes(data, "decision"))
        decisions[found] = Decision.decode(as_bytes(data, "decision"))
        require_authorities(election.manifest, election.eh, "decision", found, signatures, where=name)
    require("V14", name, list(decisions) == sorted(decisions) and len(decisions) == len(rows))
    return decisions


def read_exclusions(files: Files, decisions: Mapping[bytes, Decision], session: int) -> tuple[Exclusion, ...]:
    """Sorted by E, of sound points; those for *annulled* each with their decision.  Raises Rejected.

    LIMIT: no paper stations are built, so the cap of reason *paper* is nought and none can stand here.
    """
    name = paths.exclusions_path(session)
    exclusions = tuple(Exclusion.from_value(row) for row in cbor.decode_seq(files.read(name)))
    credentials = [exclusion.credential for exclusion in exclusions]
    require("V14", name, credentials == sorted(set(credentials)) and not wrong_points(credentials))
    annulled = {
        decision.reference
        for decision in decisions.values()
        if decision.kind is DecisionKind.EXCLUSION and decision.reason is Reason.ANNULLED
    }
    for exclusion in exclusions:
        ruled = exclusion.reason is Reason.ANNULLED and exclusion.digest in annulled
        require("V14", f"{name}: {exclusion.digest.hex()}", ruled)
    return exclusions


def read_order(files: Files, election: Election, session: int) -> Ordered:
    """V14 but for the devices (V11).  Raises Rejected."""
    name = paths.order_path(session)
    data = files.read(name)
    order = Order.decode(data)
    found = order_id(election.eh, data)
    rows = [
        as_list(row, "signature", size=2) for row in cbor.decode_seq(files.read(paths.order_signatures_path(session)))
    ]
    require("V14", paths.order_signatures_path(session), [row[0] for row in rows] == list(range(len(rows))))
    signatures: list[cbor.Value] = [row[1] for row in rows]
    where = paths.order_signatures_path(session)
    require_authorities(election.manifest, election.eh, "order", found, signatures, where=where)
    require("V14", name, order.session == session)
    digests = (order.ballots_digest, order.exclusions_digest, order.decisions_digest)
    hashed = (paths.ballots_path(session), paths.exclusions_path(session), paths.decisions_path(session))
    for path, digest in zip(hashed, digests, strict=True):
        require("V14", path, files.sha256(path) == digest)
    require("V14", f"{name}: stations", all(station < len(election.manifest.stations) for station in order.apart))
    require("V20", f"{name}: mixers", not mixers_problem(election.manifest, order.mixers))
    decisions = read_decisions(files, election, session)
    return Ordered(order, found, decisions, read_exclusions(files, decisions, session))
