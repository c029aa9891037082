"""Intake: exactly once, forks, dead letters, checks, USB (S-2 to S-6, C-6, J-7)."""

from pathlib import Path
from typing import Any

import pytest

from amanat.errors import BadInput
from amanat.hq import api
from amanat.hq.home import Home
from amanat.hq.writing import rows_of
from amanat.records import cbor
from amanat.records.ballot import Core
from amanat.records.identifiers import identifier, sign
from amanat.records.journal import Entry, SignedEntry, make
from amanat.sync import messages
from amanat.sync.messages import Envelope
from amanat.sync.station_side import DeltaArrived, NewsArrived, Shown, StationSide, head_of


def verdicts() -> dict[bytes, str]:
    return {bytes(id_): verdict for id_, verdict in rows_of("SELECT id, verdict FROM intake_ballot")}


def test_it_keeps_an_entry_once_whatever_the_path(here: Home, day: Any, people: Any) -> None:
    """The same journal by the link, again, and backwards: one row an entry, one ballot, one news item."""
    day.damavand.vote(people.MARYAM)
    triples = day.damavand.triples()
    for batch in (triples, triples, triples[::-1]):
        day.intake.take(batch)
    status = api.status(here)
    assert status["entries"] == len(triples)
    assert status["ballots"] == 1
    assert status["forks"] == 0
    assert rows_of("SELECT COUNT(*) FROM intake_news") == [(1,)]
    assert status["heads"] == [[0, 3, day.damavand.state.head.hex()]]


def test_it_takes_disorder_and_states_only_what_is_chained(here: Home, day: Any, people: Any) -> None:
    """The end of a journal comes first: kept, but the head stays behind until the rest is there."""
    day.damavand.vote(people.MARYAM)
    triples = day.damavand.triples()
    day.intake.take(triples[2:])
    assert api.status(here)["heads"] == []
    assert api.status(here)["loose"] == 2
    day.intake.take(triples[:2])
    assert api.status(here)["heads"] == [[0, 3, day.damavand.state.head.hex()]]
    assert api.status(here)["loose"] == 0


def test_it_keeps_both_branches_of_a_fork(here: Home, day: Any, people: Any) -> None:
    """A cloned terminal takes another voter's ballot at the same place: both are held, and the device is apart."""
    from amanat.hq.devices.endings import endings
    from amanat.records.order import DeviceStatus

    clone = type(day.damavand)(here, 0, 0)
    for entry in day.damavand.entries:
        clone.state.apply(entry)
    day.damavand.vote(people.MARYAM)
    clone.vote(people.ALI)
    day.deliver(day.damavand)
    day.intake.take(clone.triples())
    status = api.status(here)
    assert status["ballots"] == 2
    assert status["forks"] == 1
    assert len(status["heads"]) == 2
    assert endings()[0].status is DeviceStatus.APART
    assert endings()[0].branches == 2


@pytest.mark.parametrize("at", range(4))
def test_one_bad_entry_never_stops_the_others(here: Home, day: Any, people: Any, at: int) -> None:
    """A poisoned entry at every place of a batch: a dead letter with its reason, all the others kept."""
    day.damavand.vote(people.MARYAM)
    triples = day.damavand.triples()
    triples[at] = [triples[at][0], bytes(64), triples[at][2]]
    taken = day.intake.take(triples)
    assert (taken.stored, taken.dead) == (3, 1)
    assert rows_of("SELECT reason, device FROM intake_deadletter") == [("entry-signature", 0)]
    day.intake.take(triples)
    assert rows_of("SELECT COUNT(*) FROM intake_deadletter") == [(1,)]


