"""Text that people and scanners type: Crockford's base32, and the code of a ballot.  Clause E-8.

Bits in the order of RFC 4648, upper case, unpadded.  Reading folds what a hand confuses: lower case, I, L (1), O (0).
"""

import base64
from functools import lru_cache
from typing import Final

from amanat.records import cbor
from amanat.records.cbor import Malformed, Value

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RFC4648: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_SYMBOLS: Final = ALPHABET.encode("ascii").ljust(256)
_FOLD: Final = str.maketrans("ILO", "110", "- \t\r\n")
_FROM_CROCKFORD: Final = str.maketrans(ALPHABET, _RFC4648)
_CHECK: Final = ALPHABET + "*~$=U"
CODE_BITS: Final = 100
"""Two ballots with one code cost a terminal 2^50 hashes within a session."""


def encode(data: bytes) -> str:
    """Bytes as upper-case Crockford base32 without padding."""
    groups = -(-8 * len(data) // 5)
    number = int.from_bytes(data, "big") << 5 * groups - 8 * len(data)
    for shift, low in _spreads(groups):  # a slip is a thousand groups, and a voter five slips: not one by one
        number = number & low | (number & ~low) << shift
    return number.to_bytes(groups, "big").translate(_SYMBOLS).decode("ascii")


@lru_cache(maxsize=64)
def _spreads(groups: int) -> list[tuple[int, int]]:
    """How groups of five bits move apart to eight: halves, then their halves …; which bits stay, and how far others go.

    After the step for h groups, each h of them stand together at a multiple of 8·h bits.
    """
    half, steps = (1 << max(0, groups - 1).bit_length()) // 2, []
    blocks = 1
    while half:
        together = ((1 << 16 * half * blocks) - 1) // ((1 << 16 * half) - 1)
        steps.append((3 * half, ((1 << 5 * half) - 1) * together))
        half, blocks = half // 2, 2 * blocks
    return steps


def decode(text: str) -> bytes:
    """The bytes of a base32 text; Malformed for other symbols, a length that no bytes give, or spare bits set."""
    folded = text.upper().translate(_FOLD)
    if not set(folded) <= set(ALPHABET):
        raise Malformed("base32")
    padded = folded.translate(_FROM_CROCKFORD) + "=" * (-len(folded) % 8)
    try:
        data = base64.b32decode(padded)
    except ValueError as cause:
        raise Malformed("base32") from cause
    if encode(data) != folded:
        raise Malformed("base32")
    return data


def decode_slip(head: str, text: str) -> Value:
    """The CBOR value of a slip's text, which starts with its three letters; Malformed."""
    text = text.strip()
    return cbor.decode(decode(text[3:])) if text[:3].upper() == head else cbor.refuse(f"not a slip {head}")


def code(id: bytes) -> str:
    """The code of a ballot id (32 bytes) for people: 20 symbols and a check symbol, 4-4-4-4-4-1."""
    value = int.from_bytes(id[:13], "big") >> 4
    symbols = "".join(ALPHABET[value >> shift & 31] for shift in range(CODE_BITS - 5, -1, -5)) + _CHECK[value % 37]
    return "-".join(symbols[at : at + 4] for at in range(0, 21, 4))


def parse_code(text: str) -> int:
    """The first 100 bits of the id that a code stands for; Malformed if the check symbol does not fit."""
    folded = text.upper().translate(_FOLD)
    if len(folded) != 21 or not set(folded[:20]) <= set(ALPHABET):
        raise Malformed("code")
    value = 0
    for symbol in folded[:20]:
        value = value << 5 | ALPHABET.index(symbol)
    if _CHECK[value % 37] != folded[20]:
        raise Malformed("code check symbol")
    return value
