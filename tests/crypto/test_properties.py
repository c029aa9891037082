"""Properties of the core over drawn inputs; the second implementation and plain integers are the oracles."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

import amanat_crypto as core

from . import second
from .edwards import ORDER, P, message
from .runners import le
from .second import Refused

EH = bytes(range(32))
LIMBS = st.integers(0, 2**246 - 1)
SCALARS = st.integers(0, ORDER - 1)
BYTES32 = st.binary(min_size=32, max_size=32)
relaxed = settings(deadline=None, max_examples=40)


def number(data: bytes) -> int:
    return int.from_bytes(data, "little")


@relaxed
@given(st.lists(LIMBS, max_size=5))
def test_a_limb_survives_its_point_and_both_implementations_choose_the_same(limbs: list[int]) -> None:
    """Clause B-2."""
    points = core.embed(limbs)
    assert points == b"".join(map(second.embed, limbs))
    assert core.unembed(points) == limbs


@relaxed
@given(LIMBS, st.integers(0, 255))
def test_a_counter_that_is_not_the_smallest_is_no_limb(limb: int, counter: int) -> None:
    """Else a terminal could mark each text by its choice among points of one limb."""
    data = le(2 * (256 * limb + counter))
    if second.is_point(data):
        assert core.unembed(data) == [limb if data == second.embed(limb) else None]


@pytest.mark.parametrize("limb", [-1, 2**246, 2**256, 2**300])
def test_it_refuses_a_limb_out_of_range(limb: int) -> None:
    with pytest.raises(ValueError, match="limb"):
        core.embed([limb])


@relaxed
@given(BYTES32)
def test_both_implementations_take_the_same_bytes_for_points(data: bytes) -> None:
    for item in (data, le(number(data) & ~1 & (2**255 - 1)), le(P - 1 - number(data) % 40)):
        assert core_takes(item) == second_takes(item)


def core_takes(item: bytes) -> bool:
    try:
        core.require_points(item, identity_allowed=True)
    except core.BadEncoding:
        return False
    return True


def second_takes(item: bytes) -> bool:
    try:
        second.decode(item)
    except Refused:
        return False
    return True


@relaxed
@given(SCALARS, SCALARS, BYTES32)
def test_scalars_are_integers_modulo_the_order(a: int, b: int, preimage: bytes) -> None:
    assert core.ORDER == ORDER
    assert number(core.scalar_add(le(a), le(b))) == (a + b) % ORDER
    assert number(core.scalar_mul(le(a), le(b))) == a * b % ORDER
    if a:
        assert number(core.scalar_invert(le(a))) == pow(a, -1, ORDER)
    assert number(core.scalar_from_hash(preimage)) < ORDER


@relaxed
@given(st.lists(SCALARS, min_size=1, max_size=4), SCALARS)
def test_points_add_up_as_their_scalars_do(scalars: list[int], factor: int) -> None:
    points = core.base_mul(b"".join(map(le, scalars)))
    assert core.point_mul(scalar=le(factor), points=points) == core.base_mul(
        b"".join(le(scalar * factor % ORDER) for scalar in scalars)
    )
    assert core.points_sum([points, points]) == core.points_add(points, points)
    assert core.points_sum([points, core.points_negate(points)]) == bytes(32 * len(scalars))


@relaxed
@given(st.sampled_from(["a", "credential", "x" * 128]), st.lists(st.binary(max_size=200), max_size=3))
def test_hashing_into_the_group_agrees(domain: str, items: list[bytes]) -> None:
    want = b"".join(second.encode(second.hash_to_group(domain, item)) for item in items)
    assert core.hash_to_group_many(domain, items) == want


@relaxed
@given(st.integers(1, 40), st.integers(0, 39))
def test_the_index_of_a_bad_item_is_named(many: int, at: int) -> None:
    points = bytearray(core.G * many)
    points[32 * (at % many)] ^= 1
    with pytest.raises(core.BadEncoding) as bad:
        core.require_points(bytes(points))
    assert bad.value.at == at % many


@pytest.mark.parametrize(
    "call",
    [
        lambda: core.require_points(core.G + b"x"),
        lambda: core.base_mul(bytes(31)),
        lambda: core.cipher_heads(core.G),
        lambda: core.tag_rows(core.G * 3),
        lambda: core.require_signing_key(bytes(31)),
        lambda: core.scalar_invert(bytes(32)),
        lambda: core.scalar_add(le(ORDER), le(1)),
        lambda: core.point_mul(scalar=le(ORDER), points=core.G),
        lambda: core.elgamal(base=bytes(32), key=core.G, messages=b"", randomness=b""),
        lambda: core.elgamal(base=core.G, key=bytes(32), messages=b"", randomness=b""),
        lambda: core.shuffle(eh=EH, context=[], width=1, key=core.G, inputs=bytes(64)),
        lambda: core.verify_sealed(
            eh=EH, key=bytes(32), contexts=b"", contests=[], limbs=[], ciphertexts=b"", proofs=b""
        ),
    ],
)
def test_it_names_evidence_that_is_not_encoded_as_it_must(call: Callable[[], object]) -> None:
    with pytest.raises(core.BadEncoding):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: core.points_add(core.G, core.G * 2),
        lambda: core.points_sum([]),
        lambda: core.lagrange(1, [2, 3]),
        lambda: core.lagrange(1, [1, 1]),
        lambda: core.lagrange(2, [3, 2]),
        lambda: core.lagrange(0, [0, 1]),
        lambda: core.polynomial_at(le(1), 0),
        lambda: core.commitments_at(core.G, 0),
        lambda: core.hash_to_group("x" * 129, b""),
        lambda: core.shuffle(eh=EH, context=[], width=1, key=core.G, inputs=b""),
        lambda: core.shuffle(eh=EH, context=[], width=0, key=core.G, inputs=core.G * 2),
        lambda: core.linear_share(domain="tag", eh=EH, context=[], secrets=b"", rows=b""),
        lambda: core.linear_share(domain="tag", eh=EH, context=[], secrets=le(1), rows=b""),
        lambda: core.linear_share(domain="tag", eh=EH, context=[], secrets=le(1) * 2, rows=core.G),
        lambda: core.elgamal(base=core.G, key=core.G, messages=core.G, randomness=b""),
        lambda: core.verify_signatures(domain="x", eh=EH, keys=EH, digests=b"", signatures=b""),
        lambda: core.verify_sealed(
            eh=EH, key=core.G, contexts=EH, contests=[], limbs=[0], ciphertexts=core.G * 2, proofs=core.G * 2
        ),
    ],
)
def test_our_own_mistakes_are_value_errors(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="misuse"):
        call()


def test_a_context_holds_numbers_bytes_texts_and_lists_of_them_alone() -> None:
    """A list of numbers is an array and never a byte string; True is no number."""
    secret, rows = le(5), core.base_mul(le(3))
    publics = core.base_mul(secret)
    outputs, proof = core.linear_share(domain="tag", eh=EH, context=[[1, 3], "s1", b"x", 7], secrets=secret, rows=rows)

    def verify(context: list[second.Item]) -> None:
        core.verify_linear(
            domain="tag", eh=EH, context=context, publics=publics, rows=rows, outputs=outputs, proof=proof
        )

    verify([(1, 3), "s1", b"x", 7])
    for other in ([b"\1\3", "s1", b"x", 7], [[1, 3], b"s1", b"x", 7], [[1, 3], "s1", "x", 7], [[1, 3], "s1", b"x", 8]):
        with pytest.raises(core.ProofRejected):
            verify(other)  # type: ignore[arg-type]
    wrong: object
    for wrong in (True, None, 1.5, {}):
        with pytest.raises(TypeError):
            verify([wrong])  # type: ignore[list-item]
    with pytest.raises(OverflowError):
        verify([-1])


@relaxed
@given(BYTES32, BYTES32, st.sampled_from(["cast", "permit", "dkg-echo"]))
def test_signatures_are_those_of_another_library(seed: bytes, digest: bytes, domain: str) -> None:
    other = Ed25519PrivateKey.from_private_bytes(seed)
    signature = core.sign(seed=seed, domain=domain, eh=EH, digest=digest)
    assert core.public_key(seed) == other.public_key().public_bytes_raw()
    assert signature == other.sign(message(domain, EH, digest))
    core.require_signing_key(core.public_key(seed))


@relaxed
@given(st.sets(st.integers(0, 29)))
def test_exactly_the_changed_signatures_are_named(changed: set[int]) -> None:
    seeds = [bytes([i]) * 32 for i in range(30)]
    keys = b"".join(map(core.public_key, seeds))
    signatures = bytearray(b"".join(core.sign(seed=seed, domain="cast", eh=EH, digest=EH) for seed in seeds))
    for at in changed:
        signatures[64 * at + at] ^= 1 << at % 8
    refused = core.verify_signatures(domain="cast", eh=EH, keys=keys, digests=EH * 30, signatures=bytes(signatures))
    assert refused == sorted(changed)


FLAT = st.one_of(st.binary(max_size=200), st.integers(0, 8).map(lambda many: core.G * many), st.just(bytes(64)))


@relaxed
@given(st.integers(0, 2**64 - 1) | st.integers(0, 3), FLAT, FLAT, FLAT, FLAT)
def test_no_bytes_at_all_do_more_than_fail(width: int, one: bytes, two: bytes, three: bytes, four: bytes) -> None:
    """Evidence comes from strangers: whatever its length and content, it is refused in words and never in a panic."""
    attempts: list[Callable[[], object]] = [
        lambda: core.verify_shuffle(eh=EH, context=[], width=width, key=core.G, inputs=one, outputs=two, proof=three),
        lambda: core.verify_shuffles(
            eh=EH,
            key=core.G,
            statements=[core.Shuffled([], width, one, two, three), core.Shuffled([], 1, two, one, four)],
        ),
        lambda: core.verify_linear(domain="tag", eh=EH, context=[], publics=one, rows=two, outputs=three, proof=four),
        lambda: core.pop_verify(ch=EH, key_name="K", j=width, commitments=one, proof=two),
        lambda: core.open_sealed(ciphertexts=one, key=core.G, randomness=two),
        lambda: core.elgamal_open(one, [two, three]),
        lambda: core.unembed(one),
        lambda: core.require_signing_key(one),
    ]
    for attempt in attempts:
        with contextlib.suppress(core.CryptoFault, ValueError):
            attempt()


def test_the_work_is_counted_and_its_instructions_are_named() -> None:
    assert core.backend() in ("avx512", "avx2", "serial")
    core.reset_operation_counts()
    core.base_mul(le(2) * 7)
    core.require_points(core.G * 5)
    counts = core.operation_counts()
    assert (counts["table_mul"], counts["decode"], counts["encode_batched"]) == (7, 5, 7)
    core.reset_operation_counts()
    assert set(core.operation_counts().values()) == {0}


def test_a_forked_child_is_told_instead_of_waiting_for_ever() -> None:
    """Threads do not survive a fork, and a sum in the child would wait for its parent's."""
    program = (
        "import os, amanat_crypto as core\n"
        "core.require_points(core.G)\n"
        "child = os.fork()\n"
        "if child:\n    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "try:\n    core.require_points(core.G)\n"
        "except ValueError as told:\n    os._exit(7 if 'spawn' in str(told) else 8)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], timeout=60, env=os.environ, check=False)
    assert ended.returncode == 7
