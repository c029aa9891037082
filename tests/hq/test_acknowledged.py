"""Headquarters says *held* only of what is committed (S-2)."""

from typing import Any

import pytest
from django.db import OperationalError, connection

from amanat.hq import api
from amanat.hq.home import Home
from amanat.hq.intake.line import Line
from amanat.sync.station_side import StationSide, head_of


def test_a_commit_that_fails_is_not_acknowledged(
    here: Home, day: Any, people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S-2.  Maryam's vote reaches headquarters while its disk fails, so that no commit succeeds.  Wanted: the station
    is told nothing and still counts its entries as undelivered; with a new disk it sends them again and all are held,
    once."""
    day.damavand.vote(people.MARYAM)
    entries = day.damavand.entries
    heads = [head_of(here.eh, entries[-1])]
    side = StationSide(here.eh, 0, day.damavand.seed, here.manifest.hq_key)
    line = Line(day.intake, day.clock)

    def push(nonce: bytes) -> bytes:
        return side.next_push(heads, lambda _, seq: entries[seq + 1 :], nonce=nonce)

    def failing() -> None:
        raise OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(connection, "commit", failing)
        with pytest.raises(OperationalError):
            line.receive(push(b"1" * 16))
    assert side.undelivered(heads) == len(entries)
    assert api.status(here)["entries"] == 0
    side.receive(line.receive(push(b"2" * 16)), 9)
    assert side.undelivered(heads) == 0
    assert api.status(here)["entries"] == len(entries)
