"""The key ceremony (chapter 3): check V3, public shares, and the t rule."""

from collections import Counter

from amanat_verifier.cbor import encode
from amanat_verifier.group import ZERO, L, add, base, combine, is_point, is_sound, scalar, times, total
from amanat_verifier.hashes import challenge, has_signed, lagrange, sha256
from amanat_verifier.manifest import TRUSTEE, Manifest, manifest
from amanat_verifier.record import Record, names_below, once
from amanat_verifier.shapes import Fault, many, only, raw, row, text, uint

FILE = "keys/ceremony.cbor"
KEYS = ("K", "Z", "W")
CEREMONY = row(only("amanat/v1/ceremony"), text, uint, uint, uint, many(TRUSTEE), raw(32))


@once
def public_shares(record: Record) -> dict[str, dict[int, bytes]]:
    """K_j, Z_j and W_j by key and trustee: Σ j^k C_k (K-6)."""
    found = manifest(record)
    for q, commitments in found.keys.items():
        if not all(map(is_point, commitments)):
            raise Fault(f"manifest.cbor: key {q}: not points")
    return {
        q: {j: combine((pow(j, k, L), c) for k, c in enumerate(found.keys[q])) for j, *_ in found.trustees}
        for q in KEYS
    }


def share_key(record: Record, q: str, j: int, who: tuple[int, ...]) -> bytes:
    """λ_j times the public share of trustee j: the P of the linear proofs (K-7)."""
    return times(lagrange(j, who), public_shares(record)[q][j])


def require_enough(record: Record, who: tuple[int, ...], at: str) -> None:
    """J has exactly t different trustees of the manifest."""
    found = manifest(record)
    if len(who) != found.threshold or not set(who) <= {j for j, *_ in found.trustees}:
        raise Fault(f"{at}: {found.threshold} trustees of the manifest are expected, found {list(who)}")


def _check_possession(ch: bytes, q: str, j: int, commitments: tuple[bytes, ...], proof: bytes) -> None:
    """K-3, for one trustee and key."""
    at = f"keys/{q}/{j}.cbor"
    if not all(map(is_point, commitments)) or commitments[0] == ZERO or not is_sound(proof[:32]):
        raise Fault(f"{at}: not points, or the identity")
    c = challenge(ch, "dkg-pop", q, j, list(commitments), proof[:32])
    s = scalar(proof[32:])
    if s is None or base(s) != add(proof[:32], times(c, commitments[0])):
        raise Fault(f"{at}: proof of possession does not hold")


def _check_key(record: Record, found: Manifest, ch: bytes, q: str) -> bytes:
    """All commitments to one key, and that they add up to the manifest's; returns h_q."""
    joined, rows = b"", []
    for j, *_ in found.trustees:
        at = f"keys/{q}/{j}.cbor"
        number, commitments, proof = record.parse(at, row(only(j), many(raw(32)), raw(64)))
        if len(commitments) != found.threshold:
            raise Fault(f"{at}: {found.threshold} commitments are expected")
        _check_possession(ch, q, number, commitments, proof)
        joined += record.read(at)
        rows.append(commitments)
    for k, commitment in enumerate(found.keys[q]):
        if total(commitments[k] for commitments in rows) != commitment:
            raise Fault(f"manifest.cbor: key {q}: C_{k} is not the sum of the trustees' commitments")
    if ZERO in public_shares(record)[q].values():
        raise Fault(f"manifest.cbor: key {q}: a public share is the identity")
    return sha256(joined)


def _check_signatures(record: Record, found: Manifest, ch: bytes, heads: dict[str, bytes]) -> None:
    at = "keys/echo.seq"
    echo = record.rows(at, row(only(*KEYS), uint, raw(64)))
    if [(q, j) for q, j, _ in echo] != [(q, j) for q in KEYS for j, *_ in found.trustees]:
        raise Fault(f"{at}: each key and trustee once is expected, in order")
    signers = {j: key for j, _, _, key, _ in found.trustees}
    for q, j, signature in echo:
        if not has_signed(signers[j], ch, "dkg-echo", heads[q], signature):
            raise Fault(f"{at}: echo of trustee {j} for {q} does not hold")
    at = "keys/transcript.seq"
    transcript = record.rows(at, row(uint, raw(64)))
    if [j for j, _ in transcript] != [j for j, *_ in found.trustees]:
        raise Fault(f"{at}: each trustee once is expected, in order")
    whole = sha256(encode([ch, [heads[q] for q in KEYS], *[list(found.keys[q]) for q in KEYS]]))
    for j, signature in transcript:
        if not has_signed(signers[j], ch, "dkg-transcript", whole, signature):
            raise Fault(f"{at}: transcript signature of trustee {j} does not hold")


def check_ceremony(record: Record) -> int:
    """V3: ceremony.cbor is the manifest's, commitments, possession, sums, echo, transcript, and the t rule."""
    found = manifest(record)
    _, election, number, n, t, trustees, _ = record.parse(FILE, CEREMONY)
    if (election, number, n, t, trustees) != (
        found.election, found.round, len(found.trustees), found.threshold, found.trustees,
    ):  # fmt: skip
        raise Fault(f"{FILE}: not the manifest's election, round, threshold and trustees")
    ch = sha256(record.read(FILE))
    heads = {q: _check_key(record, found, ch, q) for q in KEYS}
    wanted = {f"{q}/{j}.cbor" for q in KEYS for j, *_ in found.trustees}
    extra = set(names_below(record, "keys/")) - wanted - {"ceremony.cbor", "echo.seq", "transcript.seq"}
    if extra:
        raise Fault(f"keys/{min(extra)}: extra")
    _check_signatures(record, found, ch, heads)
    for power, count in Counter(power for _, _, power, _, _ in found.trustees).items():
        if count >= found.threshold:
            raise Fault(f"manifest.cbor: {count} trustees were appointed by {power!r}, enough to open votes")
    if len({found.keys[q][0] for q in KEYS}) != len(KEYS):
        raise Fault("manifest.cbor: two of the three keys are equal")
    return len(KEYS) * len(found.trustees)
