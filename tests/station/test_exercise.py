"""Exercises (M-8): somebody works on the real screens, the program watches, and a signed record says how it went."""

import copy
import json
import shutil
from collections.abc import AsyncIterator, Callable
from importlib import resources
from pathlib import Path

import pytest
import pytest_asyncio
from tests.station.conftest import Booths, Election, StandingClock

from amanat.cli.exercise import read_result
from amanat.cli.main import main
from amanat.errors import Rejected
from amanat.records.exercise import ExerciseResult, Mistake, SignedResult, exercise_id
from amanat.records.register import Person
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import synthetic
from amanat.station import exercise
from amanat.station.api import Application
from amanat.station.refusal import Refused
from amanat.station.terminal import Terminal

MARYAM, REZA, DEAD, WRONG = (synthetic(n) for n in (0, 1, 2, 4))


@pytest.fixture(scope="module")
def _practice(enrolled: Callable[..., Election]) -> Election:
    return enrolled({"S1": 1}, id_="exercise-test")


@pytest_asyncio.fixture
async def practice(_practice: Election, clock: StandingClock, tmp_path: Path) -> AsyncIterator[Booths]:
    fresh = copy.copy(_practice)
    fresh.folder = tmp_path / "exercise"
    shutil.copytree(_practice.folder, fresh.folder)
    made = Booths(fresh, clock)
    yield made
    await made.close()


class Learner:
    """Presses buttons as the pages do."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.application = Application(terminal)

    async def press(self, path: str, /, **body: object) -> dict[str, object]:
        sent: list[dict[str, object]] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": json.dumps(body).encode()}

        async def send(message: object) -> None:
            sent.append(message)  # type: ignore[arg-type]

        scope = {
            "type": "http",
            "method": "POST",
            "path": f"/api/{path}",
            "headers": [(b"content-type", b"application/json")],
        }
        await self.application(scope, receive, send)  # type: ignore[arg-type]
        answer: dict[str, object] = json.loads(sent[-1]["body"])  # type: ignore[arg-type]
        return answer


def add_people(terminal: Terminal) -> None:
    """The scenarios' people, as `people.csv` has them."""
    view = terminal.desk.register
    for person in (
        Person(MARYAM, "مریم آزمایشی", 1361, Flags()),
        Person(REZA, "رضا نمونه", 1349, Flags()),
        Person(DEAD, "حسن نمونه", 1322, Flags(alive=False)),
        Person(WRONG, "لیلا آزمایشی", 1370, Flags()),
    ):
        view._changes.put(person)


async def test_a_clerk_finishes_with_one_mistake_and_the_record_says_so(practice: Booths) -> None:
    """A clerk goes through the scenario; once the wrong digits are typed.  Wanted: the steps follow what is done, the
    finished scenario leaves a record signed by this terminal with that one mistake, and anybody with the package can
    check it."""
    terminal = await practice.opened()
    add_people(terminal)
    learner = Learner(terminal)
    begun = await learner.press("exercise/begin", person="  نرگس   بهاری ", scenario="clerk-at-the-desk")
    assert (begun["step"], begun["of"], begun["person"]) == (1, 5, "نرگس بهاری")
    await learner.press("desk/present")
    await learner.press("desk/look", national_id="7000000008")  # its check digit is wrong
    for person in (MARYAM, REZA):
        await learner.press("desk/look", national_id=person)
        await learner.press("desk/issue", national_id=person)
        if person == MARYAM:
            assert terminal.exercise.screen()["step"] == 2
            await learner.press("desk/look", national_id=DEAD)
            await learner.press("desk/look", national_id=MARYAM)
            await learner.press("desk/look", national_id=WRONG)
            await learner.press("desk/withdraw", national_id=WRONG)
    screen = terminal.exercise.screen()
    assert screen["step"] is None
    assert screen["last"]["mistakes"] == 1
    (path,) = terminal.exercise.results()
    result = read_result(path, terminal.identity.package)
    assert result.mistakes == (Mistake(1, "desk/look", "national-id-wrong"),)
    assert (result.person, result.role, result.scenario) == ("نرگس بهاری", "clerk", "clerk-at-the-desk")
    assert result.scenario_digest == exercise.scenarios()["clerk-at-the-desk"].digest