def test_it_keeps_an_entry_whose_body_it_cannot_read(here: Home, day: Any) -> None:
    """Signed by the device, so it is in the journal; what it says is an incident in the dead letters."""
    entry = day.damavand.entries[-1]
    signed = make(
        eh=here.eh, seed=day.damavand.seed, device=0, seq=1, prev=head_of(here.eh, entry).hash, kind="ballot-cast",
        body=["no ballot"], wall_ms=1, monotonic_ms=1, boot_id=bytes(16),
    )  # fmt: skip
    day.intake.take([*day.damavand.triples(), signed.fields()])
    assert api.status(here)["entries"] == 2
    assert rows_of("SELECT reason FROM intake_deadletter") == [("body-unreadable",)]


@pytest.mark.parametrize("huge", [1 << 63, (1 << 64) - 1])
def test_numbers_beyond_the_database_are_dead_letters(here: Home, day: Any, huge: int) -> None:
    """A lying clock or counter stops nobody."""
    signed = make(
        eh=here.eh, seed=day.damavand.seed, device=0, seq=huge, prev=bytes(32), kind="link", body=["up"], wall_ms=huge,
        monotonic_ms=1, boot_id=bytes(16),
    )  # fmt: skip
    taken = day.intake.take([signed.fields(), *day.damavand.triples()])
    assert (taken.stored, taken.dead) == (1, 1)


def test_it_finds_sound_ballots_sound(here: Home, day: Any, people: Any) -> None:
    """Permits are recomputed from V, signatures and proofs checked in one batch."""
    for choice, person in enumerate((people.MARYAM, people.ALI, people.SARA)):
        day.damavand.vote(person, choice)
    day.deliver()
    day.check()
    assert set(verdicts().values()) == {""}
    assert len(verdicts()) == 3
    assert rows_of("SELECT DISTINCT sound FROM intake_permit") == [(1,)]


@pytest.mark.parametrize("what", ["proof", "permit-signature", "ballot-form", "another-terminal", "permit-devices"])
def test_it_keeps_and_logs_a_bad_ballot(here: Home, day: Any, people: Any, what: str) -> None:
    """Somebody holds its receipt: it is held, logged for the bulletin, has its verdict, and the others are sound."""

    def spoil(data: bytes) -> bytes:
        core = Core.decode(data)
        proof = core.proofs[0][:32] + bytes(31) + b"\1"
        if what == "proof":
            return Core(core.permit, core.permit_signature, core.ciphertexts, (proof,)).encode()
        if what == "permit-signature":
            return Core(core.permit, bytes(64), core.ciphertexts, core.proofs).encode()
        return Core(core.permit, core.permit_signature, (core.ciphertexts[0] * 2,), core.proofs).encode()

    if what == "another-terminal":
        bad = day.damavand.cast(day.damavand.check_in(people.MARYAM, booth=1))
    elif what == "permit-devices":
        bad = day.damavand.cast(day.firuzkuh.check_in(people.MARYAM, booth=0))
    else:
        bad = day.damavand.cast(day.damavand.check_in(people.MARYAM), spoil=spoil)
    good = day.damavand.vote(people.ALI)
    day.deliver()
    day.check()
    assert verdicts() == {bad: what, good: ""}
    assert {b"\2" + bad, b"\2" + good} <= {bytes(e) for (e,) in rows_of("SELECT entry FROM bulletin_pending")}


def test_a_permit_of_another_person_waits_for_the_boards(here: Home, day: Any, root: Path, people: Any) -> None:
    """A clerk's machine issues E for one person and V for another: not sound, told, and no count before a ruling."""
    import json
    import os

    from amanat.errors import Usage
    from amanat.hq.cases import decisions
    from amanat.hq.cases.boards import boards_of
    from amanat.hq.results.export import Target, export
    from amanat.records.order import DecisionKind, Reason
    from amanat.records.permit import PrivatePart, permit_hash

    issued = day.damavand.check_in(people.MARYAM)
    day.damavand.entries.pop()
    day.damavand.state = type(day.damavand.state)(here.eh, day.damavand.certificate.encode())
    for entry in day.damavand.entries:
        day.damavand.state.apply(entry)
    part = PrivatePart.decode(issued.private)
    other = PrivatePart(os.urandom(32), people.ALI, part.seed, 1, 0).encode()
    day.damavand.write("permit", [issued.permit, issued.signature, 1], other)
    day.deliver()
    day.check()
    assert api.status(here)["unsound_permits"] == 1
    ph = permit_hash(here.eh, issued.permit)
    target = Target(root / "record", root / "private", 1)
    with pytest.raises(Usage) as caught:
        export(here, target, now_ms=1)
    assert caught.value.code == "hq-permit-unsound"
    decisions.rule_on(here, DecisionKind.PERMIT, ph, Reason.ANNULLED, "E is another person's", now_ms=2)
    export(here, target, now_ms=3, boards=boards_of(here, root / "authorities"))
    assert json.loads((root / "private/cases.json").read_text()) == {"groups": [], "known": []}


