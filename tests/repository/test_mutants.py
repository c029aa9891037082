"""The planted bugs of tests/mutants stay plantable: `make mutants` itself takes minutes, this takes a moment."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATCHES = sorted((ROOT / "tests/mutants").glob("*.patch"))


@pytest.fixture(scope="module")
def tools() -> Iterator[tuple[ModuleType, ModuleType]]:
    """tools/mutants.py and tools/clauses.py."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import clauses

        import mutants

        yield mutants, clauses
    finally:
        sys.path.pop(0)


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_a_planted_bug_still_applies(tools: tuple[ModuleType, ModuleType], patch: Path) -> None:
    """Code that moved away from under a patch would leave it finding nothing."""
    mutants, _ = tools
    assert mutants.applies(mutants.Mutant.read(patch))


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_the_test_that_finds_it_names_the_property(tools: tuple[ModuleType, ModuleType], patch: Path) -> None:
    """Whoever sees that test fail reads at once which clause is broken."""
    mutants, clauses = tools
    mutant = mutants.Mutant.read(patch)
    if mutant.campaign:
        assert int(mutant.campaign[0]) <= int(mutant.campaign[1])
        return
    path, _, name = mutant.test.partition("::")
    module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = {n.name: n for n in module.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert name in functions
    said = f"{ast.get_docstring(module) or ''} {ast.get_docstring(functions[name]) or ''}"
    ranges = {f"{a}-{n}" for a, low, high in clauses.RANGE.findall(said) for n in range(int(low), int(high) + 1)}
    assert mutant.property in ranges | set(clauses.NAMED.findall(said))


def test_the_eight_classic_bugs_are_planted() -> None:
    """Skipped sync, acknowledged too early, dropped beside a bad entry, reused sequence, both doubles kept, forgotten
    Fiat–Shamir input, free counter, weights without outputs."""
    classic = {
        "station-second-sync-skipped",
        "hq-acknowledges-before-commit",
        "sync-drops-after-a-bad-entry",
        "station-sequence-reused",
        "count-keeps-both-doubles",
        "core-pok-permit-forgotten",
        "core-any-counter",
        "core-linear-weights-before-outputs",
    }
    assert classic - {path.stem for path in PATCHES} == set()


def test_a_campaign_finds_at_least_two_dozen() -> None:
    """Bugs in shipped files that no single test names, and that days of faults run into."""
    assert sum("\ncampaign: seeds " in path.read_text(encoding="utf-8") for path in PATCHES) >= 24
