"""Text for people (clause E-8): Crockford base32, slips and sheets in it, and the code of a ballot with its check."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK = ALPHABET + "*~$=U"
GROUPS = (4, 4, 4, 4, 4, 1)
CODE_BITS = 100


class BadText(ValueError):
    """Not a code or slip: a symbol that cannot be, a wrong length, a wrong check symbol, padding that is not zero."""


def fold(typed: str) -> str:
    """What a person typed, in the alphabet's own symbols."""
    return typed.upper().replace("I", "1").replace("L", "1").replace("O", "0").translate({45: None, 32: None})


def _number(symbols: str) -> int:
    number = 0
    for symbol in symbols:
        place = ALPHABET.find(symbol)
        if place < 0:
            raise BadText(f"symbol {symbol!r}")
        number = number << 5 | place
    return number


def base32(data: bytes) -> str:
    """Bits in the order of RFC 4648, no padding."""
    count = (len(data) * 8 + 4) // 5
    number = int.from_bytes(data, "big") << count * 5 - len(data) * 8
    return "".join(ALPHABET[number >> 5 * i & 31] for i in reversed(range(count)))


def unbase32(symbols: str) -> bytes:
    """The inverse of base32, strict about the bits left over."""
    folded = fold(symbols)
    size = len(folded) * 5 // 8
    spare = len(folded) * 5 - size * 8
    number = _number(folded)
    if spare > 4 or number & (1 << spare) - 1:
        raise BadText("length or last symbol")
    return (number >> spare).to_bytes(size, "big")


def ballot_code(ballot: bytes) -> str:
    """The code for people: the first 100 bits of the id and the check symbol, 4-4-4-4-4-1."""
    number = int.from_bytes(ballot, "big") >> 256 - CODE_BITS
    symbols = "".join(ALPHABET[number >> 5 * i & 31] for i in reversed(range(CODE_BITS // 5))) + CHECK[number % 37]
    parts, at = [], 0
    for size in GROUPS:
        parts.append(symbols[at : at + size])
        at += size
    return "-".join(parts)


def read_ballot_code(typed: str) -> int:
    """The 100 bits of a typed code; raises BadText."""
    folded = fold(typed)
    if len(folded) != CODE_BITS // 5 + 1:
        raise BadText("length")
    number = _number(folded[:-1])
    if CHECK[number % 37] != folded[-1]:
        raise BadText("check symbol")
    return number
