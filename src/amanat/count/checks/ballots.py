"""V6, V7, V8, V12, V13: each ballot by itself, in columns.  Who fails is annulled, nobody else for that (T-4, P-5)."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import amanat_crypto as crypto
from amanat.count.checks.election import Election, require, require_signatures
from amanat.count.exchange import Files
from amanat.count.set_aside import Claim
from amanat.records import cbor
from amanat.records import election_record as paths
from amanat.records.ballot import Core, ballot_id
from amanat.records.cbor import Malformed, as_bytes, as_list, as_uint
from amanat.records.device import ROLE_APPROVE, ROLE_BALLOT, ROLE_CHECK_IN
from amanat.records.permit import Permit, permit_hash

ROWS = 8192
"""Ballots in one batch for the core: enough for its sums, little enough for memory."""
POINT_BYTES = 32
PAIR_BYTES = 64


@dataclass
class Ballots:
    """The session's ballots by position, in the order of id; columns of one that cannot be read hold None.

    `ciphertexts` is contest → position → (A‖B)×m; a ballot whose sizes are wrong is in `unreadable` and has none.
    """

    ids: list[bytes] = field(default_factory=list)
    permits: list[Permit | None] = field(default_factory=list)
    permit_hashes: list[bytes | None] = field(default_factory=list)
    permit_signatures: list[bytes] = field(default_factory=list)
    cast_signatures: list[bytes] = field(default_factory=list)
    ciphertexts: dict[int, dict[int, bytes]] = field(default_factory=dict)
    proofs: dict[int, dict[int, bytes]] = field(default_factory=dict)
    unreadable: set[int] = field(default_factory=set)

    def permit(self, at: int) -> Permit:
        """The permit of a ballot that could be read."""
        found = self.permits[at]
        assert found is not None
        return found

    def forget_evidence(self) -> None:
        """Gives back the memory of signatures and proofs once they are checked: a third of a large session."""
        self.permit_signatures.clear()
        self.cast_signatures.clear()
        self.proofs.clear()

    def claim(self, at: int) -> Claim:
        """The permit's place in its chain."""
        permit = self.permit(at)
        return Claim(permit.check_in_device, permit.serial, permit.replaces)


def read_ballots(files: Files, election: Election, session: int) -> Ballots:
    """The form of V6 and V7 (B-5, C-3), and the order of the file.  Raises Rejected for the file, not for a ballot."""
    found = Ballots(ciphertexts={c: {} for c in range(len(election.manifest.contests))})
    found.proofs = {contest: {} for contest in found.ciphertexts}
    name = paths.ballots_path(session)
    for row in cbor.decode_seq(files.read(name)):
        core, signature = as_list(row, "ballot", size=2)
        at = len(found.ids)
        found.ids.append(ballot_id(election.eh, as_bytes(core, "ballot")))
        found.cast_signatures.append(as_bytes(signature, "signature", size=64))
        try:
            sealed = Core.decode(as_bytes(core, "ballot"))
            permit = Permit.decode(sealed.permit)
        except Malformed:
            found.permits.append(None)
            found.permit_hashes.append(None)
            found.permit_signatures.append(b"")
            found.unreadable.add(at)
            continue
        found.permits.append(permit)
        found.permit_hashes.append(permit_hash(election.eh, sealed.permit))
        found.permit_signatures.append(sealed.permit_signature)
        if not _fits(election, permit, sealed):
            found.unreadable.add(at)
            continue
        for place, contest in enumerate(election.manifest.contest_indices(permit.mask)):
            found.ciphertexts[contest][at] = sealed.ciphertexts[place]
            found.proofs[contest][at] = sealed.proofs[place]
    require("V7", name, _ascending(found.ids))
    return found


def _fits(election: Election, permit: Permit, sealed: Core) -> bool:
    """Whether devices, station, mask and sizes are what the manifest and the certificates allow."""
    issuer, terminal = election.devices.get(permit.check_in_device), election.devices.get(permit.ballot_device)
    if issuer is None or terminal is None or not (issuer.has(ROLE_CHECK_IN) and terminal.has(ROLE_BALLOT)):
        return False
    if not issuer.station == terminal.station == permit.station:
        return False
    if not 0 < permit.mask < 1 << len(election.manifest.contests):
        return False
    sizes = [PAIR_BYTES * election.width(contest) for contest in election.manifest.contest_indices(permit.mask)]
    return [len(c) for c in sealed.ciphertexts] == sizes == [len(p) for p in sealed.proofs]


@dataclass(frozen=True)
class Summaries:
    """`journal-summaries/` as sets and maps: permits by issuer, tested (id, device), approvals by permit."""

    permits: Mapping[int, Sequence[bytes]]
    tested: Set[tuple[bytes, int]]
    approvals: Mapping[bytes, Sequence[int]]


def read_summaries(files: Files, election: Election) -> Summaries:
    """Raises Rejected where a file is not sorted, names something twice, or a test or approval is not signed."""
    permits: dict[int, list[bytes]] = {}
    rows = [as_list(row, "permit", size=2) for row in cbor.decode_seq(files.read(paths.PERMITS))]
    require("V6", paths.PERMITS, _ascending((as_bytes(ph, "ph", size=32), as_uint(d, "device")) for ph, d in rows))
    for ph, device in rows:
        permits.setdefault(as_uint(device, "device"), []).append(as_bytes(ph, "ph"))
    tested = frozenset(_named(files, election, Lists("V12", paths.TESTED, "tested", ROLE_BALLOT)))
    approvals: dict[bytes, list[int]] = {}
    for ph, device in _named(files, election, Lists("V13", paths.APPROVALS, "approve", ROLE_APPROVE)):
        approvals.setdefault(ph, []).append(device)
    return Summaries(permits, tested, approvals)


