"""V2, V3, V4 (but for the order of bulletin entries): the manifest, the trustees' keys, the devices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import amanat_crypto as crypto
from amanat.count.ceremony import combined_of
from amanat.count.dealing import Ceremony
from amanat.count.exchange import Files
from amanat.errors import Rejected, Usage
from amanat.records import cbor
from amanat.records import election_record as paths
from amanat.records.ballot import limb_count
from amanat.records.device import ROLE_APPROVE, Certificate, certificate_id
from amanat.records.manifest import BY_COUNTY, PAPER, SPLIT, Contest, Manifest, Station

WHOLE_CHOICES_MAX = 3
MIXERS_MIN = 3
OUTSIDE_MIXERS_MIN = 2


@dataclass(frozen=True)
class Election:
    """What is fixed before opening, checked; `commitments` of K, Z, W are C_0 … C_t−1, flat."""

    manifest: Manifest
    eh: bytes
    commitments: Mapping[str, bytes]
    ceremony: bytes
    devices: Mapping[int, Certificate]
    certificates: Mapping[int, bytes]
    late_devices: frozenset[int]

    def width(self, contest: int) -> int:
        """Ciphertexts in a ballot of this contest."""
        of = self.manifest.contests[contest]
        return limb_count(len(of.candidates), of.max_choices)

    @property
    def authority_keys(self) -> list[bytes]:
        """Their Ed25519 keys in manifest order."""
        return [authority.key for authority in self.manifest.authorities]


def read_election(files: Files, *, given: bytes | None = None) -> Election:
    """V2 to V4.  `given` is eh as the machine was told it.  Raises Rejected, and Usage for what is not built."""
    data = files.read(paths.MANIFEST)
    manifest = Manifest.decode(data)
    eh = manifest.election_hash
    if given is not None and eh != given:
        raise Rejected("election-hash-other", found=eh.hex(), given=given.hex())
    _require_manifest(manifest, files)
    ceremony = Ceremony.decode(files.read(paths.CEREMONY))
    trustees = manifest.trustees
    if (ceremony.election, ceremony.round, ceremony.threshold, ceremony.people) != (
        manifest.election_id,
        manifest.round,
        trustees.threshold,
        trustees.people,
    ):
        raise Rejected("check-failed", check="V3", where=paths.CEREMONY)
    combined = combined_of(ceremony, files)
    if [combined[q] for q in paths.KEYS] != [b"".join(row) for row in (trustees.K, trustees.Z, trustees.W)]:
        raise Rejected("check-failed", check="V3", where=paths.MANIFEST)
    devices, certificates, late = _devices(manifest, eh, files)
    return Election(manifest, eh, combined, ceremony.hash, devices, certificates, late)


def _require_manifest(manifest: Manifest, files: Files) -> None:
    """V2: the twin, the hashed files, sound keys, sensible mixers; refuses what is not built."""
    require("V2", paths.MANIFEST_JSON, files.read(paths.MANIFEST_JSON) == manifest.to_json().encode())
    require("V2", paths.RULES, files.sha256(paths.RULES) == manifest.rule_set_digest)
    if manifest.final_list_digest is not None:
        require("V2", paths.FINAL_LIST, files.sha256(paths.FINAL_LIST) == manifest.final_list_digest)
    keys = [manifest.hq_key, *(a.key for a in manifest.authorities), *(m.key for m in manifest.mixers)]
    keys += [trustee.signing_key for trustee in manifest.trustees.people]
    require_keys("V2", paths.MANIFEST, keys)
    require("V2", paths.MANIFEST, bool(manifest.authorities) and len(set(keys)) == len(keys))
    require_supported(manifest.contests, manifest.stations)
    for contest in manifest.contests:
        whole = contest.max_choices <= WHOLE_CHOICES_MAX or contest.unit_by == BY_COUNTY
        codes = {candidate.code for candidate in contest.candidates}
        sizes = contest.seats >= 1 and contest.max_choices >= 1 and contest.unit_min >= 1
        require("V2", f"{paths.MANIFEST}: {contest.id}", whole and sizes and len(codes) == len(contest.candidates))


def require_supported(contests: Iterable[Contest], stations: Iterable[Station]) -> None:
    """Raises Usage for split contests and stations on paper, which are not built."""
    for contest in contests:
        if contest.mode == SPLIT:
            raise Usage("split-not-built", contest=contest.id)
    for station in stations:
        if station.mode == PAPER:
            raise Usage("paper-not-built", station=station.id)


def _devices(
    manifest: Manifest, eh: bytes, files: Files
) -> tuple[dict[int, Certificate], dict[int, bytes], frozenset[int]]:
    devices: dict[int, Certificate] = {}
    ids: dict[int, bytes] = {}
    late: set[int] = set()
    signatures: list[bytes] = []
    for row in cbor.decode_seq(files.read(paths.DEVICES)):
        data, signature, boards = cbor.as_list(row, "device", size=3)
        certificate = Certificate.decode(cbor.as_bytes(data, "certificate"))
        found = certificate_id(eh, cbor.as_bytes(data, "certificate"))
        require("V4", paths.DEVICES, certificate.device not in devices and certificate.station < len(manifest.stations))
        alone = certificate.roles == ROLE_APPROVE or not certificate.has(ROLE_APPROVE)
        require("V4", f"{paths.DEVICES}: device {certificate.device}: roles", alone)
        if boards is not None:
            require_authorities(manifest, eh, "device", found, boards, where=paths.DEVICES)
            late.add(certificate.device)
        devices[certificate.device], ids[certificate.device] = certificate, found
        signatures.append(cbor.as_bytes(signature, "signature", size=64))
    require("V4", paths.DEVICES, list(ids.values()) == sorted(set(ids.values())))
    keys = [certificate.key for certificate in devices.values()]
    require("V4", paths.DEVICES, len(set(keys)) == len(keys))
    require_keys("V4", paths.DEVICES, keys)
    require_signatures("V4", paths.DEVICES, "device", eh, [manifest.hq_key] * len(ids), list(ids.values()), signatures)
    return devices, ids, frozenset(late)


def require(check: str, where: str, holds: bool) -> None:
    """Raises Rejected naming check and place unless it holds."""
    if not holds:
        raise Rejected("check-failed", check=check, where=where)


def require_keys(check: str, where: str, keys: list[bytes]) -> None:
    """E-6: canonical keys of prime order.  Raises Rejected."""
    for key in keys:
        try:
            crypto.require_signing_key(key)
        except crypto.CryptoFault as cause:
            raise Rejected("check-failed", check=check, where=f"{where}: {key.hex()}") from cause


def require_signatures(
    check: str, where: str, domain: str, eh: bytes, keys: list[bytes], digests: list[bytes], signatures: list[bytes]
) -> None:  # fmt: skip
    """E-6, all of them.  Raises Rejected naming the first digest whose signature is wrong."""
    bad = crypto.verify_signatures(
        domain=domain, eh=eh, keys=b"".join(keys), digests=b"".join(digests), signatures=b"".join(signatures)
    )
    if bad:
        raise Rejected("check-failed", check=check, where=f"{where}: {digests[bad[0]].hex()}")


def require_authorities(
    manifest: Manifest, eh: bytes, domain: str, digest: bytes, signatures: cbor.Value, *, where: str
) -> None:
    """Every authority's signature, in manifest order.  Raises Rejected and Malformed."""
    keys = [authority.key for authority in manifest.authorities]
    rows = cbor.as_list(signatures, "authorities' signatures", size=len(keys))
    each = [cbor.as_bytes(row, "signature", size=64) for row in rows]
    require_signatures("V14", where, domain, eh, keys, [digest] * len(keys), each)


def mixers_problem(manifest: Manifest, mixers: tuple[int, ...]) -> bool:
    """V20: fewer than three distinct mixers, or fewer than two that are not headquarters'."""
    if not all(index < len(manifest.mixers) for index in mixers) or len(mixers) < MIXERS_MIN:
        return True
    return sum(manifest.mixers[index].owner != "hq" for index in mixers) < OUTSIDE_MIXERS_MIN
