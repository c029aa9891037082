"""A second implementation of every check of the cryptographic core, in plain Python integers: slow, plain, separate.

Ground: clauses E-1 to E-9, K-3 to K-7, B-2 to B-4, T-3, T-9; RFC 9496, RFC 9380, RFC 8032. It shares no
code with the core and follows the equations as written, each alone, with no batching: what both accept is confirmed by
two, what either refuses must be refused by the other. `Refused` is raised for any evidence that fails.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from secrets import randbelow

from . import edwards
from .edwards import IDENTITY, ORDER, P, Point, add, mul, odd, sqrt_ratio

Item = int | bytes | str | Sequence["Item"]

ROOT_M1 = pow(2, (P - 1) // 4, P)
D = edwards.D
INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) ** 2 % P


class Refused(Exception):
    """The evidence fails; the words say where."""


def require(holds: bool, words: str) -> None:
    if not holds:
        raise Refused(words)


def even(x: int) -> int:
    """The one of x and −x that is not negative in the sense of RFC 9496."""
    return (P - x) % P if odd(x % P) else x % P


def decode(data: bytes, *, identity_allowed: bool = True) -> Point:
    """RFC 9496, 4.3.1."""
    s = int.from_bytes(data, "little")
    require(len(data) == 32 and s < P and not odd(s), "field element")
    u1, u2 = (1 - s * s) % P, (1 + s * s) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    square, root = sqrt_ratio(1, v * u2 * u2 % P)
    den_x = root * u2 % P
    x = even(2 * s * den_x)
    y = u1 * root * den_x * v % P
    t = x * y % P
    require(square and not odd(t) and y != 0, "point")
    require(identity_allowed or data != bytes(32), "identity")
    return (x, y, 1, t)


def encode(point: Point) -> bytes:
    """RFC 9496, 4.3.2."""
    x, y, z, t = point
    u1, u2 = (z + y) * (z - y) % P, x * y % P
    _, root = sqrt_ratio(1, u1 * u2 * u2 % P)
    den1, den2 = root * u1 % P, root * u2 % P
    z_inv = den1 * den2 * t % P
    if odd(t * z_inv % P):
        x, y, den = y * ROOT_M1 % P, x * ROOT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
    else:
        den = den2
    y = (P - y) % P if odd(x * z_inv % P) else y
    return even(den * (z - y)).to_bytes(32, "little")


def same(a: Point, b: Point) -> bool:
    return encode(a) == encode(b)


def elligator(t: int) -> Point:
    """RFC 9496, 4.3.4, MAP."""
    r = ROOT_M1 * t * t % P
    u, v = (r + 1) * ONE_MINUS_D_SQ % P, (-1 - r * D) * (r + D) % P
    square, s = sqrt_ratio(u, v)
    c = P - 1
    if not square:
        s, c = (P - even(s * t)) % P, r
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1, w2, w3 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P, (1 - s * s) % P, (1 + s * s) % P
    return (w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P)


def derive(uniform: bytes) -> Point:
    """RFC 9496, 4.3.4, of 64 uniform bytes."""
    halves = [int.from_bytes(half, "little") % 2**255 % P for half in (uniform[:32], uniform[32:])]
    return add(elligator(halves[0]), elligator(halves[1]))


def expand_message_xmd(message: bytes, tag: bytes, length: int) -> bytes:
    """RFC 9380, 5.3.1, with SHA-512."""
    suffix = tag + bytes([len(tag)])
    first = hashlib.sha512(bytes(128) + message + length.to_bytes(2, "big") + b"\0" + suffix).digest()
    blocks = [hashlib.sha512(first + b"\1" + suffix).digest()]
    while 64 * len(blocks) < length:
        mixed = bytes(a ^ b for a, b in zip(first, blocks[-1], strict=True))
        blocks.append(hashlib.sha512(mixed + bytes([len(blocks) + 1]) + suffix).digest())
    return b"".join(blocks)[:length]


def hash_to_group(domain: str, data: bytes) -> Point:
    tag = f"amanat/v1/{domain}/ristretto255_XMD:SHA-512_R255MAP_RO_".encode()
    return derive(expand_message_xmd(data, tag, 64))


def cbor(item: Item) -> bytes:
    """RFC 8949, 4.2.1, of unsigned integers, byte strings, text strings and arrays."""
    if isinstance(item, int):
        return cbor_head(0, item)
    if isinstance(item, bytes):
        return cbor_head(2, len(item)) + item
    if isinstance(item, str):
        return cbor_head(3, len(item.encode())) + item.encode()
    return cbor_head(4, len(item)) + b"".join(map(cbor, item))


def cbor_head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    power = next(power for power in range(4) if number < 256 ** (2**power))
    return bytes([major << 5 | 24 + power]) + number.to_bytes(2**power, "big")


def h512(domain: str, eh: bytes, *items: Item) -> bytes:
    return hashlib.sha512(cbor(["amanat/v1/" + domain, eh, *items])).digest()


def hs(domain: str, eh: bytes, *items: Item) -> int:
    return int.from_bytes(h512(domain, eh, *items), "little") % ORDER


def expand(seed: bytes, index: int) -> int:
    data = b"amanat/v1/expand" + seed + index.to_bytes(8, "little")
    return int.from_bytes(hashlib.sha512(data).digest(), "little") % ORDER


def digest(points: Iterable[Point]) -> bytes:
    return hashlib.sha512(b"".join(map(encode, points))).digest()


def items_of(flat: bytes) -> list[bytes]:
    require(len(flat) % 32 == 0, "torn item")
    return [flat[at : at + 32] for at in range(0, len(flat), 32)]


def points_of(flat: bytes, *, identity_allowed: bool = True) -> list[Point]:
    return [decode(item, identity_allowed=identity_allowed) for item in items_of(flat)]


def scalar_of(data: bytes) -> int:
    value = int.from_bytes(data, "little")
    require(len(data) == 32 and value < ORDER, "scalar")
    return value


def total(terms: Iterable[tuple[int, Point]]) -> Point:
    result = IDENTITY
    for scalar, point in terms:
        result = add(result, mul(scalar, point))
    return result


G = decode(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))


def embed(limb: int) -> bytes:
    """The encoding with the smallest counter."""
    for counter in range(256):
        data = (2 * (256 * limb + counter)).to_bytes(32, "little")
        if is_point(data):
            return data
    raise Refused("no counter")


def is_point(data: bytes) -> bool:
    try:
        decode(data, identity_allowed=False)
    except Refused:
        return False
    return True


def unembed(point: bytes) -> int:
    decode(point, identity_allowed=False)
    limb = int.from_bytes(point, "little") // 512
    require(embed(limb) == point, "counter is not the smallest")
    return limb


def verify_sealed(
    *, eh: bytes, key: bytes, context: bytes, contest: int, limb: int, ciphertext: bytes, proof: bytes
) -> None:
    k = decode(key, identity_allowed=False)
    a, _b = points_of(ciphertext, identity_allowed=False)
    r_bytes, s_bytes = items_of(proof)
    r, s = decode(r_bytes, identity_allowed=False), scalar_of(s_bytes)
    c = hs("pok", eh, context, contest, limb, encode(k), ciphertext[:32], ciphertext[32:], r_bytes)
    require(same(mul(s, G), add(r, mul(c, a))), "pok")


def verify_linear(
    *, domain: str, eh: bytes, context: Sequence[Item], publics: bytes, rows: bytes, outputs: bytes, proof: bytes
) -> None:
    """s_k·G = T_k + c·P_k; Σ s_k·Q_k = T + c·Σ ρ_i·O_i, Q_k = Σ ρ_i·R_ik."""
    ps, os = points_of(publics, identity_allowed=False), points_of(outputs)
    rs, parts = points_of(rows, identity_allowed=False), items_of(proof)
    m, n = len(ps), len(os)
    require(m > 0 and n > 0 and len(rs) == m * n and len(parts) == 2 * m + 1, "length")
    ts, t, s = [decode(part) for part in parts[:m]], decode(parts[m]), [scalar_of(part) for part in parts[m + 1 :]]
    seed = h512(domain, eh, *context, items_of(publics), digest(rs), digest(os))
    rho = [expand(seed, i) for i in range(n)]
    c = hs(domain + "/c", eh, seed, parts[:m], parts[m])
    for k in range(m):
        require(same(mul(s[k], G), add(ts[k], mul(c, ps[k]))), "public")
    q = [total((rho[i], rs[i * m + k]) for i in range(n)) for k in range(m)]
    left = total(zip(s, q, strict=True))
    require(same(left, add(t, mul(c, total(zip(rho, os, strict=True))))), "rows")


def linear_share(
    *,
    domain: str,
    eh: bytes,
    context: Sequence[Item],
    secrets: bytes,
    rows: bytes,
    lie: Mapping[int, Point] | None = None,
    claim: bytes | None = None,
) -> tuple[bytes, bytes]:
    """Outputs and the best proof of a holder who adds `lie[i]` to output i before the weights are drawn, or who claims
    to use the secrets of other public points than its own."""
    sigma, rs = [scalar_of(item) for item in items_of(secrets)], points_of(rows)
    m, n = len(sigma), len(rs) // len(sigma)
    os = [total(zip(sigma, rs[i * m : i * m + m], strict=True)) for i in range(n)]
    os = [add(o, (lie or {}).get(i, IDENTITY)) for i, o in enumerate(os)]
    publics = [encode(mul(x, G)) for x in sigma] if claim is None else items_of(claim)
    seed = h512(domain, eh, *context, publics, digest(rs), digest(os))
    rho = [expand(seed, i) for i in range(n)]
    q = [total((rho[i], rs[i * m + k]) for i in range(n)) for k in range(m)]
    kappa = [randbelow(ORDER - 1) + 1 for _ in range(m)]
    ts, t = [encode(mul(x, G)) for x in kappa], encode(total(zip(kappa, q, strict=True)))
    c = hs(domain + "/c", eh, seed, ts, t)
    s = [((x + c * y) % ORDER).to_bytes(32, "little") for x, y in zip(kappa, sigma, strict=True)]
    return b"".join(map(encode, os)), b"".join([*ts, t, *s])


def pop_verify(*, ch: bytes, key_name: str, j: int, commitments: bytes, proof: bytes) -> None:
    cs = points_of(commitments, identity_allowed=False)
    r_bytes, s_bytes = items_of(proof)
    c = hs("dkg-pop", ch, key_name, j, items_of(commitments), r_bytes)
    right = add(decode(r_bytes, identity_allowed=False), mul(c, cs[0]))
    require(same(mul(scalar_of(s_bytes), G), right), "possession")


def share_verify(*, commitments: bytes, i: int, share: bytes) -> None:
    """f_j(i)·G = Σ i^k·C_jk."""
    cs = points_of(commitments, identity_allowed=False)
    right = total((pow(i, k, ORDER), point) for k, point in enumerate(cs))
    require(same(mul(scalar_of(share), G), right), "share")


def lagrange(j: int, members: Sequence[int]) -> int:
    value = 1
    for i in members:
        if i != j:
            value = value * i * pow(i - j, -1, ORDER) % ORDER
    return value
