"""Changes of the register: the same as a dict, the same as reading a delta at once (R-2)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amanat.errors import PeerFault
from amanat.records.cbor import Malformed
from amanat.records.register import Delta, Person, Register, RegisterView, build
from amanat.records.register_changes import Changes, read_delta
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import synthetic

IDS = st.integers(0, 40).map(lambda n: synthetic(n * 13))
NAMES = st.sampled_from(["", "علی", "سید محمد رضا میرتاج‌الدینی", "زهرا حسینی"])
PERSON = st.builds(Person, IDS, NAMES, st.integers(1260, 1402), st.integers(0, 63).map(Flags.from_bits))
PEOPLE = st.lists(PERSON, max_size=60, unique_by=lambda person: person.national_id)


def base(people: list[Person]) -> Register:
    return Register(build(people, election_id="e", round=1, day="2024-03-01", version=1))


@given(PEOPLE, st.lists(st.lists(PERSON, max_size=90), max_size=5), st.lists(st.booleans(), min_size=5, max_size=5))
@settings(max_examples=60)
def test_a_view_is_a_dict_of_the_newest(people: list[Person], deltas: list[list[Person]], again: list[bool]) -> None:
    """Whatever comes in which order, at once or in slices, with a restart from all changes between or without."""
    register = base(people)
    view, known = RegisterView(register), {person.national_id: person for person in people}
    for version, (changes, is_restart) in enumerate(zip(deltas, again, strict=False), 2):
        known |= {person.national_id: person for person in changes}
        if version % 2:
            view.apply(Delta(version, tuple(changes)))
        else:
            read: dict[int, bytes] = {}
            assert set(read_delta(Delta(version, tuple(changes)).encode(), read)) == {version}
            for _ in view.apply_in_slices(version, read):
                assert all(view.look(id_) == person for id_, person in known.items())
        if is_restart:
            kept = b"".join(view.parts())
            view = RegisterView(register)
            view.resume(version, kept)
        assert view.version == version
        assert {n: view.look(synthetic(n * 13)) for n in range(41)} == {
            n: known.get(synthetic(n * 13)) for n in range(41)
        }


@given(st.lists(PERSON, max_size=40), st.data())
@settings(max_examples=150)
def test_reading_in_slices_takes_what_reading_at_once_takes(people: list[Person], data: st.DataObject) -> None:
    """Any byte changed, cut or added: both refuse, or both read the same."""
    content = bytearray(Delta(data.draw(st.sampled_from([2, 23, 24, 300])), tuple(people)).encode())
    place = data.draw(st.integers(0, len(content) - 1))
    match data.draw(st.sampled_from(["change", "cut", "add", "insert"])):
        case "change":
            content[place] ^= data.draw(st.integers(1, 255))
        case "cut":
            del content[place:]
        case "add":
            content += data.draw(st.binary(min_size=1, max_size=3))
        case _:
            content.insert(place, data.draw(st.integers(0, 255)))
    read: dict[int, bytes] = {}
    try:
        wanted: Delta | None = Delta.decode(bytes(content))
    except Malformed:
        wanted = None
    try:
        version = [*read_delta(bytes(content), read)][-1]
    except Malformed:
        assert wanted is None
        return
    assert wanted is not None
    assert (version, len(read)) == (wanted.version, len({person.national_id for person in wanted.changes}))


def test_a_number_in_a_long_form_is_refused() -> None:
    """A change has one encoding: a year in four bytes instead of two is none, nor a version in two instead of one."""
    content = Delta(2, (Person(synthetic(1), "زهرا", 1360, Flags()),)).encode()
    assert content.count(b"\x19\x05\x50") == 1
    for long in (content.replace(b"\x19\x05\x50", b"\x1a\0\0\x05\x50"), b"\x83\x01\x18\x02" + content[3:]):
        with pytest.raises(Malformed):
            Delta.decode(long)
        with pytest.raises(Malformed):
            [*read_delta(long, {})]


def test_only_the_next_delta_is_taken() -> None:
    """Of two with one number the second changes nothing."""
    view = RegisterView(base([]))
    with pytest.raises(PeerFault, match="2 is due"):
        next(view.apply_in_slices(3, {}))
    assert view.version == 1


@pytest.mark.parametrize("change", [lambda d: d[:-1], lambda d: d + b"x", lambda d: d[8:], lambda d: b""])
def test_bytes_that_are_no_changes(change) -> None:  # type: ignore[no-untyped-def]
    """Cut, longer, shifted, empty: Malformed."""
    changes = Changes()
    for n in range(50):
        changes.put(Person(synthetic(n), "زهرا", 1360, Flags()))
    data = b"".join(changes.parts())
    assert b"".join(Changes.read(data).parts()) == data
    with pytest.raises(Malformed):
        Changes.read(change(data))
