"""A polling day at one station, told person by person."""

from pathlib import Path

import pytest
from tests.station.conftest import (
    ABROAD,
    CHOICES,
    DEAD,
    MARYAM,
    OFFICERS,
    REZA,
    STRANGER,
    Booths,
    Election,
    permit_for,
    tray,
    vote,
)

import amanat_crypto
from amanat.errors import BadInput, MediumLost, Rejected
from amanat.records import ballot, cbor, journal
from amanat.records import permit as permits
from amanat.records.ballot import CastSlip, Core, PreparedSlip, TestSlip
from amanat.records.identifiers import is_signed
from amanat.records.journal import Entry
from amanat.records.permit import Permit, PrivatePart, permit_hash
from amanat.records.sheet import Sheet, read_slip
from amanat.station.refusal import Refused
from amanat.station.terminal import Terminal


def kinds(terminal: Terminal) -> list[str]:
    return [Entry.decode(signed.entry).kind for signed in terminal.journal.entries]


async def test_maryam_votes_and_holds_two_slips_that_prove_it(booths: Booths, election: Election) -> None:
    """She is checked in, takes her permit to the booth, seals, casts.  Wanted: slip 1 carries a ballot that opens (with
    the trustees' key, here alone) to her choices, slip 2 its signed id, and the journal the three steps in order."""
    terminal = await booths.opened()
    id_ = await vote(terminal, terminal, MARYAM)
    slip_1, slip_2 = tray(terminal).last("prepared"), tray(terminal).last("cast")
    assert slip_1.qr
    assert slip_2.qr
    prepared, cast = ballot.read_slip(slip_1.qr), ballot.read_slip(slip_2.qr)
    assert isinstance(prepared, PreparedSlip)
    assert isinstance(cast, CastSlip)
    key, eh = terminal.identity.certificate.key, election.eh
    assert cast.id.hex() == id_ == ballot.ballot_id(eh, prepared.core).hex()
    assert is_signed(key, "prepared", eh, cast.id, prepared.signature)
    assert is_signed(key, "cast", eh, cast.id, cast.signature)
    opened = []
    for index, ciphertexts in enumerate(Core.decode(prepared.core).ciphertexts):
        shares = amanat_crypto.point_mul(scalar=election.secrets["K"], points=amanat_crypto.cipher_heads(ciphertexts))
        limbs = amanat_crypto.unembed(amanat_crypto.elgamal_open(ciphertexts, [shares]))
        of = election.manifest.contests[index]
        numbers = ballot.unrank(ballot.from_limbs([n for n in limbs if n is not None]), len(of.candidates), of.seats)
        assert numbers is not None
        opened.append(sorted(of.codes[n] for n in numbers))
    assert opened == [sorted(CHOICES["majlis"]), sorted(CHOICES["council"])]
    assert kinds(terminal) == ["opened", "zero-sheet", "permit", "ballot-prepared", "ballot-cast"]


async def test_the_permit_names_nobody_and_headquarters_can_recompute_it(booths: Booths, election: Election) -> None:
    """C-3, C-4, C-6: nothing of Maryam's id is in P; V beside it makes the same credential again."""
    terminal = await booths.opened()
    await permit_for(terminal, MARYAM)
    signed = terminal.journal.entries[-1]
    entry = Entry.decode(signed.entry)
    assert MARYAM.encode() not in signed.entry
    assert signed.private is not None
    private = PrivatePart.decode(signed.private)
    encoded = cbor.as_bytes(entry.body[0], "permit")
    decoded = Permit.decode(encoded)
    again = permits.recompute_credential(
        manifest=election.manifest, eh=election.eh, serial=decoded.serial, private=private
    )
    assert (private.national_id, again) == (MARYAM, decoded.credential)
    signature = cbor.as_bytes(entry.body[1], "signature")
    assert is_signed(
        terminal.identity.certificate.key, "permit", election.eh, permit_hash(election.eh, encoded), signature
    )


@pytest.mark.parametrize(
    ("person", "decision", "reason"),
    [(DEAD, "not-eligible", "dead"), (ABROAD, "not-eligible", "abroad"), (STRANGER, "unknown", "")],
    ids=["dead", "abroad", "not in the register"],
)
async def test_every_refused_look_up_is_an_entry(booths: Booths, person: str, decision: str, reason: str) -> None:
    """R-3.  The register says no.  Wanted: the screen says why, the entry holds the reason, the id stays beside it."""
    terminal = await booths.opened()
    screen = terminal.desk.look(person)
    assert (screen["decision"], screen["reason"]) == (decision, reason)
    entry = Entry.decode(terminal.journal.entries[-1].entry)
    assert (entry.kind, entry.body[:2]) == ("refused", [decision, reason])
    assert person.encode() not in terminal.journal.entries[-1].entry
    assert not (await terminal.desk.issue(person, document=0)).get("serial")
    assert terminal.status()["counts"] | {"refused": 2} == terminal.status()["counts"]


