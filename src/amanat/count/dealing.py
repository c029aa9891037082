"""One trustee's part in the key ceremony (K-2 to K-6): Pedersen's key generation for the three keys K, Z and W.

Pure but for the randomness of polynomials and of HPKE; what is kept, and where, is the machine's.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

import amanat_crypto as crypto
from amanat.errors import Rejected
from amanat.records import cbor
from amanat.records.identifiers import sign
from amanat.records.manifest import Trustee

KEY_NAMES: Final = ("K", "Z", "W")
HPKE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
Polynomials = Mapping[str, bytes]
"""Key name → t coefficients, flat, the constant one first."""
Published = Mapping[str, Sequence[bytes]]
"""Key name → the trustees' `keys/<q>/<j>.cbor` in order of j."""


@dataclass(frozen=True)
class Ceremony:
    """`keys/ceremony.cbor`, read; `hash` is ch."""

    hash: bytes
    election: str
    round: int
    threshold: int
    people: tuple[Trustee, ...]

    @classmethod
    def decode(cls, data: bytes) -> "Ceremony":
        """Reads and checks the t rule of K-1.  Raises Malformed and Rejected."""
        match cbor.decode(data):
            case ["amanat/v1/ceremony", str(election), int(round_), int(n), int(t), [*rows], bytes(salt)] if (
                len(salt) == 32
            ):
                people = tuple(map(Trustee.from_value, rows))
            case _:
                raise Rejected("ceremony-malformed")
        if [person.j for person in people] != list(range(1, n + 1)) or not 1 <= t <= n <= 255:
            raise Rejected("ceremony-malformed")
        power, most = Counter(person.power for person in people).most_common(1)[0]
        if most >= t:
            raise Rejected("threshold-too-low", threshold=t, power=power, trustees=most)
        return cls(hashlib.sha256(data).digest(), election, round_, t, people)


def draw(ceremony: Ceremony) -> Polynomials:
    """K-3: three polynomials of degree t−1."""
    return {q: b"".join(crypto.random_scalar() for _ in range(ceremony.threshold)) for q in KEY_NAMES}


def publish(ceremony: Ceremony, j: int, polynomials: Polynomials) -> dict[str, bytes]:
    """K-3: key name → the bytes of `keys/<q>/<j>.cbor`."""
    result = {}
    for q, coefficients in polynomials.items():
        proof = crypto.pop_prove(ch=ceremony.hash, key_name=q, j=j, coefficients=coefficients)
        result[q] = cbor.encode([j, _split(crypto.commitments(coefficients)), proof])
    return result


def read_commitments(ceremony: Ceremony, published: Published) -> dict[str, list[bytes]]:
    """K-3: checks every trustee's file; key name → each trustee's commitments, flat.  Raises Rejected."""
    result: dict[str, list[bytes]] = {}
    for q in KEY_NAMES:
        result[q] = []
        for j, data in enumerate(published[q], start=1):
            match cbor.decode(data):
                case [int(named), [*points], bytes(proof)] if (named, len(proof)) == (j, 64):
                    flat = b"".join(cbor.as_bytes(point, "commitment", size=32) for point in points)
                case _:
                    raise Rejected("ceremony-commitments-wrong", key=q, trustee=j)
            if len(points) != ceremony.threshold:
                raise Rejected("ceremony-commitments-wrong", key=q, trustee=j)
            try:
                crypto.require_points(flat)
                crypto.pop_verify(ch=ceremony.hash, key_name=q, j=j, commitments=flat, proof=proof)
            except crypto.CryptoFault as cause:
                raise Rejected("ceremony-commitments-wrong", key=q, trustee=j) from cause
            result[q].append(flat)
    return result


def echo_hash(files: Sequence[bytes]) -> bytes:
    """K-4: h_q."""
    return hashlib.sha256(b"".join(files)).digest()


def echo(ceremony: Ceremony, published: Published, seed: bytes) -> dict[str, bytes]:
    """K-4: a signature for each key name."""
    return {q: sign(seed, "dkg-echo", ceremony.hash, echo_hash(published[q])) for q in KEY_NAMES}


def require_echoes(ceremony: Ceremony, published: Published, echo_seq: bytes) -> None:
    """K-4: n equal signatures for each key.  Raises Rejected."""
    rows = cbor.decode_seq(echo_seq)
    wanted = [(q, person.j) for q in KEY_NAMES for person in ceremony.people]
    signatures = _signatures("echo", rows, wanted)
    bad = crypto.verify_signatures(
        domain="dkg-echo",
        eh=ceremony.hash,
        keys=b"".join(ceremony.people[j - 1].signing_key for _, j in wanted),
        digests=b"".join(echo_hash(published[q]) for q, _ in wanted),
        signatures=signatures,
    )
    if bad:
        q, j = wanted[bad[0]]
        raise Rejected("ceremony-signature-wrong", step="echo", trustee=j, key=q)


