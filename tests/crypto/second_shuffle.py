"""The second implementation of the shuffle: verifier as in T-8, equation by equation, and a mixer that may cheat."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from .edwards import ORDER, Point, add, mul, neg
from .second import (
    G,
    Item,
    decode,
    digest,
    encode,
    expand,
    h512,
    hash_to_group,
    hs,
    items_of,
    points_of,
    require,
    same,
    scalar_of,
    total,
)

Cipher = tuple[Point, Point]


def generator(index: int) -> Point:
    return hash_to_group("shuffle", index.to_bytes(8, "little"))


def tuples(flat: bytes, width: int) -> list[list[Cipher]]:
    points = points_of(flat, identity_allowed=False)
    require(width > 0 and len(points) > 0 and len(points) % (2 * width) == 0, "length")
    pairs = list(zip(points[::2], points[1::2], strict=True))
    return [pairs[at : at + width] for at in range(0, len(pairs), width)]


def flatten(rows: Sequence[Sequence[Cipher]]) -> list[Point]:
    return [point for row in rows for pair in row for point in pair]


def product(values: Sequence[int]) -> int:
    result = 1
    for value in values:
        result = result * value % ORDER
    return result


def dot(a: Sequence[int], b: Sequence[int]) -> int:
    return sum(x * y for x, y in zip(a, b, strict=True))


def minus(a: Point, b: Point) -> Point:
    return add(a, neg(b))


@dataclass
class Proof:
    c: list[Point]
    chain: list[Point]
    t: list[Point]
    """t_1, t_2, t_3."""
    t_4: list[Cipher]
    t_hat: list[Point]
    s: list[int]
    """s_1, s_2, s_3."""
    s_4: list[int]
    s_hat: list[int]
    s_prime: list[int]

    def t_points(self) -> list[Point]:
        return [*self.t, *(point for pair in self.t_4 for point in pair), *self.t_hat]

    def write(self) -> bytes:
        points = [*self.c, *self.chain, *self.t_points()]
        scalars = [*self.s, *self.s_4, *self.s_hat, *self.s_prime]
        return b"".join(map(encode, points)) + b"".join(scalar.to_bytes(32, "little") for scalar in scalars)

    @classmethod
    def read(cls, data: bytes, *, many: int, width: int) -> "Proof":
        items = items_of(data)
        require(len(items) == 5 * many + 6 + 3 * width, "length")
        cut = 3 * many + 3 + 2 * width
        points, scalars = [decode(item) for item in items[:cut]], [scalar_of(item) for item in items[cut:]]
        t_4 = points[2 * many + 3 : 2 * many + 3 + 2 * width]
        return cls(
            c=points[:many],
            chain=points[many : 2 * many],
            t=points[2 * many : 2 * many + 3],
            t_4=list(zip(t_4[::2], t_4[1::2], strict=True)),
            t_hat=points[2 * many + 3 + 2 * width :],
            s=scalars[:3],
            s_4=scalars[3 : 3 + width],
            s_hat=scalars[3 + width : 3 + width + many],
            s_prime=scalars[3 + width + many :],
        )


def verify_shuffle(
    *, eh: bytes, context: Sequence[Item], width: int, key: bytes, inputs: bytes, outputs: bytes, proof: bytes
) -> None:
    e, e_new, k = tuples(inputs, width), tuples(outputs, width), decode(key, identity_allowed=False)
    n = len(e)
    require(len(e_new) == n, "length")
    f = Proof.read(proof, many=n, width=width)
    h = [generator(i) for i in range(n + 1)]
    statement = [digest(flatten(e)), digest(flatten(e_new)), digest(f.c)]
    seed = h512("shuffle", eh, *context, width, n, key, *statement)
    u = [expand(seed, i) for i in range(n)]
    gamma = hs("shuffle/c", eh, seed, digest(f.chain), digest(f.t_points()))
    once = [1] * n

    difference = minus(total(zip(once, f.c, strict=True)), total(zip(once, h[1:], strict=True)))
    require(same(mul(f.s[0], G), add(f.t[0], mul(gamma, difference))), "shuffle: sum of commitments")
    end = minus(f.chain[-1], mul(product(u), h[0]))
    require(same(mul(f.s[1], G), add(f.t[1], mul(gamma, end))), "shuffle: end of chain")
    left = add(mul(f.s[2], G), total(zip(f.s_prime, h[1:], strict=True)))
    require(same(left, add(f.t[2], mul(gamma, total(zip(u, f.c, strict=True))))), "shuffle: permutation")
    for column in range(width):
        for part, base in ((0, G), (1, k)):
            new = total((s, row[column][part]) for s, row in zip(f.s_prime, e_new, strict=True))
            old = total((x, row[column][part]) for x, row in zip(u, e, strict=True))
            left = minus(new, mul(f.s_4[column], base))
            require(same(left, add(f.t_4[column][part], mul(gamma, old))), "shuffle: re-encryption")
    for i, before in enumerate([h[0], *f.chain[:-1]]):
        left = add(mul(f.s_hat[i], G), mul(f.s_prime[i], before))
        require(same(left, add(f.t_hat[i], mul(gamma, f.chain[i]))), "shuffle: chain")


def draw(many: int) -> list[int]:
    return [secrets.randbelow(ORDER - 1) + 1 for _ in range(many)]


def shuffle(
    *,
    eh: bytes,
    context: Sequence[Item],
    width: int,
    key: bytes,
    inputs: bytes,
    take: Sequence[int] | None = None,
    shift: Sequence[Sequence[Point]] = (),
    claim: bytes | None = None,
) -> tuple[bytes, bytes]:
    """Outputs and the best proof this mixer can make.

    `take[i]` is the input that output i re-encrypts: a cheat repeats one and drops another. `shift[i]` is added to the
    B of each column of output i: a cheat changes what the output says. `claim` is what it says that it mixed.
    """
    e, k = tuples(inputs, width), decode(key, identity_allowed=False)
    n = len(e)
    psi = list(take) if take is not None else secrets.SystemRandom().sample(range(n), n)
    renewal = [draw(width) for _ in range(n)]
    e_new = [
        [(add(a, mul(r, G)), add(b, mul(r, k))) for (a, b), r in zip(e[psi[i]], renewal[i], strict=True)]
        for i in range(n)
    ]
    for row, shifts in zip(e_new, shift, strict=False):
        row[:] = [(a, add(b, extra)) for (a, b), extra in zip(row, shifts, strict=True)]

    h = [generator(i) for i in range(n + 1)]
    r = draw(n)
    c = [add(mul(r[j], G), h[psi.index(j) + 1] if j in psi else h[j + 1]) for j in range(n)]
    claimed = flatten(e if claim is None else tuples(claim, width))
    seed = h512("shuffle", eh, *context, width, n, key, digest(claimed), digest(flatten(e_new)), digest(c))
    u = [expand(seed, i) for i in range(n)]
    u_new = [u[j] for j in psi]

    r_hat = draw(n)
    chain: list[Point] = []
    for i in range(n):
        chain.append(add(mul(r_hat[i], G), mul(u_new[i], chain[-1] if chain else h[0])))
    v = [product(u_new[i + 1 :]) for i in range(n)]
    r_total, r_chain, r_mixed = sum(r), dot(r_hat, v), dot(r, u)
    r_star = [sum(renewal[i][column] * u_new[i] for i in range(n)) for column in range(width)]

    w, w_4, w_hat, w_new = draw(3), draw(width), draw(n), draw(n)
    t = [mul(w[0], G), mul(w[1], G), add(mul(w[2], G), total(zip(w_new, h[1:], strict=True)))]
    t_4 = []
    for column in range(width):
        sums = [total((w_new[i], e_new[i][column][part]) for i in range(n)) for part in (0, 1)]
        t_4.append((minus(sums[0], mul(w_4[column], G)), minus(sums[1], mul(w_4[column], k))))
    t_hat = [add(mul(w_hat[i], G), mul(w_new[i], chain[i - 1] if i else h[0])) for i in range(n)]
    proof = Proof(c, chain, t, t_4, t_hat, [], [], [], [])
    gamma = hs("shuffle/c", eh, seed, digest(chain), digest(proof.t_points()))

    def answer(nonces: Sequence[int], values: Sequence[int]) -> list[int]:
        return [(nonce + gamma * value) % ORDER for nonce, value in zip(nonces, values, strict=True)]

    proof.s, proof.s_4 = answer(w, [r_total, r_chain, r_mixed]), answer(w_4, r_star)
    proof.s_hat, proof.s_prime = answer(w_hat, r_hat), answer(w_new, u_new)
    return b"".join(map(encode, flatten(e_new))), proof.write()