async def test_maryam_comes_twice(booths: Booths) -> None:
    """She has voted; an hour later she stands at the desk again.  Wanted: checked in already, here; one permit."""
    terminal = await booths.opened()
    await vote(terminal, terminal, MARYAM)
    await permit_for(terminal, REZA)
    screen = terminal.desk.look(MARYAM)
    assert (screen["decision"], screen["reason"]) == ("checked-in-already", "here")
    assert not (await terminal.desk.issue(MARYAM, document=0)).get("serial")
    assert terminal.status()["counts"]["permits"] == 2


async def test_two_officers_hear_an_appeal(booths: Booths) -> None:
    """C-1: «checked in already» is no refusal without appeal.  Two officers inspect her document; one is not enough."""
    terminal = await booths.opened()
    first = await permit_for(terminal, MARYAM)
    await permit_for(terminal, REZA)
    assert not (await terminal.desk.issue(MARYAM, document=1, appeal=OFFICERS[:1])).get("serial")
    assert (await terminal.desk.issue(MARYAM, document=1, appeal=OFFICERS))["serial"]
    again = tray(terminal).last("permit").qr
    assert again
    assert again != first
    assert Permit.decode(permits.read_slip(again)[0]).replaces is None
    assert "incident" in kinds(terminal)


async def test_reza_changes_his_mind_at_the_desk(booths: Booths) -> None:
    """An eligible look-up that ends without a permit is an entry too, whether the clerk says so or just goes on."""
    terminal = await booths.opened()
    terminal.desk.look(REZA)
    terminal.desk.withdraw(REZA)
    terminal.desk.look(REZA)
    terminal.desk.look(MARYAM)
    reasons = [Entry.decode(s.entry).body[0] for s in terminal.journal.entries if b"refused" in s.entry]
    assert reasons == ["withdrawn", "withdrawn"]
    with pytest.raises(Refused, match="not a national id"):
        terminal.desk.look("1234567890")


async def test_maryam_tests_the_machine_five_times(booths: Booths, election: Election) -> None:
    """B-9.  Each test opens its ballot to her choices; the permit stays good; the sixth is refused; then she casts."""
    terminal = await booths.opened()
    await terminal.booth.accept(await permit_for(terminal, MARYAM))
    for left in (4, 3, 2, 1, 0):
        await terminal.booth.seal(CHOICES)
        screen = await terminal.booth.test()
        assert screen["tests_left"] == left
        page, _, text = screen["opening"].partition("#")
        assert page == terminal.settings.test_page
        opening = ballot.read_slip(text)
        assert isinstance(opening, TestSlip)
        assert opening.choices == (("1002",), ("1001", "1007", "1040"))
        assert is_signed(terminal.identity.certificate.key, "tested", election.eh, opening.id, opening.signature)
        for index, (ciphertexts, r) in enumerate(
            zip(Core.decode(opening.core).ciphertexts, opening.randomness, strict=True)
        ):
            limbs = amanat_crypto.open_sealed(ciphertexts=ciphertexts, key=election.manifest.vote_key, randomness=r)
            of = election.manifest.contests[index]
            numbers = ballot.unrank(ballot.from_limbs([n for n in limbs if n is not None]), len(of.codes), of.seats)
            assert numbers is not None
            assert tuple(of.codes[n] for n in numbers) == opening.choices[index]
    await terminal.booth.seal(CHOICES)
    with pytest.raises(Refused, match="used up"):
        await terminal.booth.test()
    assert (await terminal.booth.cast())["told"] == "cast"
    counts = terminal.status()["counts"]
    assert (counts["prepared"], counts["tested"], counts["cast"]) == (6, 5, 1)


async def test_choices_are_nowhere_but_in_memory(booths: Booths, election: Election) -> None:
    """Lengths on the media do not depend on what is chosen, and no code of a candidate is in any file of the home."""
    terminal = await booths.opened()
    sizes = set()
    blank: dict[str, list[str]] = {"majlis": [], "council": []}
    for person, choices in [(MARYAM, CHOICES), (REZA, blank)]:
        await terminal.booth.accept(await permit_for(terminal, person))
        await terminal.booth.seal(choices)
        await terminal.booth.cast()
        sizes.add(tuple(len(s.entry) for s in terminal.journal.entries[-2:]))
    assert len(sizes) == 1
    assert terminal.booth._session is None
    for path in election.home("S1", 1).rglob("*"):
        if path.is_file() and "package" not in path.parts:
            assert b"1040" not in path.read_bytes()


