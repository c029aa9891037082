"""The bulletin (L-1 to L-3, L-5): batches of five minutes, sorted, static files, one story."""

import os
from typing import Any

import pytest

from amanat.hq.bulletin import log
from amanat.hq.home import Home
from amanat.records import tiles

MINUTE = 60_000


def entries(here: Home) -> list[bytes]:
    checkpoint = tiles.read_checkpoint((here.bulletin / "checkpoint").read_bytes(), [here.manifest.bulletin_vkey])
    found = tiles.read_entries(lambda path: (here.bulletin / path).read_bytes(), checkpoint.size)
    assert tiles.Tree(found).root() == checkpoint.root
    return found


def test_entries_join_in_sorted_batches_of_five_minutes(here: Home, day: Any, people: Any) -> None:
    """Eight ballots wait until the oldest is five minutes old; then they join by hash, not in their order."""
    ids = [day.damavand.vote(people.MARYAM) for _ in range(8)]
    day.clock.ms += 10 * MINUTE
    for entry in day.damavand.triples():
        day.intake.take([entry])
        day.clock.ms += 1
    assert not log.is_due(now_ms=day.clock.ms)
    day.clock.ms += 5 * MINUTE
    assert log.is_due(now_ms=day.clock.ms)
    assert log.flush(here, now_ms=day.clock.ms) == 11
    assert entries(here)[3:] == sorted(b"\2" + id_ for id_ in ids)
    assert not log.is_due(now_ms=day.clock.ms + 60 * MINUTE)


def test_what_is_logged_is_never_logged_again(here: Home, day: Any, people: Any) -> None:
    """The same ballot by another path after its batch: the log has it once."""
    day.damavand.vote(people.MARYAM)
    day.deliver(day.damavand)
    log.flush(here, now_ms=1)
    before = entries(here)
    log.add([before[-1]], now_ms=2)
    log.flush(here, now_ms=3)
    assert entries(here) == before


def test_the_log_only_grows(here: Home) -> None:
    """300 entries over several flushes: each checkpoint's tree is a prefix of the next, full tiles included."""
    seen = entries(here)
    for _ in range(3):
        log.add([b"\2" + os.urandom(32) for _ in range(100)], now_ms=1)
        log.flush(here, now_ms=1)
        now = entries(here)
        assert now[: len(seen)] == seen
        seen = now
    assert len(seen) == 303
    assert (here.bulletin / "tile/0/000").stat().st_size == 256 * 32


def test_files_can_be_made_again_from_the_rows(here: Home) -> None:
    """The folder is lost: another process writes the same files."""
    import shutil

    log.add([b"\2" + os.urandom(32) for _ in range(20)], now_ms=1)
    log.flush(here, now_ms=1)
    before = {p.relative_to(here.bulletin): p.read_bytes() for p in here.bulletin.rglob("*") if p.is_file()}
    shutil.rmtree(here.bulletin)
    log._memory.folder = None
    log.write_files(here, here.bulletin)
    after = {p.relative_to(here.bulletin): p.read_bytes() for p in here.bulletin.rglob("*") if p.is_file()}
    assert after.items() <= before.items()
    assert set(before) - set(after) <= {p for p in before if ".p" in str(p)}


def test_a_failed_flush_signs_nothing(here: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction fails after the rows were written: no checkpoint names them, and the next flush has them once."""
    before = (here.bulletin / "checkpoint").read_bytes()
    log.add([b"\2" + bytes(32)], now_ms=1)
    insert = log.insert
    monkeypatch.setattr(log, "insert", lambda *rows: (insert(*rows), 1 / 0))
    with pytest.raises(ZeroDivisionError):
        log.flush(here, now_ms=1)
    assert (here.bulletin / "checkpoint").read_bytes() == before
    assert len(entries(here)) == 3
    monkeypatch.undo()
    log.flush(here, now_ms=1)
    assert entries(here)[3:] == [b"\2" + bytes(32)]