async def test_an_act_that_nobody_asked_for_is_a_mistake(practice: Booths) -> None:
    """A clerk issues a permit where the scenario wants the person turned away as another.  Wanted: a mistake of the
    step, named by the button."""
    terminal = practice.start()
    terminal.exercise.begin("نرگس", "head-of-station-day")
    terminal.exercise.saw("desk/issue", {}, {"ok": True})
    assert terminal.exercise.screen()["mistakes"] == 1


async def test_the_power_cut_of_a_scenario_is_its_first_step(practice: Booths) -> None:
    """The computer user pulls the plug as the scenario asks.  Wanted: the scenario goes on after the restart, at its
    second step, and a power cut in another scenario is no mistake."""
    terminal = practice.start()
    terminal.exercise.begin("امید", "computer-user-power-cut")
    terminal = await practice.after_power_cut(terminal)
    assert terminal.exercise.screen()["step"] == 2
    terminal = await practice.after_power_cut(terminal)
    assert terminal.exercise.screen()["mistakes"] == 0
    terminal.exercise.stop()
    assert terminal.exercise.screen()["step"] is None


async def test_no_name_no_scenario_no_exercise(practice: Booths, booths: Booths) -> None:
    """Wanted: a kind refusal for a missing name, an unknown scenario, and in a real election for any exercise."""
    terminal = practice.start()
    with pytest.raises(Refused, match="name of the person"):
        terminal.exercise.begin("   ", "clerk-at-the-desk")
    with pytest.raises(Refused, match="no exercise"):
        terminal.exercise.begin("نرگس", "another")
    with pytest.raises(Refused, match="is no exercise"):
        _ = booths.start().exercise


async def test_a_changed_record_or_one_of_another_exercise_is_refused(
    practice: Booths, booths: Booths, tmp_path: Path
) -> None:
    """Somebody takes the mistake out of a result, or shows one to another election.  Wanted: refused, exit 1 or 2."""
    terminal = practice.start()
    made = ExerciseResult("نرگس", "clerk", "clerk-at-the-desk", bytes(32), 1, 2, (Mistake(1, "desk/look", "x"),))
    signature = terminal.identity.sign("exercise", exercise_id(terminal.identity.eh, made.encode()))
    device = terminal.identity.device
    path = tmp_path / "r.cbor"
    path.write_bytes(SignedResult(made.encode(), device, signature).encode())
    assert read_result(path, terminal.identity.package) == made
    with pytest.raises(Rejected):
        read_result(path, booths.start().identity.package)
    clean = ExerciseResult("نرگس", "clerk", "clerk-at-the-desk", bytes(32), 1, 2, ())
    path.write_bytes(SignedResult(clean.encode(), device, signature).encode())
    with pytest.raises(Rejected):
        read_result(path, terminal.identity.package)


def test_every_scenario_is_complete_and_names_synthetic_people_only() -> None:
    """Wanted: each step says in both languages what to do, every national id of a scenario is of the synthetic range
    and in people.csv."""
    people = resources.files("amanat.station").joinpath("scenarios/people.csv").read_text(encoding="utf-8")
    assert len(exercise.scenarios()) >= 4
    for scenario in exercise.scenarios().values():
        assert scenario.title["fa"]
        assert scenario.title["en"]
        for step in scenario.steps:
            assert step.say["fa"]
            assert step.say["en"]
            assert step.needs
            for need in step.needs:
                person = need.get("national_id")
                assert person is None or (person.startswith("7") and person in people)


def test_an_exercise_is_made_from_an_election(tmp_path: Path) -> None:
    """`amanat exercise make` on the shipped example.  Wanted: another id, a title that says so, people for the
    register; and a folder that is not empty is left alone."""
    out = tmp_path / "e"
    source = Path(__file__).parents[2] / "examples/damavand-firuzkuh"
    assert main(["exercise", "make", "--election", str(source), "--out", str(out)]) == 0
    text = (out / "election.toml").read_text(encoding="utf-8")
    assert 'id = "exercise-damavand-firuzkuh"' in text
    assert "مانور" in text
    assert (out / "people.csv").read_text(encoding="utf-8").startswith("national_id,")
    assert main(["exercise", "make", "--election", str(source), "--out", str(out)]) == 2
