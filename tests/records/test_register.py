"""The register and its deltas (R-1, R-2)."""

import io
import mmap
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amanat.errors import AmanatError, BadInput, PeerFault, Rejected
from amanat.records import register_build, register_file
from amanat.records.cbor import Malformed
from amanat.records.register import Delta, Person, Register, RegisterView, build, delta_id, root_of
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
    salt = b"s" * 16 if key else bytes(16)
    return build(people, election_id="e", round=1, day="2024-03-01", version=version, key=key, salt=salt, names=names)


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


def test_it_names_its_election_and_has_a_root() -> None:
    """Never eh: the manifest names the register, not the reverse; the order of the input does not matter."""
    people = [Person(synthetic(n), "علی", 1360, Flags()) for n in range(3)]
    data = made(people)
    read = Register(data)
    assert read.root == root_of(data)
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
    """Without names the file is some 1.53 bytes a person beside its first page, and says neither name nor year."""
    people = [Person(synthetic(n * 3), f"نام {n}", 1360, Flags(alive=n % 50 > 0)) for n in range(2_000)]
    data = made(people, names=False)
    assert len(data) < 1.54 * len(people) + 4096 + 100
    assert Register(data).look(synthetic(0)) == Person(synthetic(0), "", 0, Flags(alive=False))


def test_a_keyed_register_gives_nothing_without_its_key() -> None:
    """Locked: what it is of can be asked, nobody can be looked up; another key does not open it."""
    people = [Person(synthetic(n), f"زهرا حسینی{n}", 1370, Flags()) for n in range(40)]
    data = made(people, key=b"k" * 32)
    read = Register(data)
    assert (read.election_id, read.count, read.is_open) == ("e", 40, False)
    with pytest.raises(Rejected) as locked:
        read.look(people[0].national_id)
    assert locked.value.code == "register-locked"
    for key in (b"", b"x" * 32):
        with pytest.raises(BadInput) as wrong:
            read.open(key)
        assert wrong.value.code == "register-key-wrong"
    assert "زهرا".encode() not in data
    assert not any(person.national_id.encode() in data for person in people)
    read.open(b"k" * 32)
    assert list(read.people()) == people


def test_two_files_under_one_key_share_nothing() -> None:
    """The salt makes each file's keys its own: the same person's name looks otherwise in the next version."""
    person = Person(synthetic(1), "زهرا حسینی", 1370, Flags())
    of: dict[str, Any] = {"election_id": "e", "round": 1, "day": "2024-03-01", "version": 1}
    one, other = (build([person], **of, key=b"k" * 32, salt=salt * 16) for salt in (b"a", b"b"))
    assert one[4096 : 4096 + 12] != other[4096 : 4096 + 12]
    assert one[-40:] != other[-40:]


@given(PEOPLE.filter(bool), st.data())
@settings(max_examples=60, derandomize=True)  # of 65,536 wrong names one passes its check
def test_every_changed_byte_is_seen_or_means_nothing(people: list[Person], data: st.DataObject) -> None:
    """Any byte of header, padding, opening part or name: refused, or another root, or that name alone is missing."""
    whole = made(people, key=b"k" * 32)
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))
    try:
        read = Register(bytes(changed), key=b"k" * 32)
        seen = read.root != root_of(whole)
    except AmanatError:
        return
    if not seen:
        with pytest.raises(Malformed):
            read.require_names()
        answers = [read.look(person.national_id) for person in people]
        lost = [a for a, person in zip(answers, people, strict=True) if a != person]
        assert lost == [Person(a.national_id, "", 0, a.flags) for a in lost if a]
        assert len(lost) == 1


def test_a_lost_name_is_missing_and_decides_nothing() -> None:
    """One bit of one name: that person is found with the same flags and without a name; the whole is not as made."""
    people = [Person(synthetic(n), "زهرا حسینی", 1370, Flags(alive=n > 3)) for n in range(9)]
    data = bytearray(made(people, key=b"k" * 32))
    for bit in range(8 * 12):
        changed = bytearray(data)
        changed[4096 + 12 * 5 + bit // 8] ^= 1 << bit % 8
        read = Register(bytes(changed), key=b"k" * 32)
        assert read.look(people[5].national_id) == Person(people[5].national_id, "", 0, Flags())
        assert read.look(people[4].national_id) == people[4]
        with pytest.raises(Malformed):
            read.require_names()
    Register(bytes(data)).require_names()


def test_who_has_the_key_cannot_exchange_the_opening_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many chunks, each with a number: two exchanged do not open.  A dishonest holder of the key who enciphers another
    part under the same root is found by its digest, which the root binds."""
    for module in (register_build, register_file):
        monkeypatch.setattr(module, "CHUNK", 64)
    people = [Person(synthetic(n * 9), "", 1370, Flags(alive=n % 3 > 0)) for n in range(1_000)]
    data = made(people, key=b"k" * 32, names=False)
    assert list(Register(data, key=b"k" * 32).people())[7].flags == people[7].flags
    first, second = data[4096:4176], data[4176:4256]
    assert Register(data).header.root == Register(data[:4096] + second + first + data[4256:]).root
    with pytest.raises(BadInput):
        Register(data[:4096] + second + first + data[4256:], key=b"k" * 32)
    keys, root = register_file.Keys(b"k" * 32, b"s" * 16), Register(data).root
    part = bytearray(keys.chunks.decrypt(register_file.nonce(0), first, root))
    part[5] ^= 1
    other = keys.chunks.encrypt(register_file.nonce(0), bytes(part), root)
    with pytest.raises(Malformed):
        Register(data[:4096] + other + data[4176:], key=b"k" * 32)


@given(PEOPLE, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_runs_on_disk_give_the_same_file(people: list[Person], draw: random.Random) -> None:
    """With runs of seven, sorted and merged by ranges of ids, the file is byte for byte that of one run."""
    shuffled = draw.sample(people, len(people))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(register_build, "RUN", 7)
        assert made(shuffled) == made(people)


def test_what_lies_on_disk_while_it_is_built_says_nothing() -> None:
    """The runs are enciphered under a key of this one build."""
    kept = io.BytesIO()
    kept.close = lambda: None  # type: ignore[method-assign]
    people = [Person(synthetic(n), "زهرا حسینی", 1370, Flags()) for n in range(100)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(register_build, "RUN", 10)
        builder = register_build.Builder(
            io.BytesIO(), register_build.Of("e", 1, "2024-03-01", 1), scratch=lambda: kept, scratch_key=b"k" * 32
        )
        for person in people:
            builder.add(person)
        assert builder.finish().count == 100
    data = kept.getvalue()
    assert len(data) == 100 * register_build.ROW.itemsize
    assert not any(int(person.national_id[:9]).to_bytes(4, "little") in data for person in people)


def test_more_than_sixteen_kinds_of_flags() -> None:
    """Eight bits a person then."""
    people = [Person(synthetic(n), "", 1360, Flags.from_bits(n % 64)) for n in range(700)]
    read = Register(made(people))
    assert [read.look(person.national_id) for person in people] == people


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
    start = len(register_file.MAGIC)
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
