"""One form for all records: a frozen dataclass *is* its CBOR array, field by field, in the order declared.  Clause E-2.

The types say what is read: `Bytes32` has 32 bytes, `Bit` is 0 or 1, `X | None` may be null, `tuple[X, ...]` is an array
of any length, a Record inside is an array inside.  What does not fit raises Malformed naming the field.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cache
from itertools import pairwise
from types import UnionType
from typing import Annotated, Any, ClassVar, Self, Union, get_args, get_origin, get_type_hints

from amanat.records import cbor
from amanat.records.cbor import Encodable, Value, as_bytes, as_list, as_text, as_uint, refuse

Reader = Callable[[Value, str], Any]


@dataclass(frozen=True, slots=True)
class Check:
    """In an annotation: how this field is read; takes the value and the field's name, raises Malformed."""

    read: Reader


def _bytes_of(size: int) -> Check:
    return Check(lambda value, what: as_bytes(value, what, size=size))


Bytes16 = Annotated[bytes, _bytes_of(16)]
Bytes32 = Annotated[bytes, _bytes_of(32)]
Bytes64 = Annotated[bytes, _bytes_of(64)]
Bit = Annotated[int, Check(lambda value, what: as_uint(value, what, below=2))]


class Record:
    """Base of every signed record; `VERSION`, where there is one, is the array's first item."""

    __slots__ = ()
    VERSION: ClassVar[int | None] = None

    def fields(self) -> list[Encodable]:
        """The array, ready to be encoded or to stand in another one."""
        head: list[Encodable] = [] if self.VERSION is None else [self.VERSION]
        return head + [_plain(getattr(self, name)) for name, _ in _layout(type(self))]  # type: ignore[arg-type]

    def encode(self) -> bytes:
        """The one encoding."""
        return cbor.encode(self.fields())

    @classmethod
    def from_value(cls, value: Value) -> Self:
        """The reverse of ``fields``; Malformed."""
        layout, name = _layout(cls), cls.__name__.lower()  # type: ignore[arg-type]  # a class is hashable
        has_version = cls.VERSION is not None
        items = as_list(value, name, size=len(layout) + has_version)
        if has_version and items[0] != cls.VERSION:
            refuse(f"{name} version")
        made = cls(*(read(item, field) for (field, read), item in zip(layout, items[has_version:], strict=True)))
        made.require_sound()
        return made

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """A record from its bytes; Malformed."""
        return cls.from_value(cbor.decode(data))

    def require_sound(self) -> None:
        """What the fields must be to one another; Malformed.  Asked of every record that is read."""


@cache
def _layout(cls: type) -> tuple[tuple[str, Reader], ...]:
    hints = get_type_hints(cls, include_extras=True)
    return tuple((field.name, _reader(hints[field.name])) for field in fields(cls))


_PLAIN: dict[Any, Reader] = {int: as_uint, str: as_text, bytes: as_bytes, list: as_list}


def _reader(hint: Any) -> Reader:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        check: Reader = args[1].read
        return check
    if origin in (Union, UnionType):
        inner = _reader(next(arg for arg in args if arg is not type(None)))
        return lambda value, what: None if value is None else inner(value, what)
    if origin is tuple:
        return _array_reader(args)
    if isinstance(hint, type) and issubclass(hint, Record):
        return lambda value, _: hint.from_value(value)
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return lambda value, what: hint(as_uint(value, what, below=len(hint)))
    return _PLAIN[origin or hint]


def _array_reader(args: tuple[Any, ...]) -> Reader:
    if args[1:] == (...,):
        one = _reader(args[0])
        return lambda value, what: tuple(one(item, what) for item in as_list(value, what))
    readers = [_reader(arg) for arg in args]

    def read(value: Value, what: str) -> tuple[Any, ...]:
        items = as_list(value, what, size=len(readers))
        return tuple(reader(item, what) for reader, item in zip(readers, items, strict=True))

    return read


def _plain(value: Any) -> Encodable:
    if isinstance(value, Record):
        return value.fields()
    if isinstance(value, IntEnum):
        return int(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value  # type: ignore[no-any-return]  # an int, bytes, text or null; cbor.encode refuses all else


def is_ascending(items: tuple[Any, ...]) -> bool:
    """Whether each item is above the one before."""
    return all(a < b for a, b in pairwise(items))
