"""The one form of all records (E-2): what is read is written the same, and anything else is Malformed."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amanat.records import cbor
from amanat.records.ballot import Core
from amanat.records.cbor import Malformed, Value
from amanat.records.device import Certificate
from amanat.records.journal import Entry, SignedEntry
from amanat.records.manifest import Manifest
from amanat.records.order import Decision, Exclusion, Lot, Order
from amanat.records.permit import Permit, PrivatePart
from amanat.records.register import Delta
from amanat.records.shape import Record
from amanat.records.sheet import Sheet

KINDS: list[type[Record]] = [
    *(Core, Certificate, Entry, SignedEntry, Manifest, Decision, Exclusion, Lot, Order),
    *(Permit, PrivatePart, Delta, Sheet),
]
LEAVES = st.sampled_from(
    [None, 0, 1, 2, 3, 2**64 - 1, b"", b"16 bytes of bytes", bytes(16), bytes(32), bytes(64), "", "link"]
)
FIELDS = st.lists(st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4), max_leaves=6), max_size=16)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(fields=FIELDS)
def test_any_array_is_this_record_or_malformed(kind: type[Record], fields: list[Value]) -> None:
    """Random arrays, with and without the version in front: read only if they are written back the same."""
    for value in (fields, [1, *fields]):
        data = cbor.encode(value)
        with suppress(Malformed):
            assert kind.decode(data).encode() == data
