"""Every small change of a record: leaves of CBOR and JSON, items of 32 bytes, and lists whose items are dropped,
repeated, exchanged or cut.  A change is told by its place in words and by the new content."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from amanat_verifier.cbor import Malformed, Value, decode, encode, sequence
from amanat_verifier.group import L, add, base, is_point, scalar
from amanat_verifier.manifest import dumps

ITEM = 32
INSTEAD_OF_NULL: tuple[Value, ...] = (bytes(16), bytes(32), 0, [])

Change = tuple[str, Any]  # where and what, and the new value


def other(item: bytes) -> bytes:
    """Another item of the same kind: a point becomes another point, a scalar another scalar, the rest loses a bit."""
    if len(item) == ITEM and is_point(item):
        return add(item, base(1))
    number = scalar(item)
    if number is not None:
        return ((number + 1) % L).to_bytes(ITEM, "little")
    return bytes([item[0] ^ 1]) + item[1:] if item else b"\0"


def items(data: bytes) -> list[bytes]:
    """In pieces of 32 bytes where that comes out even, else whole."""
    if not data or len(data) % ITEM:
        return [data]
    return [data[i : i + ITEM] for i in range(0, len(data), ITEM)]


def of_bytes(data: bytes, at: str) -> Iterator[Change]:
    """Each item changed once."""
    pieces = items(data)
    for i, piece in enumerate(pieces):
        yield f"{at} bytes {i * ITEM}", b"".join([*pieces[:i], other(piece), *pieces[i + 1 :]])


def inner(data: bytes) -> list[Value] | None:
    """The array that a byte string holds, if it holds one."""
    try:
        value = decode(data)
    except Malformed:
        return None
    return list(value) if isinstance(value, list) else None


def of_value(value: Value, at: str) -> Iterator[Change]:
    """Each leaf below changed once, each null filled, each array once shorter; byte strings that hold CBOR included."""
    if value is None:
        yield from ((f"{at} null filled with {new!r:.12}", new) for new in INSTEAD_OF_NULL)
    elif isinstance(value, int):
        yield f"{at} + 1", value + 1
    elif isinstance(value, str):
        yield f"{at} text", ("X" if value[:1] != "X" else "Y") + value[1:]
    elif isinstance(value, bytes):
        nested = inner(value)
        if nested is None:
            yield from of_bytes(value, at)
        else:
            yield from ((place, encode(new)) for place, new in of_value(nested, f"{at}<>"))
    else:
        yield from in_list(value, lambda item, i: of_value(item, f"{at}.{i}"))
        if value:
            yield f"{at} less its last", list(value[:-1])


def in_list(
    values: Sequence[Any], changes_of: Callable[[Any, int], Iterator[Change]]
) -> Iterator[tuple[str, list[Any]]]:
    """The list with one item changed."""
    for i, item in enumerate(values):
        for place, new in changes_of(item, i):
            yield place, [*values[:i], new, *values[i + 1 :]]


def of_list(values: Sequence[Any]) -> Iterator[tuple[str, list[Any]]]:
    """The list with one item dropped, repeated, or exchanged with the next."""
    for i, item in enumerate(values):
        yield f"item {i + 1} dropped", [*values[:i], *values[i + 1 :]]
        yield f"item {i + 1} repeated", [*values[: i + 1], item, *values[i + 1 :]]
        if i + 1 < len(values) and values[i + 1] != item:
            yield f"items {i + 1} and {i + 2} exchanged", [*values[:i], values[i + 1], item, *values[i + 2 :]]


def of_sequence(data: bytes) -> Iterator[Change]:
    """A .seq file."""
    values = sequence(data)
    changed = in_list(values, lambda item, i: of_value(item, f"item {i + 1}"))
    for place, new in (*changed, *of_list(values), ("an empty item more", [*values, []])):
        yield place, b"".join(map(encode, new))


def of_flat(data: bytes) -> Iterator[Change]:
    """A .bin, .proof or sig file: each item; and a few exchanges of order and length."""
    yield from of_bytes(data, "item at")
    pieces = items(data)
    ends = {0, len(pieces) - 2, len(pieces) - 1}
    for place, new in of_list(pieces):
        if any(place.startswith((f"item {i + 1} ", f"items {i + 1} ")) for i in ends):
            yield place, b"".join(new)


def of_json(value: Any, at: str = "") -> Iterator[Change]:
    """Each leaf, each key dropped, each array once shorter."""
    if isinstance(value, dict):
        for key, inside in value.items():
            yield from ((place, value | {key: new}) for place, new in of_json(inside, f"{at}.{key}"))
            yield f"{at}.{key} dropped", {k: v for k, v in value.items() if k != key}
    elif isinstance(value, list):
        yield from in_list(value, lambda item, i: of_json(item, f"{at}.{i}"))
        yield f"{at} once longer", [*value, None]
    else:
        yield f"{at} changed", 0 if value is None else value + (1 if isinstance(value, int) else "x")


def of_text(data: bytes) -> Iterator[Change]:
    """A text file: each line dropped, and one byte of each changed."""
    lines = data.splitlines(keepends=True)
    for i, line in enumerate(lines):
        yield f"line {i + 1} dropped", b"".join([*lines[:i], *lines[i + 1 :]])
        yield f"line {i + 1} changed", b"".join([*lines[:i], bytes([line[0] ^ 1]) + line[1:], *lines[i + 1 :]])


def of_length(data: bytes) -> Iterator[Change]:
    """Any file: cut, emptied, longer."""
    if data:
        yield "last byte cut", data[:-1]
        yield "emptied", b""
    yield "a null byte more", data + b"\0"


def of_file(path: str, data: bytes) -> Iterator[Change]:
    """All changes inside one file."""
    name = path.rpartition("/")[2]
    if name.endswith(".cbor"):
        yield from ((place, encode(new)) for place, new in of_value(decode(data), "it"))
    elif name.endswith(".seq"):
        yield from of_sequence(data)
    elif name.endswith(".json"):
        yield from ((place, dumps(new)) for place, new in of_json(json.loads(data)))
        yield "spaces in it", json.dumps(json.loads(data), ensure_ascii=False).encode() + b"\n"
    elif name.endswith((".bin", ".proof")) or name == "sig":
        yield from of_flat(data)
    else:
        yield from of_text(data)
    yield from of_length(data)
