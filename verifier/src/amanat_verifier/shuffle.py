"""Shuffle proofs and mixers (T-8): checks V19 and V20.

The proof is that of Terelius and Wikström as in Haenni, Locher, Koenig and Dubuis, with one equation per column and
component.  All mixers of a unit go into one sum: the output of one is the input of the next, and shares its points.
"""

from dataclasses import dataclass
from functools import partial

from amanat_verifier.cbor import encode
from amanat_verifier.group import ZERO, L, Sum, generators, weight
from amanat_verifier.hashes import challenge, digest, expand, h512, has_signed, identify, sha256
from amanat_verifier.linear import require_points, require_scalars, split
from amanat_verifier.manifest import manifest
from amanat_verifier.orders import orders
from amanat_verifier.pool import require_vanishing, split_units, spread
from amanat_verifier.record import Record, names_below
from amanat_verifier.shapes import Fault
from amanat_verifier.units import Unit, units

MIXERS_MIN = 3
OUTSIDERS_MIN = 2  # mixers whose owner is not headquarters


@dataclass(frozen=True)
class Proof:
    """proof.bin, cut: c, ĉ, t_1–t_3, t_4 (A, B per column), t̂, s_1–s_3, s_4, ŝ, s'; `t_hashed` is t_1 … t̂ joined."""

    c: list[bytes]
    chain: list[bytes]
    t: list[bytes]
    t4: list[bytes]
    t_chain: list[bytes]
    s: list[int]
    s4: list[int]
    s_chain: list[int]
    s_prime: list[int]
    t_hashed: bytes


def read_proof(data: bytes, n: int, width: int, at: str) -> Proof:
    """Cuts and checks the form; raises Fault."""
    items = split(data, at, count=5 * n + 6 + 3 * width)
    sizes = (n, n, 3, 2 * width, n, 3, width, n, n)
    parts, start = [], 0
    for size in sizes:
        parts.append(items[start : start + size])
        start += size
    for part in parts[:5]:
        require_points(part, at)
    c, chain, t, t4, t_chain = parts[:5]
    s, s4, s_chain, s_prime = (require_scalars(part, at) for part in parts[5:])
    return Proof(c, chain, t, t4, t_chain, s, s4, s_chain, s_prime, b"".join([*t, *t4, *t_chain]))


def input_of(unit: Unit) -> bytes:
    """The unit's ciphertext tuples in the order of id, as the first mixer takes them; raises Fault where one lacks."""
    parts = [ballot.part(unit.contest.index) or b"" for ballot in unit.ballots]
    for ballot, part in zip(unit.ballots, parts, strict=True):
        if len(part) != 64 * unit.contest.width:
            raise Fault(f"mix/{unit.folder}: {ballot.at} has no part of the right size for this contest")
    return b"".join(parts)


def output_path(record: Record, unit: Unit, mixer: int) -> str:
    """Where a mixer's output stands."""
    return f"mix/{unit.folder}/{mixer}/out.bin"


@dataclass(frozen=True)
class Step:
    """One mixer's step on one unit: bytes in and out, and its proof."""

    unit: Unit
    mixer: int
    before: bytes
    after: bytes
    proof: Proof
    at: str


def _step(record: Record, unit: Unit, mixer: int, before: bytes) -> Step:
    n, width = len(unit.ballots), unit.contest.width
    path = output_path(record, unit, mixer)
    after = record.read(path)
    points = split(after, path, count=2 * n * width)
    require_points(points, path)
    if n < 1 or ZERO in points:
        raise Fault(f"{path}: no tuple, or the identity in one")
    at = f"mix/{unit.folder}/{mixer}/proof.bin"
    return Step(unit, mixer, before, after, read_proof(record.read(at), n, width, at), at)


def _columns(data: bytes, parts: int) -> list[list[bytes]]:
    """Component by component: A of column 1, B of column 1, A of column 2, …"""
    items = [data[i : i + 32] for i in range(0, len(data), 32)]
    return [items[part::parts] for part in range(parts)]


def gather_step(record: Record, step: Step, whole: Sum) -> None:
    """Adds all equations of one step to the sum, each under its own weight."""
    found, unit, proof = manifest(record), step.unit, step.proof
    n, width, key = len(unit.ballots), unit.contest.width, found.keys["K"][0]
    seed = h512(
        found.eh, "shuffle", orders(record)[unit.session].oh, unit.contest.index, unit.name, step.mixer, width, n, key,
        digest(step.before), digest(step.after), digest(b"".join(proof.c)),
    )  # fmt: skip
    u = expand(seed, n)
    gamma = challenge(found.eh, "shuffle/c", seed, digest(b"".join(proof.chain)), digest(proof.t_hashed))
    h = generators(n)
    w1, w2, w3 = weight(), weight(), weight()
    product = 1
    for number in u:
        product = product * number % L
    whole.add_base(w1 * proof.s[0] + w2 * proof.s[1] + w3 * proof.s[2])
    for w, point in zip((w1, w2, w3), proof.t, strict=True):
        whole.add(-w, point)
    whole.add(w2 * gamma * product, h[0])
    whole.add(-w2 * gamma, proof.chain[-1])
    for i in range(n):
        whole.add(-gamma * (w1 + w3 * u[i]), proof.c[i])
        whole.add(w1 * gamma + w3 * proof.s_prime[i], h[i + 1])
    _gather_chain(proof, gamma, h[0], whole)
    _gather_columns(step, u, gamma, key, whole)