class Lists(NamedTuple):
    """A list whose items are [hash, device, Sign(device, domain, hash)], the device having the role."""

    check: str
    path: str
    domain: str
    role: int


def _named(files: Files, election: Election, of: Lists) -> list[tuple[bytes, int]]:
    """(hash, device) of every item, ascending; Rejected where the device is not enrolled so or did not sign it."""
    rows = [as_list(row, of.domain, size=3) for row in cbor.decode_seq(files.read(of.path))]
    named = [(as_bytes(hash_, "hash", size=32), as_uint(device, "device")) for hash_, device, _ in rows]
    signatures = [as_bytes(row[2], "signature", size=64) for row in rows]
    known = all(device in election.devices and election.devices[device].has(of.role) for _, device in named)
    require(of.check, of.path, known and _ascending(named))
    keys = [election.devices[device].key for _, device in named]
    require_signatures(of.check, of.path, of.domain, election.eh, keys, [hash_ for hash_, _ in named], signatures)
    return named


def _ascending(items: Iterable[object]) -> bool:
    return all(a < b for a, b in pairwise(items))  # type: ignore[operator]


def failing(ballots: Ballots, election: Election, summaries: Summaries) -> set[int]:
    """Positions of the ballots that fail V6, V7, V8 or V12."""
    bad = ballots.unreadable | _copies(ballots)
    issued = {(ph, device) for device, hashes in summaries.permits.items() for ph in hashes}
    for at, ballot in enumerate(ballots.ids):
        permit, ph = ballots.permits[at], ballots.permit_hashes[at]
        if permit is None or ph is None or (ph, permit.check_in_device) not in issued:
            bad.add(at)
            continue
        if (ballot, permit.ballot_device) in summaries.tested:  # by its own terminal: another's word annuls nothing
            bad.add(at)
    for start in range(0, len(ballots.ids), ROWS):
        rows = [at for at in range(start, min(start + ROWS, len(ballots.ids))) if at not in bad]
        bad |= _wrong_signatures(ballots, election, rows)
        bad |= _wrong_credentials(ballots, rows)
        bad |= _wrong_proofs(ballots, election, rows)
    return bad


def _wrong_signatures(ballots: Ballots, election: Election, rows: Sequence[int]) -> set[int]:
    issuer_keys = [election.devices[ballots.permit(at).check_in_device].key for at in rows]
    terminal_keys = [election.devices[ballots.permit(at).ballot_device].key for at in rows]
    hashes = [ballots.permit_hashes[at] or b"" for at in rows]
    by_issuer = _refused(election, "permit", issuer_keys, hashes, [ballots.permit_signatures[at] for at in rows])
    ids = [ballots.ids[at] for at in rows]
    by_terminal = _refused(election, "cast", terminal_keys, ids, [ballots.cast_signatures[at] for at in rows])
    return {rows[row] for row in (*by_issuer, *by_terminal)}


def _refused(
    election: Election, domain: str, keys: Sequence[bytes], digests: Sequence[bytes], signatures: Sequence[bytes]
) -> list[int]:
    return crypto.verify_signatures(
        domain=domain,
        eh=election.eh,
        keys=b"".join(keys),
        digests=b"".join(digests),
        signatures=b"".join(signatures),
    )


def _wrong_credentials(ballots: Ballots, rows: Sequence[int]) -> set[int]:
    return {rows[row] for row in wrong_points([ballots.permit(at).credential for at in rows])}


def wrong_points(items: Sequence[bytes]) -> set[int]:
    """Which of these items (whole points each, all of one size) hold something that is no point, or the identity."""
    bad: set[int] = set()
    left = list(range(len(items)))
    while left:
        try:
            crypto.require_points(b"".join(items[at] for at in left))
        except crypto.BadEncoding as fault:
            wrong = fault.at * POINT_BYTES // len(items[left[0]])
            bad.add(left[wrong])
            left = left[wrong + 1 :]
        else:
            break
    return bad


def _wrong_proofs(ballots: Ballots, election: Election, rows: Sequence[int]) -> set[int]:
    """V8 over one batch: every limb of every contest is a row."""
    owners: list[int] = []
    contests: list[int] = []
    limbs: list[int] = []
    ciphertexts: list[bytes] = []
    proofs: list[bytes] = []
    for contest, of_contest in ballots.ciphertexts.items():
        width = election.width(contest)
        present = [at for at in rows if at in of_contest]
        owners += [at for at in present for _ in range(width)]
        contests += [contest] * (len(present) * width)
        limbs += list(range(width)) * len(present)
        ciphertexts += [of_contest[at] for at in present]
        proofs += [ballots.proofs[contest][at] for at in present]
    bad = crypto.verify_sealed(
        eh=election.eh,
        key=election.manifest.vote_key,
        contexts=b"".join(ballots.permit_hashes[at] or b"" for at in owners),
        contests=contests,
        limbs=limbs,
        ciphertexts=b"".join(ciphertexts),
        proofs=b"".join(proofs),
    )
    return {owners[row] for row in bad}


def _copies(ballots: Ballots) -> set[int]:
    """V7: ballots that hold an A‖B which an earlier one has, by id, or which stands in them twice."""
    of_ballot: dict[int, list[bytes]] = {}
    for of_contest in ballots.ciphertexts.values():
        for at, data in of_contest.items():
            pairs = [data[i : i + PAIR_BYTES] for i in range(0, len(data), PAIR_BYTES)]
            of_ballot.setdefault(at, []).extend(pairs)
    seen: set[bytes] = set()
    bad: set[int] = set()
    for at, pairs in sorted(of_ballot.items()):
        before = len(seen)
        seen.update(pairs)
        if len(seen) - before != len(pairs):
            bad.add(at)
    return bad