def test_it_answers_a_push_after_the_commit(here: Home, day: Any, people: Any) -> None:
    """A station's end and headquarters' over bytes: heads, news of another station and a register delta come back."""
    from amanat.hq.elections.deltas import add_delta

    changes = here.folder / "changes.csv"
    changes.write_text(f"national_id,name_fa,birth_year,flags\n{people.SARA},سارا,1360,62\n", encoding="utf-8")
    assert add_delta(here, changes, now_ms=people.DAWN) == 2
    day.firuzkuh.vote(people.ALI)
    day.deliver(day.firuzkuh)
    day.damavand.vote(people.MARYAM)
    side = StationSide(here.eh, 0, day.damavand.seed, here.manifest.hq_key)
    side.register_version = 1
    heads = [head_of(here.eh, day.damavand.entries[-1])]
    push = side.next_push(heads, lambda _, seq: day.damavand.entries[seq + 1 :], nonce=b"n" * 16)
    assert side.undelivered(heads) == 4
    events = side.receive(day.intake.receive(push, day.clock.now_ms()), 9)
    assert side.undelivered(heads) == 0
    news = [item for event in events if isinstance(event, NewsArrived) for item in event.items]
    assert (messages.news_digest(here.eh, people.ALI), 1) in news
    assert sum(isinstance(event, DeltaArrived) for event in events) == 1
    assert rows_of("SELECT device, gateway, seq FROM intake_link") == [(0, 0, 3)]


def test_a_station_is_shown_the_entry_that_it_lacks(here: Home, day: Any, people: Any) -> None:
    """J-7.  An image from before Maryam's vote is put back: the answer shows her vote's entry, as the station itself
    signed it, and not who she is."""
    day.damavand.vote(people.MARYAM)
    day.deliver(day.damavand)
    entries = day.damavand.entries
    for held in ([], entries[:2]):
        side = StationSide(here.eh, 0, day.damavand.seed, here.manifest.hq_key)
        heads = [head_of(here.eh, entry) for entry in held[-1:]]
        push = side.next_push(heads, lambda _, seq, held=held: held[seq + 1 :], nonce=b"n" * 16)  # type: ignore[misc]
        shown = [e for e in side.receive(day.intake.receive(push, day.clock.now_ms()), 9) if isinstance(e, Shown)]
        assert shown == [Shown((SignedEntry(entries[-1].entry, entries[-1].signature, None),))]
    side = StationSide(here.eh, 0, day.damavand.seed, here.manifest.hq_key)
    push = side.next_push([head_of(here.eh, entries[-1])], lambda _, seq: entries[seq + 1 :], nonce=b"n" * 16)
    assert not any(isinstance(e, Shown) for e in side.receive(day.intake.receive(push, day.clock.now_ms()), 9))


def bundle(here: Home, day: Any, seed: bytes, *, device: int = 0) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    from amanat.hq.intake.usb import SUITE

    payload = cbor.encode_seq(day.damavand.triples())
    envelope = Envelope(payload, device, sign(seed, "usb", here.eh, identifier("usb", here.eh, payload))).encode()
    return SUITE.encrypt(envelope, X25519PublicKey.from_public_bytes(here.manifest.hq.hpke_key), info=here.eh)


