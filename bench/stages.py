"""The stages of a count over n synthetic ballots of one ciphertext each, in process, on all cores."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import amanat_crypto as crypto
from bench.operations import CORES, EH, timed

UNIT = 1_000
MIXERS = 3
MEMBERS = (1, 2, 3)
ORDER = os.urandom(32)


@dataclass(frozen=True)
class Measured:
    """One stage at one size: core seconds of a call and the group operations it did."""

    stage: str
    ballots: int
    core_seconds: float
    operations: Mapping[str, int]

    @property
    def microseconds(self) -> float:
        """Microseconds of one core for each ballot."""
        return self.core_seconds / self.ballots * 1e6

    def efficiency(self, prices: Mapping[str, float]) -> float | None:
        """Priced group work over the time spent; absent where a kind has no price."""
        if any(kind not in prices for kind in self.operations):
            return None
        return sum(prices[kind] * n for kind, n in self.operations.items()) / self.core_seconds


class Count:
    """Synthetic ballots and keys, and each stage as a call; later stages use what earlier ones left."""

    def __init__(self, ballots: int) -> None:
        self.n = ballots
        self.secret = crypto.random_scalar()
        self.key = crypto.base_mul(self.secret)
        self.z, self.w = crypto.random_scalar(), crypto.random_scalar()
        self.contexts = [os.urandom(32) for _ in range(ballots)]
        people = crypto.hash_to_group_many("bench", self.contexts)
        randomness = b"".join(crypto.random_scalar() for _ in range(ballots))
        z_key, w_key = crypto.base_mul(self.z), crypto.base_mul(self.w)
        self.credentials = crypto.elgamal(base=z_key, key=w_key, messages=people, randomness=randomness)
        self.seed = os.urandom(32)
        self.signatures = b"".join(crypto.sign(seed=self.seed, domain="cast", eh=EH, digest=c) for c in self.contexts)

    def stages(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """(name, call) in order."""
        yield "seal", self.seal
        yield "check ballots (§10.1, once)", self.check
        yield "tags, one trustee", self.tags
        yield "mix, one mixer", self.mix
        yield "decrypt, one trustee", self.decrypt
        yield "verify tags, 3 trustees", self.verify_tags
        yield "verify mixes, 3 mixers", self.verify_mixes
        yield "verify decryption, 3 trustees", self.verify_decryption

    def seal(self) -> None:
        """One ciphertext and proof for each voter, one call a voter as a booth does (one core)."""
        sealed = [
            crypto.seal(eh=EH, key=self.key, context=c, contest=0, limbs=[i % 154], secret=self.seed)
            for i, c in enumerate(self.contexts)
        ]
        self.ciphertexts = b"".join(s.ciphertexts for s in sealed)
        self.proofs = b"".join(s.proofs for s in sealed)

    def check(self) -> None:
        """Proofs in one sum; permit's and ballot's signatures one by one."""
        zeros = [0] * self.n
        joined = b"".join(self.contexts)
        bad = crypto.verify_sealed(
            eh=EH, key=self.key, contexts=joined, contests=zeros, limbs=zeros,
            ciphertexts=self.ciphertexts, proofs=self.proofs,
        )  # fmt: skip
        crypto.require_points(self.credentials)
        public = crypto.public_key(self.seed) * self.n
        for _ in ("permit", "cast"):
            bad += crypto.verify_signatures(
                domain="cast", eh=EH, keys=public, digests=joined, signatures=self.signatures
            )
        if bad:
            raise RuntimeError("the bench's own ballots are refused")

    def tags(self) -> None:
        """One trustee's shares and proof, a chunk at a time."""
        rows, chunk = crypto.tag_rows(self.credentials), 65_536 * 64
        self.tag_shares = [
            crypto.linear_share(
                domain="tag", eh=EH, context=[ORDER, list(MEMBERS), 1, c], secrets=self.z + self.w,
                rows=rows[c * chunk : (c + 1) * chunk],
            )
            for c in range((len(rows) + chunk - 1) // chunk)
        ]  # fmt: skip
        self.tag_chunks = [rows[c * chunk : (c + 1) * chunk] for c in range(len(self.tag_shares))]

    def units(self) -> list[bytes]:
        """The ciphertexts in units."""
        return [self.ciphertexts[i : i + 64 * UNIT] for i in range(0, len(self.ciphertexts), 64 * UNIT)]

    def mix(self) -> None:
        """One mixer over all units."""
        self.mixed = [
            crypto.shuffle(eh=EH, context=[ORDER, 0, f"s1-{u}", 0], width=1, key=self.key, inputs=unit)
            for u, unit in enumerate(self.units(), 1)
        ]

    def decrypt(self) -> None:
        """One trustee's decryption shares of all units."""
        self.shares = [
            crypto.linear_share(
                domain="decrypt", eh=EH, context=[ORDER, 0, f"s1-{u}", list(MEMBERS), 1],
                secrets=self.secret, rows=crypto.cipher_heads(out),
            )
            for u, (out, _) in enumerate(self.mixed, 1)
        ]  # fmt: skip

    def verify_tags(self) -> None:
        """Three trustees' tags (the same one thrice: the work is the same)."""
        publics = crypto.base_mul(self.z + self.w)
        for c, (rows, (outputs, proof)) in enumerate(zip(self.tag_chunks, self.tag_shares, strict=True)):
            shared = crypto.SharedRows([ORDER, list(MEMBERS), 1, c], publics, outputs, proof)
            crypto.verify_linears(domain="tag", eh=EH, rows=rows, shared=[shared] * len(MEMBERS))

    def verify_mixes(self) -> None:
        """Three mixers' shuffles (the same one thrice)."""
        statements = [
            crypto.Shuffled([ORDER, 0, f"s1-{u}", 0], 1, unit, out, proof)
            for u, (unit, (out, proof)) in enumerate(zip(self.units(), self.mixed, strict=True), 1)
        ]
        for _ in range(MIXERS):
            crypto.verify_shuffles(eh=EH, key=self.key, statements=statements)

    def verify_decryption(self) -> None:
        """Three trustees' decryption shares."""
        for u, ((out, _), (outputs, proof)) in enumerate(zip(self.mixed, self.shares, strict=True), 1):
            shared = crypto.SharedRows([ORDER, 0, f"s1-{u}", list(MEMBERS), 1], self.key, outputs, proof)
            crypto.verify_linears(
                domain="decrypt", eh=EH, rows=crypto.cipher_heads(out), shared=[shared] * len(MEMBERS)
            )


def measure(ballots: int) -> list[Measured]:
    """Every stage once at one size."""
    count, rows = Count(ballots), []
    for name, call in count.stages():
        seconds, operations = timed(call)
        if name == "seal":
            seconds /= CORES
        rows.append(Measured(name, ballots, seconds, operations))
    return rows
