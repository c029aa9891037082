"""Stories of the proofs: a whole count in small, one bit changed anywhere, and liars with a whole prover at hand."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import amanat_crypto as core

from . import second_shuffle
from .runners import le
from .second import Item

EH, OH = bytes(range(32)), bytes(range(1, 33))
relaxed = settings(deadline=None, max_examples=60)


class Trustees:
    """Five dealers of one key, any three of whom can use it."""

    def __init__(self, name: str, *, n: int = 5, t: int = 3) -> None:
        polynomials = [b"".join(core.random_scalar() for _ in range(t)) for _ in range(n)]
        published = [core.commitments(polynomial) for polynomial in polynomials]
        for j, (polynomial, commitments) in enumerate(zip(polynomials, published, strict=True), 1):
            proof = core.pop_prove(ch=EH, key_name=name, j=j, coefficients=polynomial)
            core.pop_verify(ch=EH, key_name=name, j=j, commitments=commitments, proof=proof)
        self.commitments = core.points_sum(published)
        self.key = self.commitments[:32]
        self.shares = {i: self.share(polynomials, published, i) for i in range(1, n + 1)}

    def share(self, polynomials: list[bytes], published: list[bytes], i: int) -> bytes:
        total = bytes(32)
        for polynomial, commitments in zip(polynomials, published, strict=True):
            part = core.polynomial_at(polynomial, i)
            assert core.base_mul(part) == core.commitments_at(commitments, i)
            total = core.scalar_add(total, part)
        return total

    def secret(self, j: int, members: tuple[int, ...]) -> bytes:
        return core.scalar_mul(core.lagrange(j, members), self.shares[j])

    def public(self, j: int, members: tuple[int, ...]) -> bytes:
        return core.point_mul(scalar=core.lagrange(j, members), points=core.commitments_at(self.commitments, j))


def scalars(many: int) -> bytes:
    return b"".join(core.random_scalar() for _ in range(many))


def sealed(key: bytes, limbs: list[int]) -> bytes:
    return core.elgamal(base=core.G, key=key, messages=core.embed(limbs), randomness=scalars(len(limbs)))


@pytest.mark.parametrize("members", list(itertools.combinations(range(1, 6), 3)))
def test_any_three_of_five_trustees_tag_and_open_what_three_mixers_mixed(members: tuple[int, ...]) -> None:
    """Six texts of five persons, one of them twice. The two tags of that person are equal and no other; after three
    mixes the texts come out as a whole and in no order; every step carries a proof that anyone checks.
    Clauses K-3, K-5, K-7, T-3, T-8, T-9."""
    k, z, w = Trustees("K"), Trustees("Z"), Trustees("W")
    persons = core.hash_to_group_many("credential", [bytes([person]) for person in (1, 2, 3, 1, 4, 5)])
    credentials = core.elgamal(base=z.key, key=w.key, messages=persons, randomness=scalars(6))
    rows, shares = core.tag_rows(credentials), []
    for j in members:
        context: list[Item] = [OH, members, j, 0]
        outputs, proof = core.linear_share(
            domain="tag", eh=EH, context=context, secrets=z.secret(j, members) + w.secret(j, members), rows=rows
        )
        publics = z.public(j, members) + w.public(j, members)
        shares.append(core.SharedRows(context, publics, outputs, proof))
    core.verify_linears(domain="tag", eh=EH, rows=rows, shared=shares)
    flat = core.points_sum([share.outputs for share in shares])
    tags = [flat[at : at + 32] for at in range(0, len(flat), 32)]
    assert [tags.index(tag) for tag in tags] == [0, 1, 2, 0, 4, 5]

    texts, chain = sealed(k.key, [10, 20, 30, 40, 50, 60]), []
    for mixer in range(3):
        binding: list[Item] = [OH, 0, "s1-1", mixer]
        mixed, proof = core.shuffle(eh=EH, context=binding, width=1, key=k.key, inputs=texts)
        chain.append(core.Shuffled(binding, 1, texts, mixed, proof))
        texts = mixed
    core.verify_shuffles(eh=EH, key=k.key, statements=chain)

    opened = []
    for j in members:
        context = [OH, 0, "s1-1", members, j]
        heads = core.cipher_heads(texts)
        outputs, proof = core.linear_share(
            domain="decrypt", eh=EH, context=context, secrets=k.secret(j, members), rows=heads
        )
        core.verify_linear(
            domain="decrypt",
            eh=EH,
            context=context,
            publics=k.public(j, members),
            rows=heads,
            outputs=outputs,
            proof=proof,
        )
        opened.append(outputs)
    limbs = core.unembed(core.elgamal_open(texts, opened))
    assert sorted(limb for limb in limbs if limb is not None) == [10, 20, 30, 40, 50, 60]
    assert None in core.unembed(core.elgamal_open(texts, opened[:2]))  # two trustees open nothing


def test_a_tested_text_opens_by_its_randomness_and_by_no_other() -> None:
    """B-9. Two limbs; whoever gives another r for the second shows nothing."""
    key = core.base_mul(core.random_scalar())
    text = core.seal(eh=EH, key=key, context=OH, contest=0, limbs=[5, 2**246 - 1], secret=EH)
    assert core.open_sealed(ciphertexts=text.ciphertexts, key=key, randomness=text.randomness) == [5, 2**246 - 1]
    wrong = text.randomness[:32] + core.random_scalar()
    with pytest.raises(core.ProofRejected) as rejected:
        core.open_sealed(ciphertexts=text.ciphertexts, key=key, randomness=wrong)
    assert (rejected.value.check, rejected.value.at) == ("opening", 1)
    with pytest.raises(core.ProofRejected, match="length"):
        core.open_sealed(ciphertexts=text.ciphertexts, key=key, randomness=text.randomness[:32])


def test_two_seals_of_one_choice_share_nothing() -> None:
    """Clauses B-3 and E-7: randomness and nonces are fresh though secret, context and choice repeat."""
    key = core.base_mul(core.random_scalar())
    one, two = (core.seal(eh=EH, key=key, context=OH, contest=0, limbs=[5], secret=EH) for _ in range(2))
    parts = [text.ciphertexts[at : at + 32] for text in (one, two) for at in (0, 32)]
    parts += [text.proofs[at : at + 32] for text in (one, two) for at in (0, 32)]
    assert len(set(parts)) == 8


KEY = core.base_mul(le(12345))
TEXTS = sealed(KEY, [1, 2, 3, 4])
SEALED = core.seal(eh=EH, key=KEY, context=OH, contest=1, limbs=[8], secret=EH)
SHUFFLED = {width: core.shuffle(eh=EH, context=["u"], width=width, key=KEY, inputs=TEXTS) for width in (1, 2)}
SHARED = core.linear_share(domain="tag", eh=EH, context=["u"], secrets=le(7) + le(9), rows=core.tag_rows(TEXTS))


def flipped(data: bytes, bit: int) -> bytes:
    at = bit % (8 * len(data))
    return data[: at // 8] + bytes([data[at // 8] ^ 1 << at % 8]) + data[at // 8 + 1 :]


@relaxed
@given(st.sampled_from([1, 2]), st.sampled_from(["inputs", "outputs", "proof", "eh", "key"]), st.integers(0, 2**20))
def test_one_bit_changed_in_a_shuffle_is_refused(width: int, part: str, bit: int) -> None:
    outputs, proof = SHUFFLED[width]
    parts = {"inputs": TEXTS, "outputs": outputs, "proof": proof, "eh": EH, "key": KEY}
    core.verify_shuffle(context=["u"], width=width, **parts)
    with pytest.raises((core.ProofRejected, core.BadEncoding)):
        core.verify_shuffle(context=["u"], width=width, **parts | {part: flipped(parts[part], bit)})


@relaxed
@given(st.sampled_from(["publics", "rows", "outputs", "proof", "eh"]), st.integers(0, 2**20))
def test_one_bit_changed_in_a_linear_proof_is_refused(part: str, bit: int) -> None:
    publics, rows = core.base_mul(le(7) + le(9)), core.tag_rows(TEXTS)
    parts = {"publics": publics, "rows": rows, "outputs": SHARED[0], "proof": SHARED[1], "eh": EH}
    core.verify_linear(domain="tag", context=["u"], **parts)
    with pytest.raises((core.ProofRejected, core.BadEncoding)):
        core.verify_linear(domain="tag", context=["u"], **parts | {part: flipped(parts[part], bit)})


@relaxed
@given(st.sampled_from(["ciphertexts", "proofs", "contexts", "eh"]), st.integers(0, 2**20))
def test_one_bit_changed_in_a_sealed_text_is_refused(part: str, bit: int) -> None:
    parts = {"ciphertexts": SEALED.ciphertexts, "proofs": SEALED.proofs, "contexts": OH, "eh": EH}
    assert core.verify_sealed(key=KEY, contests=[1], limbs=[0], **parts) == []
    assert core.verify_sealed(key=KEY, contests=[1], limbs=[0], **parts | {part: flipped(parts[part], bit)}) == [0]


@relaxed
@given(st.lists(st.integers(0, 3), min_size=4, max_size=4).filter(lambda take: len(set(take)) < 4))
def test_a_mixer_that_repeats_a_text_and_drops_another_is_refused(take: list[int]) -> None:
    outputs, proof = second_shuffle.shuffle(eh=EH, context=["u"], width=1, key=KEY, inputs=TEXTS, take=take)
    with pytest.raises(core.ProofRejected):
        core.verify_shuffle(eh=EH, context=["u"], width=1, key=KEY, inputs=TEXTS, outputs=outputs, proof=proof)


@pytest.mark.parametrize("at", range(5))
def test_the_failing_mixer_of_many_is_named(at: int) -> None:
    """Two units of three and two mixers in one sum; one proof is another's."""
    statements = []
    for unit, mixers in (("s1-1", 3), ("s1-2", 2)):
        texts = TEXTS
        for mixer in range(mixers):
            context: list[Item] = [OH, 0, unit, mixer]
            outputs, proof = core.shuffle(eh=EH, context=context, width=2, key=KEY, inputs=texts)
            statements.append(core.Shuffled(context, 2, texts, outputs, proof))
            texts = outputs
    core.verify_shuffles(eh=EH, key=KEY, statements=statements)
    statements[at] = statements[at]._replace(proof=statements[at - 1].proof)
    with pytest.raises(core.ProofRejected) as rejected:
        core.verify_shuffles(eh=EH, key=KEY, statements=statements)
    assert rejected.value.at == at


