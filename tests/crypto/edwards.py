"""Curve arithmetic in plain integers, and Ed25519 by the strict rule; shared by the parts of the second implementation.

Ground: RFC 8032, and RFC 9496 for the square root of a ratio.
"""

import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T with XY = ZT."""
IDENTITY: Point = (0, 1, 1, 0)


def odd(x: int) -> bool:
    return bool(x & 1)


def sqrt_ratio(u: int, v: int) -> tuple[bool, int]:
    """Whether u/v is a square, and the even root of it, or else of i·u/v (RFC 9496, 4.2)."""
    root = u * pow(v, 3, P) % P * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * root * root % P
    i = pow(2, (P - 1) // 4, P)
    if check in (-u % P, -u * i % P):
        root = root * i % P
    return check in (u % P, -u % P), P - root if odd(root) else root


def add(a: Point, b: Point) -> Point:
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * D * a[3] * b[3] % P
    h = 2 * a[2] * b[2] % P
    x, y, z, t = f - e, h - g, h + g, f + e
    return (x * y % P, z * t % P, y * z % P, x * t % P)


def neg(a: Point) -> Point:
    return (-a[0] % P, a[1], a[2], -a[3] % P)


def mul(scalar: int, point: Point) -> Point:
    """Left to right, four bits a step; the scalar is not reduced, because torsion matters to Ed25519."""
    multiples = [IDENTITY]
    for _ in range(15):
        multiples.append(add(multiples[-1], point))
    result = IDENTITY
    for digit in f"{scalar:x}":
        for _ in range(4):
            result = add(result, result)
        result = add(result, multiples[int(digit, 16)])
    return result


def compress(point: Point) -> bytes:
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decompress(data: bytes) -> Point | None:
    """A canonical encoding only."""
    value = int.from_bytes(data, "little")
    y, sign = value % 2**255, value >> 255
    if len(data) != 32 or y >= P:
        return None
    square, x = sqrt_ratio((y * y - 1) % P, (D * y * y + 1) % P)
    if not square or (x == 0 and sign):
        return None
    x = P - x if sign else x
    return (x, y, 1, x * y % P)


def equal(a: Point, b: Point) -> bool:
    return compress(a) == compress(b)


def small_order(point: Point) -> bool:
    return equal(mul(8, point), IDENTITY)


B = decompress((4 * pow(5, -1, P) % P).to_bytes(32, "little")) or IDENTITY


def sound_key(data: bytes) -> bool:
    """Canonical, of prime order, not the identity."""
    point = decompress(data)
    return point is not None and not small_order(point) and equal(mul(ORDER, point), IDENTITY)


def message(domain: str, eh: bytes, digest: bytes) -> bytes:
    return b"amanat/v1/sign/" + domain.encode() + b"\0" + eh + digest


def challenge(r: bytes, key: bytes, signed: bytes) -> int:
    return int.from_bytes(hashlib.sha512(r + key + signed).digest(), "little") % ORDER


def verify(*, domain: str, eh: bytes, key: bytes, digest: bytes, signature: bytes) -> bool:
    """Cofactorless, s below the order, neither R nor the key of small order, R compared as bytes."""
    a, r, s = decompress(key), signature[:32], int.from_bytes(signature[32:], "little")
    if a is None or small_order(a) or s >= ORDER:
        return False
    expected = add(mul(s, B), neg(mul(challenge(r, key, message(domain, eh, digest)), a)))
    return compress(expected) == r and not small_order(expected)


def secret_scalar(seed: bytes) -> int:
    low = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    return (low & ((1 << 254) - 8)) | (1 << 254)
