"""The journal and its fold (J-1, J-4, J-5, J-6, C-5, C-7, B-8): small days at one terminal."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import amanat_crypto
from amanat.errors import AmanatError, Rejected
from amanat.records import cbor, sheet
from amanat.records.cbor import Malformed, Value
from amanat.records.identifiers import is_signed, merkle_root
from amanat.records.journal import KINDS, DeviceState, Entry, SignedEntry, entry_hash, genesis, make
from amanat.records.permit import Permit, permit_hash
from amanat.records.sheet import CLOSING, Sheet, read_slip, sheet_id, slip
from amanat.rules.closing import PaperStock
from amanat.rules.national_id import NationalId

from .small_election import MARYAM, Terminal, a_manifest


def serial_of(permit: bytes) -> bytes:
    return Permit.decode(permit).serial


def test_an_entry_is_chained_and_signed(terminal: Terminal) -> None:
    """The first follows the certificate; each names the hash of the one before; the device signs it."""
    terminal.write("link", "up")
    first, second = (Entry.decode(e.entry) for e in terminal.entries)
    assert first.prev == genesis(terminal.eh, terminal.certificate)
    assert second.prev == entry_hash(terminal.eh, terminal.entries[0].entry)
    assert (first.seq, second.seq) == (0, 1)
    digest = entry_hash(terminal.eh, terminal.entries[1].entry)
    key = amanat_crypto.public_key(terminal.seed)
    assert is_signed(key, "journal", terminal.eh, digest, terminal.entries[1].signature)
    triple = cbor.encode(terminal.entries[1].fields())
    assert SignedEntry.from_value(cbor.decode(triple)) == terminal.entries[1]


def test_a_day_with_every_kind_of_ballot(terminal: Terminal, people: list[NationalId]) -> None:
    """One casts at once, one tests first, one ballot is lost to a power cut and sealed again, one permit is unused."""
    one, two, three, four = (terminal.permit(person) for person in people[:4])
    terminal.cast(terminal.prepare(one, majlis=[0]))
    tested = terminal.prepare(two, majlis=[1])
    terminal.write("ballot-tested", tested.id, bytes(64))
    terminal.cast(terminal.prepare(two, majlis=[2]))
    dropped = terminal.prepare(three)
    assert terminal.state.open_prepared == dropped.id
    terminal.write("ballot-dropped", dropped.id)
    terminal.cast(terminal.prepare(three))
    terminal.write("refused", "checked-in-already", "here", None)
    account = terminal.state.account
    assert (account.permits, account.refused, account.prepared) == (4, 1, 5)
    assert (account.cast, account.tested, account.dropped) == (3, 1, 1)
    assert account.differences() == []
    assert terminal.state.oddities == []
    assert set(terminal.state.checked_in) == set(people[:4])
    assert serial_of(four.permit) not in terminal.state.cast
    assert set(terminal.state.cast) == {serial_of(issued.permit) for issued in (one, two, three)}
    assert terminal.state.tested == [tested.id]
    assert terminal.state.open_prepared is None


def test_the_closing_sheet_has_sorted_roots(terminal: Terminal, people: list[NationalId]) -> None:
    """Whoever has the ids can rebuild both roots; order and time are not in them; the slip is read back."""
    issued = [terminal.permit(person) for person in people]
    for permit in issued:
        terminal.cast(terminal.prepare(permit))
    closing = terminal.state.sheet(CLOSING)
    assert closing.permit_root == merkle_root(sorted(permit_hash(terminal.eh, i.permit) for i in issued))
    assert closing.box_root == merkle_root(sorted(terminal.state.cast.values()))
    assert (closing.seq, closing.head) == (terminal.state.next_seq - 1, terminal.state.head)
    assert Sheet.decode(closing.encode()) == closing
    assert len(cbor.decode(closing.encode())) == 13  # type: ignore[arg-type]
    terminal.write("sheet", closing.encode(), bytes(64))
    terminal.write("closed", sheet_id(terminal.eh, closing.encode()))
    assert terminal.state.closed
    assert terminal.state.closing_sheet == sheet_id(terminal.eh, closing.encode())
    assert read_slip(slip(closing.encode(), bytes(64)).lower()) == (closing.encode(), bytes(64))


def test_an_empty_day_has_the_root_of_nothing(terminal: Terminal) -> None:
    """The zero sheet: no permit, no ballot, and both roots are SHA-256 of nothing."""
    zero = terminal.state.sheet(sheet.ZERO)
    assert zero.permit_root == zero.box_root == merkle_root([])
    assert (zero.permits, zero.cast) == (0, 0)


@pytest.mark.parametrize("text", ["", "AH1", "AP100", "AH1ZZZZ"])
def test_what_is_no_slip_of_a_sheet(text: str) -> None:
    """Another head, nothing, rubbish."""
    with pytest.raises(Malformed):
        read_slip(text)


def test_a_sheet_of_another_kind_is_refused(terminal: Terminal) -> None:
    """Zero, hourly, closing and no other."""
    with pytest.raises(Malformed):
        Sheet.decode(replace(terminal.state.sheet(CLOSING), kind=3).encode())


def picture(state: DeviceState) -> tuple[object, ...]:
    """All that a state says."""
    rest = {name: repr(value) for name, value in vars(state).items()}
    return (state.head, state.permit_root, state.box_root, sorted(rest.items()))


def test_what_does_not_follow_changes_nothing(terminal: Terminal) -> None:
    """Again, skipped, forked, of another device, with another private part: refused, and the fold is as before."""
    terminal.permit(MARYAM)
    before = picture(terminal.state)
    good = terminal.next("link", ["up"])
    entry = Entry.decode(good.entry)
    with_private = terminal.next("refused", ["unknown", "", None], private=b"private")
    wrong = [
        terminal.entries[-1],
        *(SignedEntry(replace(entry, **c).encode(), bytes(64), None) for c in CHANGES),
        replace(with_private, private=b"another"),
        replace(good, private=b"uncalled for"),
    ]
    for signed in wrong:
        with pytest.raises(Rejected):
            terminal.state.apply(signed)
        assert picture(terminal.state) == before
    terminal.state.apply(replace(with_private, private=None))  # without the part beside it is still the entry


CHANGES: list[dict[str, Any]] = [{"seq": 99}, {"prev": bytes(32)}, {"device": 5}]


P = Permit(bytes(16), 0, 0, 0, 3, None, bytes(64)).encode()
UNCOUNTED: list[list[Value]] = [[1, [[1, 5], [5, 9]], None, None, None], [1, [[1, 5]], 1, None, 4]]
BODIES: dict[str, list[list[Value]]] = {
    "opened": [[], [1], [1, "name"], ["1", []], [1, [1]]],
    "permit": [[], [b"x", bytes(64), None], [1, bytes(64), None], [P, bytes(63), None], [P, bytes(64), "now"], [P]],
    "permit-refused": [[b"short", "reason"], [bytes(16)], [bytes(16), None]],
    "approval": [[bytes(32), 1], [bytes(32), None, bytes(64)], [bytes(31), 1, bytes(64)], [bytes(32), 1, bytes(63)]],
    "ballot-prepared": [[], [bytes(31)], ["id"]],
    "ballot-cast": [[b"core"], [b"core", bytes(64)], [1, bytes(64)]],
    "ballot-tested": [[b""], [bytes(32)], [bytes(31), bytes(64)], [bytes(32), bytes(63)], [bytes(32), None]],
    "ballot-dropped": [[bytes(33)]],
    "register-delta": [[1], [1, b""], ["1", bytes(32)]],
    "extension": [[1], ["1", b""], [1, 1]],
    "hand-over": [[], [1], ["1", 5, bytes(32)], [1, 5, b"head"]],
    "paper-mode": [["on fire"], [2, [], None, None, None], [1, [[5, 3]], None, None, None], *UNCOUNTED],
    "closed": [[], [b""]],
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_of_another_form_changes_nothing(terminal: Terminal, kind: str) -> None:
    """It is Malformed (a dead letter at headquarters), and the fold goes on from where it was."""
    before = picture(terminal.state)
    for body in BODIES[kind]:
        with pytest.raises(Malformed):
            terminal.state.apply(terminal.next(kind, body))
        assert picture(terminal.state) == before


def test_an_unknown_kind_is_no_entry(terminal: Terminal) -> None:
    """Nor are other sizes; kinds are the nineteen of J-1 and `recovered`."""
    assert len(KINDS) == 20
    entry = Entry.decode(terminal.next("link", ["up"]).entry)
    for change in ({"kind": "vote"}, {"boot_id": b"b"}, {"prev": b""}, {"body": None}, {"wall_ms": None}):
        with pytest.raises(AmanatError):
            Entry.decode(replace(entry, **change).encode())


def test_a_permit_is_voided_and_replaced(terminal: Terminal) -> None:
    """C-7: the terminal refuses the first serial, then a new permit names it; Maryam stays checked in once."""
    first = terminal.permit(MARYAM)
    terminal.write("permit-refused", serial_of(first.permit), "lost")
    second = terminal.permit(MARYAM, replaces=serial_of(first.permit))
    assert terminal.state.refused_serials == {serial_of(first.permit)}
    assert Permit.decode(second.permit).replaces == serial_of(first.permit)
    assert terminal.state.checked_in == {MARYAM: serial_of(first.permit)}
    assert len(terminal.state.permit_hashes) == 2


def test_the_other_kinds_are_remembered(terminal: Terminal) -> None:
    """Extension, register delta, approval, paper mode, hand-over."""
    issued = terminal.permit(MARYAM)
    ph = permit_hash(terminal.eh, issued.permit)
    terminal.write("approval", ph, 3, bytes(64))
    terminal.write("register-delta", 2, bytes(32))
    terminal.write("extension", 123, b"order")
    terminal.write("paper-mode", 1, [[1, 50], [101, 150]], 3, 2, 95)
    terminal.write("hand-over", 9, 41, bytes(32))
    state = terminal.state
    assert state.approvals == {ph: (3, bytes(64))}
    assert (state.register_version, state.extended_until_ms, state.paper_mode, state.carries) == (
        2,
        123,
        True,
        {9: (41, bytes(32))},
    )
    assert state.paper is not None
    assert state.paper.stock == PaperStock(received=100, used=3, spoiled=2, left=95)


def test_pause_end_and_who_left_are_read_from_incidents(terminal: Terminal) -> None:
    """J-9.  The station pauses, goes on, ends, and an order of extension opens it again; a permit that nobody used is
    explained.  Wanted: each is state; an incident of any other shape is evidence and changes nothing."""
    state = terminal.state
    terminal.write("incident", "paused", "evacuation")
    assert state.paused == "evacuation"
    terminal.write("incident", "resumed", "two names")
    assert state.paused is None
    terminal.write("incident", "ended", "two names")
    assert state.ended
    terminal.write("extension", 5, b"order")
    assert not state.ended
    terminal.write("incident", "left", "ab" * 16 + " went home")
    terminal.write("incident", "left", "cd" * 16 + " " + "ef" * 16 + " ill")
    assert state.left == {bytes([0xAB]) * 16: "went home", bytes([0xCD]) * 16: "ill", bytes([0xEF]) * 16: "ill"}
    for odd in (["left", "short"], ["paused", 3], ["ended"], [], [1], ["left", "zz" * 16 + " x"]):
        terminal.write("incident", *odd)
    assert (state.paused, state.ended, len(state.left)) == (None, False, 3)
    assert state.opened


def test_a_terminal_that_lies_shows(terminal: Terminal) -> None:
    """It casts what it never prepared, and twice on one permit: both stand in the fold, and are told."""
    issued = terminal.permit(MARYAM)
    sealed = terminal.prepare(issued)
    terminal.cast(sealed)
    terminal.cast(sealed)
    terminal.prepare(issued)
    terminal.prepare(issued)
    assert [odd.split(": ")[1] for odd in terminal.state.oddities] == [
        "ballot-cast of another ballot than the one prepared",
        "permit used twice",
        "prepared while another was open",
    ]
    assert terminal.state.account.cast == 2
    assert len(terminal.state.cast_ids) == 2


ACTS = st.lists(st.sampled_from(["permit", "cast", "test", "drop", "refuse", "link"]), max_size=12)


@settings(max_examples=30, deadline=None)
@given(ACTS)
def test_the_fold_is_the_same_however_often_it_is_folded(acts: list[str]) -> None:
    """Any day, folded again from its entries, gives the same state; the day's equation holds after each act."""
    terminal = Terminal(a_manifest())
    terminal.write("opened", 1, [])
    issued = terminal.permit(MARYAM)
    for act in acts:
        if act == "permit":
            issued = terminal.permit(MARYAM)
        elif act in ("cast", "test", "drop"):
            sealed = terminal.prepare(issued)
            if act == "cast":
                terminal.cast(sealed)
            elif act == "test":
                terminal.write("ballot-tested", sealed.id, bytes(64))
            else:
                terminal.write("ballot-dropped", sealed.id)
        elif act == "refuse":
            terminal.write("refused", "unknown", "", 3)
        else:
            terminal.write("link", "down")
        assert terminal.state.account.differences() == []
    again = DeviceState(terminal.eh, terminal.certificate)
    for entry in terminal.entries:
        again.apply(entry)
    assert picture(again) == picture(terminal.state)
    assert again.sheet(CLOSING) == terminal.state.sheet(CLOSING)


def test_an_entry_of_no_kind_is_our_own_bug() -> None:
    """A program cannot sign what the protocol does not know."""
    with pytest.raises(AssertionError):
        make(
            eh=bytes(32), seed=bytes(32), device=0, seq=0, prev=bytes(32), kind="vote", body=[], wall_ms=0,
            monotonic_ms=0, boot_id=bytes(16),
        )  # fmt: skip
