"""A trustee's linear shares, for tags and for decryption alike (E-9, K-7): made, and verified."""

from collections.abc import Sequence

import amanat_crypto as crypto
from amanat.errors import Rejected


def weighted(shares: Sequence[bytes], *, J: Sequence[int], j: int) -> bytes:
    """λ_j times each of a trustee's shares, flat (32 bytes each)."""
    factor = crypto.lagrange(j, J)
    return b"".join(crypto.scalar_mul(factor, share) for share in shares)


def publics(commitments: Sequence[bytes], *, J: Sequence[int], j: int) -> bytes:
    """λ_j times trustee j's public share of each key, flat; `commitments` are C_0 … C_t−1, flat, of each key."""
    factor = crypto.lagrange(j, J)
    return b"".join(crypto.point_mul(scalar=factor, points=crypto.commitments_at(flat, j)) for flat in commitments)


def require_set(J: Sequence[int], *, n: int, threshold: int) -> None:
    """K-7: exactly t distinct trustees, ascending.  Raises Rejected."""
    if len(J) != threshold or list(J) != sorted(set(J)) or not all(1 <= j <= n for j in J):
        raise Rejected("trustee-set-wrong", trustees=", ".join(map(str, J)), threshold=threshold)


def require_shares(
    domain: str, eh: bytes, rows: bytes, given: Sequence[crypto.SharedRows], *, where: str, J: Sequence[int]
) -> None:
    """E-9 for trustees J over the same rows; `where` has a place for j.  Raises Rejected naming the trustee."""
    for j, share in zip(J, given, strict=True):
        sizes = len(rows) // (len(share.publics) // 32), 2 * len(share.publics) + 32
        if (len(share.outputs), len(share.proof)) != sizes:
            raise Rejected("share-proof-wrong", file=where.format(j))
    try:
        crypto.verify_linears(domain=domain, eh=eh, rows=rows, shared=given)
    except crypto.CryptoFault as cause:
        at = cause.at if isinstance(cause, crypto.ProofRejected) else None
        raise Rejected("share-proof-wrong", file=where.format(J[at] if at is not None else list(J))) from cause
