"""A voter's two slips are a ballot, whoever brings them (P-1, B-6, B-7)."""

from pathlib import Path
from typing import Any

import pytest

from amanat.errors import BadInput
from amanat.hq import api
from amanat.hq.home import Home
from amanat.hq.intake.slips import take_slips
from amanat.hq.writing import rows_of
from amanat.records.ballot import cast_slip, prepared_slip
from amanat.records.identifiers import sign
from amanat.records.journal import Entry


def slips(terminal: Any, seed: bytes | None = None) -> dict[str, str]:
    """What the terminal printed for its last ballot."""
    entry = Entry.decode(terminal.entries[-1].entry)
    core, signature = entry.body
    assert isinstance(core, bytes)
    assert isinstance(signature, bytes)
    id_ = terminal.state.cast_ids[0]
    key = seed or terminal.seed
    prepared = prepared_slip(core, sign(key, "prepared", terminal.eh, id_))
    return {"prepared": prepared, "cast": cast_slip(id_, sign(key, "cast", terminal.eh, id_))}


def test_a_lost_station_lives_in_its_voters_hands(here: Home, day: Any, root: Path, people: Any) -> None:
    """Damavand burns down with all its media.  Maryam brings her slips: her ballot is here, on the bulletin, in the
    record; the terminal is missing, not unused.  When a medium is found after all, nothing is counted twice."""
    from amanat.hq.devices.endings import endings
    from amanat.hq.results.export import Target, export
    from amanat.records import cbor
    from amanat.records.order import DeviceStatus

    id_ = day.damavand.vote(people.MARYAM)
    given = slips(day.damavand)
    assert take_slips(here, day.certificates, **given, now_ms=1) == (id_, True)
    assert take_slips(here, day.certificates, **given, now_ms=2) == (id_, False)
    assert endings()[0].status is DeviceStatus.MISSING
    export(here, Target(root / "record", root / "private", 1), now_ms=3)
    assert len(cbor.decode_seq((root / "record/ballots/1.seq").read_bytes())) == 1
    assert len(cbor.decode_seq((root / "record/journal-summaries/permits.seq").read_bytes())) == 1
    day.deliver(day.damavand)
    assert api.status(here)["ballots"] == 1


@pytest.mark.parametrize("what", ["another key", "another ballot", "one slip twice", "rubbish", "permit"])
def test_slips_of_a_stranger_change_nothing(here: Home, day: Any, people: Any, what: str) -> None:
    """Forged, mixed, repeated or unreadable slips are refused with a sentence."""
    day.damavand.vote(people.MARYAM)
    good = slips(day.damavand)
    day.firuzkuh.vote(people.ALI)
    given = {
        "another key": slips(day.damavand, b"x" * 32) if what == "another key" else good,
        "another ballot": {**good, "cast": slips(day.firuzkuh)["cast"]},
        "one slip twice": {**good, "cast": good["prepared"]},
        "rubbish": {**good, "cast": "AS1!"},
        "permit": {**good, "prepared": "AP1ABCD"},
    }[what]
    with pytest.raises(BadInput) as caught:
        take_slips(here, day.certificates, **given, now_ms=1)
    assert caught.value.code == "hq-slips"
    assert api.status(here)["ballots"] == 0


def test_a_slip_that_holds_wins_over_a_stolen_ballot(here: Home, day: Any, people: Any) -> None:
    """Damavand burned down; all that came is a colleague's false copy of Maryam's ballot.  Her two slips mend it."""
    id_ = day.damavand.vote(people.MARYAM)
    core = Entry.decode(day.damavand.entries[-1].entry).body[0]
    day.booth.write("ballot-cast", [core, bytes(64)])
    day.deliver(day.booth)
    assert take_slips(here, day.certificates, **slips(day.damavand), now_ms=1) == (id_, False)
    day.check()
    assert rows_of("SELECT device, verdict FROM intake_ballot") == [(0, "")]
