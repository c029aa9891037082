"""Headquarters' part of the record, and publication (D-1, D-2, L-1, T-2)."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amanat.errors import BadInput
from amanat.hq.cases.boards import boards_of
from amanat.hq.home import Home
from amanat.hq.results.export import Target, export
from amanat.hq.results.publishing import publish
from amanat.records import cbor, tiles
from amanat.records.ballot import ballot_id
from amanat.records.identifiers import is_signed, sign
from amanat.records.order import DeviceStatus
from amanat.records.permit import IssuedPermit, Permit


def do_export(here: Home, root: Path) -> Path:
    target = Target(root / "record", root / "private", 1)
    export(here, target, now_ms=9, boards=boards_of(here, root / "authorities"))
    return target.record


def seq(path: Path) -> list[Any]:
    return cbor.decode_seq(path.read_bytes())


def test_it_writes_what_was_delivered_sorted_by_hash(here: Home, day: Any, root: Path, people: Any) -> None:
    """Three voters at two stations, a tested ballot, closings: lists are sorted and complete, and say no time."""
    ids = [day.damavand.vote(people.MARYAM), day.firuzkuh.vote(people.ALI), day.damavand.vote(people.SARA)]
    day.booth.write("ballot-prepared", [bytes(32)])
    test = [bytes(32), sign(day.booth.seed, "tested", here.eh, bytes(32))]
    day.booth.write("ballot-tested", test)
    sheets = [terminal.close() for terminal in (day.damavand, day.booth, day.firuzkuh)]
    day.deliver()
    record = do_export(here, root)
    assert [ballot_id(here.eh, core) for core, _ in seq(record / "ballots/1.seq")] == sorted(ids)
    permits = seq(record / "journal-summaries/permits.seq")
    assert permits == sorted(permits)
    assert sorted(device for _, device in permits) == [0, 0, 2]
    assert seq(record / "journal-summaries/tested.seq") == [[test[0], 1, test[1]]]
    assert len(seq(record / "journal-summaries/sheets.seq")) == 3
    devices = json.loads((root / "private/devices.json").read_text())
    assert devices == [[device, 0, sheet.hex()] for device, sheet in enumerate(sheets)]
    cases = json.loads((root / "private/cases.json").read_text())
    assert cases == {"groups": [], "known": [ph.hex() for ph, _ in permits]}
    for name in ("journal-summaries/approvals.seq", "order/1/exclusions.seq", "order/1/decisions.seq", "lots.seq"):
        assert (record / name).read_bytes() == b""
    with pytest.raises(BadInput):
        do_export(here, root)


def test_a_test_that_its_terminal_did_not_sign_is_not_listed(here: Home, day: Any, root: Path, people: Any) -> None:
    """A terminal out of order writes a test with a wrong signature, then one with its own.  Wanted: only the second is
    in the record, which would else be refused (V12), and its sheet, that counts two, closes nothing (B-9, T-2)."""
    true = sign(day.booth.seed, "tested", here.eh, bytes(32))
    for id_ in (bytes([1]) * 32, bytes(32)):
        day.booth.write("ballot-prepared", [id_])
        day.booth.write("ballot-tested", [id_, true])
    day.booth.close()
    day.deliver()
    record = do_export(here, root)
    assert seq(record / "journal-summaries/tested.seq") == [[bytes(32), 1, true]]
    assert json.loads((root / "private/devices.json").read_text())[1][1] == DeviceStatus.CARRIED


def test_the_bulletin_holds_what_the_record_holds(here: Home, day: Any, root: Path, people: Any) -> None:
    """Every exported ballot is an entry 02 of the exported tree, though its batch was not five minutes old."""
    id_ = day.damavand.vote(people.MARYAM)
    day.deliver()
    record = do_export(here, root)
    vkey = here.manifest.bulletin_vkey
    checkpoint = tiles.read_checkpoint((record / "bulletin/checkpoint").read_bytes(), [vkey])
    entries = tiles.read_entries(lambda path: (record / "bulletin" / path).read_bytes(), checkpoint.size)
    assert b"\2" + id_ in entries


def test_devices_end_closed_carried_missing_or_unused(here: Home, day: Any, root: Path, people: Any) -> None:
    """Damavand's desk closes; its booth, to which a permit sent a voter, gave nothing; Firuzkuh never closed."""
    day.damavand.check_in(people.MARYAM, booth=1)
    sheet = day.damavand.close()
    day.deliver(day.damavand, day.firuzkuh)
    do_export(here, root)
    devices = json.loads((root / "private/devices.json").read_text())
    assert devices == [[0, 0, sheet.hex()], [1, 2, None], [2, 1, day.firuzkuh.state.head.hex()]]


