"""An exercise (مانور, آموزش): a scenario is read out step by step while somebody works on the real screens (M-8).

Only in an election that is an exercise.  The program watches which buttons are pressed and what came of them; what the
step did not ask for, or what was refused, is a mistake.  A restart does not end a scenario: it may be its very step.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from amanat.records.exercise import ExerciseResult, Mistake, SignedResult, exercise_id
from amanat.station.clock import Clock
from amanat.station.medium_file import write_whole
from amanat.station.package import Identity
from amanat.station.refusal import Refused

Screen = dict[str, Any]
UNDER_WAY: Final = "exercise.json"
RESULTS: Final = "exercises"
RESTART: Final = "restart"
SILENT: Final = ("exercise/", "desk/present", "booth/away", "booth/back", "unlock")
"""Acts that no scenario judges: asking for news, curtains, the exercise's own buttons."""
PERSON_LETTERS_MAX: Final = 80


@dataclass(frozen=True)
class Step:
    """What to do, in both languages, and the acts that do it, in order: each names the act and what must be in it."""

    say: Mapping[str, str]
    needs: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Scenario:
    """A shipped exercise for one role."""

    id: str
    role: str
    title: Mapping[str, str]
    steps: Sequence[Step]
    digest: bytes


@cache
def scenarios() -> Mapping[str, Scenario]:
    """All shipped scenarios by id, in the order of their files."""
    folder = resources.files("amanat.station").joinpath("scenarios")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda file: file.name)
    return {scenario.id: scenario for scenario in map(_read, (file.read_bytes() for file in files))}


def _read(data: bytes) -> Scenario:
    raw = tomllib.loads(data.decode("utf-8"))
    steps = [Step({"fa": step["fa"], "en": step["en"]}, step["needs"]) for step in raw["step"]]
    return Scenario(raw["id"], raw["role"], raw["title"], steps, hashlib.sha256(data).digest())


@dataclass
class UnderWay:
    """One person's scenario: `step` and `need` are positions of what is wanted next."""

    person: str
    scenario: str
    started_ms: int
    step: int = 0
    need: int = 0
    mistakes: list[list[Any]] = field(default_factory=list)


class Exercise:
    """The exercise of one terminal.  ``home`` keeps what is under way and the signed results."""

    def __init__(self, home: Path, identity: Identity, clock: Clock) -> None:
        self._home = home
        self._identity = identity
        self._clock = clock
        self._now = self._load()
        self.saw(RESTART, {}, {"ok": True})

    def _load(self) -> UnderWay | None:
        """What a restart left; a file that nobody can read any more ends that scenario, not the terminal."""
        try:
            found = UnderWay(**json.loads((self._home / UNDER_WAY).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return found if found.scenario in scenarios() else None

    def _save(self) -> None:
        path = self._home / UNDER_WAY
        if self._now is None:
            path.unlink(missing_ok=True)
        else:
            write_whole(path, json.dumps(asdict(self._now), ensure_ascii=False).encode())

    def begin(self, person: str, scenario: str) -> Screen:
        """Somebody begins; what another left unfinished leaves no record.  Refused: unknown scenario, no name."""
        name = " ".join(person.split())
        if not name or len(name) > PERSON_LETTERS_MAX:
            raise Refused("exercise-person")
        if scenario not in scenarios():
            raise Refused("exercise-unknown", scenario=scenario)
        self._now = UnderWay(name, scenario, self._clock.now_ms())
        self._save()
        return self.screen()

    def stop(self) -> Screen:
        """Leave it; no record is made."""
        self._now = None
        self._save()
        return self.screen()

    def saw(self, act: str, body: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """A button was pressed; ``act`` is its path without ``/api/``."""
        now = self._now
        if now is None or act.startswith(SILENT):
            return
        scenario = scenarios()[now.scenario]
        if _fits(scenario.steps[now.step].needs[now.need], act, body, answer):
            self._advance(now, scenario)
        elif act == RESTART:
            return  # a power cut is nobody's mistake
        else:
            now.mistakes.append([now.step + 1, act, str(answer.get("code") or "not-asked")])
        self._save()

    def _advance(self, now: UnderWay, scenario: Scenario) -> None:
        now.need += 1
        if now.need < len(scenario.steps[now.step].needs):
            return
        now.step, now.need = now.step + 1, 0
        if now.step == len(scenario.steps):
            self._finish(now, scenario)

    def _finish(self, now: UnderWay, scenario: Scenario) -> None:
        """The signed record, durable before the screen says that it is there."""
        mistakes = tuple(Mistake(*mistake) for mistake in now.mistakes)
        moment = self._clock.now_ms()
        made = ExerciseResult(
            now.person, scenario.role, scenario.id, scenario.digest, now.started_ms, moment, mistakes
        ).encode()
        signature = self._identity.sign("exercise", exercise_id(self._identity.eh, made))
        folder = self._home / RESULTS
        folder.mkdir(exist_ok=True)
        path = folder / f"{self._identity.device}-{moment}-{scenario.id}.cbor"
        write_whole(path, SignedResult(made, self._identity.device, signature).encode())
        self._now = None

    def results(self) -> Iterator[Path]:
        """The files of all signed results here, oldest first."""
        yield from sorted((self._home / RESULTS).glob("*.cbor"))

    def screen(self) -> Screen:
        """What the ribbon on every page says."""
        files = list(self.results())
        shown: Screen = {
            "ok": True,
            "finished": len(files),
            "last": _summary(files[-1]) if files else None,
            "step": None,
        }
        shown["scenarios"] = [{"id": s.id, "role": s.role, "title": s.title} for s in scenarios().values()]
        if self._now is not None:
            scenario = scenarios()[self._now.scenario]
            step = scenario.steps[self._now.step]
            shown |= {"person": self._now.person, "scenario": scenario.id, "title": scenario.title, "say": step.say}
            shown |= {"step": self._now.step + 1, "of": len(scenario.steps), "mistakes": len(self._now.mistakes)}
        return shown


def _fits(need: Mapping[str, Any], act: str, body: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    """Whether an act is the one that is needed: its name, and each named value in the answer or in the request."""
    wanted = {"ok": True, **{name: value for name, value in need.items() if name != "act"}}
    return act == need["act"] and all(answer.get(name, body.get(name)) == value for name, value in wanted.items())


def _summary(path: Path) -> Screen:
    result = ExerciseResult.decode(SignedResult.decode(path.read_bytes()).result)
    return {"person": result.person, "scenario": result.scenario, "mistakes": len(result.mistakes), "file": path.name}
