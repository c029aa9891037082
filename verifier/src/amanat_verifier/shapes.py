"""Shapes of decoded values: each spec takes a value and its place, and returns it typed or raises Fault there."""

from collections.abc import Callable
from typing import Any

from amanat_verifier.cbor import Malformed, Value, decode, sequence


class Fault(Exception):
    """Evidence that does not hold; `where` names file, item and what is wrong there, and is what people read."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


Spec = Callable[[Value, str], Any]


def uint(value: Value, at: str) -> int:
    """An unsigned integer."""
    if type(value) is not int:
        raise Fault(f"{at}: an unsigned integer is expected")
    return value


def text(value: Value, at: str) -> str:
    """A text string."""
    if type(value) is not str:
        raise Fault(f"{at}: a text is expected")
    return value


def blob(value: Value, at: str) -> bytes:
    """A byte string of any length."""
    if type(value) is not bytes:
        raise Fault(f"{at}: a byte string is expected")
    return value


def raw(size: int) -> Spec:
    """A byte string of exactly `size` bytes."""

    def spec(value: Value, at: str) -> bytes:
        if type(value) is not bytes or len(value) != size:
            raise Fault(f"{at}: {size} bytes are expected")
        return value

    return spec


def only(*allowed: int | str) -> Spec:
    """One of a closed set."""

    def spec(value: Value, at: str) -> Any:
        if value not in allowed or type(value) not in (int, str):
            raise Fault(f"{at}: one of {', '.join(map(str, allowed))} is expected")
        return value

    return spec


def optional(inner: Spec) -> Spec:
    """The inner shape, or null."""

    def spec(value: Value, at: str) -> Any:
        return None if value is None else inner(value, at)

    return spec


def many(inner: Spec) -> Spec:
    """An array of any length, all of one shape; returns a tuple."""

    def spec(value: Value, at: str) -> tuple[Any, ...]:
        if type(value) is not list:
            raise Fault(f"{at}: an array is expected")
        return tuple(inner(item, f"{at}, element {i}") for i, item in enumerate(value))

    return spec


def row(*inner: Spec) -> Spec:
    """An array of fixed length; returns a tuple."""

    def spec(value: Value, at: str) -> tuple[Any, ...]:
        if type(value) is not list or len(value) != len(inner):
            raise Fault(f"{at}: an array of {len(inner)} is expected")
        return tuple(shape(item, f"{at}, field {i}") for i, (shape, item) in enumerate(zip(inner, value, strict=True)))

    return spec


def parse(data: bytes, spec: Spec, at: str) -> Any:
    """One value of that shape, nothing after it."""
    try:
        return spec(decode(data), at)
    except Malformed as cause:
        raise Fault(f"{at}: {cause}") from cause


def parse_sequence(data: bytes, spec: Spec, at: str) -> list[Any]:
    """All items of a sequence, each of that shape; places count items from 1."""
    try:
        return [spec(value, f"{at}: item {i}") for i, value in enumerate(sequence(data), 1)]
    except Malformed as cause:
        raise Fault(f"{at}: {cause}") from cause


def require_ascending(keys: list[Any], at: str, *, repeats: bool = False) -> None:
    """Sorted, and without equal neighbours unless `repeats`."""
    for i in range(1, len(keys)):
        if keys[i] < keys[i - 1] or (keys[i] == keys[i - 1] and not repeats):
            raise Fault(f"{at}: item {i + 1} is out of order or repeated")
