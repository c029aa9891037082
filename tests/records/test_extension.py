"""An extension of hours is believed for its signatures alone, with no network (J-10)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import amanat_crypto
from amanat.errors import Rejected
from amanat.records.cbor import Malformed
from amanat.records.extension import (
    GOVERNOR,
    MINISTERS_MS,
    SUPERVISORY_BOARD,
    ExtensionOrder,
    RoleSignature,
    make,
    read_slip,
    require_signed,
)
from amanat.records.manifest import Authority

EH = b"e" * 32
SEEDS = {GOVERNOR: b"g" * 32, SUPERVISORY_BOARD: b"s" * 32}
AUTHORITIES = [Authority(role, amanat_crypto.public_key(seed)) for role, seed in SEEDS.items()]
BASE = 1_709_303_400_000  # 18:00 in Iran
TWO_HOURS = ExtensionOrder(1, (), BASE + 2 * 3_600_000, BASE)
FOUR_HOURS = replace(TWO_HOURS, number=2, until_ms=BASE + 4 * 3_600_000)
WALL = st.integers(0, 2**45)
ORDERS = st.builds(
    lambda number, stations, base, more: ExtensionOrder(number, tuple(sorted(stations)), base + more, base),
    number=st.integers(1, 2**20),
    stations=st.sets(st.integers(0, 60_000), max_size=40),
    base=WALL,
    more=st.integers(1, 10 * MINISTERS_MS),
)


@given(order=ORDERS)
def test_any_order_comes_through_paper_and_scanner(order: ExtensionOrder) -> None:
    """Signed by whom it needs, printed, scanned in whatever case and typed with spaces: the same order, believed."""
    slip = make(order, eh=EH, seeds=SEEDS).slip()
    assert set(slip) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    typed = " ".join(slip[at : at + 5] for at in range(0, len(slip), 5)).lower()
    for text in (slip, typed):
        assert require_signed(read_slip(text), eh=EH, authorities=AUTHORITIES) == order


def test_three_hours_are_the_ministers_and_more_needs_the_council() -> None:
    """Art. 11 note 2: to the minute three hours one signature suffices, a millisecond beyond two are asked for."""
    three = replace(TWO_HOURS, until_ms=BASE + MINISTERS_MS)
    assert (three.roles, replace(three, until_ms=three.until_ms + 1).roles) == (
        (GOVERNOR,),
        (GOVERNOR, SUPERVISORY_BOARD),
    )
    with pytest.raises(Rejected) as refused:
        make(FOUR_HOURS, eh=EH, seeds={GOVERNOR: SEEDS[GOVERNOR]})
    assert (refused.value.code, refused.value.facts["role"]) == ("extension-needs", SUPERVISORY_BOARD)
    signed = make(FOUR_HOURS, eh=EH, seeds=SEEDS)
    alone = replace(signed, signatures=signed.signatures[:1])
    twice = replace(signed, signatures=signed.signatures[:1] * 2)
    for lacking in (alone, twice):
        with pytest.raises(Rejected) as refused:
            require_signed(lacking, eh=EH, authorities=AUTHORITIES)
        assert refused.value.code == "extension-needs"


def test_what_is_forged_is_refused() -> None:
    """Another election, another order under the signature, a stranger's key, one signature too many that is wrong."""
    signed = make(TWO_HOURS, eh=EH, seeds=SEEDS)
    stranger = make(TWO_HOURS, eh=EH, seeds={GOVERNOR: b"x" * 32})
    more = RoleSignature(SUPERVISORY_BOARD, bytes(64))
    forgeries = [
        (signed, b"f" * 32),
        (replace(signed, order=FOUR_HOURS.encode()), EH),
        (stranger, EH),
        (replace(signed, signatures=(RoleSignature("clerk", signed.signatures[0].signature),)), EH),
        (replace(signed, signatures=(*signed.signatures, more)), EH),
    ]
    for forged, eh in forgeries:
        with pytest.raises(Rejected) as refused:
            require_signed(forged, eh=eh, authorities=AUTHORITIES)
        assert refused.value.code == "extension-not-signed"


@pytest.mark.parametrize(
    "order",
    [
        replace(TWO_HOURS, number=0),
        replace(TWO_HOURS, until_ms=BASE),
        replace(TWO_HOURS, stations=(2, 1)),
        replace(TWO_HOURS, stations=(1, 1)),
    ],
    ids=["no number", "no extension", "out of order", "twice"],
)
def test_an_order_that_makes_no_sense_is_unreadable(order: ExtensionOrder) -> None:
    slip = make(order, eh=EH, seeds=SEEDS).slip()
    with pytest.raises(Malformed):
        read_slip(slip)
    for text in ("", "AE1", "AP1" + slip[3:], slip[:-1], slip + "0"):
        with pytest.raises(Malformed):
            read_slip(text)
