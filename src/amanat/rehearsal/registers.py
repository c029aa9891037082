"""A register of invented people as large as a nation, drawn in bulk."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amanat.records.register_build import ROW, RUN, Builder
from amanat.records.register_file import YEAR_ZERO
from amanat.rehearsal.people import FAMILY, GIVEN
from amanat.rules.eligibility import REASONS, Flags
from amanat.rules.national_id import SYNTHETIC_COUNT, SYNTHETIC_FIRST

BARRED_SHARE: Final = 0.01  # each hundredth person may not vote, for one of the reasons
GAP_MOST: Final = 31  # so that ids lie as far apart as those of a nation of 61 million: 16 on the average
YEARS: Final = (1310, 1384)
_REPEATED: Final = (777_777_777, 888_888_888, 999_999_999)


def invent(builder: Builder, count: int, seed: int) -> None:
    """Adds so many people, the first with the first synthetic id, in no order of ids within each million."""
    names = [builder.words_of(f"{given} {family}") for given in GIVEN for family in FAMILY]
    flags = np.array([Flags().bits(), *(Flags().bits() & ~(1 << place) for place in range(len(REASONS)))], np.uint8)
    for nines, draw in _ids(count, seed):
        rows = np.empty(len(nines), ROW)
        rows["nine"] = draw.permutation(nines)
        rows["words"] = np.array(names, np.uint32)[draw.integers(0, len(names), len(nines))]
        barred = draw.random(len(nines)) < BARRED_SHARE
        rows["flags"] = flags[np.where(barred, draw.integers(1, len(flags), len(nines)), 0)]
        rows["year"] = draw.integers(YEARS[0] - YEAR_ZERO, YEARS[1] - YEAR_ZERO, len(nines))
        builder.add_rows(rows)


def _ids(count: int, seed: int) -> Iterator[tuple[NDArray[Any], np.random.Generator]]:
    """The first nine digits of everybody, a million at a time, and the draws that go on from there."""
    draw = np.random.default_rng(seed)
    most = min(GAP_MOST, max(1, 2 * SYNTHETIC_COUNT // max(1, count) - 2))
    last = SYNTHETIC_FIRST - 1
    for start in range(0, count, RUN):
        gaps = draw.integers(1, most, min(RUN, count - start), endpoint=True)
        if not start:
            gaps[0] = 1
        nines = last + np.cumsum(gaps)
        for repeated in _REPEATED:
            nines[nines >= repeated] += int(last < repeated <= nines[-1])
        last = int(nines[-1])
        yield nines, draw
