"""After every fault: headquarters' rows against the bytes on the stations' media, and both against the voters' ledger.

It reads media files and tables by itself: frames by the published layout (J-2), no code of the station's or of
headquarters'.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any, Final

import amanat_crypto
from amanat.errors import Rejected
from amanat.records import cbor
from amanat.records.device import Certificate
from amanat.records.identifiers import identifier
from amanat.rehearsal.ledger import Line

HEADER: Final = struct.Struct(">I16sQ")
OWNER: Final = slice(16, 48)
FIRST: Final = 64
SEQ, PREV, KIND, BODY = 2, 3, 4, 5  # fields of an entry, J-1; the first is the version
ROWS: Final = "SELECT device, seq, hash, entry, signature, private, forked FROM intake_entry ORDER BY device, seq"
NOTHING_OF: Final = ("intake_deadletter", "intake_loose")


class Differs(Rejected):
    """Journals, database and ledger do not say the same."""


@dataclass
class Agreed:
    """What was compared."""

    devices: int = 0
    entries: int = 0
    ballots: int = 0
    behind: dict[str, int] = field(default_factory=dict)  # media that hold a shorter, equal beginning


def frames(data: bytes) -> list[bytes]:
    """The payloads of one medium, up to the first place that is no sound frame."""
    owner, at, found = data[OWNER], FIRST, []
    while len(data) >= at + HEADER.size:
        length, checksum, position = HEADER.unpack_from(data, at)
        payload = data[at + HEADER.size : at + HEADER.size + length]
        head = struct.pack(">IQ", length, position)
        if not length or position != at or blake2b(head + payload, digest_size=16, key=owner).digest() != checksum:
            break
        found.append(payload)
        at += HEADER.size + length
    return found


def journal(home: Path, agreed: Agreed) -> list[bytes]:
    """The longest journal of a terminal's two media, of which the other must be the beginning.  Raises Differs."""
    media = {name: frames((home / f"medium-{name}" / "journal").read_bytes()) for name in "ab"}
    longest = max(media.values(), key=len)
    for name, held in media.items():
        if held != longest[: len(held)]:
            raise Differs("real-faults-differ", where=f"{home.name} medium {name}", what="another branch")
        if len(held) < len(longest):
            agreed.behind[f"{home.name} {name}"] = len(longest) - len(held)
    return longest


def audit(homes: Mapping[int, Path], package: Path, database: Any, lines: Iterable[Line]) -> Agreed:
    """`homes` by device index; `database` is a psycopg connection; `lines` what voters told so far.  Raises Differs."""
    eh = sha256((package / "manifest.cbor").read_bytes()).digest()  # the election hash, M-1
    signed = [cbor.as_list(row, "certificate")[0] for row in cbor.decode_seq((package / "devices.seq").read_bytes())]
    certificates = {Certificate.decode(_bytes(one) or b"").device: _bytes(one) or b"" for one in signed}
    rows: dict[int, list[tuple[Any, ...]]] = {}
    for device, *rest in database.execute(ROWS):
        rows.setdefault(device, []).append(tuple(rest))
    for table in NOTHING_OF:
        if found := database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]:
            raise Differs("real-faults-differ", where=table, what=f"{found} rows")
    agreed, cast = Agreed(), []
    for device, home in homes.items():
        held = journal(home, agreed)
        cast += _device(device, held, rows.pop(device, []), eh, certificates[device])
        agreed.devices += 1
        agreed.entries += len(held)
    if rows:
        raise Differs("real-faults-differ", where=f"devices {sorted(rows)}", what="no journal")
    told = sorted(bytes.fromhex(line.ballot) for line in lines if line.told == "cast" and line.ballot)
    kept = sorted(bytes(id_) for (id_,) in database.execute("SELECT id FROM intake_ballot"))
    if not told == kept == sorted(cast):
        what = f"{len(told)} told, {len(cast)} in journals, {len(kept)} at headquarters"
        raise Differs("real-faults-differ", where="ballots", what=what)
    agreed.ballots = len(told)
    return agreed


def require_kept(told: Mapping[int, int], database: Any) -> None:
    """At least so many entries of each device are committed.  Raises Differs."""
    kept = dict(database.execute("SELECT device, COUNT(*) FROM intake_entry GROUP BY device"))
    for device, number in told.items():
        if kept.get(device, 0) < number:
            what = f"{number} entries acknowledged, {kept.get(device, 0)} kept"
            raise Differs("real-faults-differ", where=f"device {device}", what=what)


def _device(device: int, held: list[bytes], rows: list[tuple[Any, ...]], eh: bytes, certificate: bytes) -> list[bytes]:
    """One device's ballot ids; its journal must be signed, chained, and equal headquarters' rows.  Raises Differs."""
    before, key, cast = identifier("device", eh, certificate), Certificate.decode(certificate).key, []
    for seq, payload in enumerate(held):
        entry, signature, private = (_bytes(part) for part in cbor.as_list(cbor.decode(payload), "journal", size=3))
        digest = identifier("journal", eh, entry or b"")
        where = f"device {device} entry {seq}"
        core = cbor.as_list(cbor.decode(entry or b""), "entry")
        if core[SEQ] != seq or core[PREV] != before:
            raise Differs("real-faults-differ", where=where, what="not chained")
        if amanat_crypto.verify_signatures(
            domain="journal", eh=eh, keys=key, digests=digest, signatures=signature or b""
        ):
            raise Differs("real-faults-differ", where=where, what="not signed")
        row = rows[seq] if seq < len(rows) else None
        mine = (seq, digest, entry, signature, private, False)
        if row is None or tuple(bytes(part) if isinstance(part, memoryview) else part for part in row) != mine:
            raise Differs("real-faults-differ", where=where, what="missing" if row is None else "another row")
        if core[KIND] == "ballot-cast":
            cast.append(identifier("ballot", eh, _bytes(cbor.as_list(core[BODY], "ballot-cast")[0]) or b""))
        before = digest
    if len(rows) != len(held):
        raise Differs("real-faults-differ", where=f"device {device}", what=f"{len(rows) - len(held)} rows too many")
    return cast


def _bytes(value: cbor.Value) -> bytes | None:
    return None if value is None else cbor.as_bytes(value, "bytes")