@pytest.mark.parametrize(
    ("choices", "code"),
    [
        ({"majlis": ["1002"]}, "contests-differ"),
        ({"majlis": ["9999"], "council": []}, "candidate-unknown"),
        ({"majlis": ["1001", "1002"], "council": []}, "choices-too-many"),
        ({"majlis": [], "council": ["1001", "1001"]}, "choices-too-many"),
    ],
)
async def test_a_ballot_says_only_what_can_be_counted(booths: Booths, choices: dict[str, list[str]], code: str) -> None:
    """B-1.  Wanted: refused before anything is sealed, and the tray is as it was."""
    terminal = await booths.opened()
    await terminal.booth.accept(await permit_for(terminal, MARYAM))
    with pytest.raises(Refused) as refused:
        await terminal.booth.seal(choices)
    assert refused.value.code == code
    assert terminal.status()["counts"]["prepared"] == 0


async def test_a_permit_for_one_contest_alone(booths: Booths) -> None:
    """Who skips a contest gets a permit without it, and the ballot answers that one contest."""
    terminal = await booths.opened()
    screen = await terminal.booth.accept(await permit_for(terminal, MARYAM, contests=["council"]))
    assert [c["id"] for c in screen["contests"]] == ["council"]
    await terminal.booth.seal({"council": []})
    assert (await terminal.booth.cast())["told"] == "cast"


async def test_a_permit_is_taken_only_where_it_belongs(booths: Booths, election: Election) -> None:
    """C-5: another station's, another booth's, a forged one, a stranger's text are refused, each in its own words."""
    here, there = await booths.opened(), await booths.opened("S2", 1)
    second = await booths.opened("S2", 2)
    slip = await permit_for(here, MARYAM)
    with pytest.raises(Refused) as refused:
        await there.booth.accept(slip)
    assert refused.value.code == "permit-other-station"
    encoded, signature, _, _ = permits.read_slip(slip)
    forged = permits.slip(permits.IssuedPermit(encoded, signature[:-1] + bytes([signature[-1] ^ 1]), b""))
    for text, code in [(forged, "permit-not-signed"), ("AP1XYZ", "permit-unreadable"), ("hello", "permit-unreadable")]:
        with pytest.raises(Refused) as refused:
            await here.booth.accept(text)
        assert refused.value.code == code
    wrong, right = (second, there)
    slip = await permit_for(there, MARYAM)
    if Permit.decode(permits.read_slip(slip)[0]).ballot_device == second.identity.device:
        wrong, right = right, wrong
    with pytest.raises(Refused) as refused:
        await wrong.booth.accept(slip)
    assert refused.value.code == "permit-other-terminal"
    assert (await right.booth.accept(slip))["ok"]


async def test_one_voter_at_a_time_behind_the_curtain(booths: Booths) -> None:
    """Reza's permit is not taken while Maryam is inside; she goes without casting, and both permits are good."""
    terminal = await booths.opened()
    hers, his = await permit_for(terminal, MARYAM), await permit_for(terminal, REZA)
    await terminal.booth.accept(hers)
    await terminal.booth.seal(CHOICES)
    with pytest.raises(Refused, match="in use"):
        await terminal.booth.accept(his)
    assert terminal.booth.leave()["uncast"]
    for slip in (his, hers):
        await terminal.booth.accept(slip)
        await terminal.booth.seal(CHOICES)
        assert (await terminal.booth.cast())["told"] == "cast"
        assert not terminal.booth.leave()["uncast"]
    assert terminal.status()["counts"]["dropped"] == 1


async def test_casting_twice_is_casting_once(booths: Booths) -> None:
    """A double press, a lost answer, the permit shown again: one entry, one code, and copies say so."""
    terminal = await booths.opened()
    slip = await permit_for(terminal, MARYAM)
    await terminal.booth.accept(slip)
    await terminal.booth.seal(CHOICES)
    first, second = await terminal.booth.cast(), await terminal.booth.cast()
    assert first == second
    again = await terminal.booth.accept(slip)
    assert (again["ok"], again["code"], again["told"], again["receipt"]) == (
        False,
        "permit-cast",
        "cast",
        first["code"],
    )
    copies = [s.duplicate for s in tray(terminal).slips if s.kind == "cast"]
    assert copies == [False, True]
    assert terminal.status()["counts"]["cast"] == 1


