"""What a machine finds before it touches a key: one change to the exported record, one check that names it (V2 to V14).

Each change is made after the day is closed and before the order; `V14` and later ones also after it.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import amanat_crypto as crypto
from amanat.count.checks.ballots import wrong_points
from amanat.count.checks.bulletin import read_bulletin
from amanat.count.exchange import Files, Refused, ask
from amanat.errors import AmanatError, Usage
from amanat.records import cbor, tiles
from amanat.records import election_record as paths
from amanat.records.identifiers import sign
from amanat.records.order import Decision, DecisionKind, Exclusion, Reason

Change = Callable[[Any], None]


def edit(county: Any, name: str, change: Callable[[list[Any]], None]) -> None:
    """Changes the items of a sequence in place."""
    rows: list[Any] = cbor.decode_seq((county.record / name).read_bytes())
    change(rows)
    county.write(name, cbor.encode_seq(rows))


def flip(county: Any, name: str, at: int = -1) -> None:
    """Changes one byte of a file."""
    data = bytearray((county.record / name).read_bytes())
    data[at] ^= 1
    county.write(name, bytes(data))


def forget_log_entry(county: Any) -> None:
    county.log = [entry for entry in county.log if entry[1:] != county.casts[0].id]
    county.bulletin()


def log_twice(county: Any) -> None:
    county.log.append(county.log[0])
    county.bulletin()


def device_after_opening(county: Any) -> None:
    first = next(at for at, entry in enumerate(county.log) if entry[0] == 2)
    county.log.insert(first, county.log.pop(0))
    county.bulletin()


def foreign_sheet(county: Any) -> None:
    """Station 0's closing sheet, signed by another key."""

    def change(rows: list[Any]) -> None:
        for row in rows:
            row[1] = sign(os.urandom(32), "sheet", county.eh, bytes(32))

    edit(county, paths.SHEETS, change)


def item_of_test(county: Any, id_: bytes, device: int) -> list[Any]:
    return [id_, device, sign(county.seeds[device], "tested", county.eh, id_)]


CHANGES: list[tuple[str, Change]] = [
    ("V2", lambda county: flip(county, paths.MANIFEST_JSON, 40)),
    ("V2", lambda county: flip(county, paths.RULES)),
    ("ceremony-commitments-wrong", lambda county: flip(county, "keys/W/2.cbor")),
    ("ceremony-signature-wrong", lambda county: flip(county, paths.ECHO)),
    ("ceremony-signature-wrong", lambda county: flip(county, paths.TRANSCRIPT)),
    ("V4", lambda county: edit(county, paths.DEVICES, lambda rows: rows[0].__setitem__(1, bytes(64)))),
    ("V4", lambda county: edit(county, paths.DEVICES, list.reverse)),
    ("V4", lambda county: edit(county, paths.DEVICES, list.pop)),
    ("V4", device_after_opening),
    ("V5", lambda county: flip(county, "bulletin/tile/0/000.p/37")),
    ("V5", lambda county: flip(county, "bulletin/tile/entries/000.p/37")),
    ("V5", log_twice),
    ("bulletin-checkpoint-wrong", lambda county: flip(county, "bulletin/checkpoint", 20)),
    ("V7", lambda county: edit(county, paths.ballots_path(1), list.reverse)),
    ("V9", forget_log_entry),
    ("V9", lambda county: edit(county, paths.ballots_path(1), list.pop)),
    ("V6", lambda county: edit(county, paths.PERMITS, list.reverse)),
    ("V10", lambda county: edit(county, paths.PERMITS, list.pop)),
    ("V10", lambda county: edit(county, paths.TESTED, lambda rows: rows.append(item_of_test(county, bytes(32), 1)))),
    ("V10", foreign_sheet),
    ("V11", lambda county: edit(county, paths.SHEETS, list.pop)),
    (
        "V12",
        lambda county: edit(county, paths.TESTED, lambda rows: rows.extend([item_of_test(county, bytes(32), 1)] * 2)),
    ),
    ("V12", lambda county: edit(county, paths.TESTED, lambda rows: rows.append([bytes(32), 1, bytes(64)]))),
    ("V12", lambda county: edit(county, paths.TESTED, lambda rows: rows.append(item_of_test(county, bytes(32), 3)))),
]


