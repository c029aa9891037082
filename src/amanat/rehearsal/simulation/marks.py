"""Which cells of the fault matrix a campaign reached: fault × component; `matrix.toml` promises something for each."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

MATRIX: Final = Path(__file__).with_name("matrix.toml")


class Cell(NamedTuple):
    """What is promised where this fault strikes this component, and the tests that show it."""

    fault: str
    component: str
    promise: str
    test: str
    real: str = ""  # the same over real processes, if there is one
    beyond: bool = False  # outside the fault model

    @property
    def mark(self) -> str:
        """As reports count it."""
        return f"{self.fault}:{self.component}"


def matrix(path: Path = MATRIX) -> tuple[Cell, ...]:
    """All cells, in the order of the file."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Cell(fault, component, **words) for component, faults in tables.items() for fault, words in faults.items()
    )


def unreached(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Marks that nothing was injected for."""
    return tuple(cell.mark for cell in matrix() if not counts.get(cell.mark))


def unpromised(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Marks that were reached, and that the matrix does not know."""
    known = {cell.mark for cell in matrix()}
    return tuple(sorted(mark for mark in counts if mark not in known))
