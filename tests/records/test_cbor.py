"""Signed bytes have one form (E-2): whatever else is read as the same value elsewhere is refused here."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amanat.records import cbor
from amanat.records.cbor import Malformed, Value

VALUES = st.recursive(
    st.none() | st.integers(0, 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
def test_a_value_goes_there_and_back(value: Value) -> None:
    """Encoded and read, it is the same."""
    assert cbor.decode(cbor.encode(value)) == value


@given(st.lists(VALUES, max_size=5))
def test_a_sequence_goes_there_and_back(values: list[Value]) -> None:
    """RFC 8742: the items one after the other."""
    assert cbor.decode_seq(cbor.encode_seq(values)) == values


@given(st.binary(max_size=60))
def test_bytes_that_are_read_are_the_one_encoding(data: bytes) -> None:
    """Random bytes: refused, or exactly what the value encodes to."""
    with suppress(Malformed):
        assert cbor.encode(cbor.decode(data)) == data


@given(VALUES, st.data())
def test_one_byte_changed_is_another_value_or_refused(value: Value, data: st.DataObject) -> None:
    """No two encodings of one value."""
    good = cbor.encode(value)
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    with suppress(Malformed):
        assert cbor.decode(bad) != value


REFUSED = {
    "nothing": "",
    "integer in two bytes that fits one": "1817",
    "integer in three bytes that fits two": "1900ff",
    "integer in five bytes that fits three": "1a0000ffff",
    "integer in nine bytes that fits five": "1b00000000ffffffff",
    "length of bytes not shortest": "580161",
    "length of text not shortest": "780161",
    "length of array not shortest": "980101",
    "negative integer": "20",
    "indefinite bytes": "5f4161ff",
    "indefinite text": "7f6161ff",
    "indefinite array": "9f01ff",
    "map": "a10102",
    "empty map": "a0",
    "true": "f5",
    "false": "f4",
    "undefined": "f7",
    "half float": "f93c00",
    "float": "fa3f800000",
    "double": "fb3ff0000000000000",
    "not a number": "f97e00",
    "simple value": "f0",
    "simple value in two bytes": "f820",
    "tag of a date": "c074323032342d30332d30315430303a30303a30305a",
    "bignum": "c249010000000000000000",
    "negative bignum": "c349010000000000000000",
    "decimal": "c48221196ab3",
    "set": "d9010280",
    "shared reference": "d81c80",
    "bad UTF-8": "62c328",
    "surrogate": "63eda080",
    "trailing byte": "0100",
    "cut short": "8201",
    "length of 2^56 bytes": "5b0100000000000000",
    "array of 2^60 items": "9b1000000000000000",
    "break alone": "ff",
    "nested a hundred thousand deep": "81" * 100_000 + "80",
    "nested seventeen deep": "81" * 17 + "80",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_every_other_form_is_refused(data: str) -> None:
    """Non-canonical, of another type, cut, or hostile: Malformed, never a value and never a crash."""
    with pytest.raises(Malformed):
        cbor.decode(bytes.fromhex(data))
    if data:
        with pytest.raises(Malformed):
            cbor.decode_seq(bytes.fromhex(data) if data != "0100" else b"\x01\x18\x00")


@pytest.mark.parametrize("value", [True, False, -1, 2**64, 1.0, {}, {"a": 1}, {1}, "\ud800", [None, True], object()])
def test_what_has_no_form_is_not_written(value: object) -> None:
    """A bool is no integer here, whatever Python thinks."""
    with pytest.raises(Malformed):
        cbor.encode(value)  # type: ignore[arg-type]


def test_nothing_endless_is_written() -> None:
    """A list inside itself, or seventeen deep."""
    inside: list[Value] = []
    inside.append(inside)
    with pytest.raises(Malformed):
        cbor.encode(inside)


def test_a_wrong_type_is_named() -> None:
    """The sentence says which part was wrong, in both languages."""
    for check, value in [
        (cbor.as_uint, "1"),
        (cbor.as_bytes, "1"),
        (cbor.as_text, b"1"),
        (cbor.as_list, 1),
    ]:
        with pytest.raises(Malformed, match="seal"):
            check(value, "seal")  # type: ignore[operator]
    with pytest.raises(Malformed, match="seal"):
        cbor.as_bytes(b"1", "seal", size=2)
    with pytest.raises(Malformed, match="seal"):
        cbor.as_uint(2, "seal", below=2)
    with pytest.raises(Malformed, match="seal"):
        cbor.as_list([1], "seal", size=2)
