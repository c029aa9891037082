"""S-9: all stations return at once, in small, and the figures that predict it."""

import pytest

from amanat.hq.intake import admission, line
from amanat.hq.intake.appointments import SECOND_US
from amanat.rehearsal import return_of_all
from amanat.rehearsal.return_of_all import Costs, Plan, line_through, predicted_us, rehearse
from amanat.rehearsal.return_picture import picture

COSTS = Costs(push_us=7_000, entry_us=130, declined_us=1_300)


def test_the_model_has_the_bounds_of_the_shipped_admission() -> None:
    """Who changes a bound there rehearses with it here."""
    assert return_of_all.BULK_MAX == admission.BULK_MAX
    assert return_of_all.GROUP_MAX == admission.THREADS - admission.FREE_THREADS
    assert return_of_all.LIVE_GROUP_MAX == admission.THREADS
    assert line.TRIES > 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_four_thousand_return_to_one_process(seed: int) -> None:
    """Four thousand stations for one process are what 59,000 are for sixteen.  Wanted: all deliver in the time that
    the work takes, with a tenth more at most; nobody is told to come again more than a few times; news are quick all
    the while."""
    plan = Plan(stations=4_000, processes=1, entries=330)
    done = rehearse(plan, COSTS, seed=seed)
    assert done.left[0] > 3_000
    assert done.drained_us < predicted_us(plan, COSTS) * 11 // 10
    assert done.declined < 8 * plan.stations
    assert done.declining_us < done.busy_us // 5
    assert done.news_percentile(990) < SECOND_US
    assert done.pushes > 2 * 3_700


def test_the_same_seed_is_the_same_return() -> None:
    """Nothing but the seed decides."""
    plan = Plan(stations=500, processes=2, entries=330)
    assert rehearse(plan, COSTS, seed=5) == rehearse(plan, COSTS, seed=5)
    assert rehearse(plan, COSTS, seed=5) != rehearse(plan, COSTS, seed=6)


def test_twice_the_stations_take_twice_the_time() -> None:
    """No collapse: the line through three sizes goes through each within a tenth."""
    sizes = (500, 1_000, 2_000)
    times = [(n, rehearse(Plan(n, 2, 330), COSTS).drained_us) for n in sizes]
    fixed, each = line_through(times)
    for n, taken in times:
        assert abs(fixed * SECOND_US + each * n - taken) < taken // 10


def test_a_picture_of_it() -> None:
    """One file that opens by itself, with a curve for each size and the figures in words."""
    returns = [rehearse(Plan(n, 1, 330), COSTS) for n in (100, 200, 400)]
    drawn = picture(returns, "costs", processes=1)
    assert drawn.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert drawn.count("<polyline") == 6
    assert "400 stations" in drawn
