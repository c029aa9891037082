"""Ballots: rank, seal, slips (B-1, B-5, B-6, B-7, B-9)."""

import itertools
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

import amanat_crypto
from amanat.records import ballot, base32, cbor
from amanat.records.ballot import (
    CastSlip,
    Core,
    PreparedSlip,
    TestSlip,
    from_limbs,
    limb_count,
    rank,
    rank_count,
    read_slip,
    to_limbs,
    unrank,
)
from amanat.records.cbor import Malformed
from amanat.records.identifiers import sign
from amanat.records.permit import Permit, permit_hash

from .small_election import MARYAM, Terminal, scalar


@pytest.mark.parametrize(("n", "k"), [(1, 1), (7, 3), (5, 5), (9, 1), (3, 7)])
def test_every_ballot_has_one_rank_and_every_rank_a_ballot(n: int, k: int) -> None:
    """All sets of at most k of n: a bijection on 0 … B-1, blank first."""
    sets = [c for size in range(min(n, k) + 1) for c in itertools.combinations(range(n), size)]
    assert sorted(rank(c, n) for c in sets) == list(range(rank_count(n, k))) == list(range(len(sets)))
    assert all(unrank(rank(c, n), n, k) == c for c in sets)
    assert rank((), n) == 0


@given(st.data())
def test_large_ballots_are_a_bijection_too(data: st.DataObject) -> None:
    """Up to 30 of 5,000, from both sides; the order in which names were chosen does not matter."""
    n = data.draw(st.sampled_from([153, 3_545, 5_000]))
    chosen = data.draw(st.sets(st.integers(0, n - 1), max_size=30))
    assert unrank(rank(list(chosen), n), n, 30) == tuple(sorted(chosen))
    r = data.draw(st.integers(0, rank_count(n, 30) - 1))
    found = unrank(r, n, 30)
    assert found is not None
    assert rank(found, n) == r


def test_ranks_by_the_formula() -> None:
    """Σ_{j<m} C(n, j) + Σ C(c_i, i), and the last rank of Tehran fits one limb of 246 bits."""
    assert rank([4], 10) == 1 + 4
    assert rank([2, 5], 10) == 1 + 10 + comb(2, 1) + comb(5, 2)
    last = list(range(3515, 3545))
    assert rank(last, 3545) == rank_count(3545, 30) - 1 < 1 << 246
    assert limb_count(3545, 30) == limb_count(153, 1) == limb_count(1, 1) == 1
    assert limb_count(5000, 30) == 2


@pytest.mark.parametrize("r", [-1, 1 + 10 + 45, 10**9])
def test_a_rank_of_no_ballot_is_unreadable(r: int) -> None:
    """Two of ten: 56 ballots, ranks 0 to 55."""
    assert rank_count(10, 2) == 56
    assert unrank(r, 10, 2) is None


@pytest.mark.parametrize("choices", [[1, 1], [10], [-1]])
def test_an_impossible_choice_has_no_rank(choices: list[int]) -> None:
    """A repeat or an unknown name would be our own bug."""
    with pytest.raises(AssertionError):
        rank(choices, 10)


@given(st.integers(0, (1 << 246 * 3) - 1))
def test_limbs_carry_the_whole_rank(r: int) -> None:
    """Lowest first, none too large."""
    limbs = to_limbs(r, 3)
    assert from_limbs(limbs) == r
    assert all(0 <= limb < 1 << 246 for limb in limbs)


