"""A rehearsed station whose permits an observer approves (C-9): its pad among the terminals, its key pressed."""

from pathlib import Path
from typing import Any

import pytest

from amanat.records.definition import read_definition
from amanat.rehearsal.setup import Post, posts
from amanat.rehearsal.visit import Place, Unexpected, observed

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_has_one_observed_station() -> None:
    """Station S002 of the example has a pad after its two ballot terminals; no other has one."""
    folder = ROOT / "examples/damavand-firuzkuh"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    made = posts(read_definition(files, folder=str(folder)))
    assert [post for post in made if post.is_pad] == [Post("S002", 3, 3, is_pad=True)]
    assert [post.number for post in made if post.station == "S002"] == [1, 2, 3]


class Screens:
    """A desk and a pad that answer from a script, and what was pressed."""

    def __init__(self, answers: list[str], *, shown: bool = True) -> None:
        self.answers, self.shown = answers, shown
        self.pressed: list[str] = []

    async def ask(self, _: str, path: str) -> dict[str, Any]:
        return {"ok": True, "wanted": {"permit": "ab"} if self.shown else None}

    async def post(self, path: str, /, **_: object) -> dict[str, Any]:
        self.pressed.append(path)
        return {"ok": True} if "pad" in path else {"ok": True, "approval": self.answers.pop(0)}


def place(screens: Screens) -> Place:
    return Place("S002", [screens], pads=[screens])  # type: ignore[list-item]


async def test_the_observer_presses_once_and_the_page_asks() -> None:
    screens = Screens(["approved"])
    await observed(place(screens), {"approval": "waiting", "serial": "00"})
    assert screens.pressed == ["/api/pad/approve", "/api/desk/approval"]


async def test_nobody_presses_for_a_permit_approved_already() -> None:
    screens = Screens([])
    await observed(place(screens), {"approval": "approved", "serial": "00"})
    assert screens.pressed == []


async def test_a_pad_that_shows_nobody_is_unexpected() -> None:
    """The desk waits and its pad shows nobody, again and again, as in no honest station: the rehearsal says it."""
    with pytest.raises(Unexpected):
        await observed(place(Screens(["waiting"] * 3, shown=False)), {"approval": "waiting", "serial": "00"})
