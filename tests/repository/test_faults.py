"""docs/faults.md is made of the matrix, the lessons and the tests, and nothing in it is empty, stale or invented."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from amanat.rehearsal.simulation import marks
from amanat.rehearsal.simulation.swarm import NAMES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def table() -> Iterator[ModuleType]:
    """tools/faults_table.py."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import faults_table

        yield faults_table
    finally:
        sys.path.pop(0)


def test_no_cell_is_empty_and_every_test_exists(table: ModuleType) -> None:
    """A promise without a test would be a wish."""
    assert not [*table.wrong(table.matrix(), table.lessons())]


def test_every_fault_of_the_simulation_has_a_cell(table: ModuleType) -> None:
    """A fault that somebody adds is promised something, or this fails."""
    assert not [*table.without_a_cell(table.matrix())]
    assert {cell.fault for cell in marks.matrix()} >= set(NAMES) - {"stick"}  # that somebody carries one is no fault


def test_the_page_is_current(table: ModuleType) -> None:
    """`tools/faults_table.py --write` was run."""
    text = table.PAGE.read_text(encoding="utf-8")
    assert table.page(text) == text


def test_what_is_wrong_is_said(table: ModuleType) -> None:
    """An empty promise, a test that is none, a lesson with neither test nor gap: a sentence each."""
    cells = {"medium": {"rot": {"promise": "", "test": "tests/repository/test_faults.py::test_that_is_none"}}}
    assert len([*table.wrong(cells, [{"failure": "somewhere"}])]) == 3
    assert [*table.without_a_cell({})]


def test_a_cell_that_no_day_reached_is_named() -> None:
    """The campaign fails where a mark is missing, and where one is reached that nobody promised anything about."""
    every = {cell.mark: 1 for cell in marks.matrix()}
    assert marks.unreached(every) == ()
    assert marks.unreached({mark: n for mark, n in every.items() if mark != "rot:medium"}) == ("rot:medium",)
    assert marks.unpromised(every | {"flood:machine": 1}) == ("flood:machine",)
