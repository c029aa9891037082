"""Strict CBOR (clause E-2): RFC 8949 section 4.2.1, core-deterministic, of unsigned integers, byte and text strings,
arrays and null only.  What this decoder accepts has exactly one encoding, so no re-encoding is needed to compare."""

from collections.abc import Sequence

Value = int | bytes | str | None | Sequence["Value"]  # decoded arrays are lists

DEPTH_MAX = 16  # nothing in the protocol nests deeper than six
NULL = 0xF6
WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}


class Malformed(ValueError):
    """The bytes are not one deterministic encoding of an admitted value."""


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for info, width in WIDTHS.items():
        if number < 1 << 8 * width:
            return bytes([major << 5 | info]) + number.to_bytes(width, "big")
    raise Malformed("number above 2^64 - 1")


def encode(value: Value) -> bytes:
    """The only encoding of a value."""
    if value is None:
        return bytes([NULL])
    if isinstance(value, int):
        return _head(0, value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    return _head(4, len(value)) + b"".join(map(encode, value))


def _number(data: bytes, at: int) -> tuple[int, int]:
    """The argument of the head at `at`, and where its content begins."""
    info = data[at] & 31
    if info < 24:
        return info, at + 1
    width = WIDTHS.get(info)
    if width is None or at + 1 + width > len(data):
        raise Malformed(f"byte {at}: indefinite, reserved or cut head")
    number = int.from_bytes(data[at + 1 : at + 1 + width], "big")
    if number < 24 or (width > 1 and number < 1 << 4 * width):
        raise Malformed(f"byte {at}: number not in its shortest form")
    return number, at + 1 + width


def _item(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    if at >= len(data) or depth > DEPTH_MAX:
        raise Malformed(f"byte {at}: cut short or nested too deep")
    if data[at] == NULL:
        return None, at + 1
    major = data[at] >> 5
    if major not in (0, 2, 3, 4):
        raise Malformed(f"byte {at}: kind of value not admitted")
    number, at = _number(data, at)
    if major == 0:
        return number, at
    if number > len(data) - at:
        raise Malformed(f"byte {at}: longer than the data")
    if major == 4:
        items: list[Value] = []
        for _ in range(number):
            item, at = _item(data, at, depth + 1)
            items.append(item)
        return items, at
    piece = data[at : at + number]
    if major == 2:
        return piece, at + number
    try:
        return piece.decode(), at + number
    except UnicodeDecodeError as cause:
        raise Malformed(f"byte {at}: text is not UTF-8") from cause


def decode(data: bytes) -> Value:
    """Exactly one value; raises Malformed for anything else, trailing bytes included."""
    value, end = _item(data, 0, 0)
    if end != len(data):
        raise Malformed(f"byte {end}: bytes after the end")
    return value


def sequence(data: bytes) -> list[Value]:
    """All values of a CBOR sequence (RFC 8742); an empty file has none."""
    values: list[Value] = []
    at = 0
    while at < len(data):
        value, at = _item(data, at, 0)
        values.append(value)
    return values
