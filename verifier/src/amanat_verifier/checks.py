"""All checks of chapter 11 as a table, and `verify`, which runs them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from amanat_verifier.account import check_devices_accounted, check_sheets
from amanat_verifier.bulletin import check_bulletin
from amanat_verifier.ceremony import check_ceremony
from amanat_verifier.devices import check_devices
from amanat_verifier.inventory import check_inventory
from amanat_verifier.manifest import check_manifest, manifest
from amanat_verifier.opening import check_decryption
from amanat_verifier.orders import check_bulletin_ballots, check_orders
from amanat_verifier.record import Record
from amanat_verifier.results import check_plaintexts, check_results, check_tally, summary
from amanat_verifier.sealed import check_approvals, check_forms, check_permits, check_proofs, check_tested
from amanat_verifier.shapes import Fault
from amanat_verifier.shuffle import check_mixers, check_shuffles
from amanat_verifier.tags import check_set_aside, check_tags
from amanat_verifier.units import check_inputs, check_once, check_units

Found = TypeVar("Found")


@dataclass(frozen=True)
class Check:
    """One row of the table; `run` returns how many items it checked, or raises Fault."""

    id: str
    clause: str
    run: Callable[[Record], int]


CHECKS = (
    Check("V1", "inventory: no file missing, extra or renamed; SHA256SUMS, its signature, bulletin entry 06",
          check_inventory),
    Check("V2", "manifest canonical, election hash as given, manifest.json equal", check_manifest),
    Check("V3", "key ceremony: commitments, possession, echo, transcript, t rule", check_ceremony),
    Check("V4", "devices certified, keys sound, enrolled before opening or by all authorities", check_devices),
    Check("V5", "bulletin: tree rebuilt from entries, checkpoint, witnesses", check_bulletin),
    Check("V6", "permits in ballots: form, points, issuer, signature, listed", check_permits),
    Check("V7", "ballots: form, cast signature, terminal, sorted, no ciphertext twice", check_forms),
    Check("V8", "ballot proofs; who fails V6-V8, V12 or V13 is annulled", check_proofs),
    Check("V9", "ballots of a session are the bulletin's, both ways", check_bulletin_ballots),
    Check("V10", "closing sheets: counts, equations, permit_root and box_root rebuilt", check_sheets),
    Check("V11", "devices all accounted for; cast on the sheet = ballots", check_devices_accounted),
    Check("V12", "tested ballots never cast", check_tested),
    Check("V13", "second approvals where required", check_approvals),
    Check("V14", "order: signatures, hashes, decisions, exclusions", check_orders),
    Check("V15", "person tags proved by exactly t trustees", check_tags),
    Check("V16", "set-aside list recomputed, equal", check_set_aside),
    Check("V17", "units recomputed", check_units),
    Check("V18", "mix input = ballots less set-aside", check_inputs),
    Check("V19", "shuffle proofs", check_shuffles),
    Check("V20", "mixers: number, distinct, chained, signed", check_mixers),
    Check("V21", "decryption proofs", check_decryption),
    Check("V22", "plaintexts recomputed and canonical", check_plaintexts),
    Check("V23", "no ballot in two units or sessions", check_once),
    Check("V24", "tally, lots or the tie named, seats", check_tally),
    Check("V25", "result.json, minutes and the closing equations", check_results),
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What one check found: `where` is None if it holds."""

    id: str
    clause: str
    ok: bool
    items: int
    seconds: float
    where: str | None


@dataclass(frozen=True)
class Report:
    """All of it; `result` is None where the votes could not be recomputed.  `notes` must be said aloud."""

    ok: bool
    election_hash: str | None
    checks: list[Outcome]
    result: dict[str, Any] | None
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The object of `--json`."""
        return {
            "ok": self.ok,
            "election_hash": self.election_hash,
            "checks": [vars(check) for check in self.checks],
            "result": None if self.result is None else {"contests": self.result},
            "notes": self.notes,
        }


def _run(check: Check, record: Record) -> Outcome:
    start = time.perf_counter()
    items, where = 0, None
    try:
        items = check.run(record)
    except Fault as fault:
        where = fault.where
    except Exception as error:  # a bug of ours must read as "does not hold", never as a traceback or a pass
        where = f"this verifier failed: {type(error).__name__}: {error}"
    return Outcome(check.id, check.clause, where is None, items, time.perf_counter() - start, where)


def verify(
    root: Path, election_hash: bytes | None, jobs: int = 1, *, seen: Callable[[Outcome], None] | None = None
) -> Report:
    """Runs every check on the record at `root`.

    `election_hash` (32 bytes) is given from outside; None trusts the record for it and says so in the notes.
    `jobs` is the number of processes; `seen` hears of each check as it ends.
    """
    record = Record(root, given=election_hash, jobs=jobs)
    outcomes = []
    for check in CHECKS:
        outcomes.append(_run(check, record))
        if seen is not None:
            seen(outcomes[-1])
    found, known = _or_none(summary, record), _or_none(manifest, record)
    eh = None if known is None else known.eh.hex()
    holds = found is not None and all(outcome.ok for outcome in outcomes)
    return Report(holds, eh, outcomes, found, record.notes)


def _or_none(find: Callable[[Record], Found], record: Record) -> Found | None:
    """What is shown beside the checks, or None where it cannot be had; the checks say why."""
    try:
        return find(record)
    except Exception:  # as in `_run`: never a traceback, and without it the record does not hold
        return None