def _gather_chain(proof: Proof, gamma: int, first: bytes, whole: Sum) -> None:
    """ŝ_i·G + s'_i·ĉ_{i-1} = t̂_i + γ ĉ_i for each i."""
    before = first
    for s, s_prime, t, point in zip(proof.s_chain, proof.s_prime, proof.t_chain, proof.chain, strict=True):
        w = weight()
        whole.add_base(w * s)
        whole.add(w * s_prime, before)
        whole.add(-w, t)
        whole.add(-w * gamma, point)
        before = point


def _gather_columns(step: Step, u: list[int], gamma: int, key: bytes, whole: Sum) -> None:
    """Σ s'_i·e'_iκ - (s_4κ·G, s_4κ·K) = t_4κ + γ Σ u_i·e_iκ for A and for B of each column."""
    parts = 2 * step.unit.contest.width
    before, after = _columns(step.before, parts), _columns(step.after, parts)
    for part in range(parts):
        w = weight()
        answer = step.proof.s4[part // 2]
        if part % 2 == 0:
            whole.add_base(-w * answer)
        else:
            whole.add(-w * answer, key)
        whole.add(-w, step.proof.t4[part])
        factor = -w * gamma % L
        for s_prime, number, new, old in zip(step.proof.s_prime, u, after[part], before[part], strict=True):
            whole.add(w * s_prime, new)
            whole.add(factor * number, old)


def _check_unit(record: Record, unit: Unit) -> int:
    """All steps of a unit as one sum; if it does not vanish, each alone."""
    steps, before = [], input_of(unit)
    for mixer in orders(record)[unit.session].mixers:
        steps.append(_step(record, unit, mixer, before))
        before = steps[-1].after
    proofs = [(f"{step.at}: mixer {step.mixer}", partial(gather_step, record, step)) for step in steps]
    require_vanishing(record, proofs, "this shuffle is not proved")
    return len(steps) * len(unit.ballots)


def _check_numbered(record: Record, number: int) -> int:
    return _check_unit(record, units(record)[number])


def check_shuffles(record: Record) -> int:
    """V19: every step of every unit permutes and re-encrypts its input, and nothing else."""
    sizes = [len(unit.ballots) for unit in units(record)]
    generators(max(sizes, default=0))
    orders(record)
    small, big = split_units(record, sizes)
    return sum(spread(record.jobs, record, _check_numbered, small)) + sum(_check_numbered(record, i) for i in big)


def check_mixers(record: Record) -> int:
    """V20: enough distinct mixers, most not headquarters'; their files and signatures on each unit."""
    found, steps = manifest(record), 0
    for s, order in orders(record).items():
        at = f"order/{s}/order.cbor"
        mixers = [found.mixers[i] for i in order.mixers if i < len(found.mixers)]
        if len({mixer.key for mixer in mixers}) < MIXERS_MIN or len({m.key for m in mixers}) != len(order.mixers):
            raise Fault(f"{at}: fewer than {MIXERS_MIN} mixers with keys of their own")
        if sum(mixer.owner != "hq" for mixer in mixers) < OUTSIDERS_MIN:
            raise Fault(f"{at}: fewer than {OUTSIDERS_MIN} mixers that are not headquarters'")
    for unit in units(record):
        order = orders(record)[unit.session]
        wanted = {f"{i}/{name}" for i in order.mixers for name in ("out.bin", "proof.bin", "sig")}
        for name in sorted(wanted ^ set(names_below(record, f"mix/{unit.folder}/"))):
            raise Fault(f"mix/{unit.folder}/{name}: missing or extra")
        for i in order.mixers:
            folder = f"mix/{unit.folder}/{i}"
            hashes = [sha256(record.read(f"{folder}/{name}.bin")) for name in ("out", "proof")]
            what = identify(found.eh, "mix", encode([order.oh, unit.contest.index, unit.name, i, *hashes]))
            if not has_signed(found.mixers[i].key, found.eh, "mix", what, record.read(f"{folder}/sig")):
                raise Fault(f"{folder}/sig: the mixer's signature does not hold")
            steps += 1
    return steps
