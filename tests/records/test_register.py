"""The register and its deltas (R-1, R-2)."""

import hashlib
import mmap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amanat.errors import BadInput, PeerFault
from amanat.records import register
from amanat.records.cbor import Malformed
from amanat.records.register import Delta, Person, Register, RegisterView, build, delta_id
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import NationalId, check_digit, parse, synthetic

NUMBERS = st.integers(0, 10**9 - 1) | st.integers(0, 3_000) | st.integers(700_000_000, 700_001_000)
IDS = NUMBERS.map(lambda n: parse(f"{n:09}" + check_digit(f"{n:09}"))).filter(lambda found: found is not None)
NAMES = st.sampled_from(["", "علی", "علی محمدی", "سید محمد رضا میرتاج‌الدینی", "زهرا حسینی", "John Smith"])
PEOPLE = st.lists(
    st.builds(Person, IDS, NAMES, st.integers(1260, 1402), st.integers(0, 63).map(Flags.from_bits)),
    unique_by=lambda person: person.national_id,
    max_size=300,
)


def made(people: list[Person], *, key: bytes = b"", names: bool = True, version: int = 1) -> bytes:
    return build(people, election_id="e", round=1, day="2024-03-01", version=version, key=key, names=names)


@given(PEOPLE, st.sampled_from([b"", b"k" * 32]), st.lists(IDS, max_size=20))
def test_everybody_is_found_and_nobody_else(people: list[Person], key: bytes, others: list[NationalId]) -> None:
    """In any order of building, with names plain or hidden; neighbours of an id are not it."""
    read = Register(made(people, key=key), key=key)
    assert read.count == len(people)
    known = {person.national_id: person for person in people}
    assert all(read.look(person.national_id) == person for person in people)
    near = [f"{int(person.national_id[:9]) + step:09}"[-9:] for person in people[:5] for step in (-1, 1, 127, 128, 129)]
    for id_ in [*others, *(NationalId(nine + check_digit(nine)) for nine in near if nine.isdigit())]:
        assert read.look(id_) == known.get(id_)


def test_a_large_register_has_blocks() -> None:
    """Two thousand in a row and two thousand far apart: first, last and every other are found."""
    people = [Person(synthetic(n if n < 2_000 else n * 997), f"نام {n % 7}", 1360, Flags()) for n in range(4_000)]
    read = Register(made(people))
    assert [read.look(person.national_id) for person in people] == people
    assert read.look(synthetic(2_001)) is None
    assert read.look(NationalId("0076229645")) is None


def test_it_names_its_election_and_its_root_is_its_hash() -> None:
    """Never eh: the manifest names the register, not the reverse; the order of the input does not matter."""
    people = [Person(synthetic(n), "علی", 1360, Flags()) for n in range(3)]
    data = made(people)
    read = Register(data)
    assert read.root == hashlib.sha256(data).digest()
    assert (read.election_id, read.round, read.day, read.version) == ("e", 1, "2024-03-01", 1)
    assert made(people[::-1]) == data
    assert made(people[:2]) != data


def test_it_is_read_in_place(tmp_path: Path) -> None:
    """A memory-mapped file serves as well as bytes."""
    person = Person(synthetic(5), "زهرا حسینی", 1370, Flags(alive=False))
    path = tmp_path / "register.bin"
    path.write_bytes(made([person]))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        read = Register(mapped)
        assert read.look(person.national_id) == person
        read.close()


def test_flags_only() -> None:
    """Without names the file is some 1.6 bytes a person and says neither name nor year."""
    people = [Person(synthetic(n * 3), f"نام {n}", 1360, Flags(alive=n % 50 > 0)) for n in range(2_000)]
    data = made(people, names=False)
    assert len(data) < 1.7 * len(people) + 200
    assert Register(data).look(synthetic(0)) == Person(synthetic(0), "", 0, Flags(alive=False))


def test_names_under_a_key_are_not_read_without_it() -> None:
    """A stolen file gives flags; it gives a name only to who has the register key."""
    person = Person(synthetic(1), "زهرا حسینی", 1370, Flags())
    data = made([person], key=b"k" * 32)
    assert Register(data, key=b"k" * 32).look(person.national_id) == person
    for key in (b"", b"x" * 32):
        with pytest.raises(Malformed, match="register name"):
            Register(data, key=key).look(person.national_id)


@pytest.mark.parametrize(
    ("people", "code"),
    [
        ([Person(synthetic(1), "a", 1360, Flags()), Person(synthetic(1), "b", 1360, Flags())], "register-id-twice"),
        ([Person(synthetic(1), "a", 1984, Flags())], "register-birth-year"),
    ],
)
def test_people_who_cannot_be(people: list[Person], code: str) -> None:
    """Two with one id, a Gregorian year of birth."""
    with pytest.raises(BadInput) as caught:
        made(people)
    assert caught.value.code == code
    assert synthetic(1) in caught.value.both()


def test_what_is_no_register() -> None:
    """Empty, cut, longer, another file, a wrong header: Malformed."""
    data = made([Person(synthetic(1), "a", 1360, Flags())])
    start = len(register.MAGIC)
    broken = [b"", b"x" * 100, data[:20], data[:-1], data + b"\0", data[:start] + bytes(4) + data[start + 4 :]]
    for wrong in broken:
        with pytest.raises(Malformed):
            Register(wrong)


def test_deltas_are_applied_in_order_and_the_newest_holds() -> None:
    """A death and a correction arrive; one out of order changes nothing."""
    ali, zahra = Person(synthetic(1), "علی", 1360, Flags()), Person(synthetic(2), "زهرا", 1384, Flags(of_age=False))
    view = RegisterView(Register(made([ali])), [Delta(2, (Person(ali.national_id, "علی", 1360, Flags(alive=False)),))])
    assert (view.version, view.look(zahra.national_id)) == (2, None)
    with pytest.raises(PeerFault, match="3 is due"):
        view.apply(Delta(4, (zahra,)))
    assert (view.version, view.look(zahra.national_id)) == (2, None)
    view.apply(Delta(3, (zahra, ali)))
    assert (view.version, view.look(zahra.national_id), view.look(ali.national_id)) == (3, zahra, ali)


def test_a_delta_goes_there_and_back() -> None:
    """Signed as a whole by headquarters; a person in another spelling is refused."""
    delta = Delta(2, (Person(synthetic(1), "علی", 1360, Flags(here=False)),))
    assert Delta.decode(delta.encode()) == delta
    assert delta_id(bytes(32), delta.encode()) != delta_id(b"1" * 32, delta.encode())
    for wrong in (Person(NationalId("7000000010"), "", 0, Flags()), Person(synthetic(1), "", 0, Flags())):
        bad = Delta(2, (wrong,)).encode().replace(b"\x18\x3f", b"\x18\x40")
        with pytest.raises(Malformed):
            Delta.decode(bad)
