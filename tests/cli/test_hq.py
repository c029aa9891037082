"""`amanat hq`: what the engineer is told at 3 a.m."""

import argparse
from pathlib import Path

import pytest
from django.db import OperationalError

from amanat.cli import hq
from amanat.errors import BadInput


def test_a_database_that_does_not_answer_is_said_in_two_sentences(tmp_path: Path) -> None:
    """The server is off.  Wanted: the folder and the reason in both languages, exit 2, and no traceback."""

    def silent(_: argparse.Namespace) -> int:
        raise OperationalError("connection refused\nIs the server running?")

    with pytest.raises(BadInput) as told:
        hq._with_database(silent, argparse.Namespace(home=tmp_path))
    assert told.value.exit_code == 2
    assert told.value.both().count(str(tmp_path)) == 2
    assert told.value.both().count("connection refused") == 2
    assert "running?" not in told.value.both()
