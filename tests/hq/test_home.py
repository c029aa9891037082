"""Making a headquarters and enrolling its devices (M-1, K-8, K-9, L-1)."""

import json
from pathlib import Path
from typing import Any

import pytest

from amanat.errors import BadInput
from amanat.hq.home import Home
from amanat.hq.writing import rows_of
from amanat.records import cbor, tiles
from amanat.records.manifest import Manifest


def test_it_makes_manifest_and_database_of_the_election(here: Home, root: Path) -> None:
    """The manifest says what the sources say, and its keys are those that lie sealed in the home."""
    manifest = Manifest.decode((here.election / "manifest.cbor").read_bytes())
    assert manifest.election_id == "two-towns"
    assert [s.id for s in manifest.stations] == ["S1", "S2"]
    assert manifest.polling_day == "2024-03-01"
    assert manifest.trustees.threshold == 2
    assert [a.role for a in manifest.authorities] == ["governor", "supervisory-board"]
    import amanat_crypto

    assert amanat_crypto.public_key(here.secret("signing")) == manifest.hq_key
    assert b"".join(p.read_bytes() for p in (here.folder / "keys").iterdir()).find(here.secret("signing")) == -1


def test_it_logs_certificates_before_opening(here: Home) -> None:
    """Three devices, three entries 01 under a checkpoint that the bulletin's key signed."""
    checkpoint = tiles.read_checkpoint((here.bulletin / "checkpoint").read_bytes(), [here.manifest.bulletin_vkey])
    entries = tiles.read_entries(lambda path: (here.bulletin / path).read_bytes(), checkpoint.size)
    assert [entry[0] for entry in entries] == [1, 1, 1]
    assert entries == sorted(entries)
    assert tiles.Tree(entries).root() == checkpoint.root


def test_it_enrols_a_device_once(here: Home, root: Path) -> None:
    """The same requests again change nothing."""
    from amanat.hq.devices.enrolment import devices_seq, enrol

    before = devices_seq()
    assert enrol(here, root / "stations", now_ms=1) == 0
    assert devices_seq() == before
    assert len(cbor.decode_seq(before)) == 3


@pytest.mark.parametrize(("folder", "code"), [("S9-1", "hq-request-place"), ("S1-9", "hq-request-place")])
def test_it_refuses_a_request_of_no_place(here: Home, root: Path, folder: str, code: str) -> None:
    """A machine of a station that is not in the manifest gets no certificate."""
    from amanat.hq.devices.enrolment import enrol

    (root / "stations" / folder).mkdir()
    (root / "stations" / folder / "request.cbor").write_bytes(cbor.encode([bytes(32), "seal"]))
    with pytest.raises(BadInput) as caught:
        enrol(here, root / "stations", now_ms=1)
    assert caught.value.code == code


def test_it_refuses_an_unsound_key(here: Home, root: Path) -> None:
    """A key of small order would sign anything (E-6)."""
    from django.db import connection

    from amanat.hq.devices.enrolment import enrol, rows_of, writing

    assert rows_of("SELECT COUNT(*) FROM devices_device") == [(3,)]
    with writing(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM devices_device WHERE device = 2")
    (root / "stations" / "S2-1" / "request.cbor").write_bytes(cbor.encode([b"\1" + bytes(31), "seal"]))
    with pytest.raises(BadInput) as caught:
        enrol(here, root / "stations", now_ms=1)
    assert caught.value.code == "hq-request"


def test_it_packs_what_a_terminal_loads(here: Home, root: Path) -> None:
    """The package has the files that a station asks for, candidates and stations in manifest order."""
    from amanat.hq.elections.packages import write_package

    out = write_package(here, root / "package")
    candidates = json.loads((out / "candidates.json").read_text())
    assert [row["code"] for row in candidates["majlis"]] == ["1001", "1002", "1003"]
    assert [row["id"] for row in json.loads((out / "stations.json").read_text())] == ["S1", "S2"]
    assert json.loads((out / "contests.json").read_text())[0]["title_fa"] == "مجلس"
    assert (out / "register.bin").stat().st_ino == (here.election / "register.bin").stat().st_ino
    with pytest.raises(BadInput):
        write_package(here, out)


def test_it_refuses_yesterdays_register(here: Home, root: Path) -> None:
    """Another day's register names its day; a headquarters with it is not made."""
    from amanat.hq.elections.making import Sources, init
    from amanat.records import register

    old = register.build([], election_id="two-towns", round=1, day="2024-02-29", version=1)
    (root / "old.bin").write_bytes(old)
    folders = (root / name for name in ("election", "ceremony", "mixers", "authorities"))
    sources = Sources(*folders, register=root / "old.bin", passphrase=root / "passphrase")
    with pytest.raises(BadInput) as caught:
        init(root / "hq2", sources, now_ms=1)
    assert caught.value.code == "register-of-another"
    assert not (root / "hq2").exists()


def test_a_late_device_needs_both_boards(here: Home, root: Path, day: Any, people: Any) -> None:
    """After the first ballot is held, a certificate without the boards is refused, and with them is logged (V4)."""
    from django.db import connection

    from amanat.hq.cases.boards import boards_of
    from amanat.hq.devices.enrolment import devices_seq, enrol
    from amanat.hq.writing import writing

    with writing(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM devices_device WHERE device = 1")
    day.damavand.vote(people.MARYAM)
    day.deliver(day.damavand)
    with pytest.raises(BadInput) as caught:
        enrol(here, root / "stations", now_ms=5)
    assert caught.value.code == "hq-late-device"
    assert enrol(here, root / "stations", now_ms=5, boards=boards_of(here, root / "authorities")) == 1
    boards = [row[2] for row in cbor.decode_seq(devices_seq()) if isinstance(row, list)]
    assert sorted(b is None for b in boards) == [False, True, True]


@pytest.mark.parametrize("device", [7, 1 << 63, (1 << 64) - 1])
def test_a_device_that_nobody_enrolled_is_unknown(here: Home, device: int) -> None:
    """Whatever number a stranger says, also one that no database holds."""
    from amanat.hq.devices.enrolment import Certificates

    assert Certificates()(device) is None


def test_a_device_enrolled_later_is_known_to_a_running_server(here: Home, root: Path) -> None:
    """The certificates that a process holds are not the last word."""
    from django.db import connection

    from amanat.hq.devices.enrolment import Certificates, enrol
    from amanat.hq.writing import writing

    with writing(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM devices_device WHERE device = 2")
    certificates = Certificates()
    assert certificates(2) is None
    enrol(here, root / "stations", now_ms=1)
    assert certificates(2) is not None


def test_what_says_who_voted_is_for_its_owner_alone(here: Home, root: Path) -> None:
    """The database, its journal files, the register and the machine's settings are not readable by other accounts."""
    rows_of("SELECT 1 FROM elections_election")
    private = [*here.folder.glob("database.sqlite3*"), here.election / "register.bin"]
    assert here.sqlite_file in private
    for path in private:
        assert path.stat().st_mode & 0o077 == 0, path
