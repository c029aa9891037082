"""Register deltas on a terminal: taken in slices while it works, kept enciphered, taken up after a cut (R-2, R-4)."""

import asyncio
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.station.conftest import MARYAM, REZA, Booths, Election

from amanat.errors import PeerFault
from amanat.records.cbor import Malformed
from amanat.records.identifiers import sign
from amanat.records.journal import Entry
from amanat.records.register import Delta, Person, delta_id
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import synthetic
from amanat.station import deltas
from amanat.station.decision import Eligible, NotEligible
from amanat.station.deltas import Deltas
from amanat.station.terminal import Terminal
from amanat.sync.messages import SignedDelta

NEW = [Person(synthetic(100_000 + 7 * n), f"تازه وارد{n % 50}", 1384, Flags()) for n in range(3_000)]
GONE = Person(REZA, "رضا احمدی", 1350, Flags(alive=False))


def signed(election: Election, version: int, people: Sequence[Person]) -> SignedDelta:
    content = Delta(version, tuple(people)).encode()
    digest = delta_id(election.eh, content)
    return SignedDelta(content, sign(election.hq_seed, "register-delta", election.eh, digest))


def taker(terminal: Terminal) -> Deltas:
    return Deltas(terminal.home / "deltas", terminal.identity)


async def take(terminal: Terminal, *several: SignedDelta) -> Deltas:
    taking = taker(terminal)
    for one in several:
        await taking.take(one, terminal.desk.register, terminal.journal)
    await taking.tidy(terminal.desk.register)
    return taking


async def test_decisions_go_on_while_a_large_delta_comes_in(booths: Booths, election: Election) -> None:
    """Three thousand changes, and at each slice somebody stands at the desk: the old answer until the last change is
    read, then the new one, for everybody in the delta at the same moment."""
    terminal = await booths.opened()
    delta = signed(election, 2, [*NEW, GONE])
    taking = asyncio.create_task(taker(terminal).take(delta, terminal.desk.register, terminal.journal))
    seen = []
    while not taking.done():
        first, last = terminal.desk.decide(NEW[0].national_id), terminal.desk.decide(REZA)
        assert isinstance(terminal.desk.decide(MARYAM), Eligible)
        seen.append((isinstance(first, Eligible), isinstance(last, NotEligible)))
        await asyncio.sleep(0)
    await taking
    assert set(seen) == {(False, False), (True, True)}
    assert seen == sorted(seen)
    assert seen.count((False, False)) > 50
    assert terminal.desk.register.version == 2
    assert all(terminal.desk.register.look(person.national_id) == person for person in NEW)


