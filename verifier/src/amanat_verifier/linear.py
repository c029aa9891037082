"""The linear proof LIN (E-9), which tag shares (T-3) and decryption shares (T-9) carry."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from amanat_verifier.cbor import Value
from amanat_verifier.group import L, Sum, is_point, scalar, weight
from amanat_verifier.hashes import challenge, digest, expand, h512
from amanat_verifier.manifest import manifest
from amanat_verifier.record import Record
from amanat_verifier.shapes import Fault


def split(data: bytes, at: str, *, count: int) -> list[bytes]:
    """A .bin file as exactly `count` items of 32 bytes."""
    if len(data) != 32 * count:
        raise Fault(f"{at}: {count} items of 32 bytes are expected, found {len(data)} bytes")
    return [data[i : i + 32] for i in range(0, len(data), 32)]


def require_points(points: list[bytes], at: str) -> None:
    """All canonical."""
    for i, point in enumerate(points):
        if not is_point(point):
            raise Fault(f"{at}: item {i + 1} is not a point")


def require_scalars(items: list[bytes], at: str) -> list[int]:
    """All canonical."""
    numbers = [number for item in items if (number := scalar(item)) is not None]
    if len(numbers) != len(items):
        raise Fault(f"{at}: a scalar is not canonical")
    return numbers


@dataclass(frozen=True)
class Statement:
    """What a LIN shows: P_k = σ_k·G and O_i = Σ_k σ_k·R_ik.  `columns` hold, for each k, the points and signs
    (1 or -1) of R_1k, R_2k, …; `rows` are the encodings of all R_ik, row by row, as they are hashed."""

    domain: str
    context: tuple[Value, ...]
    keys: list[bytes]
    columns: list[tuple[list[bytes], int]]
    rows: bytes
    outputs: list[bytes]


def equations(record: Record, statement: Statement, at: str) -> tuple[str, Callable[[Sum], None]]:
    """The proof in the file `at`, as `require_vanishing` takes it."""
    return at, partial(gather, manifest(record).eh, statement, record.read(at), at)


def gather(eh: bytes, statement: Statement, proof: bytes, at: str, whole: Sum) -> None:
    """Adds the proof's equations to `whole`, each under a weight of this verifier; raises Fault for the form.

    T_k, T and the outputs must be points, s_k scalars; the rows were checked before.
    """
    m = len(statement.keys)
    items = split(proof, at, count=2 * m + 1)
    require_points(items[: m + 1], at)
    answers = require_scalars(items[m + 1 :], at)
    joined = b"".join(statement.outputs)
    keys: Value = list(statement.keys)
    seed = h512(eh, statement.domain, *statement.context, keys, digest(statement.rows), digest(joined))
    rho = expand(seed, len(statement.outputs))
    first: Value = list(items[:m])
    c = challenge(eh, statement.domain + "/c", seed, first, items[m])
    for s, key, commitment in zip(answers, statement.keys, items, strict=False):
        w = weight()
        whole.add_base(w * s)
        whole.add(-w, commitment)
        whole.add(-w * c, key)
    w = weight()
    whole.add(-w, items[m])
    for s, (points, sign) in zip(answers, statement.columns, strict=True):
        factor = w * s * sign % L
        for number, point in zip(rho, points, strict=True):
            whole.add(factor * number, point)
    factor = w * c % L
    for number, point in zip(rho, statement.outputs, strict=True):
        whole.add(-factor * number, point)
