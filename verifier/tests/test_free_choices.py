"""What a dishonest terminal or trustee could choose freely, if the verifier let it: each choice is refused."""

import secrets

import pytest
from prover import draw, embed, enc

from amanat_verifier.group import L, Sum, add, base, times, total
from amanat_verifier.hashes import challenge, digest, expand, h512
from amanat_verifier.linear import Statement, gather
from amanat_verifier.ranks import limb

EH = secrets.token_bytes(32)


@pytest.mark.parametrize("number", [0, 1, 1402, 2**200 + 7, 2**246 - 1])
def test_a_counter_that_is_not_the_smallest_is_no_choice_of_the_terminals(number: int) -> None:
    """B-2.  A terminal marks a ballot by taking the second or third point that stands for the same names.  Wanted:
    only the first one reads as these names."""
    assert limb(embed(number)) == number
    assert limb(embed(number, skip=1)) is None
    assert limb(embed(number, skip=2)) is None


def test_a_trustee_cannot_bend_outputs_to_weights_known_before() -> None:
    """E-5, E-9.  A trustee computes the weights as if they hashed no outputs, then bends two outputs so that the bends
    cancel under these weights, and proves that.  Wanted: refused, since the true weights hash the outputs too."""
    sigma, kappa = draw(), draw()
    rows = [base(draw()) for _ in range(2)]
    keys, context = [base(sigma)], ("here",)
    seed = h512(EH, "decrypt", *context, list(keys), digest(b"".join(rows)), digest(b""))
    first, second = expand(seed, 2)
    bend = base(draw())
    bends = [times(second, bend), times(-first, bend)]
    outputs = [add(times(sigma, row), by) for row, by in zip(rows, bends, strict=True)]
    gathered = total(times(w, row) for w, row in zip((first, second), rows, strict=True))
    firsts, last = [base(kappa)], times(kappa, gathered)
    c = challenge(EH, "decrypt/c", seed, list(firsts), last)
    proof = b"".join(firsts) + last + enc((kappa + c * sigma) % L)
    whole = Sum()
    gather(EH, Statement("decrypt", context, keys, [(rows, 1)], b"".join(rows), outputs), proof, "here", whole)
    assert not whole.vanishes()
