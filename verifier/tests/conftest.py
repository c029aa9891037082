"""Fixtures: records are made in a test's own folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from maker import Maker

from amanat_verifier import Report, verify


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., Report]:
    """Makes the record of a maker and verifies it with the true election hash."""

    def run(maker: Maker) -> Report:
        return verify(tmp_path, maker.make(tmp_path), 1)

    return run


def failed(report: Report) -> dict[str, Any]:
    """The checks that do not hold, each with its place."""
    return {check.id: check.where for check in report.checks if not check.ok}
