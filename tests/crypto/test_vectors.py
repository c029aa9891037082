"""Every vector of the cryptography, through the core and through the second implementation.

Clauses E-1 to E-9, K-3 to K-7, B-2 to B-4, T-3, T-8, T-9. A file `accept-…` must give its answers in both; every case
of a file `reject-…` must be refused by both, and by the core with the check it names.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from .runners import CORE, VECTORS, Case, Outputs, outputs_of, read, run_core, run_second
from .second import Refused

RUNNERS = [pytest.param(run_core, id="core"), pytest.param(run_second, id="second")]
FILES = sorted(path for path in (VECTORS / "crypto").rglob("*.json"))


def name(path: Path) -> str:
    return f"{path.parent.name}: {path.stem}"


@pytest.mark.parametrize("path", FILES, ids=name)
@pytest.mark.parametrize("run", RUNNERS)
def test_both_implementations_agree_with(run: Callable[[str, Case], Outputs], path: Path) -> None:
    vector = read(path)
    for case in vector["cases"]:
        if path.name.startswith("accept-"):
            assert run(vector["operation"], case) == outputs_of(case)
            continue
        with pytest.raises(Refused) as refusal:
            run(vector["operation"], case)
        if run is run_core:
            assert str(refusal.value) == case["check"]


def test_every_file_says_what_it_is() -> None:
    """Name, operation, source and who confirmed it; and no folder lost its files."""
    assert len(FILES) > 50
    for path in FILES:
        vector = read(path)
        assert path.name.startswith(("accept-", "reject-"))
        assert vector["operation"] in CORE
        assert vector["source"]
        assert vector["confirmed_by"]
        assert vector["cases"]