def _signatures(step: str, rows: Sequence[object], wanted: Sequence[tuple[str | int, ...]]) -> bytes:
    signatures = b""
    for row, name in zip(rows, wanted, strict=False):
        match row:
            case [*head, bytes(signature)] if tuple(head) == name and len(signature) == 64:
                signatures += signature
    if len(rows) != len(wanted) or len(signatures) != 64 * len(wanted):
        raise Rejected("ceremony-signature-wrong", step=step, trustee=0, key="")
    return signatures


def _info(ceremony: Ceremony, q: str, *, dealer: int, receiver: int) -> bytes:
    return ceremony.hash + q.encode() + bytes([dealer, receiver])


def deal(ceremony: Ceremony, j: int, polynomials: Polynomials) -> dict[tuple[str, int], bytes]:
    """K-5: (key name, receiver) → f_j(receiver) under HPKE."""
    result = {}
    for q, coefficients in polynomials.items():
        for person in ceremony.people:
            share = crypto.polynomial_at(coefficients, person.j)
            info = _info(ceremony, q, dealer=j, receiver=person.j)
            result[q, person.j] = HPKE.encrypt(share, X25519PublicKey.from_public_bytes(person.hpke_key), info=info)
    return result


def receive(
    ceremony: Ceremony, i: int, commitments: Mapping[str, Sequence[bytes]], sealed: Published, hpke: X25519PrivateKey
) -> dict[str, bytes]:
    """K-5, K-6: opens and checks the shares sent to trustee i; key name → i's share.  A complaint is Rejected."""
    result = {}
    for q in KEY_NAMES:
        total = bytes(32)
        for person, ciphertext in zip(ceremony.people, sealed[q], strict=True):
            try:
                share = HPKE.decrypt(ciphertext, hpke, info=_info(ceremony, q, dealer=person.j, receiver=i))
                good = crypto.base_mul(share) == crypto.commitments_at(commitments[q][person.j - 1], i)
            except (InvalidTag, ValueError, crypto.CryptoFault):
                good = False
            if not good:
                raise Rejected("ceremony-complaint", key=q, dealer=person.j, receiver=i)
            total = crypto.scalar_add(total, share)
        result[q] = total
    return result


def combine(commitments: Mapping[str, Sequence[bytes]]) -> dict[str, bytes]:
    """K-6: key name → C_0 … C_t−1, flat."""
    return {q: crypto.points_sum(commitments[q]) for q in KEY_NAMES}


def transcript_hash(ceremony: Ceremony, published: Published, combined: Mapping[str, bytes]) -> bytes:
    """K-6: what all sign with domain "dkg-transcript"."""
    echoes: list[cbor.Value] = [echo_hash(published[q]) for q in KEY_NAMES]
    return hashlib.sha256(cbor.encode([ceremony.hash, echoes, *(_split(combined[q]) for q in KEY_NAMES)])).digest()


def require_transcript(ceremony: Ceremony, digest: bytes, transcript_seq: bytes) -> None:
    """K-6: all n signatures.  Raises Rejected."""
    wanted = [(person.j,) for person in ceremony.people]
    signatures = _signatures("transcript", cbor.decode_seq(transcript_seq), wanted)
    bad = crypto.verify_signatures(
        domain="dkg-transcript",
        eh=ceremony.hash,
        keys=b"".join(person.signing_key for person in ceremony.people),
        digests=digest * len(wanted),
        signatures=signatures,
    )
    if bad:
        raise Rejected("ceremony-signature-wrong", step="transcript", trustee=bad[0] + 1, key="")


def _split(flat: bytes) -> list[cbor.Value]:
    return [flat[at : at + 32] for at in range(0, len(flat), 32)]


@dataclass(frozen=True)
class Trial:
    """What the rehearsal of the keys decrypts and tags: made from ch alone, so that nobody can slip in anything."""

    message: bytes
    ciphertext: bytes
    credential: bytes

    @classmethod
    def of(cls, ceremony: Ceremony, combined: Mapping[str, bytes]) -> "Trial":
        """The trial of a ceremony."""
        message = crypto.embed([1])
        random = crypto.scalar_from_hash(b"amanat/v1/rehearsal" + ceremony.hash)
        keys = {q: flat[:32] for q, flat in combined.items()}
        person = crypto.hash_to_group("rehearsal", ceremony.hash)
        return cls(
            message,
            crypto.elgamal(base=crypto.G, key=keys["K"], messages=message, randomness=random),
            crypto.elgamal(base=keys["Z"], key=keys["W"], messages=person, randomness=random),
        )