async def test_a_large_delta_is_read_in_another_process(
    booths: Booths, election: Election, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-2.  No change of three thousand is read in the terminal's own process, where a voter would wait for it; what
    the other process answers is what stands in the delta.  Bytes that are no delta are refused there as here."""

    def here(*_: object) -> None:
        raise AssertionError("read in the terminal's own process")

    terminal = await booths.opened()
    monkeypatch.setattr(deltas, "read_delta", here)
    await take(terminal, signed(election, 2, [*NEW, GONE]))
    assert all(terminal.desk.register.look(person.national_id) == person for person in [*NEW, GONE])
    content = Delta(3, tuple(NEW)).encode() + b"\0"
    digest = delta_id(election.eh, content)
    with pytest.raises(Malformed):
        await take(terminal, SignedDelta(content, sign(election.hq_seed, "register-delta", election.eh, digest)))
    assert terminal.desk.register.version == 2


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false"])
async def test_where_no_other_process_can_be_had_it_is_read_here(
    booths: Booths, election: Election, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """The machine starts no process, or it dies at once: the delta is read in slices, as a small one is."""
    terminal = await booths.opened()
    monkeypatch.setattr(sys, "executable", program)
    await take(terminal, signed(election, 2, NEW))
    assert terminal.desk.register.look(NEW[-1].national_id) == NEW[-1]


@pytest.mark.parametrize("tidy_bytes", [1, deltas.TIDY_BYTES])
@pytest.mark.parametrize("damage", ["", "all", "00000002.delta", "00000003.delta"])
async def test_after_a_cut_everything_is_taken_up_again(
    booths: Booths, election: Election, damage: str, tidy_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the file of all changes, or from the deltas where that is damaged or not there; what is lost comes again."""
    monkeypatch.setattr(deltas, "TIDY_BYTES", tidy_bytes)
    terminal = await booths.opened()
    await take(terminal, signed(election, 2, NEW[:300]), signed(election, 3, [GONE, *NEW[300:310]]))
    folder = terminal.home / "deltas"
    assert (folder / "all").exists() == (tidy_bytes == 1)
    if damage and (folder / damage).exists():
        data = bytearray((folder / damage).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / damage).write_bytes(data)
    again = await booths.after_power_cut(terminal)
    version = 3 if tidy_bytes == 1 or not damage.endswith("delta") else int(damage[:8]) - 1
    assert again.desk.register.version == version
    assert again.desk.register.look(NEW[0].national_id) == (NEW[0] if version > 1 else None)
    assert isinstance(again.desk.decide(REZA), NotEligible) == (version == 3)
    missing = [signed(election, 2, NEW[:300]), signed(election, 3, [GONE, *NEW[300:310]])][version - 1 :]
    await take(again, *missing, signed(election, 4, [Person(REZA, "رضا احمدی", 1350, Flags())]))
    assert again.desk.register.version == 4
    assert isinstance(again.desk.decide(REZA), Eligible)
    assert again.desk.register.look(NEW[305].national_id) == NEW[305]


async def test_a_journal_that_was_rolled_back_uses_no_later_register(
    booths: Booths, election: Election, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of all changes is of version 3, the journal names 2: the register is of 2."""
    monkeypatch.setattr(deltas, "TIDY_BYTES", 1)
    terminal = await booths.opened()
    await take(terminal, signed(election, 2, NEW[:30]), signed(election, 3, [GONE]))
    view = taker(terminal).view(2)
    assert (view.version, view.look(NEW[0].national_id)) == (2, NEW[0])
    assert view.look(REZA) != GONE
    assert taker(terminal).view(3).look(REZA) == GONE


async def test_a_cut_at_every_step_of_taking(booths: Booths, election: Election) -> None:
    """Power goes before the file, after it, after the entry: the version in use is what the journal names, or less."""
    terminal = await booths.opened()
    view, taking, delta = terminal.desk.register, taker(terminal), signed(election, 2, NEW[:10])

    class Cut(Exception):
        pass

    def cut(*_: Any) -> None:
        raise Cut

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(taking, "_keep", cut)
        with pytest.raises(Cut):
            await taking.take(delta, view, terminal.journal)
    assert not list((terminal.home / "deltas").iterdir())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(terminal.journal, "commit", cut)
        with pytest.raises(Cut):
            await taking.take(delta, view, terminal.journal)
    assert (view.version, terminal.journal.state.register_version) == (1, 1)
    terminal = await booths.after_power_cut(terminal)
    assert terminal.desk.register.version == 1
    await take(terminal, delta)
    terminal = await booths.after_power_cut(terminal)
    assert terminal.desk.register.version == terminal.journal.state.register_version == 2


async def test_what_is_refused_changes_nothing(booths: Booths, election: Election) -> None:
    """A forger's, one that skips a version, one that is no delta; one that is known already is passed over."""
    terminal = await booths.opened()
    good = signed(election, 2, NEW[:100])
    cases: list[tuple[SignedDelta, type[Exception]]] = [
        (SignedDelta(good.delta, bytes(64)), PeerFault),
        (signed(election, 3, NEW[:100]), PeerFault),
    ]
    for content in (
        good.delta[:-1],
        good.delta + b"\0",
        b"",
        b"\x83\x01\x02",
        good.delta.replace(b"\x18\x3f", b"\x18\x40"),
    ):
        digest = delta_id(election.eh, content)
        cases.append((SignedDelta(content, sign(election.hq_seed, "register-delta", election.eh, digest)), Malformed))
    entries = len(terminal.journal.entries)
    for wrong, kind in cases:
        with pytest.raises(kind):
            await take(terminal, wrong)
    assert (terminal.desk.register.version, len(terminal.journal.entries)) == (1, entries)
    assert not list((terminal.home / "deltas").iterdir())
    await take(terminal, good, good, signed(election, 1, NEW))
    assert (terminal.desk.register.version, len(terminal.journal.entries)) == (2, entries + 1)
    assert Entry.decode(terminal.journal.entries[-1].entry).kind == "register-delta"


async def test_no_file_of_a_terminal_or_package_says_who_is_in_the_register(
    booths: Booths, election: Election, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal is stolen, powered off, with its package and a large delta (Elector).  In no file of either stands a
    national id, in digits or as two neighbours packed, nor a name, of anybody who was not at this desk."""
    monkeypatch.setattr(deltas, "TIDY_BYTES", 1)
    terminal = await booths.opened()
    await take(terminal, signed(election, 2, NEW))
    await booths.stop(terminal)
    people = [Person(MARYAM, "مریم کریمی", 1350, Flags()), GONE, *NEW[::37]]
    wanted = {word.encode() for person in people for word in (person.name_fa, person.national_id)}
    wanted |= {person.national_id[:9].encode() for person in people}
    nines = [int(person.national_id[:9]) for person in NEW]
    for order in ("big", "little"):
        packed = [nine.to_bytes(4, order) for nine in nines]
        wanted |= {first + second for first, second in pairwise(packed)}
    files = [path for folder in (terminal.home, election.package) for path in folder.rglob("*") if path.is_file()]
    assert {"register.bin", "all", "00000002.delta"} <= {path.name for path in files}

    def found(path: Path) -> set[bytes]:
        data = path.read_bytes()
        return {text for text in wanted if text in data}

    assert {str(path): found(path) for path in files if found(path)} == {}
    planted = terminal.home / "leak"
    planted.write_bytes(b"x" * 999 + MARYAM.encode())
    assert found(planted)
