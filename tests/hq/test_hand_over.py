"""A spare carries a dead device's journal on; what headquarters makes of both (J-8, T-2)."""

import json
from pathlib import Path
from typing import Any

import pytest

from amanat.hq.cases.boards import boards_of
from amanat.hq.home import Home
from amanat.hq.results.export import Target, export
from amanat.records import cbor
from amanat.records.ballot import ballot_id
from amanat.records.order import Decision, DeviceStatus
from amanat_crypto import public_key

SEED = b"9" * 32
SPARE = 4  # after the three at work and Damavand's own spare


@pytest.fixture
def spare(here: Home, root: Path, day: Any) -> Any:
    """Firuzkuh's spare, terminal 2 of a station that has one: certified before opening."""
    from amanat.hq.devices.enrolment import enrol

    folder = root / "stations" / "S2-2"
    folder.mkdir()
    (folder / "request.cbor").write_bytes(cbor.encode([public_key(SEED), "S2-2"]))
    assert enrol(here, root / "stations", now_ms=1) == 1
    made = type(day.firuzkuh)(here, SPARE, 1, name="S2-2", seed=SEED)
    made.write("opened", [1, ["two", "officers"]])
    return made


def statuses() -> dict[int, DeviceStatus]:
    from amanat.hq.devices.endings import endings

    return {ending.device: ending.status for ending in endings()}


def test_the_dead_device_is_set_apart_and_its_ballots_stand(
    here: Home, root: Path, day: Any, people: Any, spare: Any
) -> None:
    """Ali voted at Firuzkuh's machine, Reza held a permit when it died.  The spare carries its journal on, replaces
    Reza's permit, and closes.  Wanted: the machine is apart by a decision of the boards, the spare is closed by its
    sheet, and the record has both ballots, each once."""
    dead = day.firuzkuh
    ballots = [dead.vote(people.ALI)]
    left = dead.check_in(people.REZA)
    spare.write("hand-over", [2, dead.state.next_seq - 1, dead.state.head])
    serial = next(s for s, ph in dead.state.permits.items() if s not in dead.state.cast)
    spare.write("permit-refused", [serial, "booth dead"])
    ballots.append(spare.cast(spare.check_in(people.REZA, booth=SPARE, replaces=serial)))
    sheet = spare.close()
    assert left.permit
    for terminal in (day.damavand, day.booth):
        terminal.close()
    day.intake.take(dead.triples())
    day.intake.take(spare.triples())
    day.deliver(day.damavand, day.booth)
    assert statuses()[2] is DeviceStatus.APART
    assert statuses()[SPARE] is DeviceStatus.CLOSED
    record = root / "record"
    export(here, Target(record, root / "private", 1), now_ms=9, boards=boards_of(here, root / "authorities"))
    devices = {device: rest for device, *rest in json.loads((root / "private/devices.json").read_text())}
    assert devices[SPARE] == [int(DeviceStatus.CLOSED), sheet.hex()]
    assert devices[2][0] == int(DeviceStatus.APART)
    cores = cbor.decode_seq((record / "ballots/1.seq").read_bytes())
    assert sorted(ballots) == [ballot_id(here.eh, core) for core, _ in cores]
    rulings = cbor.decode_seq((record / "order/1/decisions.seq").read_bytes())
    assert len([Decision.decode(row[0]) for row in rulings]) == 1


def test_nobody_sets_another_stations_device_apart(here: Home, day: Any, people: Any, spare: Any) -> None:
    """A device says that it carries on a device of another town, its own, or none.  Wanted: that changes nothing."""
    day.damavand.vote(people.MARYAM)
    for device in (0, SPARE, 77):
        spare.write("hand-over", [device, 3, bytes(32)])
    day.damavand.close()
    day.deliver(day.damavand)
    day.intake.take(spare.triples())
    assert statuses()[0] is DeviceStatus.CLOSED
    assert DeviceStatus.APART not in statuses().values()
