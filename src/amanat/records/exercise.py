"""What somebody did in an exercise (مانور): a record that readiness reads.  Clause M-8.

Signed by a device of an exercise's election, so it says nothing about any real one.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from amanat.records.identifiers import identifier
from amanat.records.shape import Bytes32, Record

PREFIX: Final = "exercise-"
"""An election whose id begins so is an exercise: other manifest, other hash, other keys (M-8)."""


@dataclass(frozen=True, slots=True)
class Mistake(Record):
    """An act that the scenario did not want: at which step (from 1), which button, and the refusal's code or why."""

    step: int
    act: str
    code: str


@dataclass(frozen=True, slots=True)
class ExerciseResult(Record):
    """A finished scenario; `scenario_digest` is SHA-256 of its file, times are wall milliseconds."""

    VERSION: ClassVar[int] = 1

    person: str
    role: str
    scenario: str
    scenario_digest: Bytes32
    started_ms: int
    finished_ms: int
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class SignedResult(Record):
    """The encoded result, the device that watched, and Sign(device, "exercise", ID("exercise", result))."""

    result: bytes
    device: int
    signature: bytes


def exercise_id(eh: bytes, result: bytes) -> bytes:
    """ID("exercise", result)."""
    return identifier("exercise", eh, result)