async def test_a_dead_printer_does_not_uncast_a_ballot(booths: Booths) -> None:
    """Slip 2 does not come out.  Wanted: the voter is told *cast* and that the paper lacks; the permit brings it."""
    terminal = await booths.opened()
    slip = await permit_for(terminal, MARYAM)
    await terminal.booth.accept(slip)
    await terminal.booth.seal(CHOICES)
    tray(terminal).broken = True
    screen = await terminal.booth.cast()
    assert (screen["told"], screen["printed"]) == ("cast", False)
    tray(terminal).broken = False
    assert (await terminal.booth.accept(slip))["printed"]
    assert tray(terminal).last("cast").duplicate


async def test_the_closing_sheet_binds_the_box(booths: Booths, election: Election) -> None:
    """J-6.  The day ends after two votes and one refusal.  Wanted: the printed sheet has their counts and roots, comes
    again marked, and nothing is taken or issued afterwards."""
    terminal = await booths.opened()
    zero = tray(terminal).last("zero").qr
    assert zero
    assert Sheet.decode(read_slip(zero)[0]).cast == 0
    ids = sorted([bytes.fromhex(await vote(terminal, terminal, person)) for person in (MARYAM, REZA)])
    terminal.desk.look(DEAD)
    await terminal.sheets.hourly()
    await terminal.close_polls("")
    text = tray(terminal).last("closing").qr
    assert text
    made = Sheet.decode(read_slip(text)[0])
    assert (made.permits, made.refused, made.prepared, made.cast) == (2, 1, 2, 2)
    assert terminal.journal.state.cast_ids == tuple(ids)
    assert made.box_root == terminal.journal.state.box_root
    assert kinds(terminal)[-2:] == ["sheet", "closed"]
    assert (await terminal.close_polls(""))["sheet"] == text
    assert tray(terminal).last("closing").duplicate
    for act in (lambda: terminal.desk, lambda: terminal._require_open()):
        with pytest.raises(Refused, match="closed"):
            act()


async def test_it_opens_with_two_officers_and_once(booths: Booths) -> None:
    terminal = booths.start()
    for names in ([], OFFICERS[:1], [OFFICERS[0], OFFICERS[0]]):
        with pytest.raises(Refused, match="Two officers"):
            await terminal.open(names)
    with pytest.raises(Refused, match="not open"):
        _ = terminal.desk
    assert not (await terminal.open(OFFICERS))["repeated"]
    assert (await terminal.open(OFFICERS))["repeated"]
    assert kinds(terminal) == ["opened", "zero-sheet"]


async def test_a_lost_medium_is_told_to_people_and_not_to_the_voter(booths: Booths, election: Election) -> None:
    """Medium B dies in the middle of the day.  Wanted: the vote goes through, an incident stands in the journal, the
    status says which; after the next start both media hold everything again."""
    terminal = await booths.opened()
    (election.home("S1", 1) / "medium-b" / "journal").write_bytes(b"")
    await vote(terminal, terminal, MARYAM)
    assert terminal.status()["media"] == {"a": "good", "b": "dead"}
    assert "incident" in kinds(terminal)
    before = list(terminal.journal.entries)
    again = await booths.after_power_cut(terminal)
    assert again.journal.entries[: len(before)] == before
    assert again.status()["media"] == {"a": "good", "b": "good"}


async def test_it_does_not_close_over_a_voters_head(booths: Booths) -> None:
    """Maryam is behind the curtain at eight o'clock.  Wanted: closing waits for her; afterwards it closes."""
    terminal = await booths.opened()
    await terminal.booth.accept(await permit_for(terminal, MARYAM))
    with pytest.raises(Refused, match="in use"):
        await terminal.close_polls("")
    await terminal.booth.seal(CHOICES)
    await terminal.booth.cast()
    assert (await terminal.close_polls(""))["ok"]


async def test_an_equation_that_does_not_hold_is_explained_or_not_printed(booths: Booths) -> None:
    """Ecuador.  A ballot was prepared and nothing became of it.  Wanted: no closing sheet, until somebody's explanation
    stands in the journal before it."""
    terminal = await booths.opened()
    terminal.journal.write("ballot-prepared", [bytes(32)])
    with pytest.raises(Rejected) as unbalanced:
        await terminal.close_polls("")
    assert unbalanced.value.code == "account-unbalanced"
    assert not [slip for slip in tray(terminal).slips if slip.kind == "closing"]
    assert (await terminal.close_polls("the screen was torn off the wall", OFFICERS))["prepared"] == 1
    assert kinds(terminal)[-3:] == ["incident", "sheet", "closed"]


