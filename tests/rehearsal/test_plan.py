"""What will go wrong is decided by the seed, and stays within the fault model."""

from itertools import pairwise

import pytest

from amanat.rehearsal import plan

TERMINALS = [(f"S{n:03}", booth) for n in range(1, 181) for booth in (1, 2)]


def test_online_has_no_faults_and_offline_has_no_link() -> None:
    """`online`: always reachable; `offline` and `usb`: nobody is until the polls close."""
    assert plan.make("online", seed=1, terminals=TERMINALS).is_up("S001", 1000)
    for kind in ("offline", "usb"):
        made = plan.make(kind, seed=1, terminals=TERMINALS)
        assert not any(made.is_up(station, at) for station, _ in TERMINALS for at in (0, 18_000, 36_000))
        assert (made.power_cuts, made.headquarters_kills) == ((), ())


@pytest.mark.parametrize("seed", range(5))
def test_flaky_links_are_up_and_down_in_turn(seed: int) -> None:
    """Up 5 to 40 minutes, down 1 to 120; 3 % of stations lose power once, headquarters is killed twice."""
    made = plan.make("flaky", seed=seed, terminals=TERMINALS)
    for outages in made.outages.values():
        for (_, end), (start, _) in pairwise(outages):
            assert 5 * 60 <= start - end <= 40 * 60
        assert all(60 <= end - start <= 120 * 60 for start, end in outages[1:-1])
    assert len(made.headquarters_kills) == 2
    assert len({cut.station for cut in made.power_cuts}) == len(made.power_cuts) == 5
    assert len({(loss.station, loss.terminal) for loss in made.media}) == len(made.media) == 4


def test_the_demo_cuts_off_two_stations_in_five_for_hours() -> None:
    """The demo's plan: 40 % without a link for hours, three power cuts, headquarters killed once; by the seed."""
    made = plan.make("demo", seed=7, terminals=TERMINALS)
    assert len(made.outages) == 72
    assert all(2 * 3600 <= end - start <= 6 * 3600 for ((start, end),) in made.outages.values())
    assert any(start < 0 for ((start, _),) in made.outages.values())
    assert (len(made.power_cuts), len(made.headquarters_kills)) == (3, 1)
    assert made == plan.make("demo", seed=7, terminals=TERMINALS)
    assert made != plan.make("demo", seed=8, terminals=TERMINALS)


def test_a_small_election_has_a_plan_too() -> None:
    """One station, one booth: every plan can be made."""
    for kind in ("online", "offline", "usb", "flaky", "demo"):
        plan.make(kind, seed=1, terminals=[("S001", 1)])
