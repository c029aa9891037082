"""Keeping intake workers alive where the machine has no room for another one."""

from errno import ENOMEM
from types import SimpleNamespace
from typing import Any

import pytest

from amanat.hq import workers
from amanat.hq.workers import Orders


class _Over(Exception):
    """The test has seen enough."""


def test_a_worker_that_cannot_be_started_again_takes_no_other_with_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of two is killed and there is no memory for another: it is said, tried at the next look, and started then."""
    ended: list[str] = []

    def worker(code: int | None) -> Any:
        return SimpleNamespace(
            poll=lambda: code, returncode=code, terminate=lambda: ended.append("told"), wait=lambda _seconds: 0
        )

    made: list[Any] = [worker(-9), worker(None), OSError(ENOMEM, "Cannot allocate memory"), worker(None)]
    looks = iter([None, None, _Over()])

    def start(*_: object) -> Any:
        one = made.pop(0)
        if isinstance(one, OSError):
            raise one
        return one

    def sleep(_seconds: float) -> None:
        if fault := next(looks):
            raise fault

    monkeypatch.setattr(workers, "_start", start)
    monkeypatch.setattr(workers, "_is_ready", lambda _worker: True)
    monkeypatch.setattr(workers, "time", SimpleNamespace(sleep=sleep))
    with pytest.raises(_Over):
        workers.keep_workers(Orders("", 0, "", "", ""), 2, lambda: None)
    assert not made
    assert ended == ["told", "told"]
    said = capsys.readouterr().err
    assert "not started: Cannot allocate memory" in said
    assert "started again" in said