@pytest.mark.parametrize(("check", "change"), CHANGES, ids=[f"{at}-{name}" for at, (name, _) in enumerate(CHANGES)])
def test_one_change_to_the_record_and_no_order_is_signed(
    county: Callable[..., Any], check: str, change: Change
) -> None:
    place = county()
    place.fill()
    place.close()
    change(place)
    with pytest.raises(AmanatError) as refused:
        place.order()
    assert check in (refused.value.code, refused.value.facts.get("check"))
    assert refused.value.exit_code == 1
    assert not (place.record / paths.order_path(1)).exists()


def test_a_cast_id_in_the_place_of_a_tested_one_is_a_fault_of_the_record(county: Callable[..., Any]) -> None:
    """Headquarters exchanges a tested id for that of a ballot it does not like; the number of tests on the sheet stays
    (B-9, V12).  Wanted: nobody counts over such a record, and the ballot is not annulled."""
    place = county()
    place.fill(6)
    place.test(os.urandom(32), 1)
    place.close()
    mine = place.boxes[1][0].id
    edit(place, paths.TESTED, lambda rows: rows[0].__setitem__(0, mine))
    with pytest.raises(AmanatError, match="V12"):
        place.order()


def test_another_terminals_word_annuls_nothing(county: Callable[..., Any]) -> None:
    """A device that headquarters enrolled for itself says that station 1's ballot was tested on it.  Wanted: no effect
    on that ballot; a ballot whose own terminal says so is annulled (T-4, V12)."""
    place = county()
    place.fill(6)
    place.test(place.boxes[1][0].id, 0)
    place.test(place.boxes[2][0].id, 2)
    place.order()
    annulled = [place.casts[at].id for at in place.session().failing]
    assert annulled == [place.boxes[2][0].id]


def test_an_exclusion_needs_its_decision(county: Callable[..., Any]) -> None:
    """Headquarters alone cannot exclude a person: both boards sign, or the order does not stand (T-2)."""
    place = county()
    place.fill(6)
    place.exclude(3)
    place.decisions.clear()
    with pytest.raises(AmanatError, match="V14"):
        place.order()


def test_a_decision_that_was_not_in_the_bulletin_before_the_order_does_not_stand(county: Callable[..., Any]) -> None:
    """The boards may not rule in secret, or afterwards: a decision is in the bulletin that the order stands on."""
    place = county(hidden=True)
    place.fill(6)
    place.exclude(3)
    with pytest.raises(AmanatError, match="V14"):
        place.order()


def test_an_exclusion_for_paper_has_no_paper_station_to_come_from(county: Callable[..., Any]) -> None:
    place = county()
    place.fill(6)
    exclusion = place.exclude(3)
    place.exclusions[:] = [Exclusion(exclusion.credential, Reason.PAPER, 0)]
    with pytest.raises(AmanatError, match="V14"):
        place.order()


@pytest.mark.parametrize("path", [paths.order_signatures_path(1), paths.decisions_path(1), paths.exclusions_path(1)])
def test_what_the_boards_signed_may_not_change(county: Callable[..., Any], path: str) -> None:
    place = county()
    place.fill(6)
    place.exclude(3)
    place.order()
    flip(place, path)
    with pytest.raises(AmanatError):
        place.session()


