"""Signed bytes: CBOR, core-deterministic, of unsigned ints, byte and text strings, arrays and null only.  Clause E-2.

cbor2 reads more than is allowed (long forms, tags, floats, maps, trailing bytes), so a reader walks the value,
encodes it again and compares: one value has one encoding.
"""

import io
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

import cbor2

from amanat.errors import Rejected

Value = int | bytes | str | None | list["Value"]
Encodable = int | bytes | str | None | Sequence["Encodable"]

DEPTH_MAX: Final = 16
UINT_END: Final = 1 << 64


class Malformed(Rejected):
    """Bytes that are no record; ``what`` says which part was wrong."""

    def __init__(self, what: str) -> None:
        super().__init__("malformed", what=what)


def encode(value: Encodable) -> bytes:
    """The one encoding of a value; Malformed for what has none (bool, negative, float, map, lone surrogate)."""
    _walk(value, DEPTH_MAX)
    try:
        return cbor2.dumps(value)
    except (UnicodeEncodeError, cbor2.CBOREncodeError) as cause:
        raise Malformed("text") from cause


def decode(data: bytes) -> Value:
    """The value of these bytes; Malformed unless they are its one encoding, whole and nothing after."""
    try:
        value = cbor2.loads(data, max_depth=DEPTH_MAX, allow_indefinite=False)
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, MemoryError) as cause:
        raise Malformed("cbor") from cause
    if encode(value) != data:
        raise Malformed("encoding")
    return value  # type: ignore[no-any-return]  # walked by encode: a Value and nothing else


def encode_seq(values: Iterable[Encodable]) -> bytes:
    """A CBOR sequence (RFC 8742): the encodings joined."""
    return b"".join(encode(value) for value in values)


def decode_seq(data: bytes) -> list[Value]:
    """The values of a CBOR sequence; Malformed like ``decode``."""
    stream = io.BytesIO(data)
    decoder = cbor2.CBORDecoder(stream, max_depth=DEPTH_MAX, allow_indefinite=False)
    values: list[Value] = []
    try:
        while stream.tell() < len(data):
            values.append(decoder.decode())
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, MemoryError) as cause:
        raise Malformed("cbor") from cause
    if encode_seq(values) != data:
        raise Malformed("encoding")
    return values


_PLAIN: Final = (bytes, str, type(None))


def _walk(value: object, depth: int) -> None:
    kind = type(value)
    if kind in _PLAIN:
        return
    if kind is int:
        if not 0 <= value < UINT_END:  # type: ignore[operator]
            raise Malformed("integer")
    elif (kind is list or kind is tuple) and depth:
        for item in value:  # type: ignore[attr-defined]
            if type(item) not in _PLAIN:  # most are, and this is called for everything that is read
                _walk(item, depth - 1)
    else:
        raise Malformed("type")


def refuse(what: str) -> NoReturn:
    """Raise Malformed(what)."""
    raise Malformed(what)


def as_uint(value: Value, what: str, *, below: int = UINT_END) -> int:
    """An unsigned integer below a limit, or Malformed(what)."""
    return value if isinstance(value, int) and value < below else refuse(what)


def as_bytes(value: Value, what: str, *, size: int | None = None) -> bytes:
    """A byte string, of this many bytes if given, or Malformed(what)."""
    return value if isinstance(value, bytes) and size in (None, len(value)) else refuse(what)


def as_text(value: Value, what: str) -> str:
    """A text string, or Malformed(what)."""
    return value if isinstance(value, str) else refuse(what)


def as_list(value: Value, what: str, *, size: int | None = None) -> list[Value]:
    """An array, of this many items if given, or Malformed(what)."""
    return value if isinstance(value, list) and size in (None, len(value)) else refuse(what)