def test_a_bundle_takes_the_same_path(here: Home, day: Any, people: Any, tmp_path: Path) -> None:
    """USB after the link, three times: nothing is counted twice."""
    from amanat.hq.intake.usb import take_bundle

    day.damavand.vote(people.MARYAM)
    day.intake.take(day.damavand.triples()[:2])
    file = tmp_path / "s1.amanat-usb"
    file.write_bytes(bundle(here, day, day.damavand.seed))
    found = [take_bundle(here, day.intake, day.certificates, file) for _ in range(3)]
    assert [(t.stored, t.repeats) for t in found] == [(2, 2), (0, 4), (0, 4)]
    assert api.status(here)["ballots"] == 1


@pytest.mark.parametrize(("damage", "code"), [("cut", "hq-usb-unreadable"), ("forged", "hq-usb-signature")])
def test_it_refuses_a_strangers_bundle(here: Home, day: Any, tmp_path: Path, damage: str, code: str) -> None:
    """A cut file or a bundle of a machine that is not enrolled changes nothing."""
    from amanat.hq.intake.usb import take_bundle

    data = bundle(here, day, b"x" * 32 if damage == "forged" else day.damavand.seed)
    file = tmp_path / "s1.amanat-usb"
    file.write_bytes(data[:-1] if damage == "cut" else data)
    with pytest.raises(BadInput) as caught:
        take_bundle(here, day.intake, day.certificates, file)
    assert caught.value.code == code
    assert api.status(here)["entries"] == 0


def test_a_restored_headquarters_has_a_new_epoch(here: Home, day: Any) -> None:
    """Stations are told by sixteen bytes that are not the ones before (S-4)."""
    from amanat.hq.intake.store import DjangoStore

    store = DjangoStore(here.eh, day.clock)
    before = store.epoch()
    assert api.new_epoch() != before
    assert store.epoch() != before


def test_a_text_that_postgresql_cannot_hold_is_a_dead_letter(here: Home, day: Any, people: Any) -> None:
    """A refusal's reason with a zero byte: the entry is kept, its meaning is an incident."""
    day.damavand.refuse(people.DEAD, "not-eligible\0", "dead")
    day.deliver(day.damavand)
    assert api.status(here)["entries"] == 2
    assert rows_of("SELECT reason FROM intake_deadletter") == [("body-unreadable",)]


def forge(terminal: Any, person: Any, thief: Any) -> tuple[bytes, bytes]:
    """Damavand's voter casts; a thief writes the same permit and ballot in its own journal, under its own key."""
    id_ = terminal.vote(person)
    permit, cast = (Entry.decode(terminal.entries[at].entry).body for at in (-3, -1))
    thief.write("permit", permit, cbor.encode([bytes(32), person, bytes(32), 1, 0]))
    thief.write("ballot-cast", [cast[0], sign(thief.seed, "cast", thief.eh, id_)])  # type: ignore[list-item]
    return id_, bytes(cast[1])  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ["thief first", "thief last", "together"])
def test_a_stolen_ballot_is_its_own_terminals(here: Home, day: Any, people: Any, order: str) -> None:
    """A hostile colleague that carries Damavand's journal delivers Maryam's permit and ballot as its own first, under
    a false signature.  Damavand's own words stand, in whatever order they come, and her ballot is sound."""
    id_, signature = forge(day.damavand, people.MARYAM, day.booth)
    for terminals in {"thief first": "bd", "thief last": "db", "together": ""}[order]:
        day.deliver(day.booth if terminals == "b" else day.damavand)
    if order == "together":
        day.intake.take([*day.booth.triples(), *day.damavand.triples()])
    day.check()
    found = rows_of("SELECT id, signature, device, verdict FROM intake_ballot")
    assert [(bytes(i), bytes(s), device, verdict) for i, s, device, verdict in found] == [(id_, signature, 0, "")]
    assert [(device, bool(sound)) for device, sound in rows_of("SELECT device, sound FROM intake_permit")] == [
        (0, True)
    ]