def test_decisions_annul_permits_ballots_and_what_a_device_signed(county: Callable[..., Any]) -> None:
    """The boards rule on a permit, on a ballot and on a forked device (T-2, T-4): each ballot has its own reason and
    refers to its decision; a decision that lets something stand changes nothing."""
    place = county()
    place.fill(9)
    casts = sorted((cast for cast in place.casts if cast.person < 4), key=lambda cast: cast.person)
    rulings = [
        Decision(DecisionKind.PERMIT, place.permit_hash(casts[0]), Reason.DUPLICATE, bytes(32)),
        Decision(DecisionKind.BALLOT, casts[1].id, Reason.ANNULLED, bytes(32)),
        Decision(DecisionKind.DEVICE, place.certificate_id(2), Reason.ANNULLED, bytes(32)),
        Decision(DecisionKind.BALLOT, casts[3].id, Reason.STANDS, bytes(32)),
    ]
    place.decisions += rulings
    place.order()
    session = place.session()
    found = {session.ballots.ids[at]: reason for at, (reason, _) in session.annulled.items()}
    of_device = {cast.id: Reason.ANNULLED for cast in place.boxes[2]}
    assert found == {casts[0].id: Reason.DUPLICATE, casts[1].id: Reason.ANNULLED, **of_device}
    references = {reference for _, reference in session.annulled.values()}
    assert references == {place.decision_id(ruling) for ruling in rulings[:3]}


@pytest.mark.parametrize("option", [{"mode": 1}, {"paper": True}])
def test_what_is_not_built_is_said_in_both_languages(county: Callable[..., Any], option: dict[str, Any]) -> None:
    place = county(**option)
    place.close()
    with pytest.raises(Usage) as refused:
        place.order()
    assert refused.value.exit_code == 2
    assert refused.value.say("fa") != refused.value.say("en")


def test_a_machine_serves_the_election_it_was_told(county: Callable[..., Any], working: Any) -> None:
    """A mixer's owner read the election hash in the newspaper; another record is refused (M-3)."""
    place = county()
    place.fill(6)
    place.order()
    machine = place.mixer(0)
    machine.given = bytes(32)
    record = {str(p.relative_to(place.record)): p for p in place.record.rglob("*") if p.is_file()}
    with working([machine]), pytest.raises(Refused, match="election hash is"):
        ask(place.root / "mixers/0", {"kind": "check", "session": 1}, {}, record=record)
    assert not (place.root / "mixers/0/record").exists()


def test_a_machine_checks_once_and_again_when_a_byte_has_changed(county: Callable[..., Any]) -> None:
    """What was checked is remembered by its SHA-256: the second reading does not verify, a changed file does."""
    place = county()
    place.fill(6)
    place.order()
    place.session()
    crypto.reset_operation_counts()
    place.session()
    again = sum(crypto.operation_counts().values())
    (kept,) = (place.root / "fresh").iterdir()
    kept.unlink()
    crypto.reset_operation_counts()
    place.session()
    assert again < sum(crypto.operation_counts().values())
    flip(place, paths.APPROVALS) if (place.record / paths.APPROVALS).stat().st_size else flip(place, paths.SHEETS)
    with pytest.raises(AmanatError):
        place.session()


def test_most_witnesses_must_have_signed_the_checkpoint(county: Callable[..., Any]) -> None:
    """Three witnesses are named: one signature is not enough, two are (L-4, V5)."""
    place = county()
    place.fill(3)
    place.order()
    seeds = {f"witness-{number}": bytes([number]) * 32 for number in range(3)}
    vkeys = tuple(tiles.vkey(name, crypto.public_key(seed)) for name, seed in seeds.items())
    election = place.session().election
    election = replace(election, manifest=replace(election.manifest, witness_vkeys=vkeys))
    note = (place.record / "bulletin/checkpoint").read_bytes()
    text = note.decode().partition("\n\n")[0] + "\n"
    lines = [tiles.signature_line(text, name=name, seed=seed).encode() for name, seed in seeds.items()]
    place.write("bulletin/checkpoint", note + lines[0])
    with pytest.raises(AmanatError, match="V5"):
        read_bulletin(Files(place.record), election)
    place.write("bulletin/checkpoint", note + lines[0] + lines[2])
    read_bulletin(Files(place.record), election)


def test_points_that_are_none_are_found_one_by_one() -> None:
    good = crypto.base_mul(crypto.random_scalar())
    items = [good + good, good + bytes(32), b"\xff" * 32 + good, good + good, b"\x01" + bytes(31) + good]
    assert wrong_points(items) == {1, 2, 4}
    assert wrong_points([]) == set()
