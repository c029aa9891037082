"""The contract of the Rust core.

Everywhere: a point or scalar that is not canonical raises BadEncoding; evidence that fails a check raises
ProofRejected; arguments that only our own code can get wrong (columns of different lengths, 31 bytes for 32, a limb of
247 bits) raise ValueError; no random bytes from the system is an OSError. "Points" and "scalars" are flat bytes.
"""

from collections.abc import Sequence
from typing import final

from amanat_crypto import Item, SharedRows, Shuffled

G: bytes
ORDER: int

class CryptoFault(Exception):
    """Never raised itself: what the caller was given is refused."""

class BadEncoding(CryptoFault):
    """Item `at` of a flat array is not canonical, or an identity where none may stand."""

    at: int

class ProofRejected(CryptoFault):
    """Evidence fails `check`, at row or statement `at` where there are several."""

    check: str
    at: int | None

@final
class Sealed:
    """Sealed limbs: 64 bytes A‖B, 64 bytes R‖s and 32 bytes r of each, in their order."""

    @property
    def ciphertexts(self) -> bytes: ...
    @property
    def proofs(self) -> bytes: ...
    @property
    def randomness(self) -> bytes: ...

def backend() -> str:
    """The instructions in use: avx512, avx2 or serial."""

def operation_counts() -> dict[str, int]:
    """Group operations by kind since the start of the process or the last reset."""

def reset_operation_counts() -> None: ...
def random_scalar() -> bytes: ...
def scalar_from_hash(preimage: bytes) -> bytes:
    """SHA-512 of `preimage` as a little-endian integer modulo the order."""

def nonce(secret: bytes, message: bytes) -> bytes:
    """SHA-512(32 bytes of the system ‖ secret ‖ message) modulo the order."""

def scalar_add(a: bytes, b: bytes) -> bytes: ...
def scalar_mul(a: bytes, b: bytes) -> bytes: ...
def scalar_invert(a: bytes) -> bytes:
    """1/a; zero raises BadEncoding."""

def lagrange(j: int, members: Sequence[int]) -> bytes:
    """λ_j = Π i/(i − j) over the other members of the set, which is ascending, from 1, and holds j."""

def base_mul(scalars: bytes) -> bytes:
    """scalar·G for each scalar; constant time."""

def point_mul(*, scalar: bytes, points: bytes) -> bytes:
    """scalar·point for each point; constant time."""

def points_add(a: bytes, b: bytes) -> bytes: ...
def points_negate(points: bytes) -> bytes: ...
def points_sum(columns: Sequence[bytes]) -> bytes:
    """Sums of the points that share a position, over at least one column."""

def require_points(points: bytes, *, identity_allowed: bool = False) -> None: ...
def require_scalars(scalars: bytes) -> None: ...
def hash_to_group(domain: str, data: bytes) -> bytes:
    """H2G(domain, data): RFC 9380 hash_to_ristretto255 with our tag."""

def hash_to_group_many(domain: str, items: Sequence[bytes]) -> bytes: ...
def embed(limbs: Sequence[int]) -> bytes:
    """The points of limbs below 2^246, each with the smallest counter; constant time."""

def unembed(points: bytes) -> list[int | None]:
    """The limbs of points; None for the identity and where the counter is not the smallest."""

def elgamal(*, base: bytes, key: bytes, messages: bytes, randomness: bytes) -> bytes:
    """A‖B of each message: A = r·base, B = M + r·key; constant time."""

def tag_rows(ciphertexts: bytes) -> bytes:
    """The rows (B, −A) of ciphertexts A‖B."""

def cipher_heads(ciphertexts: bytes) -> bytes:
    """The A of ciphertexts A‖B, not decoded."""

def elgamal_open(ciphertexts: bytes, shares: Sequence[bytes]) -> bytes:
    """B − Σ shares for each ciphertext."""

def seal(*, eh: bytes, key: bytes, context: bytes, contest: int, limbs: Sequence[int], secret: bytes) -> Sealed:
    """Seals limbs 0, 1, … to `key`; each proof is bound to the context (32 bytes), the contest and the limb's number.

    `secret` is mixed into the nonces, so that they stay secret should the system's random bytes fail.
    """

def open_sealed(*, ciphertexts: bytes, key: bytes, randomness: bytes) -> list[int | None]:
    """The limbs of ciphertexts whose randomness is shown; ProofRejected("opening") where A is not r·G."""

def verify_sealed(
    *,
    eh: bytes,
    key: bytes,
    contexts: bytes,
    contests: Sequence[int],
    limbs: Sequence[int],
    ciphertexts: bytes,
    proofs: bytes,
) -> list[int]:
    """The rows, ascending, whose encoding or proof is refused; an empty list says that all are good."""

def sign(*, seed: bytes, domain: str, eh: bytes, digest: bytes) -> bytes:
    """Ed25519 over "amanat/v1/sign/" ‖ domain ‖ 00 ‖ eh ‖ digest."""

def public_key(seed: bytes) -> bytes: ...
def require_signing_key(key: bytes) -> None:
    """BadEncoding unless canonical, of prime order and not the identity."""

def verify_signatures(*, domain: str, eh: bytes, keys: bytes, digests: bytes, signatures: bytes) -> list[int]:
    """The rows, ascending, whose signature is refused by the strict rule; checked one by one."""

def commitments(coefficients: bytes) -> bytes: ...
def pop_prove(*, ch: bytes, key_name: str, j: int, coefficients: bytes) -> bytes:
    """R‖s: dealer j of key `key_name` knows the first coefficient."""

def pop_verify(*, ch: bytes, key_name: str, j: int, commitments: bytes, proof: bytes) -> None: ...
def polynomial_at(coefficients: bytes, i: int) -> bytes:
    """f(i), the coefficients lowest first, i from 1."""

def commitments_at(commitments: bytes, i: int) -> bytes:
    """Σ i^k·C_k, which f(i)·G must equal."""

def linear_share(
    *, domain: str, eh: bytes, context: Sequence[Item], secrets: bytes, rows: bytes
) -> tuple[bytes, bytes]:
    """For m secrets and n ≥ 1 rows of m points: the n outputs Σ secret_k·row_ik, and the proof T_1…T_m, T, s_1…s_m."""

def verify_linear(
    *, domain: str, eh: bytes, context: Sequence[Item], publics: bytes, rows: bytes, outputs: bytes, proof: bytes
) -> None:
    """Checks: length, linear: public, linear: rows."""

def verify_linears(*, domain: str, eh: bytes, rows: bytes, shared: Sequence[SharedRows]) -> None:
    """Several holders over the same rows in one sum, faster than one by one; `at` names the holder that fails."""

def shuffle(*, eh: bytes, context: Sequence[Item], width: int, key: bytes, inputs: bytes) -> tuple[bytes, bytes]:
    """Outputs and proof for N ≥ 1 tuples of `width` ciphertexts."""

def verify_shuffle(
    *, eh: bytes, context: Sequence[Item], width: int, key: bytes, inputs: bytes, outputs: bytes, proof: bytes
) -> None:
    """Checks: length, shuffle: sum of commitments, end of chain, permutation, re-encryption, chain."""

def verify_shuffles(*, eh: bytes, key: bytes, statements: Sequence[Shuffled]) -> None:
    """Many shuffles under one key in one sum; `at` names the first that fails, check `encoding` joins the others."""
