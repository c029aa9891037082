"""The order that opens the count (T-2): drawn up from the record, checked, signed by every authority."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from amanat.count.checks.bulletin import read_bulletin
from amanat.count.checks.election import Election, read_election
from amanat.count.checks.memory import Memory
from amanat.count.checks.session import read_session, require_first
from amanat.count.exchange import Files, load_any, write_whole
from amanat.count.keys import Keys
from amanat.errors import BadInput
from amanat.records import cbor
from amanat.records import election_record as paths
from amanat.records.identifiers import sign
from amanat.records.order import DeviceEnd, DeviceStatus, Order, TreeHead, order_id


def draw_up(
    *, record: Path, private: Path, authorities: Path, session: int = 1, apart: Sequence[str] = (),
    mixers: Sequence[int] | None = None,
) -> bytes:  # fmt: skip
    """Writes `order/<s>/order.cbor` and `signatures.seq`; returns oh.  An order that is there already is checked.

    Nothing is written unless V2 to V14 hold with it.  Raises Rejected, BadInput, Usage.
    """
    require_first(session)
    files, memory = Files(record), Memory(private / "checked")
    if not files.has(paths.order_path(session)):
        election = read_election(files)
        order = _order(files, election, private, session=session, apart=apart, mixers=mixers)
        with tempfile.TemporaryDirectory(dir=private) as stage:
            data = order.encode()
            write_whole(Path(stage) / paths.order_path(session), data)
            signatures = sign_all(authorities, election, "order", order_id(election.eh, data))
            rows = cbor.encode_seq([at, signature] for at, signature in enumerate(signatures))
            write_whole(Path(stage) / paths.order_signatures_path(session), rows)
            read_session(Files(Path(stage), record), memory, session)
            for name in (paths.order_signatures_path(session), paths.order_path(session)):
                shutil.move(Path(stage) / name, record / name)
    return read_session(files, memory, session).ordered.hash


def _order(
    files: Files, election: Election, private: Path, *, session: int, apart: Sequence[str], mixers: Sequence[int] | None
) -> Order:
    stations = {station.id: at for at, station in enumerate(election.manifest.stations)}
    for name in apart:
        if name not in stations:
            raise BadInput("no-such-station", station=name)
    tree = read_bulletin(files, election)
    return Order(
        session,
        TreeHead(tree.size, tree.root()),
        files.sha256(paths.ballots_path(session)),
        files.sha256(paths.exclusions_path(session)),
        files.sha256(paths.decisions_path(session)),
        tuple(read_devices(private / "devices.json")),
        tuple(range(len(election.manifest.mixers))) if mixers is None else tuple(sorted(mixers)),
        tuple(sorted(stations[name] for name in apart)),
    )


def read_devices(path: Path) -> list[DeviceEnd]:
    """How each device ended, as headquarters found it: [[device, status, reference hex or null]…].  Raises BadInput."""
    try:
        rows = [
            DeviceEnd(int(device), DeviceStatus(status), None if reference is None else bytes.fromhex(reference))
            for device, status, reference in load_any(path)
        ]
    except (ValueError, TypeError) as cause:
        raise BadInput("json-unreadable", file=str(path)) from cause
    return sorted(rows, key=lambda end: end.device)


def read_cases(path: Path) -> tuple[list[list[bytes]], list[bytes] | None]:
    """Headquarters' groups of one person's permits; and whose private part it holds, None for all.  Raises BadInput."""
    value: Mapping[str, Any] = load_any(path)
    try:
        groups = [[bytes.fromhex(permit) for permit in group] for group in value["groups"]]
        known = value.get("known")
        return groups, None if known is None else [bytes.fromhex(permit) for permit in known]
    except (KeyError, ValueError, TypeError, AttributeError) as cause:
        raise BadInput("json-unreadable", file=str(path)) from cause


def sign_all(authorities: Path, election: Election, domain: str, digest: bytes) -> list[bytes]:
    """A signature by each authority of the manifest, in its order; folders are named by role.  Raises BadInput."""
    signatures = []
    for authority in election.manifest.authorities:
        keys = Keys(authorities / authority.role)
        if keys.identity.get("signing_key") != authority.key.hex():
            raise BadInput("identity-wrong", file=str(authorities / authority.role / "identity.json"))
        signatures.append(sign(keys.signing_seed, domain, election.eh, digest))
    return signatures


def sign_digests(authorities: Path, *, eh: bytes, domain: str, digests: Sequence[bytes]) -> bytes:
    """[digest, [signatures in order of the authorities' index]]…, as a sequence; for decisions.  Raises BadInput."""
    homes = [path.parent for path in authorities.glob("*/identity.json")]
    keys = sorted((Keys(home) for home in homes), key=lambda one: int(one.identity["index"]))
    seeds = [one.signing_seed for one in keys]
    if not seeds:
        raise BadInput("authorities-missing", file=str(authorities))
    return cbor.encode_seq([digest, [sign(seed, domain, eh, digest) for seed in seeds]] for digest in digests)
