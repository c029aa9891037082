"""The voters' register at headquarters: taken in whole and enciphered, its key for desks alone (R-1, R-4, R-5)."""

import os
from pathlib import Path

import pytest
from tests.hq.conftest import MARYAM, SEEDS

from amanat.errors import BadInput, Rejected
from amanat.hq.home import Home
from amanat.records import register, register_key
from amanat.records.register import Register, build
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import synthetic

OF = {"election_id": "two-towns", "round": 1, "day": "2024-03-01", "version": 1}
PEOPLE = [register.Person(synthetic(n), f"زهرا نوری{n}", 1360, Flags()) for n in range(700)]


def make(root: Path, file: Path | None, key: Path | None = None, *, home: str = "hq2") -> Home:
    from amanat.hq.elections.making import Sources, init

    folders = (root / name for name in ("election", "ceremony", "mixers", "authorities"))
    sources = Sources(*folders, register=file, passphrase=root / "passphrase", register_key=key)
    init(root / home, sources, now_ms=1)
    return Home(root / home)


def test_headquarters_enciphers_what_came_without_a_key(here: Home) -> None:
    """Neither ids nor names stand in its file; the same people are found with the key that its home keeps sealed."""
    data = (here.election / "register.bin").read_bytes()
    assert "نام".encode() not in data
    assert MARYAM.encode() not in data
    assert not Register(data).is_open
    assert here.register.look(MARYAM) == register.Person(MARYAM, "نام", 1360, Flags())
    assert here.manifest.register_root == Register(data).root
    assert here.secret("register") not in (here.folder / "keys" / "register.sealed").read_bytes()


def test_the_package_has_the_key_for_each_desk_and_for_no_booth(here: Home, root: Path) -> None:
    """S1 has two terminals, S2 one: the two first terminals can open it, with their own seeds alone."""
    from amanat.hq.elections.packages import write_package

    out = write_package(here, root / "package")
    sealed = register_key.read_sealed((out / register_key.FILE).read_bytes())
    assert list(sealed) == [0, 2]
    seeds = list(SEEDS.values())
    of = {"eh": here.eh, "root": here.manifest.register_root}
    for device in sealed:
        key = register_key.unseal(sealed[device], **of, device=device, seed=seeds[device])
        assert Register((out / "register.bin").read_bytes(), key=key).look(MARYAM)
        with pytest.raises(Rejected):
            register_key.unseal(sealed[device], **of, device=device, seed=seeds[1])


def test_a_keyed_register_is_taken_as_it_is(here: Home, root: Path) -> None:
    """From the civil registry, with the key's file beside it; without the key, with another, or damaged: refused."""
    file, key, other = root / "keyed.bin", root / "key", root / "other"
    data = build(PEOPLE, **OF, key=b"k" * 32, salt=b"s" * 16)  # type: ignore[arg-type]
    file.write_bytes(data)
    key.write_text((b"k" * 32).hex())
    other.write_text(os.urandom(32).hex())
    for given, code in ((None, "register-key-needed"), (other, "register-key-wrong"), (root, "register-key-file")):
        with pytest.raises(BadInput) as caught:
            make(root, file, given)
        assert caught.value.code == code
        assert not (root / "hq2").exists()
    file.write_bytes(data[:5_000] + bytes([data[5_000] ^ 1]) + data[5_001:])  # a name
    with pytest.raises(Rejected):
        make(root, file, key)
    file.write_bytes(data)
    made = make(root, file, key)
    assert (made.election / "register.bin").read_bytes() == data
    assert list(made.register.people()) == PEOPLE
    assert not [path for path in root.iterdir() if path.name.startswith(".hq2")]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"day": "2024-02-29"}, "register-of-another"),
        ({"round": 2}, "register-of-another"),
        ({"election_id": "other-towns"}, "register-of-another"),
        ({"made": "2023-11-30"}, "register-too-old"),
    ],
)
def test_the_register_of_another_is_refused(root: Path, here: Home, more: dict[str, object], code: str) -> None:
    """Another day's, round's or county's, and one whose data is older than the rules allow (Durham)."""
    (root / "old.bin").write_bytes(build(PEOPLE, **OF | more))  # type: ignore[arg-type]
    with pytest.raises(BadInput) as caught:
        make(root, root / "old.bin")
    assert caught.value.code == code
    assert not (root / "hq2").exists()


@pytest.mark.parametrize("content", [b"", b"no register", None])
def test_what_is_no_register(root: Path, here: Home, content: bytes | None) -> None:
    """Empty, something else, not there; without one at all headquarters has an empty register, under a key too."""
    file = root / "no.bin"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadInput):
        make(root, file)
    made = make(root, None, home="hq3")
    assert (made.register.count, made.register.header.keyed) == (0, 1)


def test_many_changes_are_several_deltas(here: Home, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of seven changes three deltas of three at most; a station gets them a few at a time."""
    from amanat.hq.elections import deltas
    from amanat.hq.intake import store

    monkeypatch.setattr(deltas, "CHANGES_MAX", 3)
    rows = [f"{synthetic(n)},زهرا نوری,1370,63" for n in range(7)]
    (root / "changes.csv").write_text("national_id,name_fa,birth_year,flags\n" + "\n".join(rows))
    first = here.register.version
    assert deltas.add_delta(here, root / "changes.csv", now_ms=5) == first + 3
    view = deltas.register_view(here)
    assert (view.version, all(view.look(synthetic(n)) for n in range(7))) == (first + 3, True)
    monkeypatch.setattr(store, "DELTA_BYTES_MAX", 1)
    asked = store.DjangoStore.deltas
    assert len(asked(None, first)) == 1  # type: ignore[arg-type]
    monkeypatch.setattr(store, "DELTA_BYTES_MAX", 1 << 20)
    assert len(asked(None, first)) == 3  # type: ignore[arg-type]