@pytest.mark.parametrize("at", range(3))
def test_the_failing_holder_of_many_is_named(at: int) -> None:
    rows, shared = core.tag_rows(TEXTS), []
    for holder in range(3):
        secrets, context = scalars(2), [holder]
        outputs, proof = core.linear_share(domain="tag", eh=EH, context=context, secrets=secrets, rows=rows)
        shared.append(core.SharedRows(context, core.base_mul(secrets), outputs, proof))
    core.verify_linears(domain="tag", eh=EH, rows=rows, shared=shared)
    shared[at] = shared[at]._replace(outputs=core.points_negate(shared[at].outputs))
    with pytest.raises(core.ProofRejected) as rejected:
        core.verify_linears(domain="tag", eh=EH, rows=rows, shared=shared)
    assert rejected.value.at == at


def plus(data: bytes, at: int, value: int) -> bytes:
    """The flat array with a number added to its scalar `at`."""
    item = (int.from_bytes(data[32 * at : 32 * at + 32], "little") + value) % core.ORDER
    return data[: 32 * at] + le(item) + data[32 * at + 32 :]


def test_two_faults_that_cancel_each_other_are_both_seen() -> None:
    """Each equation has a weight of its own, drawn here and now (clause E-5): in a sum without weights, a response one
    too large would make good for another one too small."""
    text = core.seal(eh=EH, key=KEY, context=OH, contest=0, limbs=[1, 2, 3], secret=EH)
    sealed_proofs = plus(plus(text.proofs, 1, 1), 5, -1)
    refused = core.verify_sealed(
        eh=EH,
        key=KEY,
        contexts=OH * 3,
        contests=[0] * 3,
        limbs=[0, 1, 2],
        ciphertexts=text.ciphertexts,
        proofs=sealed_proofs,
    )
    assert refused == [0, 2]

    outputs, proof = SHUFFLED[1]
    first = 3 * 4 + 5  # s_1 behind the points of four tuples
    for one, other in ((0, 1), (0, 2), (4, 5), (6, 7)):
        wrong = plus(plus(proof, first + one, 1), first + other, -1)
        with pytest.raises(core.ProofRejected):
            core.verify_shuffle(eh=EH, context=["u"], width=1, key=KEY, inputs=TEXTS, outputs=outputs, proof=wrong)

    publics, rows = core.base_mul(le(7) + le(9)), core.tag_rows(TEXTS)
    wrong = plus(plus(SHARED[1], 3, 1), 4, -1)
    with pytest.raises(core.ProofRejected):
        core.verify_linear(
            domain="tag", eh=EH, context=["u"], publics=publics, rows=rows, outputs=SHARED[0], proof=wrong
        )


