"""Intake on PostgreSQL: a real private cluster in a temporary folder, the same functions, one setting (S-2)."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.hq.private_postgresql import new_database, private_cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A cluster of this module's own; its url without a database's name."""
    with private_cluster() as url:
        yield url


@pytest.fixture
def root(cluster: str, memory: Path, make_election: Any) -> Iterator[Path]:
    """An election whose headquarters keeps everything in PostgreSQL."""
    from django.db import connections

    folder = memory / os.urandom(4).hex()
    folder.mkdir()
    make_election(folder, database=new_database(cluster))
    yield folder
    connections.close_all()
    shutil.rmtree(folder)


def test_a_day_on_postgresql(here: Any, day: Any, root: Path, people: Any) -> None:
    """Votes, repeats, a fork, a dead letter, checks, the bulletin, cases, figures, export: as on SQLite."""
    from django.db import connection

    from amanat.hq import api
    from amanat.hq.bulletin import log
    from amanat.hq.cases.boards import boards_of
    from amanat.hq.day.figures import day as figures
    from amanat.hq.results import receipts
    from amanat.hq.results.export import Target, export
    from amanat.records import base32

    assert connection.vendor == "postgresql"
    day.damavand.seconds = None
    id_ = day.damavand.vote(people.MARYAM)
    day.firuzkuh.at += 1
    day.firuzkuh.seconds = None
    day.firuzkuh.vote(people.MARYAM)
    clone = type(day.damavand)(here, 2, 1)
    clone.write("opened", [1, ["another story"]])
    for _ in range(2):
        day.deliver()
        day.deliver(clone)
        day.intake.take([["rubbish"]])
    day.check()
    status = api.status(here)
    counts = {name: status[name] for name in ("ballots", "forks", "dead_letters", "cases", "unsound_ballots")}
    assert counts == {"ballots": 2, "forks": 1, "dead_letters": 1, "cases": 1, "unsound_ballots": 0}
    assert status["offline_decisions"]["by_reason"] == {"checked-in-elsewhere": 1}
    log.flush(here, now_ms=day.clock.ms)
    assert [receipt.fate for receipt in receipts.look(here, base32.code(id_))] == ["logged"]
    assert figures(here, now_ms=day.clock.ms)["hours"] == [{"hour": 8, "ballots": 2}]
    boards = boards_of(here, root / "authorities")
    export(here, Target(root / "record", root / "private", 1), now_ms=1, boards=boards)
    assert len((root / "record/ballots/1.seq").read_bytes()) > 500


def test_a_failed_transaction_keeps_nothing(here: Any, day: Any, people: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database refuses in the middle of a push: no row of it is there, and the same push then goes through."""
    from django.db import DatabaseError

    from amanat.hq import api
    from amanat.hq.intake import store

    def fail(*_: object, **__: object) -> None:
        raise DatabaseError("full")

    day.damavand.vote(people.MARYAM)
    monkeypatch.setattr(store.DjangoStore, "_replace_chains", fail)
    with pytest.raises(DatabaseError):
        day.deliver(day.damavand)
    monkeypatch.undo()
    assert api.status(here)["entries"] == 0
    day.deliver(day.damavand)
    assert api.status(here)["ballots"] == 1
