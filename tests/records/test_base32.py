"""Text that people type and scanners read (E-8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amanat.records import base32, cbor
from amanat.records.cbor import Malformed

IDS = st.binary(min_size=32, max_size=32)


@given(st.binary(max_size=100))
def test_bytes_go_there_and_back_however_they_are_typed(data: bytes) -> None:
    """Lower case, hyphens and spaces do not matter."""
    text = base32.encode(data)
    assert base32.decode(text) == data
    assert base32.decode(" ".join(text.lower())) == data
    assert set(text) <= set(base32.ALPHABET)


def test_known_texts() -> None:
    """RFC 4648's bits in Crockford's letters."""
    assert base32.encode(b"") == ""
    assert base32.encode(b"foobar") == "CSQPYRK1E8"
    assert base32.decode("csqpyrkle8") == b"foobar"
    assert base32.decode("CSQPYRKIE8") == b"foobar"
    assert base32.decode("O0") == b"\0"


@pytest.mark.parametrize("text", ["0", "000", "U0", "01", "C*", "é0", "۰۰"])
def test_what_no_bytes_give_is_refused(text: str) -> None:
    """Impossible lengths, spare bits set, other symbols."""
    with pytest.raises(Malformed):
        base32.decode(text)


@given(IDS)
def test_a_code_names_the_first_hundred_bits(id_: bytes) -> None:
    """Printed, typed back in any case, it finds its ballot."""
    code = base32.code(id_)
    assert [len(part) for part in code.split("-")] == [4, 4, 4, 4, 4, 1]
    prefix = base32.parse_code(code.lower())
    assert prefix == int.from_bytes(id_, "big") >> 156


@given(IDS, st.integers(0, 20), st.sampled_from(base32.ALPHABET))
def test_one_wrong_symbol_is_seen(id_: bytes, at: int, symbol: str) -> None:
    """The check symbol catches each single slip."""
    code = base32.code(id_).replace("-", "")
    slipped = code[:at] + symbol + code[at + 1 :]
    if slipped == code:
        assert base32.parse_code(slipped) == base32.parse_code(code)
    else:
        with pytest.raises(Malformed):
            base32.parse_code(slipped)


@given(IDS, st.integers(0, 18))
def test_two_neighbours_exchanged_are_seen(id_: bytes, at: int) -> None:
    """The commonest slip after a wrong letter."""
    code = base32.code(id_).replace("-", "")
    if code[at] != code[at + 1]:
        with pytest.raises(Malformed):
            base32.parse_code(code[:at] + code[at + 1] + code[at] + code[at + 2 :])


@pytest.mark.parametrize("text", ["", "0000-0000-0000-0000-0000", "0000-0000-0000-0000-0000-1", "U" * 21])
def test_what_is_no_code(text: str) -> None:
    """Too short, a wrong check symbol, letters that are not in the alphabet."""
    with pytest.raises(Malformed):
        base32.parse_code(text)


@pytest.mark.parametrize(
    "text", ["", "AP", "AP2" + base32.encode(cbor.encode([1])), "AP1U", "AP1" + base32.encode(b"\x82\x01")]
)
def test_what_is_no_slip(text: str) -> None:
    """Another head, other symbols, other bytes."""
    with pytest.raises(Malformed):
        base32.decode_slip("AP1", text)