def test_a_mixer_that_mixes_other_texts_than_it_says_is_refused() -> None:
    """T-8. Its proof fits the outputs of the mixer before it, while it states other inputs. Points are shared between
    statements only where the bytes are equal, so this is seen in a sum of both as well as alone."""
    before = core.Shuffled(["u"], 1, TEXTS, *SHUFFLED[1])
    claimed = sealed(KEY, [5, 6, 7, 8])
    outputs, proof = second_shuffle.shuffle(
        eh=EH, context=["u", 1], width=1, key=KEY, inputs=before.outputs, claim=claimed
    )
    after = core.Shuffled(["u", 1], 1, claimed, outputs, proof)
    with pytest.raises(core.ProofRejected, match="re-encryption") as rejected:
        core.verify_shuffles(eh=EH, key=KEY, statements=[before, after])
    assert rejected.value.at == 1


def test_nothing_at_all_is_no_proof() -> None:
    """An empty list of statements is nothing to refuse, but an empty statement is refused."""
    core.verify_shuffles(eh=EH, key=KEY, statements=[])
    with pytest.raises(core.ProofRejected, match="length"):
        core.verify_shuffles(eh=EH, key=KEY, statements=[core.Shuffled([], 1, b"", b"", bytes(32 * 9))])
    with pytest.raises(core.ProofRejected, match="length"):
        core.verify_linear(domain="tag", eh=EH, context=[], publics=KEY, rows=b"", outputs=b"", proof=bytes(96))
