"""What one group operation costs here and now, by kind, in seconds of one core.

Each probe does many operations of one kind that has no price yet, beside kinds that have one; the core's counters say
how many.
"""

import os
import time
from collections.abc import Callable, Mapping

import amanat_crypto as crypto

CORES = len(os.sched_getaffinity(0))
ITEMS = 20_000
EH = bytes(32)


def timed(work: Callable[[], object]) -> tuple[float, Mapping[str, int]]:
    """Core seconds (wall × cores) of a call that uses all cores, and the operations it did."""
    crypto.reset_operation_counts()
    begin = time.perf_counter()
    work()
    seconds = (time.perf_counter() - begin) * CORES
    return seconds, {kind: n for kind, n in crypto.operation_counts().items() if n}


def prices() -> dict[str, float]:
    """Seconds of one core for each kind of operation, the median of three probes."""
    scalars = b"".join(crypto.random_scalar() for _ in range(ITEMS))
    points = crypto.base_mul(scalars)
    seeds = [os.urandom(32) for _ in range(ITEMS)]
    keys = b"".join(crypto.public_key(seed) for seed in seeds)
    digests = b"".join(seeds)
    signatures = b"".join(crypto.sign(seed=s, domain="bench", eh=EH, digest=s) for s in seeds)
    secret = crypto.random_scalar()
    known: dict[str, float] = {}

    def price(kind: str, probe: Callable[[], object]) -> None:
        seconds, counts = sorted((timed(probe) for _ in range(3)), key=lambda r: r[0])[1]
        others = sum(known[k] * n for k, n in counts.items() if k != kind)
        known[kind] = max(seconds - others, 0.0) / counts[kind]

    price("decode", lambda: crypto.require_points(points))
    price("encode", lambda: crypto.points_negate(points))
    price(
        "table_mul",
        lambda: crypto.elgamal(base=points[:32], key=points[32:64], messages=points, randomness=scalars),
    )
    price("encode_batched", lambda: crypto.base_mul(scalars))
    price("point_mul", lambda: crypto.point_mul(scalar=secret, points=points))
    price("hash_to_group", lambda: crypto.hash_to_group_many("bench", seeds))
    price("sum_term", lambda: crypto.commitments_at(points, 3))
    price(
        "verify_signature",
        lambda: crypto.verify_signatures(domain="bench", eh=EH, keys=keys, digests=digests, signatures=signatures),
    )
    known["secret_sum_term"] = known["point_mul"]  # a handful in a proof
    return known
