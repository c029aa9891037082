"""What both boards sign (T-2, T-5, M-6)."""

from dataclasses import replace

import pytest

from amanat.records import cbor
from amanat.records.cbor import Malformed, Value
from amanat.records.order import (
    REASONS,
    Decision,
    DecisionKind,
    DeviceEnd,
    DeviceStatus,
    Exclusion,
    Lot,
    Order,
    Reason,
    TreeHead,
    decision_id,
    lot_id,
    order_id,
)
from amanat.records.shape import Record
from amanat.rules.tally import Lot as RuleLot
from amanat.rules.tally import Purpose

D = b"d" * 32
ORDER = Order(
    1,
    TreeHead(10, D),
    D,
    D,
    D,
    (DeviceEnd(0, DeviceStatus.CLOSED, D), DeviceEnd(3, DeviceStatus.UNUSED, None)),
    (0, 1, 2),
    (),
)
RECORDS: list[Record] = [
    ORDER,
    Decision(DecisionKind.PERMIT, D, Reason.STANDS, D),
    Exclusion(D * 2, Reason.PAPER, 4),
    Exclusion(D * 2, Reason.ANNULLED, None),
    Lot(0, Purpose.SEAT, ("1", "2"), ("2",), D),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_what_is_signed_goes_there_and_back(record: Record) -> None:
    """One encoding each, starting with version 1."""
    assert type(record).decode(record.encode()) == record
    assert cbor.decode(record.encode())[0] == 1  # type: ignore[index]


def test_the_names_of_reasons() -> None:
    """As summaries print them."""
    assert REASONS == ("stands", "duplicate", "paper", "annulled", "late")


@pytest.mark.parametrize(
    "order",
    [
        replace(ORDER, devices=ORDER.devices[::-1]),
        replace(ORDER, devices=ORDER.devices[:1] * 2),
        replace(ORDER, mixers=(0, 0, 1)),
        replace(ORDER, mixers=(1, 0)),
        replace(ORDER, apart=(2, 1)),
        replace(ORDER, ballots_digest=b"short"),
    ],
)
def test_an_order_that_names_something_twice_or_unsorted_is_refused(order: Order) -> None:
    """The same mixer twice is the mistake of others that must not return."""
    with pytest.raises(Malformed):
        Order.decode(order.encode())


@pytest.mark.parametrize(
    "fields",
    [
        [1, D * 2, 2, None],
        [1, D * 2, 3, 0],
        [1, D * 2, 0, None],
        [1, D, 3, None],
        [2, D * 2, 3, None],
        [1, D * 2, 9, None],
    ],
)
def test_an_exclusion_has_a_station_only_for_paper(fields: list[Value]) -> None:
    """Reason 2 with, reason 3 without; no other reason."""
    with pytest.raises(Malformed):
        Exclusion.from_value(fields)


def test_references_of_an_exclusion() -> None:
    """A decision refers to SHA-256(E), a ballot set aside to SHA-256 of the item."""
    one, two = Exclusion(D * 2, Reason.PAPER, 4), Exclusion(D * 2, Reason.PAPER, 5)
    assert one.digest == two.digest
    assert one.item_digest != two.item_digest


def test_a_lot_as_the_rules_take_it() -> None:
    """The tied ascending, the drawn in the order drawn."""
    lot = Lot(0, Purpose.RUNOFF, ("1", "2", "3"), ("3", "1"), D)
    assert Lot.decode(lot.encode()).rule() == RuleLot(Purpose.RUNOFF, ("1", "2", "3"), ("3", "1"))
    with pytest.raises(Malformed):
        Lot.decode(replace(lot, tied=("2", "1")).encode())


def test_names_are_apart() -> None:
    """The same bytes as order, decision and lot have three names."""
    assert len({order_id(D, b""), decision_id(D, b""), lot_id(D, b"")}) == 3
