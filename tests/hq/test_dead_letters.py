"""One bad entry among good ones (S-3): it is kept with its reason, and stops nobody."""

from typing import Any

import pytest

from amanat.hq.home import Home
from amanat.hq.writing import rows_of

Triple = list[Any]
POISONS = {
    "entry-unreadable": lambda triple: [b"no entry", triple[1], triple[2]],
    "entry-signature": lambda triple: [triple[0], bytes(64), triple[2]],
    "private-part-differs": lambda triple: [triple[0], triple[1], b"of somebody else"],
}


@pytest.mark.parametrize("reason", POISONS)
@pytest.mark.parametrize("at", range(4))
def test_one_bad_entry_is_kept_aside_and_all_others_are_stored(
    here: Home, day: Any, people: Any, reason: str, at: int
) -> None:
    """S-3.  Maryam's visit is four entries; at each place one comes poisoned in each way.  Wanted: the three others
    stored, the bad one kept with its reason, and the good copy of it taken when it comes later."""
    day.damavand.vote(people.MARYAM)
    good = day.damavand.triples()
    assert len(good) == 4
    taken = day.intake.take([POISONS[reason](triple) if n == at else triple for n, triple in enumerate(good)])
    assert (taken.stored, taken.dead) == (3, 1)
    assert rows_of("SELECT reason FROM intake_deadletter") == [(reason,)]
    again = day.intake.take(good)
    assert (again.stored, again.repeats, again.dead) == (1, 3, 0)
