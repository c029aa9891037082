"""A violated day is made small: what is left out was not needed, what is left in was; then it is told and drawn."""

from xml.etree import ElementTree

from amanat.rehearsal.simulation import swarm as swarms
from amanat.rehearsal.simulation.events import Event
from amanat.rehearsal.simulation.picture import lane_of, moment, picture
from amanat.rehearsal.simulation.shrink import EVENTS_MAX, command, promise_of, shrunk, telling
from amanat.rehearsal.simulation.worker import Job

SAID = "amanat simulate --seed 5: Durable: D3 goes on from entry 7 (permit), which a power cut would take"


def test_only_what_is_needed_is_left() -> None:
    """Two kinds of faults together, at least 50 voters and two stations break it: just these are found."""
    names = list(swarms.drawn(5).rates)
    needed = {names[1], names[-1]}

    def violations(job: Job) -> list[str]:
        is_bad = needed <= set(job.faults or names) and (job.voters or 0) >= 40 and (job.stations or 0) >= 2
        return [SAID] if is_bad else ["amanat simulate --seed 5: Liveness: of another kind"]

    small = shrunk(Job(5), SAID, violations)
    assert set(small.faults or ()) == needed
    assert (small.voters, small.stations) == (50, 2)
    assert (
        command(small) == f"amanat simulate --seed 5 --stations 2 --voters 50 --faults {','.join(small.faults or ())}"
    )


def test_a_day_that_no_smaller_one_repeats_stays_as_it_was() -> None:
    """Nothing may be left out: all its faults, voters and stations are named in the command."""
    drawn = swarms.drawn(5)
    small = shrunk(Job(5), SAID, lambda job: [])
    assert small == Job(5, len(drawn.stations), drawn.voters, tuple(drawn.rates))


def test_the_promise_is_the_checkers_name() -> None:
    """With the command before it, or with options between."""
    assert promise_of(SAID) == "Durable"
    assert promise_of("amanat simulate --voters 9 --seed 5: lost: 7000000902 was told") == "lost"


def _events() -> list[Event]:
    return [
        Event(-1, 0, "fault", "D3/A", {"which": "failed-sync", "component": "medium"}),
        Event(5, 1, "told", "S1", {"person": "7000000902", "device": 3, "what": "cast", "id": "ab" * 32}),
        Event(6, 2, "acted", "D3", {"path": "/api/desk/issue", "ms": 3}),
        Event(7, 3, "fault", "D4/A", {"which": "rot", "component": "medium"}),
        Event(8, 4, "hq-crash", "headquarters", {}),
        *(Event(9 + n, 5 + n, "acknowledged", "headquarters", {"device": 3, "seq": n}) for n in range(9)),
        Event(3_723_004, 14, "quiet", "world", {}),
    ]


def test_the_list_is_about_what_the_violation_names() -> None:
    """Its device, the people at it, headquarters' falls; not another device, no answers; of a person's story theirs."""
    assert [event.number for event in telling(_events(), SAID)] == [0, 1, 4, 14]
    assert [event.number for event in telling(_events(), "D3 gave 7000019239 two permits")] == [0, 4, 14]
    assert [event.number for event in telling(_events(), "D4 gave 7000000902 two permits")] == [1, 3, 4, 14]
    assert len(telling(_events() * 99, SAID)) <= EVENTS_MAX


def test_the_picture_is_an_svg_with_a_lane_for_each_device() -> None:
    """It is well-formed, names the kinds in Persian and English, and says when."""
    drawn = ElementTree.fromstring(picture(telling(_events(), SAID), SAID + ' <"&', "amanat simulate --seed 5"))
    words = [text.text or "" for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"D3", "S1", "headquarters", "1:02:03.004", "−0:00:00.001"} <= set(words)
    assert any("خطا · fault failed-sync" in line for line in words)
    assert lane_of(Event(0, 0, "fault", "D3-headquarters", {})) == "D3"
    assert moment(0) == "0:00:00.000"
