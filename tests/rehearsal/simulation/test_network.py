"""Wires in virtual time: what is asked arrives once, twice, late or never, and the asker always hears an end of it."""

import pytest

from amanat.rehearsal.simulation.draw import MILLION, Draw
from amanat.rehearsal.simulation.loop import VirtualLoop
from amanat.rehearsal.simulation.network import CALM, LATE_MS_MAX, PATIENCE_MS, Network, State, Way, Weather

ALWAYS = MILLION


class Far:
    """The other end: it counts what arrives."""

    def __init__(self) -> None:
        self.heard = 0

    async def answer(self) -> bytes:
        self.heard += 1
        return b"answer %d" % self.heard


def ask(weather: Weather = CALM, state: State = State.UP, times: int = 1) -> tuple[list[bytes | str], Far, VirtualLoop]:
    """What an asker hears, one question after another, and everything that arrives in the end."""
    loop, far, network = VirtualLoop(), Far(), Network()
    way: Way[bytes] = Way("way", 0, Draw(4), weather, state)
    heard: list[bytes | str] = []

    async def asker() -> None:
        for _ in range(times):
            try:
                answer = await network.carry(way, far.answer)
                heard.append(answer)
            except (ConnectionError, TimeoutError) as fault:
                heard.append(type(fault).__name__)

    loop.run_until_complete(asker())
    asked_for = loop.now_ms
    loop.run_until_ms(asked_for + 3 * LATE_MS_MAX)
    loop.now_ms = asked_for
    assert loop.faults == []
    return heard, far, loop


def test_a_quiet_wire_answers_each_question_once() -> None:
    """Three questions, three answers, in order, within a second each."""
    heard, far, loop = ask(times=3)
    assert heard == [b"answer 1", b"answer 2", b"answer 3"]
    assert far.heard == 3
    assert loop.now_ms < 3_000


@pytest.mark.parametrize(
    ("weather", "state", "end", "arrives"),
    [
        (Weather(loss=ALWAYS), State.UP, "TimeoutError", 0),
        (Weather(answer_loss=ALWAYS), State.UP, "TimeoutError", 1),
        (CALM, State.SILENT, "TimeoutError", 0),
        (CALM, State.ONE_WAY, "TimeoutError", 1),
        (CALM, State.CUT, "ConnectionRefusedError", 0),
    ],
)
def test_who_hears_nothing_hears_that(weather: Weather, state: State, end: str, arrives: int) -> None:
    """The asker gives up after its patience, or is refused at once; whether it arrived is another matter."""
    heard, far, loop = ask(weather, state)
    assert heard == [end]
    assert far.heard == arrives
    assert (loop.now_ms == PATIENCE_MS) is (end == "TimeoutError")


def test_a_question_may_arrive_twice_and_an_answer_be_an_old_one() -> None:
    """The second copy comes when nobody waits any more; a stale answer is one that was given before."""
    _, far, _ = ask(Weather(duplicate=ALWAYS))
    assert far.heard == 2
    heard, _, _ = ask(Weather(stale=ALWAYS), times=2)
    assert heard == [b"answer 1", b"answer 1"]


def test_a_late_question_arrives_though_its_asker_gave_up() -> None:
    """It takes minutes, never more than the bound that others rely on."""
    heard, far, _ = ask(Weather(late=ALWAYS), times=8)
    assert "TimeoutError" in heard
    assert far.heard == 8
