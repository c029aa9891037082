"""Groups, keys and proofs over ristretto255, and strict Ed25519; the work is done by the Rust core `_native`.

Ground: clauses E-1 to E-9, K-3 to K-7, B-2 to B-4, T-3, T-8, T-9. Points and scalars are 32 canonical bytes, arrays are
flat bytes, rows before columns. `verify_*` and `require_*` raise, or return the rows that are refused; none returns a
bool. `_native.pyi` lists and explains every name. This package refuses to know elections, files and networks.
"""

from collections.abc import Sequence
from typing import NamedTuple

from amanat_crypto._native import *  # noqa: F403  (every name of the stub is public)

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
