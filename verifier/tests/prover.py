"""The proofs from the prover's side, on libsodium, for test records only: not constant time, secrets in the open."""

from __future__ import annotations

import hashlib
import secrets
from math import comb

from amanat_verifier.cbor import encode
from amanat_verifier.group import ZERO, L, add, base, generators, hash_to_group, is_sound, sub, times, total
from amanat_verifier.hashes import challenge, digest, expand, h512


def draw() -> int:
    return secrets.randbelow(L - 1) + 1


def enc(number: int) -> bytes:
    return (number % L).to_bytes(32, "little")


def rank(chosen: list[int], n: int) -> int:
    """B-1 forwards."""
    return sum(comb(n, j) for j in range(len(chosen))) + sum(comb(c, i) for i, c in enumerate(sorted(chosen), 1))


def embed(limb: int, *, skip: int = 0) -> bytes:
    """B-2 forwards; `skip` passes over that many good counters, which a dishonest terminal would."""
    for counter in range(256):
        point = (2 * (256 * limb + counter)).to_bytes(32, "little")
        if is_sound(point):
            if not skip:
                return point
            skip -= 1
    raise AssertionError("no counter")


def seal(eh: bytes, ph: bytes, contest: int, key: bytes, points: list[bytes]) -> tuple[bytes, bytes, list[bytes]]:
    """B-3 and B-4: ciphertexts, proofs, and each r."""
    pairs, proofs, opened = b"", b"", []
    for limb, point in enumerate(points):
        r, v = draw(), draw()
        a, b, big_r = base(r), add(point, times(r, key)), base(v)
        c = challenge(eh, "pok", ph, contest, limb, key, a, b, big_r)
        pairs += a + b
        proofs += big_r + enc(v + c * r)
        opened.append(enc(r))
    return pairs, proofs, opened


class Ceremony:
    """The DKG of all trustees at once (K-3 to K-6)."""

    def __init__(self, n: int, t: int) -> None:
        self.n, self.t = n, t
        self.polynomials = {q: [[draw() for _ in range(t)] for _ in range(n)] for q in ("K", "Z", "W")}
        self.commitments = {q: [[base(a) for a in f] for f in fs] for q, fs in self.polynomials.items()}
        self.keys = {q: [total(row[k] for row in rows) for k in range(t)] for q, rows in self.commitments.items()}
        self.secret = {q: sum(f[0] for f in fs) % L for q, fs in self.polynomials.items()}

    def share(self, q: str, i: int) -> int:
        return sum(a * pow(i, k, L) for f in self.polynomials[q] for k, a in enumerate(f)) % L

    def possession(self, ch: bytes, q: str, j: int) -> bytes:
        v = draw()
        c = challenge(ch, "dkg-pop", q, j, self.commitments[q][j - 1], base(v))
        return base(v) + enc(v + c * self.polynomials[q][j - 1][0])


def linear(
    eh: bytes, domain: str, context: list[object], sigmas: list[int], rows: list[list[bytes]], outputs: list[bytes]
) -> bytes:
    """LIN (E-9): rows[i][k]."""
    keys = [base(s) for s in sigmas]
    joined = b"".join(p for row in rows for p in row)
    seed = h512(eh, domain, *context, keys, digest(joined), digest(b"".join(outputs)))
    rho = expand(seed, len(rows))
    gathered = [total(times(w, row[k]) for w, row in zip(rho, rows, strict=False)) for k in range(len(sigmas))]
    kappas = [draw() for _ in sigmas]
    firsts = [base(k) for k in kappas]
    last = total(times(k, q) for k, q in zip(kappas, gathered, strict=False))
    c = challenge(eh, domain + "/c", seed, firsts, last)
    return b"".join(firsts) + last + b"".join(enc(k + c * s) for k, s in zip(kappas, sigmas, strict=False))


def negate(point: bytes) -> bytes:
    return sub(ZERO, point)


def shuffle(
    eh: bytes, context: list[object], key: bytes, tuples: list[list[bytes]], *, cheat: bool = False
) -> tuple[list[list[bytes]], bytes]:
    """T-8 for one mixer; a tuple is [A, B, A, B, …].  `cheat` changes an output before proving, as far as one can."""
    n, width = len(tuples), len(tuples[0]) // 2
    psi = secrets.SystemRandom().sample(range(n), n)
    h = generators(n)
    again = [[draw() for _ in range(width)] for _ in range(n)]
    out = []
    for i in range(n):
        row = []
        for k in range(width):
            a, b = tuples[psi[i]][2 * k : 2 * k + 2]
            row += [add(a, base(again[i][k])), add(b, times(again[i][k], key))]
        out.append(row)
    if cheat:
        out[0][1] = add(out[0][1], base(1))
    r, c = [0] * n, [b""] * n
    for i in range(n):
        r[psi[i]] = draw()
        c[psi[i]] = add(base(r[psi[i]]), h[i + 1])
    flat = [b"".join(p for row in rows for p in row) for rows in (tuples, out)]
    seed = h512(eh, "shuffle", *context, width, n, key, digest(flat[0]), digest(flat[1]), digest(b"".join(c)))
    u = expand(seed, n)
    up = [u[psi[i]] for i in range(n)]
    rh, chain, before = [draw() for _ in range(n)], [], h[0]
    for i in range(n):
        before = add(base(rh[i]), times(up[i], before))
        chain.append(before)
    v = [1] * n
    for i in range(n - 2, -1, -1):
        v[i] = up[i + 1] * v[i + 1] % L
    w1, w2, w3 = draw(), draw(), draw()
    w4, wh, wp = [draw() for _ in range(width)], [draw() for _ in range(n)], [draw() for _ in range(n)]
    t = [base(w1), base(w2), add(base(w3), total(times(x, p) for x, p in zip(wp, h[1:], strict=False)))]
    t4 = []
    for k in range(width):
        t4.append(sub(total(times(x, row[2 * k]) for x, row in zip(wp, out, strict=False)), base(w4[k])))
        t4.append(sub(total(times(x, row[2 * k + 1]) for x, row in zip(wp, out, strict=False)), times(w4[k], key)))
    th = [add(base(wh[i]), times(wp[i], chain[i - 1] if i else h[0])) for i in range(n)]
    hashed = b"".join([*t, *t4, *th])
    e = challenge(eh, "shuffle/c", seed, digest(b"".join(chain)), digest(hashed))
    s = [
        w1 + e * sum(r),
        w2 + e * sum(a * b for a, b in zip(rh, v, strict=False)),
        w3 + e * sum(a * b for a, b in zip(r, u, strict=False)),
    ]
    s4 = [w4[k] + e * sum(again[i][k] * up[i] for i in range(n)) for k in range(width)]
    sh = [wh[i] + e * rh[i] for i in range(n)]
    sp = [wp[i] + e * up[i] for i in range(n)]
    proof = b"".join([*c, *chain]) + hashed + b"".join(map(enc, [*s, *s4, *sh, *sp]))
    return out, proof


def credential(eh: bytes, person: str) -> bytes:
    return hash_to_group("credential", eh + person.encode())


def lottery(tag: bytes, ballot: bytes) -> bytes:
    return hashlib.sha256(b"amanat/v1/lottery" + tag + ballot).digest()


__all__ = ["encode"]