def test_maryam_votes(terminal: Terminal) -> None:
    """Her ballot is well formed and proved, and the key's owner reads from it what she chose."""
    issued = terminal.permit(MARYAM)
    sealed = terminal.prepare(issued, majlis=[4, 1], council=[2])
    core = Core.decode(sealed.core)
    assert core.encode() == sealed.core
    assert (core.permit, core.permit_signature) == (issued.permit, issued.signature)
    assert sealed.id == ballot.ballot_id(terminal.eh, sealed.core)
    assert [len(c) for c in core.ciphertexts] == [len(p) for p in core.proofs] == [64, 64]
    assert len(sealed.core) + 64 < 600  # two contests; one of them alone stays under 400
    bad = amanat_crypto.verify_sealed(
        eh=terminal.eh,
        key=terminal.manifest.vote_key,
        contexts=permit_hash(terminal.eh, issued.permit) * 2,
        contests=[0, 1],
        limbs=[0, 0],
        ciphertexts=b"".join(core.ciphertexts),
        proofs=b"".join(core.proofs),
    )
    assert bad == []
    key = scalar("K0")
    opened = []
    for contest, sealed_box in zip(terminal.manifest.contests, core.ciphertexts, strict=True):
        share = amanat_crypto.point_mul(scalar=key, points=amanat_crypto.cipher_heads(sealed_box))
        (limb,) = amanat_crypto.unembed(amanat_crypto.elgamal_open(sealed_box, [share]))
        assert limb is not None
        opened.append(unrank(limb, len(contest.candidates), contest.max_choices))
    assert opened == [(1, 4), (2,)]


def test_a_permit_for_one_contest_gives_a_ballot_of_one(terminal: Terminal) -> None:
    """Who skips the council has no ciphertext there, not a blank one."""
    issued = terminal.permit(MARYAM, mask=1)
    sealed = terminal.prepare(issued, majlis=[])
    assert len(Core.decode(sealed.core).ciphertexts) == 1
    assert len(sealed.core) + 67 <= 400


def test_more_names_than_allowed_are_our_own_bug(terminal: Terminal) -> None:
    """The pages cannot make an over-vote; the sealer refuses to."""
    issued = terminal.permit(MARYAM)
    with pytest.raises(AssertionError):
        terminal.prepare(issued, majlis=[0, 1, 2])


def test_the_three_slips_are_read_back(terminal: Terminal) -> None:
    """Prepared, cast, tested; in any case; the test opens to the same ciphertexts."""
    issued = terminal.permit(MARYAM)
    sealed = terminal.prepare(issued, majlis=[3, 1], council=[])
    signature = sign(terminal.seed, "prepared", terminal.eh, sealed.id)
    assert read_slip(ballot.prepared_slip(sealed.core, signature)) == PreparedSlip(sealed.core, signature)
    assert read_slip(ballot.cast_slip(sealed.id, signature).lower()) == CastSlip(sealed.id, signature)
    text = ballot.test_slip(
        id=sealed.id,
        signature=signature,
        core=sealed.core,
        choices=[["1003", "1001"], []],
        randomness=sealed.randomness,
    )
    opened = read_slip(text)
    assert opened == TestSlip(sealed.id, signature, sealed.core, (("1001", "1003"), ()), sealed.randomness)
    limbs = amanat_crypto.open_sealed(
        ciphertexts=Core.decode(opened.core).ciphertexts[0],
        key=terminal.manifest.vote_key,
        randomness=opened.randomness[0],
    )
    assert limbs == [rank([1, 3], 5)]


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [4, bytes(32), bytes(64)],
        [1, b"core"],
        [1, b"core", bytes(63)],
        [2, bytes(31), bytes(64)],
        [2, bytes(32), bytes(64), None],
        [3, bytes(32), bytes(64), b"core", [["2", "1"]], [bytes(32)]],
        [3, bytes(32), bytes(64), b"core", [["1", "1"]], [bytes(32)]],
        [3, bytes(32), bytes(64), b"core", [[1]], [bytes(32)]],
    ],
)
def test_what_is_no_slip_of_a_ballot(fields: list[cbor.Value]) -> None:
    """Wrong number, sizes, order of codes."""
    with pytest.raises(Malformed):
        read_slip("AS1" + base32.encode(cbor.encode(fields)))


def test_a_ballot_with_another_form_is_refused(terminal: Terminal) -> None:
    """As many proofs as ciphertexts; the permit is bytes."""
    core = terminal.prepare(terminal.permit(MARYAM))
    fields = cbor.decode(core.core)
    assert isinstance(fields, list)
    for place, to in [(0, 2), (1, None), (2, bytes(63)), (3, [None]), (4, [])]:
        with pytest.raises(Malformed):
            Core.decode(cbor.encode([*fields[:place], to, *fields[place + 1 :]]))
    assert Permit.decode(Core.decode(core.core).permit).mask == 3
