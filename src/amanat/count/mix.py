"""Mixing a unit (T-8), and checking a chain of mixes: V18, V19, V20."""

import hashlib
from collections.abc import Iterator, Sequence

import amanat_crypto as crypto
from amanat.count.checks.election import require, require_signatures
from amanat.count.checks.memory import Memory
from amanat.count.exchange import Files
from amanat.count.tags import Sorted
from amanat.errors import Rejected
from amanat.records import cbor
from amanat.records import election_record as paths
from amanat.records.identifiers import identifier, sign

BATCH_TUPLES = 20_000
"""Tuples verified in one sum: the sum's gain is had by then, and memory stays small."""
MIX_FILES = ("out.bin", "proof.bin", "sig")


def context(sorted_: Sorted, contest: int, unit: str, mixer: int) -> list[crypto.Item]:
    """What a shuffle's proof is bound to."""
    return [sorted_.session.ordered.hash, contest, unit, mixer]


def signed(sorted_: Sorted, contest: int, unit: str, mixer: int, out: bytes, proof: bytes) -> bytes:
    """The digest that a mixer signs with domain "mix"."""
    digests = hashlib.sha256(out).digest(), hashlib.sha256(proof).digest()
    item = cbor.encode([sorted_.session.ordered.hash, contest, unit, mixer, *digests])
    return identifier("mix", sorted_.session.election.eh, item)


def path(sorted_: Sorted, contest: int, unit: str, mixer: int, name: str = "out.bin") -> str:
    """Where a mixer's file is in the record."""
    return paths.mix_path(sorted_.session.election.manifest.contests[contest].id, unit, mixer, name)


def inputs(files: Files, sorted_: Sorted, contest: int, unit: str, mixer: int) -> bytes:
    """What this mixer takes: the ballots', or the output of the mixer before."""
    mixers = sorted_.session.ordered.order.mixers
    place = mixers.index(mixer)
    if place == 0:
        return sorted_.tuples(contest, unit)
    return files.read(path(sorted_, contest, unit, mixers[place - 1]))


def mix(
    files: Files, sorted_: Sorted, contest: int, unit: str, *, mixer: int, seed: bytes
) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the three files of a mixer for a unit whose earlier mixes were checked."""
    election = sorted_.session.election
    out, proof = crypto.shuffle(
        eh=election.eh,
        context=context(sorted_, contest, unit, mixer),
        width=election.width(contest),
        key=election.manifest.vote_key,
        inputs=inputs(files, sorted_, contest, unit, mixer),
    )
    digest = signed(sorted_, contest, unit, mixer, out, proof)
    yield from zip(MIX_FILES, (out, proof, sign(seed, "mix", election.eh, digest)), strict=True)


def require_mixes(
    files: Files, memory: Memory, sorted_: Sorted, contest: int, names: Sequence[str], mixers: Sequence[int]
) -> None:
    """V18 to V20 of the first mixers of the chain, for these units.  Raises Rejected naming unit and mixer."""
    order = sorted_.session.ordered.order.mixers
    assert tuple(mixers) == order[: len(mixers)]
    require("V17", f"contest {contest}", contest in sorted_.units)
    batch: list[tuple[str, str]] = []
    size = 0
    for unit in names:
        require("V17", f"{contest}/{unit}", unit in sorted_.units[contest])
        for count in range(1, len(mixers) + 1):  # one key a mixer: the next job finds the shorter chain checked
            chain = [path(sorted_, contest, unit, m, name) for m in mixers[:count] for name in MIX_FILES]
            key = memory.key("V18-V20", files, chain, sorted_.digest)
            if not memory.knows(key):
                batch.append((unit, key))
                _require_chain_end(files, sorted_, contest, unit, mixers[count - 1])
                size += len(sorted_.units[contest][unit])
        if size >= BATCH_TUPLES:
            _require_shuffles(files, memory, sorted_, contest, batch, mixers)
            batch, size = [], 0
    _require_shuffles(files, memory, sorted_, contest, batch, mixers)


def _require_chain_end(files: Files, sorted_: Sorted, contest: int, unit: str, mixer: int) -> None:
    """V20: the mixer's signature over its output and proof, and that both have the size of the input."""
    election = sorted_.session.election
    where = path(sorted_, contest, unit, mixer, "sig")
    out, proof, signature = (files.read(path(sorted_, contest, unit, mixer, name)) for name in MIX_FILES)
    require("V20", where, len(signature) == 64)
    digest = signed(sorted_, contest, unit, mixer, out, proof)
    key = election.manifest.mixers[mixer].key
    require_signatures("V20", where, "mix", election.eh, [key], [digest], [signature])
    count, width = len(sorted_.units[contest][unit]), election.width(contest)
    sizes = (64 * width * count, 32 * (5 * count + 6 + 3 * width))
    require("V19", path(sorted_, contest, unit, mixer, "proof.bin"), (len(out), len(proof)) == sizes)


def _require_shuffles(
    files: Files, memory: Memory, sorted_: Sorted, contest: int, batch: Sequence[tuple[str, str]], mixers: Sequence[int]
) -> None:
    """V19 of the units in the batch, in one sum; a unit stands there once for each mixer not yet checked."""
    if not batch:
        return
    election = sorted_.session.election
    todo: dict[str, int] = {}
    for unit, _ in batch:
        todo[unit] = todo.get(unit, 0) + 1
    places = [(unit, mixer) for unit, count in todo.items() for mixer in mixers[len(mixers) - count :]]
    statements = [
        crypto.Shuffled(
            context(sorted_, contest, unit, mixer),
            election.width(contest),
            inputs(files, sorted_, contest, unit, mixer),
            files.read(path(sorted_, contest, unit, mixer)),
            files.read(path(sorted_, contest, unit, mixer, "proof.bin")),
        )
        for unit, mixer in places
    ]
    try:
        crypto.verify_shuffles(eh=election.eh, key=election.manifest.vote_key, statements=statements)
    except crypto.CryptoFault as cause:
        at = cause.at if isinstance(cause, crypto.ProofRejected) else None
        where = path(sorted_, contest, *places[at], "proof.bin") if at is not None else f"mix: {places[0]} …"
        raise Rejected("check-failed", check="V19", where=where) from cause
    for _, key in batch:
        memory.keep(key)
