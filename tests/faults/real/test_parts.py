"""What a run over real processes stands on: its own auditor sees every difference, its power cut drops what it says."""

import random
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.faults.real.conftest import Run

from amanat.records import cbor
from amanat.records.identifiers import identifier
from amanat.rehearsal import ledger
from amanat.rehearsal.real_faults import auditor, media
from amanat.rehearsal.real_faults.auditor import Differs

WRITES = """
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
os.pwrite(fd, b"synced" * 200, 0)
os.fdatasync(fd)
os.pwrite(fd, b"waiting" * 300, 1200)
os.pwrite(fd, b"more" * 300, 3300)
os.kill(os.getpid(), 9)
"""


class Rows:
    """Answers the auditor's three questions as a database would."""

    def __init__(self, entries: list[list[Any]], ballots: list[bytes]) -> None:
        self.entries, self.ballots = entries, ballots

    def execute(self, question: str) -> Any:
        if "COUNT" in question:
            return self
        return [tuple(row) for row in self.entries] if "intake_entry" in question else [(one,) for one in self.ballots]

    def fetchone(self) -> tuple[int]:
        return (0,)


def test_what_was_not_synced_goes_with_the_power(tmp_path: Path) -> None:
    """A program writes, syncs, writes twice more and is killed.  Wanted: over many cuts the synced part always stands,
    and each later write is whole in some, gone in some, torn in some."""
    file = tmp_path / "medium-a" / "journal"
    file.parent.mkdir()
    library = media.build(tmp_path)
    media.begin(tmp_path)
    done = subprocess.run([sys.executable, "-c", WRITES, file], env={"LD_PRELOAD": str(library)}, check=False)
    assert done.returncode == -9
    assert file.stat().st_size == 4500
    draw, seen = random.Random(1), set()
    for _ in range(60):
        (cut,) = media.cut(tmp_path, draw)
        assert cut.unsynced == 2
        data = file.read_bytes()
        assert data[:1200] == b"synced" * 200
        part = data[1200:3300].ljust(2100, b"\0")
        whole, gone = part == b"waiting" * 300, part == bytes(2100)
        seen.add("whole" if whole else "gone" if gone else "torn")
    assert seen == {"whole", "gone", "torn"}


def test_the_auditor_sees_every_difference(real: Run) -> None:
    """One device's true journal and rows that equal it pass.  Wanted: a row missing, a row too many, another private
    part, a fork, a voter's ballot that nobody has, a cut journal: each is told with its place."""
    device, home, lines, rows = whole(real)
    homes, package = {device: home}, real.out / "work" / "package"
    agreed = auditor.audit(homes, package, rows, lines)
    assert (agreed.devices, agreed.entries, agreed.ballots) == (1, len(rows.entries), len(lines))

    def refused(changed: Rows, told: list[ledger.Line] = lines) -> str:
        with pytest.raises(Differs) as fault:
            auditor.audit(homes, package, changed, told)
        return str(fault.value.facts["what"])

    entries = rows.entries
    assert refused(Rows(entries[:-1], rows.ballots)) == "missing"
    assert refused(Rows([*entries, entries[-1]], rows.ballots)) == "1 rows too many"
    private = next(number for number, row in enumerate(entries) if row[5] is not None)
    assert refused(Rows(with_field(entries, private, 5, b"x"), rows.ballots)) == "another row"
    assert refused(Rows(with_field(entries, 1, 6, True), rows.ballots)) == "another row"
    assert "told" in refused(Rows(entries, rows.ballots[:-1]))
    assert "told" in refused(rows, lines[:-1])


def with_field(entries: list[list[Any]], number: int, field: int, value: object) -> list[list[Any]]:
    """The rows with one field of one row changed."""
    changed = [list(row) for row in entries]
    changed[number][field] = value
    return changed


def whole(real: Run) -> tuple[int, Path, list[ledger.Line], Rows]:
    """A crowd's device, its home, what its voters told, and the rows that headquarters must have of it."""
    home = real.out / "work" / "stations" / "C01-1"
    eh = sha256((real.out / "work" / "package" / "manifest.cbor").read_bytes()).digest()
    entries: list[list[Any]] = []
    for payload in auditor.frames((home / "medium-a" / "journal").read_bytes()):
        entry, signature, private = cbor.as_list(cbor.decode(payload), "entry")
        core = cbor.as_list(cbor.decode(cbor.as_bytes(entry, "entry")), "entry")
        digest = identifier("journal", eh, cbor.as_bytes(entry, "entry"))
        entries.append([core[1], core[auditor.SEQ], digest, entry, signature, private, False])
    told = ledger.read(real.out / "ledger.jsonl")
    lines = [line for line in told if line.station == "C01" and line.told == "cast"]
    assert lines, real.said
    return int(entries[0][0]), home, lines, Rows(entries, [bytes.fromhex(line.ballot or "") for line in lines])
