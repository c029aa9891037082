"""Groups, keys and proofs over ristretto255, and strict Ed25519; the work is done by the Rust core `_native`.

Ground: the protocol chapters on primitives, keys, sealing and the count. Points and scalars are 32 canonical bytes,
arrays are flat bytes, rows before columns. `verify_*` and `require_*` raise, or return the rows that are refused; none
returns a bool. This package refuses to know elections, files and networks.
"""

from collections.abc import Sequence
from typing import NamedTuple

from amanat_crypto._native import (
    ORDER,
    BadEncoding,
    CryptoFault,
    G,
    ProofRejected,
    Sealed,
    backend,
    base_mul,
    cipher_heads,
    commitments,
    commitments_at,
    elgamal,
    elgamal_open,
    embed,
    hash_to_group,
    hash_to_group_many,
    lagrange,
    linear_share,
    nonce,
    open_sealed,
    operation_counts,
    point_mul,
    points_add,
    points_negate,
    points_sum,
    polynomial_at,
    pop_prove,
    pop_verify,
    public_key,
    random_scalar,
    require_points,
    require_scalars,
    require_signing_key,
    reset_operation_counts,
    scalar_add,
    scalar_from_hash,
    scalar_invert,
    scalar_mul,
    seal,
    shuffle,
    sign,
    tag_rows,
    unembed,
    verify_linear,
    verify_linears,
    verify_sealed,
    verify_shuffle,
    verify_shuffles,
    verify_signatures,
)

Item = int | bytes | str | Sequence["Item"]
"""An item of a hash input, written as a CBOR unsigned integer, byte string, text string or array (a list or tuple)."""


class Shuffled(NamedTuple):
    """A shuffle as published: N tuples of `width` ciphertexts in, as many out, and a proof of 5N + 6 + 3·width items.

    `context` is what the proof is bound to. Statements of one chain of mixers belong side by side, in its order: the
    points of one's outputs are then decoded once for both.
    """

    context: Sequence[Item]
    width: int
    inputs: bytes
    outputs: bytes
    proof: bytes


class SharedRows(NamedTuple):
    """One holder's outputs over rows that several holders worked on: m public points, n outputs, one proof."""

    context: Sequence[Item]
    publics: bytes
    outputs: bytes
    proof: bytes


__all__ = [
    "ORDER",
    "BadEncoding",
    "CryptoFault",
    "G",
    "Item",
    "ProofRejected",
    "Sealed",
    "SharedRows",
    "Shuffled",
    "backend",
    "base_mul",
    "cipher_heads",
    "commitments",
    "commitments_at",
    "elgamal",
    "elgamal_open",
    "embed",
    "hash_to_group",
    "hash_to_group_many",
    "lagrange",
    "linear_share",
    "nonce",
    "open_sealed",
    "operation_counts",
    "point_mul",
    "points_add",
    "points_negate",
    "points_sum",
    "polynomial_at",
    "pop_prove",
    "pop_verify",
    "public_key",
    "random_scalar",
    "require_points",
    "require_scalars",
    "require_signing_key",
    "reset_operation_counts",
    "scalar_add",
    "scalar_from_hash",
    "scalar_invert",
    "scalar_mul",
    "seal",
    "shuffle",
    "sign",
    "tag_rows",
    "unembed",
    "verify_linear",
    "verify_linears",
    "verify_sealed",
    "verify_shuffle",
    "verify_shuffles",
    "verify_signatures",
]