async def test_a_desk_without_room_issues_nothing(booths: Booths, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = await booths.opened("S2", 1)
    monkeypatch.setattr(terminal.journal, "has_room", lambda **_: False)
    terminal.desk.look(MARYAM)
    with pytest.raises(Refused) as refused:
        await terminal.desk.issue(MARYAM, document=0)
    assert refused.value.code == "desk-full"
    assert terminal.status()["counts"]["permits"] == 0


async def test_an_entry_that_another_key_signed_stops_the_start(booths: Booths, election: Election) -> None:
    """Somebody who knows no key appends a well-formed, well-chained entry to both media.  Wanted: not believed."""
    terminal = await booths.opened()
    state = terminal.journal.state
    forged = journal.make(
        eh=election.eh,
        seed=b"f" * 32,
        device=terminal.identity.device,
        seq=state.next_seq,
        prev=state.head,
        kind="incident",
        body=["x", "y"],
        wall_ms=0,
        monotonic_ms=0,
        boot_id=bytes(16),
    )
    terminal.journal._media.append(forged.encode())
    await booths.stop(terminal)
    with pytest.raises(Rejected) as stopped:
        booths.start()
    assert (stopped.value.code, stopped.value.facts["seq"]) == ("journal-signature", state.next_seq)


async def test_a_test_is_not_dodged_by_a_paper_jam(booths: Booths) -> None:
    """B-9.  The printer fails while Maryam tests the machine.  Wanted: the screen shows the opening all the same."""
    terminal = await booths.opened()
    await terminal.booth.accept(await permit_for(terminal, MARYAM))
    await terminal.booth.seal(CHOICES)
    tray(terminal).broken = True
    screen = await terminal.booth.test()
    assert (screen["ok"], screen["printed"], screen["tests_left"]) == (True, False, 4)
    assert screen["opening"].partition("#")[2]


async def test_after_closed_nothing_is_signed(booths: Booths) -> None:
    """C-7, J-6.  A desk elsewhere asks a closed booth to refuse a permit.  Wanted: no entry after `closed`."""
    terminal = await booths.opened()
    await terminal.close_polls("")
    head = terminal.status()["head"]
    with pytest.raises(Refused) as refused:
        terminal.booth.void(bytes(16), "late")
    assert refused.value.code == "station-closed"
    assert terminal.status()["head"] == head


async def test_with_both_media_dead_no_voter_is_sent_or_let_in(
    booths: Booths, election: Election, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both media fail inside a cast.  Wanted: nobody knows what is on them, so the booth says that it is stopped, lets
    the next voter not in, and its desk sends nobody there."""
    terminal = await booths.opened()
    slips = [await permit_for(terminal, person) for person in (MARYAM, REZA)]
    await terminal.booth.accept(slips[0])
    await terminal.booth.seal(CHOICES)

    def dead() -> None:
        raise OSError(5, "Input/output error")

    for medium in terminal._media:
        monkeypatch.setattr(medium, "sync", dead)
    for act in (terminal.booth.cast, terminal.booth.cast):
        with pytest.raises(MediumLost) as lost:
            await act()
        assert lost.value.code == "media-lost"
    assert terminal.status()["stopped"] == "media-lost"
    assert not terminal.has_booth_room()
    terminal.booth._session = None  # she goes to the supervisor
    with pytest.raises(MediumLost):
        await terminal.booth.accept(slips[1])


async def test_a_serial_that_is_none_is_refused(booths: Booths) -> None:
    """Somebody types rubbish of the right length where a serial belongs."""
    terminal = await booths.opened()
    with pytest.raises(Refused) as refused:
        await terminal.desk.replace("z" * 32, "stuck")
    assert refused.value.code == "permit-not-ours"


@pytest.mark.parametrize("name", ["", "/dev/null/\0"])
async def test_a_bundle_without_a_place_is_refused(booths: Booths, name: str) -> None:
    """The supervisor names no file, or one that cannot be."""
    terminal = await booths.opened()
    with pytest.raises(BadInput) as refused:
        terminal.write_usb(Path(name))
    assert refused.value.code == "usb-not-written"


async def test_rotten_side_files_do_not_stop_a_terminal(booths: Booths, election: Election) -> None:
    """News and colleagues' copies are not synced: after a cut they may hold anything.  Wanted: the terminal starts."""
    terminal = await booths.opened()
    await booths.stop(terminal)
    home = election.home("S1", 1)
    for path in (home / "news.notes", home / "colleagues" / "7.journal"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"".join(len(value).to_bytes(4, "big") + value for value in (b"\x01", b"\x83\x41a\x41b\xf6")))
    again = booths.start()
    assert again.news.station_of(MARYAM) is None
    assert again.lan.copies[7].head is None
