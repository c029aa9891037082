"""Only this election's register is opened: not yesterday's, another round's, another county's, an old one."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.station.conftest import Booths, Election, StandingClock

from amanat.errors import AmanatError
from amanat.records.register import Person, build, root_of
from amanat.rules import rule_set
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import synthetic
from amanat.station import enrolment
from amanat.station.package import read_package
from amanat.station.terminal import Terminal

PEOPLE = [Person(synthetic(n), "زهرا نوری", 1360, Flags()) for n in range(300)]
OURS: dict[str, Any] = {"election_id": "test", "round": 1, "day": "2024-03-01", "version": 1}


def pack(election: Election, register: bytes, *, rules: str = "") -> Path:
    """A package with this register, under headquarters' own signature."""
    folder = election.folder / f"package-{len(list(election.folder.iterdir()))}"
    folder.mkdir()
    manifest = replace(election.manifest, register_root=root_of(register))
    if rules:
        manifest = replace(manifest, rule_set_digest=hashlib.sha256(rules.encode()).digest())
        (folder / "rules.toml").write_text(rules, encoding="utf-8")
    for name in ("stations.json", "candidates.json", "contests.json"):
        shutil.copyfile(election.package / name, folder / name)
    (folder / "manifest.cbor").write_bytes(manifest.encode())
    (folder / "devices.seq").write_bytes(b"")
    (folder / "register.bin").write_bytes(register)
    election.eh = manifest.election_hash
    election.sign_package(folder)
    return folder


def refused(act: Callable[[], object]) -> AmanatError:
    with pytest.raises(AmanatError) as caught:
        act()
    return caught.value


@pytest.mark.parametrize(
    "other", [{"day": "2024-02-29"}, {"round": 2}, {"election_id": "firuzkuh"}, {"day": "2020-02-21", "round": 2}]
)
def test_the_register_of_another(election: Election, other: dict[str, Any]) -> None:
    """Durham: yesterday's list, the other round's, the other county's.  Even where headquarters signed the package and
    the manifest names that file it is refused, naming what was found and what is wanted, in both languages."""
    of = OURS | other
    package = pack(election, build(PEOPLE, **of))
    fault = refused(lambda: read_package(package))
    assert fault.code == "register-of-another"
    found = f"{of['election_id']} / {of['round']} / {of['day']}"
    for language in ("fa", "en"):
        assert found in fault.say(language)
        assert "test / 1 / 2024-03-01" in fault.say(language)
    home = election.home("S1", 1)
    assert refused(lambda: enrolment.load(home, package)).code == "register-of-another"
    assert read_package(home / enrolment.PACKAGE).register.day == "2024-03-01"


def test_another_register_of_the_same_day(election: Election) -> None:
    """The right election, round and day, and yet not the register that the manifest names: somebody is missing."""
    package = pack(election, build(PEOPLE, **OURS))
    assert read_package(package).register.count == 300
    (package / "register.bin").write_bytes(build(PEOPLE[1:], **OURS))
    election.sign_package(package)
    assert refused(lambda: read_package(package)).code == "register-not-of-this-election"


def test_an_older_register_than_the_rules_allow(election: Election) -> None:
    """The rule set of the election says how many days; where it does not, sixty."""
    text = "register_days = 10\n" + rule_set.shipped("majlis-1402")
    assert rule_set.load(text, file="r").register_days == 10
    assert rule_set.load(rule_set.shipped("majlis-1402"), file="r").register_days == rule_set.REGISTER_DAYS
    eleven, sixty_one = (build(PEOPLE, **OURS, made=made) for made in ("2024-02-19", "2023-12-31"))
    assert read_package(pack(election, eleven)).register.count == 300
    fault = refused(lambda: read_package(pack(election, eleven, rules=text)))
    assert (fault.code, fault.facts["made"], fault.facts["days"]) == ("register-too-old", "2024-02-19", 10)
    assert refused(lambda: read_package(pack(election, sixty_one))).code == "register-too-old"


@pytest.mark.parametrize("place", [18, 30, 2_000, -1, -70])
def test_a_changed_register_does_not_open(election: Election, booths: Booths, clock: StandingClock, place: int) -> None:
    """One bit of length, header, padding or opening part changed on the terminal's disk since it was loaded."""
    path = election.home("S1", 1) / "package" / "register.bin"
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.unlink()
    path.write_bytes(data)
    assert refused(lambda: Terminal(election.home("S1", 1), clock)).code in {
        "register-not-of-this-election",
        "register-of-another",
        "register-key-wrong",
    }


def test_a_terminal_without_a_desk_holds_no_register(booths: Booths) -> None:
    """The package seals the key for desks alone: a stolen booth has nothing to read."""
    booth = booths.start("S2", 2)
    assert not booth.identity.package.register_keys.get(booth.identity.device)
    assert booths.start("S2", 1).identity.package.register.is_open
