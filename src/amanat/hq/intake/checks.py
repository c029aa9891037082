"""Checks of what is held, in batches, after it was acknowledged: E again from V, ballots' signatures and proofs.

Clauses C-6, T-3 (V6 to V8).  A verdict is for people and for the day's page: which ballots are annulled is
recomputed by everybody from the record, and nothing is dropped here.
"""

from collections.abc import Sequence
from typing import Final

from django.db import connection

import amanat_crypto
from amanat.hq.devices.enrolment import Certificates
from amanat.hq.home import Home
from amanat.hq.writing import receiving, rows_of
from amanat.records.ballot import Core, limb_count
from amanat.records.cbor import Malformed
from amanat.records.device import ROLE_BALLOT, ROLE_CHECK_IN
from amanat.records.manifest import Manifest
from amanat.records.permit import Permit, PrivatePart, recompute_credential
from amanat.sync.hq_side import Known

BATCH: Final = 512
Ballot = tuple[bytes, bytes, bytes, bytes, int]
"""(id, core, cast signature, ph, device)."""


class Checker:
    """The checks of one home."""

    def __init__(self, here: Home, certificates: Certificates) -> None:
        self._here = here
        self._certificates = certificates

    def run(self) -> int:
        """Checks one batch of permits and one of ballots that wait; returns how many rows got a verdict."""
        return self.permits() + self.ballots()

    def run_all(self) -> None:
        """Checks everything that waits."""
        while self.run():
            pass

    def permits(self) -> int:
        """Recomputes E from V.  False: V names nobody or another person, or the permit's signature is wrong."""
        sql = "SELECT ph, device, permit, signature, private FROM intake_permit WHERE sound IS NULL "
        rows = rows_of(sql + "AND private IS NOT NULL LIMIT %s", BATCH)
        verdicts = []
        for ph, device, permit, signature, private in rows:
            sound = self._permit_is_sound(bytes(ph), device, bytes(permit), bytes(signature), bytes(private))
            verdicts.append((sound, bytes(ph), device, bytes(signature)))
        self._mark("UPDATE intake_permit SET sound = %s WHERE ph = %s", verdicts)
        return len(rows)

    def _permit_is_sound(self, ph: bytes, device: int, permit: bytes, signature: bytes, private: bytes) -> bool:
        known = self._certificates(device)
        try:
            read, person = Permit.decode(permit), PrivatePart.decode(private)
        except Malformed:
            return False
        if known is None or read.check_in_device != device:
            return False
        eh = self._here.eh
        again = recompute_credential(manifest=self._here.manifest, eh=eh, serial=read.serial, private=person)
        return again == read.credential and not amanat_crypto.verify_signatures(
            domain="permit", eh=eh, keys=known.certificate.key, digests=ph, signatures=signature
        )

    def ballots(self) -> int:
        """Gives each waiting ballot its verdict: "" or the first check that failed."""
        sql = "SELECT id, core, signature, ph, device FROM intake_ballot WHERE verdict IS NULL LIMIT %s"
        rows: list[Ballot] = [
            (bytes(id_), bytes(core), bytes(signature), bytes(ph), int(device))
            for id_, core, signature, ph, device in rows_of(sql, BATCH)
        ]
        verdicts = {row[0]: self._form(row) for row in rows}
        sound = [row for row in rows if verdicts[row[0]] == ""]
        for check in (self._signatures, self._proofs):
            for row, verdict in check(sound):
                verdicts[row[0]] = verdicts[row[0]] or verdict
        marks = [(verdicts[row[0]], row[0], row[4], row[2]) for row in rows]
        self._mark("UPDATE intake_ballot SET verdict = %s WHERE id = %s", marks)
        return len(rows)

    def _form(self, row: Ballot) -> str:
        """V6 and V7 but for signatures: who issued, who took, which contests, how many limbs."""
        core = Core.decode(row[1])
        permit = Permit.decode(core.permit)
        issuer, taker = self._certificates(permit.check_in_device), self._certificates(permit.ballot_device)
        if not _may(issuer, ROLE_CHECK_IN, permit.station) or not _may(taker, ROLE_BALLOT, permit.station):
            return "permit-devices"
        if permit.ballot_device != row[4]:
            return "another-terminal"
        manifest = self._here.manifest
        try:
            amanat_crypto.require_points(permit.credential)
            indices = manifest.contest_indices(permit.mask)
        except (Malformed, amanat_crypto.CryptoFault):
            return "permit-form"
        sizes = [64 * limbs_of(manifest, index) for index in indices]
        if [len(c) for c in core.ciphertexts] != sizes or [len(p) for p in core.proofs] != sizes:
            return "ballot-form"
        return ""

    def _signatures(self, rows: Sequence[Ballot]) -> list[tuple[Ballot, str]]:
        cores = [Core.decode(row[1]) for row in rows]
        issuers = [Permit.decode(core.permit).check_in_device for core in cores]
        bad: list[tuple[Ballot, str]] = []
        for domain, devices, digests, signatures in (
            ("permit", issuers, [row[3] for row in rows], [core.permit_signature for core in cores]),
            ("cast", [row[4] for row in rows], [row[0] for row in rows], [row[2] for row in rows]),
        ):
            refused = amanat_crypto.verify_signatures(
                domain=domain,
                eh=self._here.eh,
                keys=b"".join(self._key(device) for device in devices),
                digests=b"".join(digests),
                signatures=b"".join(signatures),
            )
            bad += [(rows[index], f"{domain}-signature") for index in refused]
        return bad

    def _proofs(self, rows: Sequence[Ballot]) -> list[tuple[Ballot, str]]:
        """V8: one batch of all limbs of all contests."""
        manifest = self._here.manifest
        owners: list[Ballot] = []
        contexts, contests, limbs, ciphertexts, proofs = [], [], [], [], []
        for row in rows:
            core = Core.decode(row[1])
            indices = manifest.contest_indices(Permit.decode(core.permit).mask)
            for index, sealed, shown in zip(indices, core.ciphertexts, core.proofs, strict=True):
                for limb in range(len(sealed) // 64):
                    owners.append(row)
                    contexts.append(row[3])
                    contests.append(index)
                    limbs.append(limb)
                ciphertexts.append(sealed)
                proofs.append(shown)
        refused = amanat_crypto.verify_sealed(
            eh=self._here.eh,
            key=manifest.vote_key,
            contexts=b"".join(contexts),
            contests=contests,
            limbs=limbs,
            ciphertexts=b"".join(ciphertexts),
            proofs=b"".join(proofs),
        )
        return [(owners[index], "proof") for index in refused]

    def _key(self, device: int) -> bytes:
        known = self._certificates(device)
        assert known is not None  # `_form` asked
        return known.certificate.key

    def _mark(self, sql: str, rows: Sequence[tuple[bool | str, bytes, int, bytes]]) -> None:
        """Gives verdicts to rows that are still the ones that were checked: (verdict, key, device, signature)."""
        if rows:
            with receiving(()), connection.cursor() as cursor:
                cursor.executemany(f"{sql} AND device = %s AND signature = %s", rows)


def limbs_of(manifest: Manifest, index: int) -> int:
    """Ciphertexts of a contest on one ballot."""
    contest = manifest.contests[index]
    return limb_count(len(contest.candidates), contest.max_choices)


def _may(known: Known | None, role: int, station: int) -> bool:
    return known is not None and known.certificate.has(role) and known.certificate.station == station