def test_a_device_that_nothing_names_is_unused(here: Home, root: Path) -> None:
    """Spares that stayed in their boxes are no loss."""
    do_export(here, root)
    devices = json.loads((root / "private/devices.json").read_text())
    assert devices == [[device, 3, None] for device in range(3)]


def test_a_sheet_that_counts_more_than_came_closes_nothing(here: Home, day: Any, root: Path, people: Any) -> None:
    """A ballot's entry is lost on the way (both media, say) but the closing sheet counts it: carried, not closed."""
    day.damavand.vote(people.MARYAM)
    day.damavand.close()
    triples = day.damavand.triples()
    day.intake.take(triples[:3] + triples[4:])
    do_export(here, root)
    devices = json.loads((root / "private/devices.json").read_text())
    assert devices[0][1] == 1
    assert seq(root / "record" / "journal-summaries/sheets.seq") == []


def test_a_foreign_permit_cannot_slip_under_a_closed_sheet(here: Home, day: Any, root: Path, people: Any) -> None:
    """The booth casts a ballot with a permit that the closed desk never wrote: it is a ballot, but no listed permit."""
    stolen = type(day.damavand)(here, 0, 0)
    issued = stolen.check_in(people.REZA, booth=1)
    day.booth.cast(issued)
    day.damavand.close()
    day.deliver(day.damavand, day.booth)
    record = do_export(here, root)
    assert len(seq(record / "ballots/1.seq")) == 1
    assert seq(record / "journal-summaries/permits.seq") == []


def test_publication_signs_every_file(here: Home, day: Any, root: Path, people: Any) -> None:
    """Sums over all files but bulletin/, headquarters' signature on them, entry 06 under the last checkpoint."""
    day.damavand.vote(people.MARYAM)
    day.deliver()
    record = do_export(here, root)
    with pytest.raises(BadInput) as caught:
        publish(here, record, now_ms=10)
    assert caught.value.code == "hq-not-counted"
    (record / "result.json").write_text("{}")
    digest = bytes.fromhex(publish(here, record, now_ms=10))
    sums = (record / "SHA256SUMS").read_bytes()
    assert hashlib.sha256(sums).digest() == digest
    for line in sums.decode().splitlines():
        hexed, path = line.split("  ")
        assert hashlib.sha256((record / path).read_bytes()).hexdigest() == hexed
    files = {p.relative_to(record).as_posix() for p in record.rglob("*") if p.is_file()}
    named = {line.split("  ")[1] for line in sums.decode().splitlines()}
    assert {f for f in files if not f.startswith("bulletin/")} - named == {"SHA256SUMS", "SHA256SUMS.sig"}
    assert is_signed(here.manifest.hq_key, "record", here.eh, digest, (record / "SHA256SUMS.sig").read_bytes())
    vkey = here.manifest.bulletin_vkey
    checkpoint = tiles.read_checkpoint((record / "bulletin/checkpoint").read_bytes(), [vkey])
    entries = tiles.read_entries(lambda path: (record / "bulletin" / path).read_bytes(), checkpoint.size)
    assert entries[-1] == b"\6" + digest


def test_a_permit_of_an_issuer_that_does_not_exist_is_not_listed(here: Home, day: Any, root: Path, people: Any) -> None:
    """A rigged booth casts with a permit of device 99.  Its ballot is published, to be annulled; a list that names a
    device which does not exist would have the whole record refused (V6)."""
    honest = day.damavand.check_in(people.REZA, booth=1)
    strange = replace(Permit.decode(honest.permit), check_in_device=99).encode()
    day.booth.cast(IssuedPermit(strange, honest.signature, honest.private))
    day.deliver(day.booth)
    record = do_export(here, root)
    assert len(seq(record / "ballots/1.seq")) == 1
    assert seq(record / "journal-summaries/permits.seq") == []
