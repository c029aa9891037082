"""Changes one vote of a copy of a published record, as a forger would, and lets the independent verifier look for it.

The forger is thorough: a ballot's ciphertext is replaced by another one, the file is sorted anew, and the list of sums
is made right again.
What they cannot make right are signatures, proofs and the bulletin.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amanat.errors import BadInput
from amanat.records import base32, cbor, election_record
from amanat.records.cbor import as_bytes, as_list
from amanat.records.identifiers import identifier
from amanat.rehearsal import closing

CIPHERTEXT = 64


@dataclass(frozen=True)
class Forged:
    """What was changed: the ballot's id, hex, and the code on its slip; the id that it has now, and its place."""

    file: str
    place: int
    before: str
    code: str
    after: str


def swap(core: bytes, other: bytes) -> bytes:
    """The first ballot's Core with the second one's first ciphertext in it."""
    ours, theirs = as_list(cbor.decode(core), "ballot"), as_list(cbor.decode(other), "ballot")
    mine = list(as_list(ours[3], "ciphertexts"))
    mine[0] = as_list(theirs[3], "ciphertexts")[0]
    return cbor.encode([*ours[:3], mine, *ours[4:]])


def forge(record: Path, *, number: int = 0, session: int = 1) -> Forged:
    """Replaces the vote of ballot `number` by that of the next one and mends the sums.  Raises BadInput."""
    name = election_record.ballots_path(session)
    eh = hashlib.sha256((record / election_record.MANIFEST).read_bytes()).digest()
    rows = [as_list(item, "ballot", size=2) for item in cbor.decode_seq((record / name).read_bytes())]
    if len(rows) < 2:
        raise BadInput("tamper-too-few", file=str(record / name))
    at = number % len(rows)
    cores = [as_bytes(row[0], "ballot") for row in rows]
    forged = swap(cores[at], cores[(at + 1) % len(cores)])
    signature = as_bytes(rows[at][1], "signature")
    mended = [(as_bytes(row[0], "ballot"), row[1]) for row in rows[:at] + rows[at + 1 :]] + [(forged, signature)]
    mended.sort(key=lambda row: identifier("ballot", eh, row[0]))
    (record / name).write_bytes(cbor.encode_seq([list(row) for row in mended]))
    mend_sums(record, name)
    before, after = (identifier("ballot", eh, core) for core in (cores[at], forged))
    return Forged(name, [row[0] for row in mended].index(forged), before.hex(), base32.code(before), after.hex())


def mend_sums(record: Path, name: str) -> None:
    """The changed file's line in SHA256SUMS, as if nothing had happened."""
    path = record / election_record.SUMS
    digest = hashlib.sha256((record / name).read_bytes()).hexdigest()
    lines = path.read_text(encoding="utf-8").splitlines()
    mended = [f"{digest}  {name}" if line.partition("  ")[2] == name else line for line in lines]
    path.write_text("".join(f"{line}\n" for line in mended), encoding="utf-8")


def tamper(demo: Path, *, number: int) -> tuple[Forged, bool, dict[str, Any]]:
    """Forges a copy (`tampered/` beside `record/`) and has it verified.  Raises BadInput."""
    summary_file = demo / "summary.json"
    if not summary_file.exists():
        raise BadInput("file-missing", file=str(summary_file))
    summary = json.loads(summary_file.read_text(encoding="utf-8"))
    copy = demo / "tampered"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(demo / "record", copy)
    forged = forge(copy, number=number)
    passed, account = closing.verify(
        copy, election_hash=summary["election_hash"], out=demo / "tampered-verify.json", jobs=2
    )
    return forged, passed, account
