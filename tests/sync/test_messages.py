"""Messages and automata of delivery (S-1): what is read, what is refused, how much one push takes."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amanat.errors import PeerFault
from amanat.records import cbor
from amanat.records.journal import SignedEntry
from amanat.sync import messages
from amanat.sync.hq_side import JUDGEMENT, Chain, Held
from amanat.sync.messages import SHOWN_MAX, Answer, Envelope, Head, NewsItem, Push, SignedDelta
from amanat.sync.station_side import NEXT, Happening, Phase

UINT = st.integers(0, (1 << 64) - 1)
HASH = st.binary(min_size=32, max_size=32)
NONCE = st.binary(min_size=16, max_size=16)
HEADS = st.lists(st.builds(Head, UINT, UINT, HASH), max_size=4)


@given(st.builds(Push, UINT, NONCE, UINT, UINT, st.lists(st.just([b"e", b"s", None]), max_size=4), HEADS))
def test_a_push_is_read_as_it_was_written(push: Push) -> None:
    """Encoding and reading are inverse."""
    assert messages.decode_push(messages.encode_push(push)) == push


NEWS = st.lists(st.builds(NewsItem, st.binary(min_size=10, max_size=10), UINT), max_size=4)
SIGNATURE = st.binary(min_size=64, max_size=64)
DELTAS = st.lists(st.builds(SignedDelta, st.binary(), SIGNATURE), max_size=3)


SHOWN = st.lists(st.builds(SignedEntry, st.binary(), SIGNATURE, st.none()), max_size=SHOWN_MAX)


@given(st.builds(Answer, NONCE, NONCE, HEADS, UINT, NEWS, DELTAS, UINT, UINT, SHOWN))
def test_an_answer_is_read_as_it_was_written(answer: Answer) -> None:
    """Encoding and reading are inverse."""
    assert messages.decode_answer(messages.encode_answer(answer)) == answer


@pytest.mark.parametrize("length", [0, 63, 65])
def test_an_answer_whose_signatures_are_none_is_a_fault_of_headquarters(length: int) -> None:
    """An entry shown, or a delta, with a signature of another length: a failed push, and no exception in the link."""
    bad = bytes(length)
    empty = Answer(bytes(16), bytes(16), [], 0, [], [], 1, 1)
    for answer in (
        replace(empty, shown=[SignedEntry(b"e", bad, None)]),
        replace(empty, deltas=[SignedDelta(b"d", bad)]),
    ):
        with pytest.raises(PeerFault):
            messages.decode_answer(messages.encode_answer(answer))


@given(st.binary(max_size=200))
def test_rubbish_is_refused_and_nothing_else(data: bytes) -> None:
    """No bytes make a reader raise anything but PeerFault."""
    for read in (messages.decode_envelope, messages.decode_push, messages.decode_answer):
        with pytest.raises(PeerFault):
            read(data)


GOOD: list[Any] = [1, "push", 3, bytes(16), 0, 0, [], []]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[(0, 2), (1, "pull"), (2, "3"), (3, bytes(15)), (4, None), (5, b""), (6, 0), (6, [[]] * 257)],
        *[(7, [[1, 2]]), (7, [[1, 2, bytes(31)]])],
    ],
)
def test_a_push_of_another_form_is_refused(field: int, value: object) -> None:
    """Each field in turn is wrong."""
    assert messages.decode_push(cbor.encode(GOOD)).device == 3
    bad = [value if at == field else good for at, good in enumerate(GOOD)]
    with pytest.raises(PeerFault):
        messages.decode_push(cbor.encode(bad))  # type: ignore[arg-type]


def test_an_envelope_has_a_largest_size() -> None:
    """A stranger cannot make headquarters decode an endless message."""
    with pytest.raises(PeerFault):
        messages.decode_envelope(Envelope(bytes(2 * messages.BYTES_MAX), 1, bytes(64)).encode())


@pytest.mark.parametrize(
    ("count", "size", "taken"), [(0, 1, 0), (1, 1, 1), (256, 1, 256), (257, 1, 256), (3, 500_000, 2), (2, 2_000_000, 1)]
)
def test_a_push_takes_256_entries_or_a_mebibyte(count: int, size: int, taken: int) -> None:
    """Bounded in both ways; one huge entry still travels, alone."""
    entries = [SignedEntry(bytes(size), bytes(64), None)] * count
    assert len(messages.bounded(entries)) == taken


def test_the_stations_table_has_no_dead_end() -> None:
    """Every phase has a push and a stale answer; only a waiting station takes an answer."""
    for phase, happening in product(Phase, Happening):
        assert ((phase, happening) in NEXT) == (happening is not Happening.ANSWERED or phase is Phase.WAITING)


def test_every_place_has_its_judgement() -> None:
    """Nothing, the same, another: the table names each."""
    assert set(JUDGEMENT) == set(Held)


def test_a_chain_closes_a_gap_whatever_came_first() -> None:
    """b, c and a fork of c wait for a; when a comes there are two tips."""
    from dataclasses import dataclass

    @dataclass
    class Stub:
        seq: int
        prev: bytes

    chain = Chain()
    chain.link(Stub(2, b"b"), b"c", parent_is_chained=False)  # type: ignore[arg-type]
    chain.link(Stub(2, b"b"), b"C", parent_is_chained=False)  # type: ignore[arg-type]
    chain.link(Stub(1, b"a"), b"b", parent_is_chained=False)  # type: ignore[arg-type]
    assert chain.tips == {}
    assert chain.is_loose(b"c")
    chain.link(Stub(0, b"genesis"), b"a", parent_is_chained=True)  # type: ignore[arg-type]
    assert chain.tips == {b"c": 2, b"C": 2}
    assert not chain.loose
