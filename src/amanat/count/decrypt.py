"""Opening a mixed unit (T-9): a trustee's share of it, and the sum of t shares."""

from collections.abc import Sequence

import amanat_crypto as crypto
from amanat.count import mix, shares
from amanat.count.exchange import Files
from amanat.count.tags import Sorted
from amanat.records import election_record as paths
from amanat.records.ballot import from_limbs, unrank


def context(sorted_: Sorted, contest: int, unit: str, J: Sequence[int], j: int) -> list[crypto.Item]:
    """What a decryption proof is bound to."""
    return [sorted_.session.ordered.hash, contest, unit, list(J), j]


def mixed(files: Files, sorted_: Sorted, contest: int, unit: str) -> bytes:
    """The last mixer's output."""
    return files.read(mix.path(sorted_, contest, unit, sorted_.session.ordered.order.mixers[-1]))


def share(
    files: Files, sorted_: Sorted, contest: int, unit: str, *, x: bytes, J: Sequence[int], j: int
) -> tuple[bytes, bytes]:
    """(D_i tuple by tuple, column by column; proof) with trustee j's share of x."""
    return crypto.linear_share(
        domain="decrypt",
        eh=sorted_.session.election.eh,
        context=context(sorted_, contest, unit, J, j),
        secrets=shares.weighted([x], J=J, j=j),
        rows=crypto.cipher_heads(mixed(files, sorted_, contest, unit)),
    )


def open_unit(
    files: Files, sorted_: Sorted, contest: int, unit: str, *, J: Sequence[int], named: Sequence[bytes]
) -> list[tuple[int, ...] | None]:
    """V21, V22: the shares' proofs, and every ballot's candidate numbers, None where unreadable.

    `named` are the λ_j·K_j in the order of J.  Raises Rejected naming the trustee.
    """
    election = sorted_.session.election
    of = election.manifest.contests[contest]
    ciphertexts = mixed(files, sorted_, contest, unit)
    given = [
        crypto.SharedRows(
            context(sorted_, contest, unit, J, j),
            public,
            files.read(paths.decrypt_path(of.id, unit, j)),
            files.read(paths.decrypt_proof_path(of.id, unit, j)),
        )
        for j, public in zip(J, named, strict=True)
    ]
    rows = crypto.cipher_heads(ciphertexts)
    shares.require_shares("decrypt", election.eh, rows, given, where=f"decrypt/{of.id}/{unit}/{{}}.proof", J=J)
    limbs = crypto.unembed(crypto.elgamal_open(ciphertexts, [one.outputs for one in given]))
    width, n, k = election.width(contest), len(of.candidates), of.max_choices
    return [_choices(limbs[at : at + width], n, k) for at in range(0, len(limbs), width)]


def _choices(limbs: Sequence[int | None], n: int, k: int) -> tuple[int, ...] | None:
    whole = [limb for limb in limbs if limb is not None]
    return unrank(from_limbs(whole), n, k) if len(whole) == len(limbs) else None
